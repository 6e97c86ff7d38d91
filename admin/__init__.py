"""Everything a person touches: the command line and the console, with the pages of citizens."""

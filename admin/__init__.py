"""Everything a person touches: the command line, the console, callbacks, the API."""

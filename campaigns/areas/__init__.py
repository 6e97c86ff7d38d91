"""Administrative units: data files, names as people write them, successors between editions."""

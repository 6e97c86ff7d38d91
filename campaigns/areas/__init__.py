"""The administrative units of the city, by edition: data, names, and finding the one a file means."""

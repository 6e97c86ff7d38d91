"""Every SQL statement of Loa, by what it is about. Functions take a session and never commit."""

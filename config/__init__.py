"""What an installation decides: settings, keys, logging, and the embedded PostgreSQL and Redis."""

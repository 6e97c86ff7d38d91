"""What Loa costs, measured side by side: ``make bench``."""

"""Chaos: campaigns through real processes that are killed, cut off and starved; then everything is counted."""

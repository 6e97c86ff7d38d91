"""How long to wait before opening a gateway again."""

from __future__ import annotations

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0


def backoff(attempt: int) -> float:
    """Seconds before attempt number ``attempt``: 0 is the first, at once; then 1, 2, 4 … up to a minute."""
    if attempt <= 0:
        return 0.0
    return float(min(FIRST_SECONDS * 2 ** min(attempt - 1, 10), MOST_SECONDS))

"""What the way of a message asks of a rate limiter; the one on Redis is in ``workers``."""

from __future__ import annotations

from typing import Protocol


class Pacer(Protocol):
    """Leave for one part at a time, over all workers of a gateway account. An adapter takes it as its permit."""

    def try_take(self) -> bool:
        """Take leave for one part if it is there this instant."""

    async def __call__(self) -> None:
        """Wait for leave for one part and take it."""

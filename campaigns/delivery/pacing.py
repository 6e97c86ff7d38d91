"""What the way of a message asks of a rate limiter; the one on Redis is in ``workers``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Pacer(Protocol):
    """Leave for one part at a time, over all workers of a gateway account."""

    def try_take(self) -> bool:
        """Take leave for one part if it is there this instant."""

    async def wait(self, halted: Callable[[], bool]) -> None:
        """Wait for leave for one part.

        Raises:
            Halted: ``halted`` became true first; what was not begun goes back to the queue.
        """


class Halted(Exception):
    """Sending stops here: the campaign was paused, its hours ended, or the worker is going down."""

"""Leave to send that stops at the mark of what may be on the wire, until the mark has been moved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from campaigns.delivery.pacing import Pacer


class LeaseLost(Exception):
    """Another worker was given what this one held; nothing more of it may go out here."""


class MarkedPermit:
    """Leave for parts, given only as far as the mark has been committed (``campaigns.store.delivery.advance_wire``).

    A message is begun with its first part, so there are never more messages begun than parts allowed.
    """

    def __init__(
        self, pacer: Pacer, seqs: list[int], covered: int, step: int, advance: Callable[[int], Awaitable[None]]
    ) -> None:
        """``seqs`` in the order they go out; the first ``covered`` lie behind the mark already."""
        self._pacer = pacer
        self._seqs = seqs
        self._step = step
        self._left = covered
        """Parts allowed before the next mark."""
        self._marked = covered
        """Messages the mark covers."""
        self._advance = advance
        self._turn = asyncio.Lock()

    def try_take(self) -> bool:
        """Leave for one part, if mark and rate allow it this instant."""
        if self._left > 0 and self._pacer.try_take():
            self._left -= 1
            return True
        return False

    async def __call__(self) -> None:
        """Wait for leave, moving the mark first where it is reached.

        Raises:
            LeaseLost: the mark could not be moved.
        """
        async with self._turn:
            if self._left <= 0:
                if self._marked < len(self._seqs):
                    self._marked = min(self._marked + self._step, len(self._seqs))
                    await self._advance(self._seqs[self._marked - 1])
                # Once everything is covered only further parts of begun messages are left to count.
                self._left = self._step
            await self._pacer()
            self._left -= 1

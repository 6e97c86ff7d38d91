"""Leave to send that stops at the mark of what may be on the wire, until the mark has been moved."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from campaigns.delivery.pacing import Pacer


class LeaseLost(Exception):
    """Another worker was given what this one held; nothing more of it may go out here."""


class MarkedPermit:
    """Leave for parts, given only as far as the mark has been committed (``campaigns.store.delivery.advance_wire``).

    A message is begun with its first part, so there are never more messages begun than parts allowed; those that one
    took beyond its first are given back when it is through (``ended``). The mark is moved on as soon as it is reached,
    while the rate has nothing to send yet: at most one step is marked and not sent, and what the further parts of
    messages on the wire took.
    """

    def __init__(
        self, pacer: Pacer, seqs: list[int], covered: int, step: int, advance: Callable[[int], Awaitable[None]]
    ) -> None:
        """``seqs`` in the order they go out; the first ``covered`` lie behind the mark already."""
        self._pacer = pacer
        self._seqs = seqs
        self._step = step
        self._left: float = covered
        """Parts allowed before the next mark."""
        self._marked = covered
        """Messages the mark covers."""
        self._advance = advance
        self._moving: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def try_take(self) -> bool:
        """Leave for one part, if mark and rate allow it this instant."""
        if self._left > 0 and self._pacer.try_take():
            self._count()
            return True
        return False

    async def __call__(self) -> None:
        """Wait for leave, and for the mark where it is reached.

        Raises:
            LeaseLost: the mark could not be moved.
        """
        async with self._turn:
            while self._left <= 0:
                # Not cancelled with whoever waits: what was committed has to be counted.
                await asyncio.shield(self._moving or self._begin_to_move())
            await self._pacer()
            self._count()

    def ended(self, parts: int) -> None:
        """A message was taken whole: of its parts only the first one began a message."""
        self._left += parts - 1

    async def close(self) -> None:
        """Let a move that is under way come to its end."""
        if self._moving is not None:
            await asyncio.gather(self._moving, return_exceptions=True)

    def _count(self) -> None:
        self._left -= 1
        if self._left <= 0 and self._moving is None:
            self._begin_to_move()

    def _begin_to_move(self) -> asyncio.Task[None]:
        self._moving = asyncio.create_task(self._move())
        return self._moving

    async def _move(self) -> None:
        marked = min(self._marked + self._step, len(self._seqs))
        if marked > self._marked:
            await self._advance(self._seqs[marked - 1])
        # Once everything is covered only further parts of begun messages are left, which nobody has to count.
        self._left += marked - self._marked if marked < len(self._seqs) else math.inf
        self._marked, self._moving = marked, None

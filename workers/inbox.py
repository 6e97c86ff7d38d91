"""Taking in receipts and inbound messages of one session: gathered for a moment, committed together, then answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from campaigns.gateways.contract import Event, Receipt

log = structlog.get_logger(__name__)

GATHER_SECONDS = 0.03
MOST_EVENTS = 2000
"""Events of one transaction."""

PAUSE_SECONDS = 0.5
MOST_FAILURES = 3
"""Deliveries in a row that cannot be saved, after which the rest is sent back unread."""

HOLD_SECONDS = 3.0
"""How long a receipt may wait for the record of its own message before it is parked."""


@dataclass(slots=True)
class _Delivery:
    events: Sequence[Event]
    safe: Callable[[bool], None]
    since: float


class Inbox:
    """Buffer between an adapter and the database."""

    def __init__(self, write: Callable[[Sequence[Event]], Awaitable[None]], unrecorded: set[str]) -> None:
        self._write = write
        self._unrecorded = unrecorded
        self._waiting: list[_Delivery] = []
        self._wake = asyncio.Event()
        self._closed = False

    def deliver(self, events: Sequence[Event], safe: Callable[[bool], None]) -> None:
        """What an adapter calls; ``safe`` is called once the events are committed, or could not be."""
        self._waiting.append(_Delivery(events, safe, asyncio.get_running_loop().time()))
        self._wake.set()

    async def run(self) -> None:
        """Commit what comes in until ``close``."""
        while not (self._closed and not self._waiting):
            await self._wake.wait()
            if not self._closed:
                await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            await self._flush()
            if self._waiting:
                self._wake.set()

    async def _flush(self) -> None:
        batch = self._next_batch()
        if not batch:
            return
        if await self._saved(batch):
            self._answer(batch, saved=True)
        elif len(batch) == 1:
            await asyncio.sleep(PAUSE_SECONDS)
            self._answer(batch, saved=False)
        else:
            await self._flush_singly(batch)

    async def _saved(self, batch: list[_Delivery]) -> bool:
        events = [event for delivery in batch for event in delivery.events]
        try:
            await self._write(events)
        except Exception:
            log.warning("events_not_saved", events=len(events), exc_info=len(batch) == 1)
            return False
        return True

    async def _flush_singly(self, batch: list[_Delivery]) -> None:
        """One event that cannot be saved must not hold up the others; several in a row mean the database."""
        failures = 0
        for place, delivery in enumerate(batch):
            if await self._saved([delivery]):
                self._answer([delivery], saved=True)
                failures = 0
                continue
            self._answer([delivery], saved=False)
            failures += 1
            if failures == MOST_FAILURES:
                await asyncio.sleep(PAUSE_SECONDS)
                self._answer(batch[place + 1 :], saved=False)
                return

    def _next_batch(self) -> list[_Delivery]:
        """What can be committed now; receipts of messages about to be recorded stay a moment longer."""
        old = asyncio.get_running_loop().time() - HOLD_SECONDS
        batch: list[_Delivery] = []
        rest: list[_Delivery] = []
        for delivery in self._waiting:
            early = not self._closed and delivery.since > old and self._is_early(delivery.events)
            (rest if early or len(batch) >= MOST_EVENTS else batch).append(delivery)
        self._waiting = rest
        return batch

    def _is_early(self, events: Sequence[Event]) -> bool:
        return any(isinstance(event, Receipt) and event.reference in self._unrecorded for event in events)

    def _answer(self, batch: list[_Delivery], *, saved: bool) -> None:
        for delivery in batch:
            try:
                delivery.safe(saved)
            except Exception:
                # Its connection is gone; the telco will send the receipt again, and it will change nothing.
                log.debug("event_answer_failed", exc_info=True)

    def close(self) -> None:
        """Commit what is there and end ``run``."""
        self._closed = True
        self._wake.set()

"""One session and the health of its gateway: what it heard goes to the database, how the account stands comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import structlog

from campaigns.delivery.health import (
    begin_probe,
    end_probe,
    note_campaigns,
    pause_refused,
    report_answers,
    report_bound,
    report_refused,
)
from campaigns.delivery.pulse import Pulse
from campaigns.delivery.trouble import Stretch
from campaigns.gateways.breaker import Health, Report, State
from campaigns.store.database import on_loop
from campaigns.store.health import read_health
from workers.context import Context

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
PROBE_SECONDS = 60.0
"""A probe that is not over by then was lost with its worker. Longer than a telco may take to answer."""


class Watch:
    """Whether the gateway rests, as far as this session knows; a second old at most."""

    def __init__(self, context: Context, gateway_id: int, slot: int) -> None:
        self.pulse = Pulse(self._on_trouble)
        self._context = context
        self._gateway_id = gateway_id
        self._slot = slot
        self._health = Health()
        self._trouble = asyncio.Event()
        self._trying = False

    @property
    def resting(self) -> bool:
        """Nothing more may be begun."""
        return self._trouble.is_set() or self._health.state is not State.CLOSED

    def _on_trouble(self) -> None:
        self._trouble.set()

    async def run(self) -> None:
        """Look every second, and at once when there is trouble."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._trouble.wait(), LOOK_SECONDS)
            if not self._trying:
                await self._look()
            self._trouble.clear()

    async def bound(self) -> None:
        """The session is open."""
        await self._told(report_bound)

    async def refused(self, reason: str, *, permanent: bool) -> None:
        """The telco did not let the session in."""
        worker = self._context.worker
        first_rest = self._context.settings.rest_seconds
        await self._told(report_refused, reason, first_rest, permanent=permanent, worker=worker, slot=self._slot)

    async def may_try(self) -> bool:
        """Whether this session is the one that tries a gateway whose rest is over; then ``tried`` has to follow."""
        self._trying = bool(await self._in_transaction(begin_probe, PROBE_SECONDS))
        if self._trying:
            self.pulse.take()  # late answers from before say nothing about now
        return self._trying

    async def tried(self) -> None:
        """The message that tried the gateway was settled, or there was none."""
        report = self.pulse.take()
        self._trying = False
        await self._told(end_probe, report, self._context.settings.rest_seconds)

    async def _look(self) -> None:
        report, heard = self.pulse.take(), self.pulse.take_campaigns()
        health = await self._in_transaction(self._note, report)
        self._health = health or self._health
        if heard:
            await self._pause_refused(heard)

    def _note(self, session: Any, gateway_id: int, report: Report) -> Health:
        health = read_health(session, gateway_id)
        if not report.answers or (health.clean and not report.failures):
            return health
        return report_answers(session, gateway_id, report, self._context.settings.rest_seconds)

    async def _pause_refused(self, heard: dict[int, Stretch]) -> None:
        window = self._context.settings.pause_window
        found = await self._in_transaction(lambda session, _: note_campaigns(session, heard, window))
        for campaign_id, reason in (found or {}).items():
            # A transaction of its own: who resumes a campaign locks it before its counts.
            paused = await self._in_transaction(lambda s, _, c=campaign_id, r=reason: pause_refused(s, c, r))
            if paused:
                log.warning("campaign_paused", campaign=campaign_id, reason=reason.to_reason())

    async def _told(self, use_case: Callable[..., Health], *args: Any, **more: Any) -> None:
        self._health = await self._in_transaction(use_case, *args, **more) or self._health

    async def _in_transaction(self, use_case: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """What it returns; None where the database is away, since nothing here is worth stopping for."""
        try:
            return await on_loop(self._transact, use_case, *args, **more)
        except Exception as error:
            log.warning("health_not_noted", gateway=self._gateway_id, error=type(error).__name__)
            return None

    def _transact(self, use_case: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with self._context.database.transaction() as session:
            return use_case(session, self._gateway_id, *args, **more)

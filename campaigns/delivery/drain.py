"""Sending: claim, submit, record, again. The heart of the way of a message.

Several lanes work on one gateway session at once, so that the wire has work while the database has some too.
No transaction is open while anything is submitted; outcomes are written at least once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar
from uuid import uuid4

from campaigns.delivery.consignment import Consignment, Line, Tally
from campaigns.delivery.menu import CampaignFacts, Menu
from campaigns.store.claiming import Claim, ClaimRequest, claim_messages

P = ParamSpec("P")
R = TypeVar("R")

CLAIM_SECONDS = 1.0
"""A claim holds about so much of the gateway's rate: what a pause or a refusal may still let through."""

FAST_LANES, SLOW_LANES = 3, 2
FAST_TPS = 1000.0
"""Claims at work on one session at once; from this rate on it takes more of them to keep the wire busy."""

IDLE_SECONDS = 0.05
"""Pause of a lane whose campaign had nothing to claim: another lane, or a receipt, holds the batch."""

LOOK_OUT_SECONDS = 0.5
"""How often somebody looks for what is more urgent than all that is being sent."""


@dataclass
class Drain:
    """Sends what is ready for one gateway over one open session."""

    line: Line
    menu: Menu
    worker: str
    _sending: list[int] = field(default_factory=list)
    """Priorities of the claims being sent now."""
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, seconds: float, halted: Callable[[], bool] = lambda: False) -> Tally:
        """Send until nothing is ready, ``seconds`` have passed, or ``halted`` says so."""
        until = time.monotonic() + seconds

        def over() -> bool:
            return halted() or time.monotonic() >= until

        lanes = FAST_LANES if self.line.account.tps >= FAST_TPS else SLOW_LANES
        ended = asyncio.Event()
        look_out = asyncio.create_task(self._look_out(ended, halted))
        # The first claims differ in size: lanes that end theirs together would leave the wire idle together.
        shares = [(number + 1) / lanes for number in range(lanes)]
        ends = await asyncio.gather(*(self._lane(over, halted, share) for share in shares), return_exceptions=True)
        ended.set()
        ends += await asyncio.gather(look_out, return_exceptions=True)
        # Every lane has ended by now: one that failed must not leave others sending over a session about to close.
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return self.line.tally

    async def probe(self, halted: Callable[[], bool] = lambda: False) -> Tally:
        """Send one message, if one is ready: it tries whether a gateway that rested works again."""
        facts = await self._ask(self.menu.next)
        if facts is not None:
            await self._serve(facts, halted, probe=True)
        return self.line.tally

    async def _ask(self, question: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """One thing of the menu, when nobody else is asking."""
        async with self._asking:
            return await self.line.call(question, *args, **kwargs)

    async def _lane(self, over: Callable[[], bool], halted: Callable[[], bool], share: float) -> None:
        while not over():
            facts = await self._ask(self.menu.next)
            if facts is None:
                return
            if not await self._serve(facts, halted, share=share):
                await asyncio.sleep(IDLE_SECONDS)
            share = 1.0

    async def _look_out(self, ended: asyncio.Event, halted: Callable[[], bool]) -> None:
        """Begin what is more urgent at once: the lanes may be busy with claims for a second or two each."""
        served = False
        while not halted() and not ended.is_set():
            if not served:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), LOOK_OUT_SECONDS)
            facts = await self._ask(self.menu.more_urgent, min(self._sending)) if self._sending else None
            served = facts is not None and await self._serve(facts, halted)

    async def _serve(
        self, facts: CampaignFacts, halted: Callable[[], bool], *, probe: bool = False, share: float = 1.0
    ) -> bool:
        """Send one claim of a campaign, or a share of one; False where there was nothing to claim."""
        claim = await self.line.call(self._claim, facts, probe, share)
        if claim is None:
            await self._ask(self.menu.exhausted, facts)
            return False
        self.line.tally.claimed += len(claim.messages)
        self._sending.append(facts.priority)
        try:
            await Consignment(self.line, facts, claim, halted).send()
        finally:
            self._sending.remove(facts.priority)
        return True

    def _claim(self, facts: CampaignFacts, probe: bool, share: float) -> Claim | None:
        line = self.line
        ask = ClaimRequest(
            gateway_id=line.account.gateway_id,
            campaign_id=facts.campaign_id,
            reach=facts.reach,
            personal=facts.text.is_personal,
            budget_parts=max(1.0, line.account.tps * CLAIM_SECONDS * share),
            most=line.policy.batch_size,
            cover=line.cover,
            worker=self.worker,
            lease_seconds=line.policy.lease_seconds,
            paced=facts.paced,
            probe=probe,
            cap=facts.reach.cap,
            crowded=facts.crowded,
            may_wait=facts.may_wait(datetime.now(UTC)) if facts.crowded else True,
        )
        with line.database.transaction() as session:
            return claim_messages(session, ask, uuid4())

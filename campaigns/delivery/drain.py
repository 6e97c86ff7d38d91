"""Sending: claim, submit, record, again. The heart of the way of a message.

Several lanes work on one gateway session at once, so that the wire has work while the database has some too.
No transaction is open while anything is submitted; outcomes are written at least once a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from campaigns.delivery.consignment import Consignment, Line, Tally
from campaigns.delivery.menu import CampaignFacts, Menu
from campaigns.store.delivery import Claim, ClaimRequest, claim_messages

CLAIM_SECONDS = 1.0
"""A claim holds about so much of the gateway's rate: what a pause or a refusal may still let through."""

FAST_LANES, SLOW_LANES = 3, 2
FAST_TPS = 1000.0
"""Claims at work on one session at once; from this rate on it takes more of them to keep the wire busy."""

IDLE_SECONDS = 0.05
"""Pause of a lane whose campaign had nothing to claim: another lane, or a receipt, holds the batch."""


@dataclass
class Drain:
    """Sends what is ready for one gateway over one open session."""

    line: Line
    menu: Menu
    worker: str

    async def run(self, seconds: float, halted: Callable[[], bool] = lambda: False) -> Tally:
        """Send until nothing is ready, ``seconds`` have passed, or ``halted`` says so."""
        until = time.monotonic() + seconds

        def over() -> bool:
            return halted() or time.monotonic() >= until

        lanes = FAST_LANES if self.line.account.tps >= FAST_TPS else SLOW_LANES
        ends = await asyncio.gather(*(self._lane(over, halted) for _ in range(lanes)), return_exceptions=True)
        # Every lane has ended by now: one that failed must not leave others sending over a session about to close.
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return self.line.tally

    async def probe(self, halted: Callable[[], bool] = lambda: False) -> Tally:
        """Send one message, if one is ready: it tries whether a gateway that rested works again."""
        facts = await self.line.call(self.menu.next)
        claim = None if facts is None else await self.line.call(self._claim, facts, probe=True)
        if facts is not None and claim is not None:
            self.line.tally.claimed += len(claim.messages)
            await Consignment(self.line, facts, claim, halted).send()
        return self.line.tally

    async def _lane(self, over: Callable[[], bool], halted: Callable[[], bool]) -> None:
        while not over():
            facts = await self.line.call(self.menu.next)
            if facts is None:
                return
            claim = await self.line.call(self._claim, facts)
            if claim is None:
                await self.line.call(self.menu.exhausted, facts)
                await asyncio.sleep(IDLE_SECONDS)
                continue
            self.line.tally.claimed += len(claim.messages)
            await Consignment(self.line, facts, claim, halted).send()

    def _claim(self, facts: CampaignFacts, probe: bool = False) -> Claim | None:
        line = self.line
        ask = ClaimRequest(
            gateway_id=line.account.gateway_id,
            campaign_id=facts.campaign_id,
            topic=facts.topic,
            honours_refusals=facts.honours_refusals,
            personal=facts.text.is_personal,
            budget_parts=max(1.0, line.account.tps * CLAIM_SECONDS),
            most=line.policy.batch_size,
            cover=line.cover,
            worker=self.worker,
            lease_seconds=line.policy.lease_seconds,
            probe=probe,
        )
        with line.database.transaction() as session:
            return claim_messages(session, ask, uuid4())

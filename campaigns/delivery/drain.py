"""Sending: claim, submit, record, again. The heart of the way of a message.

Several lanes work on one gateway session at once, so that the wire has work while the database has some too.
No transaction is open while anything is submitted; outcomes are written at least once a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ParamSpec, TypeVar
from uuid import uuid4

import structlog

from campaigns.content.encoding import Part
from campaigns.delivery.menu import CampaignFacts, Menu
from campaigns.delivery.pacing import Pacer
from campaigns.delivery.states import MessageState
from campaigns.errors import LoaError
from campaigns.gateways.contract import Adapter, Answer, GatewayUnavailable, Outbound, Verdict
from campaigns.store.database import Database
from campaigns.store.delivery import (
    Claim,
    ClaimedMessage,
    ClaimRequest,
    Outcomes,
    Standing,
    advance_wire,
    claim_messages,
    record_outcomes,
    release_batch,
)
from config.keys import Keyring

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

RECORD_SECONDS = 0.5
"""Outcomes wait at most this long for their record."""

STANDING_SECONDS = 1.0
"""How often a claim without news asks whether its campaign may still send."""

LOOK_SECONDS = 0.1

CLAIM_SECONDS = 1.0
"""A claim holds about so much of the gateway's rate: what a pause, a refusal or a crash can at most leave behind."""

WIRE_SECONDS = 0.05
"""How far ahead of the wire the mark of what may be on it runs: what a crash can at most leave in doubt unsent."""

FAST_LANES, SLOW_LANES = 3, 2
FAST_TPS = 1000.0
"""Claims at work on one session at once; from this rate on it takes more of them to keep the wire busy."""

IDLE_SECONDS = 0.05
"""Pause of a lane whose campaign had nothing to claim: another lane, or a receipt, holds the batch."""

_STATE_OF = {
    Verdict.ACCEPTED: MessageState.ACCEPTED,
    Verdict.FINAL: MessageState.FAILED,
    Verdict.UNKNOWN: MessageState.UNKNOWN,
    Verdict.THROTTLED: MessageState.QUEUED,
}


@dataclass(frozen=True, slots=True)
class Account:
    """The gateway account a drain works for."""

    gateway_id: int
    name: str
    tps: float


@dataclass(frozen=True, slots=True)
class Policy:
    """How long, how often, how many."""

    lease_seconds: float
    retry_attempts: int
    retry_seconds: float
    batch_size: int


@dataclass(slots=True)
class Tally:
    """What a drain did."""

    claimed: int = 0
    accepted: int = 0
    throttled: int = 0
    unknown: int = 0


@dataclass
class Drain:
    """Sends what is ready for one gateway over one open session."""

    database: Database
    keyring: Keyring
    account: Account
    adapter: Adapter  # type: ignore[type-arg]
    pacer: Pacer
    policy: Policy
    worker: str
    menu: Menu
    in_thread: Callable[..., Awaitable[object]] = asyncio.to_thread
    on_throttled: Callable[[], None] = lambda: None
    unrecorded: set[str] = field(default_factory=set)
    """References whose submission is not committed yet; their receipts are better applied a moment later."""
    tally: Tally = field(default_factory=Tally)

    @property
    def cover(self) -> int:
        """Messages a claim may send between two marks."""
        return max(1, int(self.account.tps * WIRE_SECONDS))

    async def run(self, seconds: float, halted: Callable[[], bool] = lambda: False) -> Tally:
        """Send until nothing is ready, ``seconds`` have passed, or ``halted`` says so."""
        until = time.monotonic() + seconds

        def over() -> bool:
            return halted() or time.monotonic() >= until

        lanes = FAST_LANES if self.account.tps >= FAST_TPS else SLOW_LANES
        await asyncio.gather(*(self._lane(over, halted) for _ in range(lanes)))
        return self.tally

    async def _lane(self, over: Callable[[], bool], halted: Callable[[], bool]) -> None:
        while not over():
            facts = await self._call(self.menu.next)
            if facts is None:
                return
            claim = await self._call(self._claim, facts)
            if claim is None:
                self.menu.exhausted(facts)
                await asyncio.sleep(IDLE_SECONDS)
                continue
            self.tally.claimed += len(claim.messages)
            await _Consignment(self, facts, claim, halted).send()

    async def _call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.in_thread(function, *args, **kwargs)  # type: ignore[return-value]

    def _claim(self, facts: CampaignFacts) -> Claim | None:
        ask = ClaimRequest(
            gateway_id=self.account.gateway_id,
            campaign_id=facts.campaign_id,
            topic=facts.topic,
            honours_refusals=facts.honours_refusals,
            personal=facts.text.is_personal,
            budget_parts=max(1.0, self.account.tps * CLAIM_SECONDS),
            most=self.policy.batch_size,
            cover=self.cover,
            worker=self.worker,
            lease_seconds=self.policy.lease_seconds,
        )
        with self.database.transaction() as session:
            return claim_messages(session, ask, uuid4())


class LeaseLost(Exception):
    """Another worker was given what this one held; nothing more of it may go out here."""


class _MarkedPermit:
    """Leave for parts, given only as far as the mark of what may be on the wire has been committed.

    A message is begun with its first part, so there are never more messages begun than parts allowed.
    """

    def __init__(self, pacer: Pacer, seqs: list[int], cover: int, advance: Callable[[int], Awaitable[None]]) -> None:
        self._pacer = pacer
        self._seqs = seqs
        self._step = cover
        self._left = cover
        """Parts allowed before the next mark."""
        self._marked = cover
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


class _Consignment:
    """One claim on its way: rendered, submitted, recorded."""

    def __init__(self, drain: Drain, facts: CampaignFacts, claim: Claim, halted: Callable[[], bool]) -> None:
        self.drain = drain
        self.facts = facts
        self.claim = claim
        self.outcomes = Outcomes()
        self.open: dict[int, ClaimedMessage] = {message.seq: message for message in claim.messages}
        self.stopped = halted
        self.may_go_on = True
        self.cancelled = False

    async def send(self) -> None:
        """Submit everything, recording as answers come; whatever happens, the claim is closed."""
        submission = asyncio.create_task(self._submit())
        recorder = asyncio.create_task(self._record_often(submission))
        try:
            await submission
        except (asyncio.CancelledError, LeaseLost):
            pass
        except GatewayUnavailable as error:
            # What was on the wire has been settled; the rest was never begun.
            log.warning("gateway_lost", gateway=self.drain.account.name, reason=error.reason)
        except Exception:
            log.exception("submit_failed", gateway=self.drain.account.name, batch=self.claim.batch_id)
        finally:
            recorder.cancel()
            await asyncio.gather(recorder, return_exceptions=True)
            await self._close()

    async def _submit(self) -> None:
        outbound = self._render()
        if outbound:
            await self.drain.adapter.submit(outbound, self._permit(outbound), self._settle)

    def _permit(self, outbound: list[Outbound]) -> Pacer:
        """The pacer itself where the claim's own mark covers everything, which spares fast gateways the counting."""
        cover = self.drain.cover
        if len(outbound) <= cover:
            return self.drain.pacer
        return _MarkedPermit(self.drain.pacer, [message.key for message in outbound], cover, self._advance)

    async def _advance(self, seq: int) -> None:
        if not await self.drain._call(self._write_mark, seq):
            self.may_go_on = False
            raise LeaseLost

    def _write_mark(self, seq: int) -> bool:
        drain = self.drain
        with drain.database.transaction() as session:
            return advance_wire(
                session, self.claim.batch_id, self.claim.token, seq, lease_seconds=drain.policy.lease_seconds
            )

    def _render(self) -> list[Outbound]:
        place = self.facts.place(self.claim.ward_id)
        text, decrypt = self.facts.text, self.drain.keyring.decrypt
        same: tuple[Part, ...] | None = None if text.is_personal else text.for_place(place)
        validity = timedelta(minutes=self.facts.validity_minutes)
        outbound = []
        for message in self.claim.messages:
            try:
                parts = same or text.for_person(place, message.full_name, message.attributes)
                number = decrypt(message.phone_cipher).decode("ascii")
            except LoaError:
                self._note(message.seq, MessageState.FAILED, "missing-value", tried=0)
                continue
            outbound.append(Outbound(message.seq, number, self.facts.sender, parts, validity))
        return outbound

    def _halted(self) -> bool:
        return not self.may_go_on or self.stopped()

    def _settle(self, seq: int, answer: Answer) -> None:
        state = _STATE_OF.get(answer.verdict)
        tried = 0 if answer.verdict is Verdict.THROTTLED else 1
        if state is None:
            again = self.open[seq].attempts + 1 < self.drain.policy.retry_attempts
            state = MessageState.QUEUED if again else MessageState.FAILED
        self._note(seq, state, answer.error, tried)
        self.drain.unrecorded.update(reference for _, reference in answer.references)
        for part, reference in answer.references:
            self.outcomes.reference_seqs.append(seq)
            self.outcomes.reference_parts.append(part)
            self.outcomes.references.append(reference)
        self._count(answer.verdict)

    def _note(self, seq: int, state: MessageState, error: str | None, tried: int) -> None:
        del self.open[seq]
        self.outcomes.add(seq, state, error, tried)

    def _count(self, verdict: Verdict) -> None:
        tally = self.drain.tally
        if verdict is Verdict.ACCEPTED:
            tally.accepted += 1
        elif verdict is Verdict.THROTTLED:
            tally.throttled += 1
            self.drain.on_throttled()
        elif verdict is Verdict.UNKNOWN:
            tally.unknown += 1

    async def _record_often(self, submission: asyncio.Task[None]) -> None:
        """Write outcomes as they come; once sending has to stop, begin nothing more but finish what is begun."""
        recorded_at = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            due = RECORD_SECONDS if self.outcomes else STANDING_SECONDS
            if time.monotonic() - recorded_at >= due:
                await asyncio.shield(self._record())
                recorded_at = time.monotonic()
            if self._halted() and not self.cancelled:
                self.cancelled = True
                submission.cancel()

    async def _record(self) -> None:
        outcomes, self.outcomes = self.outcomes, Outcomes()
        try:
            standing = await self.drain._call(self._write, outcomes)
        except Exception:
            # Kept for the next try: what we know must not be lost with a database connection.
            outcomes.extend(self.outcomes)
            self.outcomes = outcomes
            log.warning("record_failed", batch=self.claim.batch_id, exc_info=True)
            return
        self.drain.unrecorded.difference_update(outcomes.references)
        self.may_go_on = standing.held and standing.may_go_on

    def _write(self, outcomes: Outcomes) -> Standing:
        drain = self.drain
        with drain.database.transaction() as session:
            return record_outcomes(
                session,
                self.claim.batch_id,
                drain.account.gateway_id,
                self.claim.token,
                outcomes,
                lease_seconds=drain.policy.lease_seconds,
            )

    async def _close(self) -> None:
        """Record the rest and end the lease, again and again until the database has it or the lease has run out."""
        for seq in list(self.open):
            self._note(seq, MessageState.QUEUED, None, tried=0)
        deadline = time.monotonic() + self.drain.policy.lease_seconds
        while True:
            try:
                await asyncio.shield(asyncio.ensure_future(self.drain._call(self._write_last)))
            except Exception:
                log.warning("release_failed", batch=self.claim.batch_id, exc_info=True)
                if time.monotonic() > deadline:
                    return
                await asyncio.sleep(0.5)
            else:
                self.drain.unrecorded.difference_update(self.outcomes.references)
                return

    def _write_last(self) -> None:
        drain = self.drain
        with drain.database.transaction() as session:
            record_outcomes(
                session,
                self.claim.batch_id,
                drain.account.gateway_id,
                self.claim.token,
                self.outcomes,
                lease_seconds=drain.policy.lease_seconds,
            )
            release_batch(session, self.claim.batch_id, self.claim.token, retry_seconds=drain.policy.retry_seconds)

"""One claim on its way: rendered, submitted, recorded, released. Whatever happens, what is known gets written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ParamSpec, TypeVar

import structlog

from campaigns.content.encoding import Part
from campaigns.content.links import make_token
from campaigns.content.shortlinks import Code, make_code
from campaigns.delivery.menu import CampaignFacts
from campaigns.delivery.pacing import Pacer
from campaigns.delivery.permit import LeaseLost, MarkedPermit
from campaigns.delivery.pulse import Pulse
from campaigns.delivery.rendering import Place
from campaigns.delivery.retries import RULES, ErrorClass, error_class, waits
from campaigns.delivery.states import MessageState
from campaigns.errors import LoaError
from campaigns.gateways.contract import Adapter, Answer, GatewayUnavailable, Outbound, Verdict
from campaigns.store.claiming import Claim, ClaimedMessage
from campaigns.store.database import Database
from campaigns.store.delivery import Outcomes, Standing, advance_wire, record_outcomes, release_batch
from config.keys import Keyring, KeyringError

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

RECORD_SECONDS = 0.5
"""Outcomes wait at most this long for their record."""

STANDING_SECONDS = 1.0
"""How often a claim without news asks whether its campaign may still send."""

LOOK_SECONDS = 0.1

CLAIM_HOLDS_SECONDS = 4.0
"""Nothing of a claim is begun later than this: refusals are looked up when it is made, and hold within five seconds."""

WIRE_SECONDS = 0.05
"""How far ahead of the wire the mark of what may be on it runs: what a crash can at most leave in doubt unsent."""

_LONGEST_PAUSE = 5.0

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """The gateway account that is sent over."""

    gateway_id: int
    name: str
    tps: float


@dataclass(frozen=True, slots=True)
class Policy:
    """How long, how many."""

    lease_seconds: float
    retry_seconds: float
    batch_size: int


@dataclass(slots=True)
class Tally:
    """What was done over a line."""

    claimed: int = 0
    accepted: int = 0
    throttled: int = 0
    unknown: int = 0


@dataclass
class Line:
    """What it takes to send over one open session of an account."""

    database: Database
    keyring: Keyring
    account: Account
    adapter: Adapter  # type: ignore[type-arg]
    pacer: Pacer
    policy: Policy
    aside: Callable[..., Awaitable[object]] = asyncio.to_thread
    """Runs what waits for the database: in a thread, or in the loop by ``on_loop``."""
    on_throttled: Callable[[], None] = lambda: None
    unrecorded: set[str] = field(default_factory=set)
    """References whose submission is not committed yet; their receipts are better applied a moment later."""
    tally: Tally = field(default_factory=Tally)
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def cover(self) -> int:
        """Messages a claim may send between two marks."""
        return max(1, int(self.account.tps * WIRE_SECONDS))

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run something that waits for the database without holding up the loop."""
        return await self.aside(function, *args, **kwargs)  # type: ignore[return-value]


def _left_of(seconds: float) -> timedelta:
    """What is left of a validity, in whole minutes: telcos count in them, and adapters keep one head for each."""
    return timedelta(seconds=max(_MINUTE, seconds // _MINUTE * _MINUTE))


class Unrenderable(Exception):
    """Not one message of a claim could be made ready: the fault is not with the people in it."""


class Consignment:
    """Sends one claim. ``halted`` says that nothing more should be begun."""

    def __init__(self, line: Line, facts: CampaignFacts, claim: Claim, halted: Callable[[], bool]) -> None:
        self._line = line
        self._facts = facts
        self._claim = claim
        self._halted_outside = halted
        self._outcomes = Outcomes()
        self._open: dict[int, ClaimedMessage] = {message.seq: message for message in claim.messages}
        self._parts: dict[int, int] = {}
        """Parts of messages that differ from the plan, because the person's data changed since."""
        self._recording: asyncio.Future[None] | None = None
        self._marks: MarkedPermit | None = None
        self._may_go_on = True
        self._until = time.monotonic() + CLAIM_HOLDS_SECONDS
        self._cancelled = False
        self._trouble = False
        self._met: set[ErrorClass] = set()
        """Classes of error among its answers."""

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
            log.warning("gateway_lost", gateway=self._line.account.name, reason=error.reason)
        except Exception:
            self._trouble = True
            log.exception("submit_failed", gateway=self._line.account.name, batch=self._claim.batch_id)
        finally:
            recorder.cancel()
            await asyncio.gather(recorder, return_exceptions=True)
            if self._marks is not None:
                await self._marks.close()
            # A record under way holds outcomes of its own; releasing before it ends would strand them.
            if self._recording is not None:
                await asyncio.gather(self._recording, return_exceptions=True)
            await self._close()

    async def _submit(self) -> None:
        outbound = self._render()
        if outbound:
            await self._line.adapter.submit(outbound, self._permit(outbound), self._settle)

    def _permit(self, outbound: list[Outbound]) -> Pacer:
        """The pacer itself where the claim's own mark covers everything, which spares fast gateways the counting."""
        line, claimed = self._line, self._claim.messages
        marked = claimed[min(line.cover, len(claimed)) - 1].seq
        covered = sum(message.key <= marked for message in outbound)
        if covered == len(outbound):
            return line.pacer
        self._marks = MarkedPermit(line.pacer, [m.key for m in outbound], covered, line.cover, self._advance)
        return self._marks

    async def _advance(self, seq: int) -> None:
        if not await self._line.call(self._write_mark, seq):
            self._may_go_on = False
            raise LeaseLost

    def _write_mark(self, seq: int) -> bool:
        claim, lease = self._claim, self._line.policy.lease_seconds
        with self._line.database.transaction() as session:
            return advance_wire(session, claim.batch_id, claim.token, seq, lease_seconds=lease)

    def _render(self) -> list[Outbound]:
        """What can be made ready; the rest is noted as failed.

        Raises:
            Unrenderable: nothing could, as with a wrong keyring; then nobody fails for it.
        """
        place, text = self._place(), self._facts.text
        same: tuple[Part, ...] | None = None if text.is_personal else text.for_place(place)
        validity = timedelta(minutes=self._facts.validity_minutes)
        outbound: list[Outbound] = []
        failed: list[tuple[int, str]] = []
        for message in self._claim.messages:
            if message.validity_left is not None and message.validity_left <= 0:
                self._note(message.seq, MessageState.EXPIRED, None, tried=0)
                continue
            try:
                parts = same or self._for_person(message, place)
                number = self._line.keyring.decrypt(message.phone_cipher).decode("ascii")
            except LoaError:
                failed.append((message.seq, "LOA_MISSING_VALUE"))
            except (KeyringError, UnicodeDecodeError):
                failed.append((message.seq, "LOA_UNREADABLE_NUMBER"))
            else:
                if len(parts) != message.parts:
                    self._parts[message.seq] = len(parts)
                left = validity if message.validity_left is None else _left_of(message.validity_left)
                outbound.append(Outbound(message.seq, number, self._facts.sender, parts, left))
        if failed and not outbound and len(failed) > 1:
            raise Unrenderable(failed[0][1])
        for seq, error in failed:
            self._note(seq, MessageState.FAILED, error, tried=0)
        return outbound

    def _place(self) -> Place:
        """The names of the claim's ward, and the code by which the short link counts there."""
        facts, ward_id = self._facts, self._claim.ward_id
        place = facts.place(ward_id)
        if not facts.text.has_short_link:
            return place
        return replace(place, code=make_code(self._line.keyring, Code("campaign", facts.campaign_id, ward_id or 0)))

    def _for_person(self, message: ClaimedMessage, place: Place) -> tuple[Part, ...]:
        token = make_token(self._line.keyring, message.contact_id)
        return self._facts.text.for_sealed(lambda: self._line.keyring, place, message, token)

    def _halted(self) -> bool:
        return not self._may_go_on or time.monotonic() > self._until or self._halted_outside()

    def _settle(self, seq: int, answer: Answer) -> None:
        if answer.verdict is Verdict.ACCEPTED:
            self._line.pulse.answered()
            if self._marks is not None:
                self._marks.ended(self._parts.get(seq, self._open[seq].parts))
            self._note(seq, MessageState.ACCEPTED, answer.error, tried=1)
        else:
            self._settle_refused(seq, answer)
        if answer.references:
            self._line.unrecorded.update(reference for _, reference in answer.references)
            self._outcomes.add_references(seq, answer.references)
        self._count(answer.verdict)

    def _settle_refused(self, seq: int, answer: Answer) -> None:
        met, pulse = error_class(answer), self._line.pulse
        self._met.add(met)
        self._note(seq, RULES[met].state, answer.error, tried=int(RULES[met].counts))
        error = answer.error or ""
        if RULES[met].gateway_failed:
            pulse.failed(error)
        elif not error.startswith("LOA_"):  # what the adapter refuses by itself tells nothing about the telco
            pulse.answered()

    def _note(self, seq: int, state: MessageState, error: str | None, tried: int) -> None:
        del self._open[seq]
        self._outcomes.add(seq, state, error, tried, self._parts.get(seq))

    def _count(self, verdict: Verdict) -> None:
        tally = self._line.tally
        if verdict is Verdict.ACCEPTED:
            tally.accepted += 1
        elif verdict is Verdict.THROTTLED:
            tally.throttled += 1
            self._line.on_throttled()
        elif verdict is Verdict.UNKNOWN:
            tally.unknown += 1

    async def _record_often(self, submission: asyncio.Task[None]) -> None:
        """Write outcomes as they come; once sending has to stop, begin nothing more but finish what is begun."""
        recorded_at = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            due = RECORD_SECONDS if self._outcomes else STANDING_SECONDS
            if time.monotonic() - recorded_at >= due:
                self._recording = asyncio.ensure_future(self._record())
                await asyncio.shield(self._recording)
                recorded_at = time.monotonic()
            if self._halted() and not self._cancelled:
                self._cancelled = True
                submission.cancel()

    async def _record(self) -> None:
        outcomes, self._outcomes = self._outcomes, Outcomes()
        try:
            standing = await self._line.call(self._write, outcomes)
        except Exception as error:
            # Kept for the next try: what we know must not be lost with a database connection.
            outcomes.extend(self._outcomes)
            self._outcomes = outcomes
            log.warning("record_failed", batch=self._claim.batch_id, error=type(error).__name__)
            return
        self._line.unrecorded.difference_update(outcomes.references)
        self._line.pulse.recorded(self._facts.campaign_id, outcomes)
        self._may_go_on = standing.held and standing.may_go_on

    def _write(self, outcomes: Outcomes, *, release: bool = False) -> Standing:
        line, claim = self._line, self._claim
        with line.database.transaction() as session:
            standing = record_outcomes(
                session,
                claim.batch_id,
                line.account.gateway_id,
                claim.token,
                outcomes,
                lease_seconds=line.policy.lease_seconds,
            )
            if release:
                release_batch(
                    session,
                    claim.batch_id,
                    claim.token,
                    waits=waits(self._met, line.policy.retry_seconds),
                    hold_seconds=line.policy.retry_seconds if self._trouble else 0.0,
                    cap=self._facts.reach.cap,
                )
        return standing

    async def _close(self) -> None:
        """Record the rest and end the lease, again and again until the database has it.

        Also long after the lease ran out: what the telco answered still lifts what the reaper made unknown.
        """
        for seq in list(self._open):
            self._note(seq, MessageState.QUEUED, None, tried=0)
        pause = 0.5
        while True:
            try:
                await asyncio.shield(asyncio.ensure_future(self._line.call(self._write, self._outcomes, release=True)))
            except Exception as error:
                log.warning("release_failed", batch=self._claim.batch_id, error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
            else:
                self._line.unrecorded.difference_update(self._outcomes.references)
                self._line.pulse.recorded(self._facts.campaign_id, self._outcomes)
                return

"""What a run left behind, at the telcos and in the database, and what is wrong with it."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from campaigns.delivery.states import MessageState

if TYPE_CHECKING:
    from tests.chaos.ordeal import Ordeal

S = MessageState

HOLDS_AFTER = {"pause": 2.0, "cancel": 2.0, "end of hours": 2.0}
"""Seconds after which a step has taken hold."""
REFUSAL_HOLDS_AFTER = 5.0

UNSENT = frozenset({S.FAILED, S.SUPPRESSED, S.CANCELLED, S.QUEUED})
"""States that say the telco never took it."""
SENT = frozenset({S.ACCEPTED, S.DELIVERED, S.UNDELIVERED, S.REJECTED})
"""States that say it did. Neither says so: ``unknown``; ``expired`` may be the telco's word or our own."""

_OUTCOMES = text("""
    SELECT p.phone_hash, m.state FROM message m JOIN contact p ON p.id = m.contact_id WHERE m.campaign_id = :campaign
""")

LOG_SECONDS = 1.0
"""A sandbox writes its log twice a second."""


@dataclass(frozen=True)
class Taken:
    """A part a telco took."""

    at: float
    number: str
    text: str
    """Checksum."""


@dataclass(frozen=True)
class Silence:
    """A time in which nothing of the campaign may go out."""

    why: str
    since: float
    until: float

    def broken_by(self, parts: Iterable[Taken]) -> list[Taken]:
        """Parts that came in spite of it."""
        return [part for part in parts if self.since + HOLDS_AFTER[self.why] < part.at < self.until]

    def took_hold(self, parts: Iterable[Taken]) -> float:
        """Seconds until the last part that still came."""
        return max((part.at - self.since for part in parts if self.since < part.at < self.until), default=0.0)


@dataclass(frozen=True)
class Limit:
    """What a gateway may send in a second, and the most that came in one."""

    gateway: str
    parts_per_second: float
    most: int
    stall: float
    """The telco could not read for so long, so that parts of so much more than a second look like those of one."""

    @property
    def exceeded(self) -> bool:
        """Whether more came than a second and the stall allow."""
        return self.most > math.ceil(self.parts_per_second * (1 + self.stall))


@dataclass
class Evidence:
    """Everything counted."""

    state: str
    planned: int
    outcomes: Mapping[str, MessageState]
    """By number, of everybody the campaign was planned for."""
    sent: Sequence[Taken]
    """Parts of the campaign the telcos took."""
    refused: Mapping[str, float] = field(default_factory=dict)
    """When each refusal was in the register, by number."""
    silences: Sequence[Silence] = ()
    limits: Sequence[Limit] = ()
    differences: Sequence[Any] = ()
    """What ``loa reconcile`` found."""
    settled: int = 0
    """Messages that were unknown for a while."""
    seconds: float = 0.0

    def count(self, *states: MessageState) -> int:
        """People with such an outcome."""
        return sum(1 for state in self.outcomes.values() if state in states)

    @property
    def twice(self) -> list[str]:
        """Numbers that were sent to more than once."""
        return [number for number, times in Counter(part.number for part in self.sent).items() if times > 1]

    @property
    def lost(self) -> list[str]:
        """People without an outcome, and those said to be sent to of whom no telco knows."""
        reached = {part.number for part in self.sent}
        waiting = [number for number, state in self.outcomes.items() if state in (S.QUEUED, S.CLAIMED)]
        return waiting + [n for n, state in self.outcomes.items() if state in SENT and n not in reached]

    @property
    def denied(self) -> list[str]:
        """People a telco has a message for of whom the books say that there is none."""
        return sorted({part.number for part in self.sent if self.outcomes.get(part.number, S.FAILED) in UNSENT})

    @property
    def unsettled(self) -> list[str]:
        """Unknown though a telco took it: no receipt has come, or none that could be placed."""
        reached = {part.number for part in self.sent}
        return [number for number, state in self.outcomes.items() if state is S.UNKNOWN and number in reached]

    @property
    def held_after(self) -> dict[str, float]:
        """By what should have stopped it: the seconds after which the last part still came."""
        slowest: dict[str, float] = {}
        for silence in self.silences:
            slowest[silence.why] = max(slowest.get(silence.why, 0.0), silence.took_hold(self.sent))
        for part in self.sent:
            if part.at > self.refused.get(part.number, math.inf):
                slowest["refusal"] = max(slowest.get("refusal", 0.0), part.at - self.refused[part.number])
        return slowest

    def violations(self) -> Iterator[str]:
        """What must not be, in words."""
        if self.state not in ("finished", "cancelled"):
            yield f"the campaign is {self.state}"
        if len(self.outcomes) != self.planned:
            yield f"{self.planned} planned, {len(self.outcomes)} people have an outcome"
        if self.differences:
            yield f"the books do not balance: {self.differences[:3]}"
        for words, numbers in (("lost", self.lost), ("sent to twice", self.twice), ("sent to but denied", self.denied)):
            if numbers:
                yield f"{len(numbers)} {words}, such as {numbers[:3]}"
        yield from self._too_late()
        for limit in self.limits:
            if limit.exceeded:
                yield f"{limit.most} parts in a second at {limit.gateway}: {limit.parts_per_second:g} are allowed"

    def _too_late(self) -> Iterator[str]:
        for silence in self.silences:
            late = silence.broken_by(self.sent)
            if late:
                worst = max(part.at for part in late) - silence.since
                yield f"{len(late)} parts after the {silence.why}, the last {worst:.2f} s after it"
        for part in self.sent:
            refused_at = self.refused.get(part.number, math.inf)
            if part.at > refused_at + REFUSAL_HOLDS_AFTER:
                yield f"{part.number} was sent to {part.at - refused_at:.1f} s after the refusal"


def read_log(path: Path, since: float) -> list[Taken]:
    """Parts a sandbox took since a moment."""
    rows = (line.split() for line in path.read_text().splitlines())
    return [Taken(float(row[0]), row[1], row[5]) for row in rows if float(row[0]) >= since]


def gather(ordeal: Ordeal) -> Evidence:
    """Read logs and books of a run that has ended."""
    time.sleep(LOG_SECONDS)
    place, plan, last = ordeal.place, ordeal.plan, ordeal.last
    assert last is not None
    parts = [part for name in place.telcos for part in read_log(place.home / f"telco-{name}.log", ordeal.began)]
    # Confirmations of refusals have texts of their own.
    text = Counter(part.text for part in parts).most_common(1)[0][0] if parts else ""
    hash_of = place.office.keyring.hash
    number_of = {hash_of(number.encode()): number for number in ordeal.numbers}
    return Evidence(
        state=last.state,
        planned=last.planned,
        outcomes=_outcomes(ordeal, number_of),
        sent=[part for part in parts if part.text == text],
        refused={number_of[key]: at for key, at in ordeal.refused.items() if key in number_of},
        silences=ordeal.silences,
        limits=[_limit(ordeal, name) for name in plan.speeds],
        differences=place.office.differences(),
        settled=ordeal.most_unknown - last.unknown,
        seconds=time.time() - ordeal.began,
    )


def _outcomes(ordeal: Ordeal, number_of: Mapping[bytes, str]) -> dict[str, MessageState]:
    asked = {"campaign": ordeal.campaign}
    rows = ordeal.place.office.insist(lambda session: session.execute(_OUTCOMES, asked).all())
    return {number_of[bytes(row[0])]: MessageState(row[1]) for row in rows}


def _limit(ordeal: Ordeal, name: str) -> Limit:
    stats = ordeal.place.telcos[name].do("stats")
    return Limit(name, ordeal.plan.speeds[name], stats["most_parts_in_a_second"], stats["longest_stall"])

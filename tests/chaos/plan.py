"""What happens in a run, made from its seed alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.faults import KINDS

SECONDS_OF_SENDING = 16
"""How long the campaign takes where nothing goes wrong: long enough for faults to fall into its middle."""


@dataclass(frozen=True)
class Planned:
    """A fault and when it strikes."""

    kind: str
    after: float
    """Share of the people who were sent to by then."""


@dataclass(frozen=True)
class Plan:
    """One run."""

    seed: int
    people: int
    faults: Sequence[Planned]
    speeds: Mapping[str, float]
    """Parts per second by gateway."""
    binds: int = 1
    habits: Mapping[str, Any] = field(default_factory=dict)
    """How the telcos behave when nothing particular is wrong."""
    gap_after: float = 0.0
    """Seconds after which the campaign's hours end for ``GAP_SECONDS``; 0: they never do."""

    @property
    def words(self) -> str:
        """The faults in a table's cell."""
        names = [fault.kind for fault in self.faults] + (["end of hours"] if self.gap_after else [])
        return ", ".join(names)


def plan_for(seed: int, people: int, only: Sequence[str] | None = None) -> Plan:
    """Two kinds follow from the seed's number, so that a few seeds in a row show every kind; the rest is chance.

    ``only`` gives the kinds instead.
    """
    chance = Random(seed)
    names = list(KINDS)
    sure = [names[seed * 2 % len(names)], names[(seed * 2 + 1) % len(names)]]
    others = [name for name in names if name not in sure and name != "cancel"]
    kinds = sure + chance.sample(others, chance.randint(2, 4))
    kinds = list(only or kinds)
    share = chance.uniform(0.4, 0.6)
    rate = people / SECONDS_OF_SENDING
    return Plan(
        seed=seed,
        people=people,
        faults=sorted((Planned(kind, _moment(kind, chance)) for kind in kinds), key=lambda fault: fault.after),
        speeds={"viettel": round(rate * share), "others": round(rate * (1 - share))},
        binds=chance.choice((1, 1, 2)),
        habits={
            "seed": seed,
            "delay": chance.choice((0.0, 0.0, 0.02, 0.08)),
            "receipt_delay": chance.choice((0.0, 0.2, 1.0)),
            "shuffle": chance.choice((0.0, 0.5)),
            "duplicate_share": chance.choice((0.0, 0.02)),
        },
        gap_after=chance.uniform(5, 12) if seed % 4 == 0 else 0.0,
    )


def _moment(kind: str, chance: Random) -> float:
    """Nothing may follow a cancel, so that comes late."""
    return round(chance.uniform(0.6, 0.75) if kind == "cancel" else chance.uniform(0.05, 0.8), 3)

"""Telling what happened: the row of the table, and of a run that failed its seed, timeline and logs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from campaigns.delivery.states import MessageState
from tests.chaos.evidence import Evidence
from tests.chaos.installation import Installation
from tests.chaos.ordeal import Ordeal, Trouble
from tests.chaos.plan import Plan

S = MessageState

COLUMNS = (
    "seed",
    "planned",
    "delivered",
    "unsent",
    "unknown",
    "taken",
    "settled",
    "lost",
    "twice",
    "seconds",
    "held after",
)
_ROW = "{:>5} {:>8} {:>9} {:>7} {:>7} {:>5} {:>7} {:>5} {:>5} {:>7}  {:<40}  {}"
HEADING = _ROW.format(*COLUMNS, "faults")


def undergo(ordeal: Ordeal) -> tuple[Evidence | None, list[str]]:
    """Run it; the evidence, and what was violated. There is no evidence of a run that did not come to its end."""
    try:
        found = ordeal.run()
    except Trouble as error:
        return None, [str(error)]
    return found, list(found.violations())


def row(plan: Plan, found: Evidence | None) -> str:
    """A line of the table.

    ``unsent`` are those who refused, were refused or were cancelled; ``taken`` the unknown ones a telco has after all.
    """
    if found is None:
        return _ROW.format(plan.seed, plan.people, *["-"] * (len(COLUMNS) - 2), plan.words)
    unsent = found.count(S.FAILED, S.SUPPRESSED, S.CANCELLED)
    held = " ".join(f"{why} {seconds:.1f} s" for why, seconds in found.held_after.items())
    unknown = (found.count(S.UNKNOWN), len(found.unsettled), found.settled)
    counts = (found.planned, found.count(S.DELIVERED), unsent, *unknown)
    lost = (len(found.lost), len(found.twice))
    return _ROW.format(plan.seed, *counts, *lost, round(found.seconds), held, plan.words)


def story(ordeal: Ordeal, violations: Sequence[str]) -> str:
    """What was violated, what happened when, and where the logs are now."""
    verdict = "VIOLATED" if violations else "held"
    lines = [f"seed {ordeal.plan.seed}: {verdict}", *(f"  ! {words}" for words in violations)]
    return "\n".join([*lines, ordeal.told(), f"  logs: {keep_logs(ordeal.place, ordeal.plan.seed)}"])


def keep_logs(place: Installation, seed: int) -> Path:
    """Copy what the processes and the telcos wrote out of a home that is about to go."""
    kept = Path(tempfile.mkdtemp(prefix=f"loa-chaos-kept-{seed}-"))
    for path in (*place.home.glob("*.log"), *(place.home / "logs").glob("*"), *place.home.glob("postgres/log/*")):
        with suppress(OSError):
            shutil.copy(path, kept)
    return kept

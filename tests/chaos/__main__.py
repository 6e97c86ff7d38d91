"""The long form: ``python -m tests.chaos --seeds 20 --first 1 --people 20000``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from campaigns.delivery.states import MessageState
from tests.chaos.evidence import Evidence
from tests.chaos.installation import Installation, installed, make_base, numbers_of
from tests.chaos.ordeal import Ordeal, Trouble
from tests.chaos.plan import Plan, plan_for

COLUMNS = ("seed", "planned", "delivered", "unsent", "unknown", "settled", "lost", "twice", "late", "seconds")
ROW = "{:>5} {:>8} {:>9} {:>7} {:>7} {:>7} {:>5} {:>5} {:>5} {:>7}  {}"
S = MessageState


def main() -> int:
    """Run every seed, print the table; 1 where anything was violated."""
    options = _options()
    print(f"{options.seeds} seeds from {options.first}, {options.people} people each", flush=True)
    began, rows, failed = time.monotonic(), [], []
    with tempfile.TemporaryDirectory(prefix="loa-chaos-base-") as folder:
        base = make_base(Path(folder) / "base", options.people)
        for seed in range(options.first, options.first + options.seeds):
            plan = plan_for(seed, options.people)
            row, violations = run_plan(base, plan, numbers_of(options.people))
            rows.append(row)
            failed += [seed] if violations else []
            print(ROW.format(*row), flush=True)
    print("\n" + ROW.format(*COLUMNS, "faults"))
    for row in rows:
        print(ROW.format(*row))
    print(f"{len(rows)} seeds in {time.monotonic() - began:.0f} s; failed: {failed or 'none'}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=…")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--people", type=int, default=20_000)
    return parser.parse_args()


def run_plan(base: Path, plan: Plan, numbers: list[str]) -> tuple[list[object], list[str]]:
    """One run in an installation of its own: its row of the table, and what was violated."""
    with installed(base, plan.speeds, binds=plan.binds, habits=plan.habits) as place:
        ordeal = Ordeal(place, plan, numbers)
        found: Evidence | None = None
        try:
            found = ordeal.run()
            violations = list(found.violations())
        except Trouble as error:
            violations = [str(error)]
        if violations:
            _tell(ordeal, violations, keep_logs(place, plan.seed))
    return _row(plan, found, time.time() - ordeal.began), violations


def _row(plan: Plan, found: Evidence | None, seconds: float) -> list[object]:
    if found is None:
        return [plan.seed, plan.people, *["-"] * 7, round(seconds), plan.words]
    late = sum(len(silence.broken_by(found.sent)) for silence in found.silences)
    unsent = found.count(S.FAILED, S.SUPPRESSED, S.CANCELLED)
    counts = [found.planned, found.count(S.DELIVERED), unsent, found.count(S.UNKNOWN), found.settled]
    return [plan.seed, *counts, len(found.lost), len(found.twice), late, round(found.seconds), plan.words]


def _tell(ordeal: Ordeal, violations: list[str], logs: Path) -> None:
    print(f"\nSEED {ordeal.plan.seed} FAILED\n  " + "\n  ".join(violations))
    print(f"{ordeal.told()}\n  logs: {logs}\n", flush=True)


def keep_logs(place: Installation, seed: int) -> Path:
    """Copy what the processes and the telcos wrote out of a home that is about to go."""
    kept = Path(tempfile.mkdtemp(prefix=f"loa-chaos-failed-{seed}-"))
    for path in (*place.home.glob("*.log"), *(place.home / "logs").glob("*"), *place.home.glob("postgres/log/*")):
        with suppress(OSError):
            shutil.copy(path, kept)
    return kept


if __name__ == "__main__":
    sys.exit(main())

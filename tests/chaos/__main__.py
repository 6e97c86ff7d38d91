"""The long form: ``python -m tests.chaos --seeds 20 --first 1 --people 20000``."""

from __future__ import annotations

import argparse
import sys
import time

from tests.chaos.faults import KINDS
from tests.chaos.installation import installed, numbers_of
from tests.chaos.ordeal import Ordeal
from tests.chaos.plan import Plan, plan_for
from tests.chaos.report import HEADING, row, story, undergo


def main() -> int:
    """Run every seed, print the table; 1 where anything was violated."""
    options = _options()
    print(f"{options.seeds} seeds from {options.first}, {options.people} people each", flush=True)
    began, rows, failed = time.monotonic(), [], []
    for seed in range(options.first, options.first + options.seeds):
        line, held = run_plan(plan_for(seed, options.people, options.only), tell=options.tell)
        rows.append(line)
        failed += [] if held else [seed]
        print(f"{line}   ({time.monotonic() - began:.0f} s)", flush=True)
    print("\n".join(["", HEADING, *rows]))
    print(f"{len(rows)} seeds in {time.monotonic() - began:.0f} s; failed: {failed or 'none'}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=…")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--only", action="append", choices=list(KINDS), help="this kind, and no other by chance")
    parser.add_argument("--tell", action="store_true", help="print every run's timeline and keep its logs")
    return parser.parse_args()


def run_plan(plan: Plan, *, tell: bool) -> tuple[str, bool]:
    """One run in an installation of its own: its row of the table, and whether everything held."""
    with installed(plan.people, plan.speeds, binds=plan.binds) as place:
        ordeal = Ordeal(place, plan, numbers_of(plan.people))
        found, violations = undergo(ordeal)
        if violations or tell:
            print("\n" + story(ordeal, violations) + "\n", flush=True)
    return row(plan, found), not violations


if __name__ == "__main__":
    sys.exit(main())

"""``make bench``: every benchmark, a line of JSON each, then one table of targets; ``ARGS=limit`` chooses.

The machine should be quiet. Import 1 minute, plan 1, way 2, limit 2, crash 1.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from admin.cli.base import show_table
from benchmarks import crash, import_people, limit, plan, way
from benchmarks.world import report

Result = dict[str, Any]


def _import() -> Result:
    """A million rows into an installation of its own, gone afterwards."""
    return report("import", **import_people.bench(1_000_000, Path(tempfile.mkdtemp(prefix="loa-bench-"))))


RUNS: dict[str, Callable[[], list[Result]]] = {
    "import": lambda: [_import()],
    "plan": plan.main,
    "way": way.main,
    "limit": limit.main,
    "crash": crash.main,
}


def verdicts(results: dict[str, list[Result]]) -> list[tuple[str, str, str]]:
    """(what, target, measured) of everything that has a target."""
    rows = []
    if found := results.get("import"):
        rows.append(("import, 1,000,000 rows, rows/s", "30,000", f"{found[-1]['rows_per_s']:,}"))
        rows.append(("import, memory, MB", "under 300", f"{found[-1]['peak_rss_mb']:,}"))
    if found := results.get("plan"):
        rows.append(("plan 1,000,000 messages, /s", "60,000", f"{found[-1]['per_second']:,}"))
    if found := results.get("way"):
        rows.append(("the whole way, 200,000 messages, /s", "6,000", f"{found[-1]['per_second']:,}"))
        rows.append(("Celery tasks for 100,000 messages", "under 1,000", f"{found[-2]['celery_tasks']:,}"))
    for result in results.get("limit", []):
        worst = f"{result['worst_percent']} (mean {result['mean_percent']})"
        rows.append((f"limit {result['limit']:g}/s, most in a sliding second, %", "≤ 100", worst))
    if found := results.get("crash"):
        told = "; ".join(str(found[0][key]) for key in ("sent_after_refusal", "lost", "sent_twice"))
        rows.append(("sent after a refusal; lost; sent twice, over a kill -9", "0; 0; 0", told))
    return rows


def main() -> None:
    """Run what was named, or everything."""
    chosen = sys.argv[1:] or list(RUNS)
    if unknown := set(chosen) - set(RUNS):
        sys.exit(f"no benchmark called {', '.join(sorted(unknown))}; there are: {', '.join(RUNS)}")
    results = {name: RUNS[name]() for name in chosen}
    show_table(["What", "Target", "Measured"], verdicts(results), numbers=[1, 2])


if __name__ == "__main__":
    main()

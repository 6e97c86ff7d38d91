"""``make bench``: every benchmark, a line of JSON for each result, then one table of targets.

``make bench ARGS="way floor"`` runs some of them, ``ARGS="--json results.json"`` keeps everything. The machine should
be quiet; each line says how busy it was just before. All of it takes some 30 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import platform
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from admin.cli.base import show_table
from benchmarks.verdicts import Verdict, verdicts
from benchmarks.world import look_around

MODULES = {
    "import": "import_people",
    "plan": "plan",
    "caps": "caps",
    "way": "way",
    "floor": "floor",
    "receipts": "receipts",
    "pages": "pages",
    "lists": "lists",
    "latency": "latency",
    "many": "many",
    "limit": "limit",
    "fair": "fair",
    "crash": "crash",
    "refuse": "refuse",
    "purge": "purge",
    "rivals": "rivals",
    "profile": "cpu",
}
"""Name and module, in the order they run; each has ``main() -> list[dict]``."""

Results = dict[str, list[dict[str, Any]]]


def table(results: Results) -> list[Verdict]:
    """Verdicts of everything measured; a module may have a ``verdicts`` of its own."""
    modules = {name: importlib.import_module(f"benchmarks.{MODULES[name]}") for name in results}
    return verdicts(results, {name: one.verdicts for name, one in modules.items() if hasattr(one, "verdicts")})


def known() -> list[str]:
    """Benchmarks that are there."""
    return [name for name, module in MODULES.items() if importlib.util.find_spec(f"benchmarks.{module}")]


def _stop(number: int, _frame: FrameType | None) -> None:
    """Unwind, so that every block ends what it started."""
    raise KeyboardInterrupt(signal.Signals(number).name)


def _run(name: str) -> list[dict[str, Any]]:
    """One benchmark, with nothing of our own command line left for it to read."""
    look_around()
    main = importlib.import_module(f"benchmarks.{MODULES[name]}").main
    started = time.perf_counter()
    results: list[dict[str, Any]] = main() or []
    print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return results


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _keep(file: Path | None, began: datetime, results: Results, rows: list[Verdict]) -> None:
    if file is None:
        return
    document = {
        "began": began.isoformat(timespec="seconds"),
        "machine": _machine(),
        "verdicts": [row._asdict() for row in rows],
        "results": results,
    }
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def main() -> int:
    """Run what was named, or everything; 1 where something broke."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known())}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all results and the table in this file")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(known()):
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are: {', '.join(known())}")
    sys.argv = sys.argv[:1]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    began, broken = datetime.now(UTC), list[str]()
    results: Results = {}
    try:
        for name in asked.names or known():
            try:
                results[name] = _run(name)
            except Exception:
                # The others are still worth having; twenty minutes are not thrown away for one of them.
                traceback.print_exc()
                broken.append(name)
            _keep(asked.json, began, results, table(results))
    except KeyboardInterrupt as interrupted:
        print(f"interrupted {interrupted}".rstrip(), file=sys.stderr)
        broken.append("the rest")
    show_table(["What", "Target", "Measured", "Ratio", "Held"], table(results), numbers=[1, 2, 3])
    if broken:
        print(f"not measured: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

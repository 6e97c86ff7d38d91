"""How fast people are imported, into a database of its own, and whether memory or time per row grow with the file.

``python -m benchmarks.import_people 300000`` imports files of the sizes it is given. ``peak_rss_mb`` is the importing
process with its children, as the kernel counted it; ``postgres_mb`` the peak of what PostgreSQL's processes hold for
themselves, without the shared buffers. ``cpu_s`` is the processor time of the importing process; PostgreSQL's comes on
top, on the other core.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.world import ROOT, report
from campaigns.audience.demo import write_demo_people
from campaigns.audience.importing import import_contacts
from campaigns.migrations import upgrade
from campaigns.store.areas import load_areas
from campaigns.store.database import Database
from config.embedded import EmbeddedServices
from config.keys import load_keyring

SIZES = (10_000, 100_000, 1_000_000)
LOAD = "made-up people of all wards, 7 columns, 1 % dirty, 1 % to repair; encrypted, hashed, merged"


def measure(url: str, file: Path) -> dict[str, Any]:
    """Import ``file`` in this process, which does nothing else."""
    database = Database(url)
    started = time.perf_counter()
    keyring, errors = load_keyring(file.parent), file.with_suffix(".errors")
    done = import_contacts(database, keyring, file, edition="2023", errors_to=errors)
    seconds = time.perf_counter() - started
    database.close()
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "rows": done.rows,
        "seconds": round(seconds, 2),
        "rows_per_s": round(done.rows / seconds),
        "cpu_s": round(time.process_time(), 2),
        "load_average": round(os.getloadavg()[0], 1),
        "peak_rss_mb": round((own + children) / 1024),
        "report": done.as_dict(),
    }


class PostgresMemory(threading.Thread):
    """Watches what PostgreSQL's processes hold for themselves."""

    def __init__(self, postmaster: int) -> None:
        super().__init__(daemon=True)
        self._postmaster = psutil.Process(postmaster)
        self._over = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._over.wait(0.5):
            total = 0
            for process in self._postmaster.children():
                status = Path(f"/proc/{process.pid}/status")
                with contextlib.suppress(OSError, IndexError):
                    total += int(status.read_text().split("RssAnon:")[1].split()[0]) * 1024
            self.peak = max(self.peak, total)

    def stop(self) -> int:
        self._over.set()
        self.join()
        return self.peak // 2**20


def bench(rows: int, home: Path) -> dict[str, Any]:
    """A file of ``rows`` people into a fresh installation's database, in a process of its own, twice."""
    services = EmbeddedServices(home / "services").start()
    try:
        upgrade(services.database_url)
        database = Database(services.database_url)
        with database.transaction() as session:
            load_areas(session)
        database.close()
        file = home / "people.csv"
        expected = write_demo_people(file, rows)
        postmaster = int((services.places.postgres_data / "postmaster.pid").read_text().split()[0])
        result: dict[str, Any] = {"load": LOAD, "file_mb": round(file.stat().st_size / 2**20, 1)}
        for name in ("first", "again"):
            watch = PostgresMemory(postmaster)
            watch.start()
            command = [sys.executable, "-m", "benchmarks.import_people", str(file), services.database_url]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            result[name] = {**json.loads(done.stdout), "postgres_mb": watch.stop()}
        result["as_expected"] = (
            result["first"]["report"]["created"] == expected.people
            and result["first"]["report"]["rejected"] == expected.rejected
        )
        return {**{key: result["first"][key] for key in ("rows", "seconds", "rows_per_s", "peak_rss_mb")}, **result}
    finally:
        services.stop()
        shutil.rmtree(home, ignore_errors=True)


def main(sizes: Sequence[int] = SIZES) -> list[dict[str, Any]]:
    """Each size into an installation of its own, gone afterwards."""
    return [report("import", **bench(size, Path(tempfile.mkdtemp(prefix="loa-bench-")))) for size in sizes]


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].isdigit():
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[1]))))
    else:
        main([int(size) for size in sys.argv[1:]] or SIZES)

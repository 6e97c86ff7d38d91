"""Where a worker's processor time goes, function by function, in µs a message: ``make bench ARGS=profile``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from admin.cli.programs import worker_program
from benchmarks import way
from benchmarks.world import loa, report, running, world
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

SIZE = 200_000
SHOWN = 30


Sums = dict[str, dict[str, float]]
OURS = (" · campaigns/", " · workers/", " · config/")


def _read(file: Path) -> Sums:
    """The sums so far; the sampler writes them once a second."""
    time.sleep(1.1)
    found: Sums = json.loads(file.read_text())
    return found


def _per_message(before: dict[str, float], after: dict[str, float], size: int, most: int) -> dict[str, float]:
    gained = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
    top = sorted(gained.items(), key=lambda item: -item[1])[:most]
    return {name: round(1e6 * seconds / size, 2) for name, seconds in top}


def _of_ours(sums: dict[str, float]) -> dict[str, float]:
    return {name: seconds for name, seconds in sums.items() if any(place in name for place in OURS)}


def measure(size: int) -> dict[str, Any]:
    """One campaign sent by a worker that is looked at every few milliseconds; looking costs it a few percent."""
    with world() as place, SandboxProcess(way.telco_options()) as telco:
        campaign = way.prepare(place, telco, size, way.UNLIMITED, 500)
        file = place.home / "samples.json"
        program = worker_program()
        celery = program[program.index("celery") + 1 :]
        sampled = [sys.executable, "-m", "benchmarks.sampled", str(file), *celery]
        with running(place, sampled, "worker"), loa(place, "beat"):
            way.wait_until_bound(place)
            before = _read(file)
            course = way.follow_campaign(place, campaign, size)
            after = _read(file)
    called = _of_ours(before["with_what_it_calls"]), _of_ours(after["with_what_it_calls"])
    return report(
        "profile",
        load=f"{size} messages as in way, one worker under a sampler; microseconds of processor time a message",
        steady_per_second=round(size / course.steady),
        threads=_per_message(before["threads"], after["threads"], size, 5),
        own=_per_message(before["own"], after["own"], size, SHOWN),
        with_what_it_calls=_per_message(*called, size, SHOWN),
    )


def main(size: int = SIZE) -> list[dict[str, Any]]:
    """One campaign."""
    return [measure(size)]


if __name__ == "__main__":
    main()

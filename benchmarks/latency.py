"""A link that answers after 50 ms: the window rules, and so do the binds of the account. All of them in one worker."""

from __future__ import annotations

import sys
import time
from typing import Any

from benchmarks import way
from benchmarks.world import loa, report, world
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

BINDS = (1, 2, 4)
DELAY = 0.05
WINDOW = 100
WARM_SECONDS, SECONDS = 2.0, 6.0


def measure(binds: int) -> dict[str, Any]:
    """How much goes out in a few seconds in the middle of a campaign that is longer than that."""
    possible = WINDOW * binds / DELAY
    size = int(possible * (WARM_SECONDS + SECONDS + 1))
    with world() as place, SandboxProcess(way.telco_options(delay=DELAY)) as telco:
        campaign = way.prepare(place, telco, size, way.UNLIMITED, WINDOW, binds=binds)
        with loa(place, "worker"), loa(place, "beat"):
            way.wait_until_bound(place, binds)
            place.run("UPDATE campaign SET state = 'running' WHERE id = :id", id=campaign)
            while not telco.do("stats")["taken"]:
                time.sleep(0.02)
            time.sleep(WARM_SECONDS)
            first, started = telco.do("stats")["taken"], time.perf_counter()
            time.sleep(SECONDS)
            last, seconds = telco.do("stats")["taken"], time.perf_counter() - started
            assert last < size, "the campaign was over too soon to be measured"
    return report(
        "latency",
        load=f"answers after {DELAY} s, window {WINDOW}, {binds} bind(s) in one worker, {size} messages",
        binds=binds,
        possible_per_second=round(possible),
        per_second=round((last - first) / seconds),
        ratio=round((last - first) / seconds / possible, 3),
    )


def main(binds: tuple[int, ...] = BINDS) -> list[dict[str, Any]]:
    """Each number of binds in a world of its own."""
    return [measure(each) for each in binds]


if __name__ == "__main__":
    main(tuple(int(each) for each in sys.argv[1:]) or BINDS)

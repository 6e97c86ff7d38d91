"""Is the telco's limit kept? Counted at the simulated telco: the most parts in any sliding second, and the mean."""

from __future__ import annotations

import sys
import time
from typing import Any

from benchmarks.way import prepare, wait_until_bound
from benchmarks.world import loa, report, world
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

RATES = (5.0, 400.0, 2000.0)
SECONDS = 12.0


def measure(tps: float, *, workers: int = 1) -> dict[str, Any]:
    """Send at ``tps`` for a while with more work waiting than can go out."""
    size = int(tps * SECONDS * 2) + 100
    with world() as place, SandboxProcess(SandboxOptions(receipt_delay=0.2, receipt_window=5000)) as telco:
        campaign = prepare(place, telco, size, tps, 500)
        place.run("UPDATE gateway SET binds = :n", n=workers)
        with loa(place, "worker"), loa(place, "beat"):
            wait_until_bound(place)
            place.run("UPDATE campaign SET state = 'running' WHERE id = :id", id=campaign)
            while not telco.do("stats")["taken"]:
                time.sleep(0.02)
            started, first = time.perf_counter(), telco.do("stats")["taken"]
            time.sleep(SECONDS)
            told = telco.do("stats")
            seconds = time.perf_counter() - started
    return report(
        "limit",
        load=f"{tps:g} parts/s, more than enough work, {workers} bind(s), {SECONDS:g} s",
        limit=tps,
        most_in_a_sliding_second=told["most_parts_in_a_second"],
        worst_percent=round(100 * told["most_parts_in_a_second"] / tps, 1),
        mean_percent=round(100 * (told["taken"] - first) / seconds / tps, 1),
    )


def main(rates: tuple[float, ...] = RATES) -> list[dict[str, Any]]:
    """Every rate in a world of its own."""
    return [*(measure(rate) for rate in rates), measure(400.0, workers=3)]


if __name__ == "__main__":
    main(tuple(float(rate) for rate in sys.argv[1:]) or RATES)

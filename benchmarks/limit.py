"""Is the telco's limit kept? Counted at the simulated telco: the most parts in any sliding second, and the mean.

Rates and sessions are measured with processes that do nothing but send; what a strict telco lets through, idleness
and a Redis that forgets, with real workers on a real database. One part a minute is counted while all else runs.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.counted import Result, row, telco
from benchmarks.senders import go, senders
from benchmarks.strict import measure_telcos
from config.embedded.account import service_account
from config.embedded.places import find_places
from config.embedded.redis import RedisServer

RATES = ((5.0, 50.0, 400.0), (2000.0,), (5000.0,))
"""Those of a group are measured at once."""
PROCESSES = (1, 2, 4, 8)
SECONDS = 7.0
A_MINUTE = 0.0166
"""As near to one part a minute as a gateway's rate can be written without being above it."""


@contextmanager
def redis_alone() -> Iterator[str]:
    """Address of a Redis of its own."""
    home = Path(tempfile.mkdtemp(prefix="loa-bench-"))
    account = service_account()
    server = RedisServer(find_places(home, account), account)
    running = server.start(None)
    try:
        yield server.url()
    finally:
        server.stop(running)
        shutil.rmtree(home, ignore_errors=True)


def measure_rates(redis_url: str, processes: int, rates: tuple[float, ...]) -> list[Result]:
    """Every rate with so many processes, each with one session; more to send than may go out."""
    with ExitStack() as stack:
        telcos = [stack.enter_context(telco()) for _ in rates]
        accounts = [(f"{rate:g}-{processes}", place.port, rate) for rate, place in zip(rates, telcos, strict=True)]
        with senders(processes, redis_url, *accounts) as started:
            go(started)
            time.sleep(SECONDS)
            told = [place.do("stats") for place in telcos]
    return [
        row(
            counted,
            rate,
            f"{rate:g} parts/s, more than enough work, {processes} process(es) with one session each",
            sessions=processes,
        )
        for rate, counted in zip(rates, told, strict=True)
    ]


def main(rates: tuple[float, ...] = ()) -> list[Result]:
    """Everything, in three minutes; or ``rates`` alone, with every number of processes."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(redis_alone())
        if rates:
            return [line for n in PROCESSES for line in measure_rates(redis_url, n, rates)]
        slow = stack.enter_context(telco())
        go(stack.enter_context(senders(2, redis_url, ("minute", slow.port, A_MINUTE))))
        results = [line for n in PROCESSES for group in RATES for line in measure_rates(redis_url, n, group)]
        results += measure_telcos()
        load = f"{A_MINUTE:g} parts/s, more than enough work, 2 process(es) with one session each"
        results.append(row(slow.do("stats"), A_MINUTE, load, sessions=2))
    return results


def verdicts(results: list[Result]) -> list[tuple[str, str, str]]:
    """(what, target, measured) of every line."""
    rows = []
    for result in results:
        target = "≤ 100" if result["least_percent"] is None else f"≤ 100; mean ≥ {result['least_percent']:g}"
        rows.append((result["load"], target, f"{result['worst_percent']}; {result['mean_percent']}"))
    return rows


if __name__ == "__main__":
    main(tuple(float(rate) for rate in sys.argv[1:]))

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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis

from benchmarks.senders import go, senders
from benchmarks.way import wait_until_bound
from benchmarks.world import World, loa, report, world
from campaigns.access import SYSTEM
from campaigns.delivery.planner import plan_campaign
from campaigns.gateways.registry import add_gateway
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from config.embedded.account import service_account
from config.embedded.places import find_places
from config.embedded.redis import RedisServer

Result = dict[str, Any]

RATES = ((5.0, 50.0, 400.0), (2000.0,), (5000.0,))
"""Those of a group are measured at once."""
PROCESSES = (1, 2, 4, 8)
SECONDS = 7.0
STRICT_SECONDS = 24.0
SETTLING = 2.0
A_MINUTE = 0.0166
"""As near to one part a minute as a gateway's rate can be written without being above it."""
LEAST = 97.0


@contextmanager
def telco(**options: Any) -> Iterator[SandboxProcess]:
    """A telco with a machine of its own, as far as this one allows: what it is late in reading it counts too late."""
    with SandboxProcess(SandboxOptions(**options)) as process:
        with suppress(psutil.AccessDenied):
            psutil.Process(process.pid).nice(-20)
        yield process


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


def row(told: Result, limit: float, load: str, *, least: float | None = LEAST, **more: Any) -> Result:
    """One line: what the telco counted, as shares of ``limit``; the mean runs from its first part to its last."""
    # Below one part a second: how much nearer than the limit allows any two came.
    interval = 1 / limit
    gap = told["shortest_gap"] or 0.0
    most = told["most_parts_in_a_second"] / limit if limit >= 1 else (interval / gap if gap else 0.0)
    per_second = (told["taken"] - told["taken_before"] - 1) / max(told["seconds"], interval)
    mean = per_second / more.get("real", limit)
    return report(
        "limit",
        load=load,
        limit=limit,
        most_in_a_sliding_second=told["most_parts_in_a_second"],
        most_in_a_tenth=told["most_parts_in_a_tenth"],
        worst_percent=round(100 * most, 1),
        mean_percent=round(100 * mean, 1),
        least_percent=least,
        throttled=told["throttled"],
        **more,
    )


# Rates and sessions


def measure_rates(redis_url: str, processes: int, rates: tuple[float, ...]) -> list[Result]:
    """Every rate with so many processes, each with one session; more to send than may go out."""
    with ExitStack() as stack:
        telcos = [stack.enter_context(telco()) for _ in rates]
        accounts = [(f"{rate:g}-{processes}", place.port, rate) for rate, place in zip(rates, telcos, strict=True)]
        with senders(processes, redis_url, *accounts) as started:
            go(started)
            time.sleep(SETTLING + SECONDS)
            told = [place.do("stats") for place in telcos]
    return [
        row(
            {**counted, "taken_before": 0},
            rate,
            f"{rate:g} parts/s, more than enough work, {processes} process(es) with one session each",
            sessions=processes,
        )
        for rate, counted in zip(rates, told, strict=True)
    ]


# Telcos that are stricter than their contract


@dataclass
class Case:
    """One gateway account and its telco."""

    name: str
    tps: float
    options: dict[str, Any] = field(default_factory=dict)
    binds: int = 1
    least: float | None = 95.0

    @property
    def load(self) -> str:
        """In words."""
        own = self.options.get("tps")
        strict = f"the telco takes {own:g}/s and {self.options['burst']} at once" if own else "no limit at the telco"
        return f"{self.tps:g} parts/s, {strict}, {self.binds} session(s)"


CASES = (
    Case("bucket-200", 200.0, {"tps": 200, "burst": 20}),
    Case("bucket-200-3", 200.0, {"tps": 200, "burst": 20}, binds=3),
    Case("bucket-50", 50.0, {"tps": 50, "burst": 5}),
    Case("bucket-50-3", 50.0, {"tps": 50, "burst": 5}, binds=3),
    Case("slow", 200.0, {"tps": 20, "burst": 20}, least=80.0),
    Case("slow-3", 200.0, {"tps": 20, "burst": 5}, binds=3, least=80.0),
    Case("neighbour", 400.0, least=LEAST),
)
"""All at once, so that it shows whether one gateway touches another."""


def _prepare(place: World, telcos: list[SandboxProcess]) -> None:
    """A planned campaign whose batches are dealt to the gateways, with more work than any can do."""
    people = 8000 * len(CASES)
    place.fill_contacts(people, carriers=("viettel",))
    with place.database.transaction() as session:
        for case, own in zip(CASES, telcos, strict=True):
            settings = {"host": "127.0.0.1", "port": own.port, "system_id": "loa", "password": "x"}
            add_gateway(
                session, place.keyring, SYSTEM, case.name, adapter="smpp", settings=settings, tps=case.tps,
                binds=case.binds,
            )  # fmt: skip
    assert plan_campaign(place.database, place.campaign()) == people
    place.run("UPDATE campaign SET state = 'paused'")
    # The neighbour, the last, is the fastest and gets two shares.
    place.run(
        "UPDATE batch SET gateway_id = ("
        " SELECT id FROM gateway ORDER BY id LIMIT 1 OFFSET least(batch.id % :n, :n - 2))",
        n=len(CASES) + 1,
    )
    place.vacuum()


def _go(place: World) -> None:
    place.run("UPDATE campaign SET state = 'running'")


def _pause(place: World, telcos: list[SandboxProcess], seconds: float) -> None:
    """Stop, wait until nothing goes out any more, and begin to count anew."""
    place.run("UPDATE campaign SET state = 'paused'")
    time.sleep(2.0 + seconds)
    for own in telcos:
        own.do("anew")


def _rows(telcos: list[SandboxProcess], what: str = "", *, judged: bool = False) -> list[Result]:
    """A line for each, or for the last of them."""
    return [
        row(
            own.do("stats"),
            case.tps,
            f"{case.load}{what}",
            least=case.least if judged else None,
            sessions=case.binds,
            real=case.options.get("tps", case.tps),
        )
        for case, own in zip(CASES[-len(telcos) :], telcos, strict=True)
    ]


def _forget(place: World) -> None:
    """Flush Redis in the middle of sending, and then stop and start it."""
    with redis.from_url(place.services.redis_url) as client:
        for _ in range(2):
            client.flushall()
            time.sleep(1.6)
    server = place.services.redis
    server.stop(None)
    running = server.start(None)
    time.sleep(4.0)
    server.stop(running)


def measure_telcos() -> list[Result]:
    """Strict buckets, slow telcos and a free one at once; then after a rest; then with a Redis that forgets."""
    with ExitStack() as stack:
        telcos = [stack.enter_context(telco(**case.options)) for case in CASES]
        place = stack.enter_context(world())
        _prepare(place, telcos)
        stack.enter_context(loa(place, "worker"))
        stack.enter_context(loa(place, "beat"))
        wait_until_bound(place)
        time.sleep(SETTLING)
        _go(place)
        # What a telco takes at once at the beginning is no rate.
        time.sleep(SETTLING)
        for own in telcos:
            own.do("anew")
        time.sleep(STRICT_SECONDS)
        results = _rows(telcos, judged=True)
        _pause(place, telcos, 1.0)
        _go(place)
        time.sleep(SETTLING + 3.0)
        results += _rows(telcos[-1:], ", after a rest of 3 s")
        _forget(place)
        results += _rows(telcos, ", Redis flushed twice, stopped and started")
    return results


# Everything


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
        told = {**slow.do("stats"), "taken_before": 0}
        results.append(row(told, A_MINUTE, f"{A_MINUTE:g} parts/s, two processes with one session each", sessions=2))
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

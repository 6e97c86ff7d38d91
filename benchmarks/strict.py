"""Telcos that are stricter than their contract, a rest, and a Redis that forgets, with real workers on a database."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import redis

from benchmarks.counted import LEAST, Result, row, telco
from benchmarks.way import wait_until_bound
from benchmarks.world import World, loa, world
from campaigns.access import SYSTEM
from campaigns.delivery.planner import plan_campaign
from campaigns.gateways.registry import add_gateway
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

SECONDS = 24.0
SETTLING = 2.0


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
    # A carrier for each, or their batches would go to the first. The neighbour, the last, is the fastest: two shares.
    carriers = [case.name for case in CASES]
    place.fill_contacts(people, carriers=(*carriers, carriers[-1]))
    with place.database.transaction() as session:
        for case, own in zip(CASES, telcos, strict=True):
            settings = {"host": "127.0.0.1", "port": own.port, "system_id": "loa", "password": "x"}
            add_gateway(
                session, place.keyring, SYSTEM, case.name, adapter="smpp", settings=settings, tps=case.tps,
                binds=case.binds, carriers=(case.name,),
            )  # fmt: skip
    assert plan_campaign(place.database, place.campaign()) == people
    place.run("UPDATE campaign SET state = 'paused'")
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
        time.sleep(SECONDS)
        results = _rows(telcos, judged=True)
        _pause(place, telcos, 1.0)
        _go(place)
        time.sleep(SETTLING + 3.0)
        results += _rows(telcos[-1:], ", after a rest of 3 s")
        _forget(place)
        results += _rows(telcos, ", Redis flushed twice, stopped and started")
    return results

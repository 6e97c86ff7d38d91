"""The way of a message, all of it: submit → answered → recorded → receipt applied → counted, in real processes.

One worker process, one beat, one simulated telco over loopback, embedded PostgreSQL and Redis, all on this machine.
Time runs from the moment the campaign may send to the moment the last message is counted as delivered.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import psutil
import redis

from benchmarks.world import World, loa, report, world
from campaigns.access import SYSTEM
from campaigns.delivery.planner import plan_campaign
from campaigns.gateways.registry import add_gateway
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.stats import reconcile, summary

SIZES = (10_000, 100_000, 200_000)
UNLIMITED = 50_000.0
PATIENCE = 600.0


def prepare(place: World, telco: SandboxProcess, size: int, tps: float, window: int) -> int:
    """People, a gateway, and a planned campaign that is still paused."""
    place.fill_contacts(size, carriers=("viettel",))
    with place.database.transaction() as session:
        settings = {"host": "127.0.0.1", "port": telco.port, "system_id": "loa", "password": "x", "window": window}
        add_gateway(session, place.keyring, SYSTEM, "telco", adapter="smpp", settings=settings, tps=tps)
    campaign = place.campaign()
    assert plan_campaign(place.database, campaign) == size
    place.run("UPDATE campaign SET state = 'paused'")
    place.vacuum()
    return campaign


def wait_until_bound(place: World) -> None:
    """Until the worker's session is open."""
    until = time.monotonic() + 30
    while place.run("SELECT count(*) FROM gateway_session WHERE state = 'bound'") == 0:
        assert time.monotonic() < until, "the worker did not bind"
        time.sleep(0.1)


def tasks_pushed(place: World) -> int:
    """Messages ever given to the broker."""
    with redis.from_url(place.services.redis_url) as client:
        return int(client.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"])


def run_campaign(place: World, campaign: int, size: int) -> float:
    """Let it go and wait until every message is settled; seconds."""
    place.run("UPDATE campaign SET state = 'running'")
    started = time.perf_counter()
    while place.run("SELECT coalesce(sum(delivered), 0) FROM batch") < size:
        assert time.perf_counter() - started < PATIENCE, "not delivered in time"
        time.sleep(0.1)
    taken = time.perf_counter() - started
    with place.database.transaction() as session:
        assert reconcile(session).balanced
        assert summary(session, campaign).totals["delivered"] == size
    return taken


def measure(size: int, *, tps: float = UNLIMITED, window: int = 500) -> dict[str, Any]:
    """One campaign of ``size`` messages through one gateway."""
    with world() as place, SandboxProcess(SandboxOptions(receipt_delay=0.5, receipt_window=5000)) as telco:
        campaign = prepare(place, telco, size, tps, window)
        with loa(place, "worker") as worker, loa(place, "beat"):
            wait_until_bound(place)
            pushed = tasks_pushed(place)
            seconds = run_campaign(place, campaign, size)
            pushed = tasks_pushed(place) - pushed
            memory = psutil.Process(worker.pid).memory_info().rss
        told = telco.do("stats")
        hot = place.run(
            "SELECT round(100.0 * n_tup_hot_upd / n_tup_upd, 1)::float FROM pg_stat_user_tables"
            " WHERE relname = 'message'"
        )
        each = place.run(
            "SELECT (pg_total_relation_size('message') + pg_total_relation_size('submission')) / count(*) FROM message"
        )
        return report(
            "way",
            load=f"{size} messages of one part, one gateway, window {window}, no rate limit,"
            " receipts after 0.5 s, 5,000 of them on the wire",
            messages=size,
            seconds=round(seconds, 2),
            per_second=round(size / seconds),
            celery_tasks=pushed,
            worker_mb=round(memory / 1e6),
            hot_updates_percent=hot,
            bytes_per_message=int(each),
            lost=size - told["destinations"],
            sent_twice=told["repeated"],
        )


def main(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Every size in a world of its own."""
    return [measure(size) for size in sizes]


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or SIZES)

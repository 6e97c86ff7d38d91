"""The way of a message, all of it: submit → answered → recorded → receipt applied → counted, in real processes.

One worker process, one beat, one simulated telco over loopback, embedded PostgreSQL and Redis, all on this machine.
``seconds`` run from the moment the campaign may send, so they hold the tick's wait of up to a second. The steady
rate runs from the first claim, less the half second the telco takes before it says what became of a message: what
neither we nor anybody could do faster. ``floor`` is measured in the same two ways.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

import psutil
import redis

from benchmarks.past import fill_past
from benchmarks.watch import Watch, busiest_and_rest, thread_seconds
from benchmarks.world import World, loa, report, world
from campaigns.access import SYSTEM
from campaigns.delivery.planner import plan_campaign
from campaigns.gateways.registry import add_gateway
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.stats import reconcile, summary

SIZES = (10_000, 100_000, 1_000_000)
BESIDE = (200_000, 5_000_000)
"""Messages of a campaign, and of older ones already in the tables."""
UNLIMITED = 50_000.0
PATIENCE = 600.0
BIND_PATIENCE = 180.0
"""Eight workers that start at once on two busy cores take their time."""
RECEIPT_DELAY = 0.5
RECEIPT_WINDOW = 5000
SMALL, SMALL_ROUNDS = 50_000, 3
"""A campaign that is over within a few seconds is sent several times over; the median counts."""


def telco_options(**more: Any) -> SandboxOptions:
    """The simulated telco of ``way`` and ``floor``."""
    return SandboxOptions(receipt_delay=RECEIPT_DELAY, receipt_window=RECEIPT_WINDOW, **more)


def prepare(place: World, telco: SandboxProcess, size: int, tps: float, window: int, *, binds: int = 1) -> int:
    """People, a gateway, and a planned campaign that is still paused."""
    place.fill_contacts(size, carriers=("viettel",))
    with place.database.transaction() as session:
        settings = {"host": "127.0.0.1", "port": telco.port, "system_id": "loa", "password": "x", "window": window}
        add_gateway(session, place.keyring, SYSTEM, "telco", adapter="smpp", settings=settings, tps=tps, binds=binds)
    return plan(place, size)


def plan(place: World, size: int) -> int:
    """One more campaign to everybody, planned and still paused."""
    campaign = place.campaign()
    assert plan_campaign(place.database, campaign) == size
    place.run("UPDATE campaign SET state = 'paused' WHERE id = :id", id=campaign)
    place.vacuum()
    return campaign


def wait_until_bound(place: World, sessions: int = 1) -> None:
    """Until so many of the workers' sessions are open."""
    until = time.monotonic() + BIND_PATIENCE
    while place.run("SELECT count(*) FROM gateway_session WHERE state = 'bound'") < sessions:
        assert time.monotonic() < until, "the worker did not bind"
        time.sleep(0.1)


def tasks_pushed(place: World) -> int:
    """Messages ever given to the broker."""
    with redis.from_url(place.services.redis_url) as client:
        return int(client.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"])


@dataclass(frozen=True)
class Course:
    """How one campaign went, in seconds: from the moment it might send, and from its first claim less the telco's."""

    raw: float
    steady: float
    worker_mb: int
    """The most memory the worker held."""


def follow_campaign(place: World, campaign: int, size: int, *, worker: int | None = None) -> Course:
    """Let a campaign go and wait until every message is counted as delivered."""
    look_seconds = 0.02 if size <= 100_000 else 0.1
    memory = 0
    place.run("UPDATE campaign SET state = 'running' WHERE id = :id", id=campaign)
    started = time.perf_counter()
    while _delivered(place, campaign) < size:
        assert time.perf_counter() - started < PATIENCE, "not delivered in time"
        if worker is not None:
            memory = max(memory, psutil.Process(worker).memory_info().rss)
        time.sleep(look_seconds)
    raw, ended = time.perf_counter() - started, time.time()
    query = "SELECT extract(epoch FROM min(started_at))::float FROM batch WHERE campaign_id = :id"
    steady = ended - place.run(query, id=campaign) - RECEIPT_DELAY
    with place.database.transaction() as session:
        assert reconcile(session, campaign).balanced
        assert summary(session, campaign).totals["delivered"] == size
    return Course(raw, steady, round(memory / 1e6))


def run_campaign(place: World, campaign: int, size: int) -> float:
    """``follow_campaign``, where only the seconds from the start matter."""
    return follow_campaign(place, campaign, size).raw


def _delivered(place: World, campaign: int) -> int:
    return int(place.run("SELECT coalesce(sum(delivered), 0) FROM batch WHERE campaign_id = :id", id=campaign))


def _updates(place: World, table: str) -> tuple[int, int]:
    found = place.run(
        "SELECT ARRAY[n_tup_upd, n_tup_hot_upd] FROM pg_stat_user_tables WHERE relname = :table", table=table
    )
    return found[0], found[1]


def _hot_percent(before: tuple[int, int], after: tuple[int, int]) -> float:
    return round(100.0 * (after[1] - before[1]) / max(1, after[0] - before[0]), 1)


_INDEXES = """
    SELECT json_object_agg(name, bytes) FROM (
        SELECT relid::regclass::text AS name, pg_relation_size(relid) AS bytes
        FROM unnest(ARRAY['message', 'submission']::regclass[]) AS relid
        UNION ALL
        SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index
        WHERE indrelid IN ('message'::regclass, 'submission'::regclass)) sizes
"""


def bytes_per_message(place: World) -> dict[str, int]:
    """What a message takes: its row, its reference, and each index."""
    messages = int(place.run("SELECT count(*) FROM message"))
    sizes = {name: round(size / messages) for name, size in place.run(_INDEXES).items()}
    return {**sizes, "together": sum(sizes.values())}


def measure(size: int, *, tps: float = UNLIMITED, window: int = 500, older: int = 0) -> dict[str, Any]:
    """A campaign of ``size`` messages through one gateway, beside ``older`` messages of campaigns long over."""
    with world() as place, SandboxProcess(telco_options()) as telco:
        if size > SMALL:
            place.more.clear()  # one campaign: as it is sent in a city, with the cap of its class
        campaign = prepare(place, telco, size, tps, window)
        if older:
            fill_past(place, 10, older // 10)
            place.vacuum()
        rounds = [campaign, *(plan(place, size) for _ in range(SMALL_ROUNDS - 1 if size <= SMALL else 0))]
        with loa(place, "worker") as worker, loa(place, "beat") as beat:
            wait_until_bound(place)
            hot, pushed = _updates(place, "message"), tasks_pushed(place)
            watch = Watch({"worker": [worker.pid], "beat": [beat.pid], "telco": [telco.pid], **place.pids()})
            threads = thread_seconds(worker.pid)
            courses = [follow_campaign(place, each, size, worker=worker.pid) for each in rounds]
            busiest, rest = busiest_and_rest(threads, thread_seconds(worker.pid))
            cpu = watch.per_message(size * len(rounds))
            busy = watch.busy_share()
            pushed = tasks_pushed(place) - pushed
        told = telco.do("stats")
        seconds = statistics.median(course.raw for course in courses)
        steady = statistics.median(course.steady for course in courses)
        sent = size * len(rounds)
        return report(
            "way",
            load=f"{size} messages of one part, one gateway, window {window}, no rate limit, receipts after"
            f" {RECEIPT_DELAY} s, {RECEIPT_WINDOW} of them on the wire; {older} older messages in the tables",
            messages=size,
            older=older,
            seconds=round(seconds, 2),
            per_second=round(size / seconds),
            steady_seconds=round(steady, 2),
            steady_per_second=round(size / steady),
            us_per_message=round(1e6 * steady / size, 1),
            cpu_us=cpu,
            worker_loop_us=round(1e6 * busiest / sent, 1),
            worker_threads_us=round(1e6 * rest / sent, 1),
            machine_busy=busy,
            celery_tasks=pushed,
            worker_mb=max(course.worker_mb for course in courses),
            hot_updates_percent=_hot_percent(hot, _updates(place, "message")),
            bytes_per_message=bytes_per_message(place),
            lost=size - told["destinations"],
            sent_twice=told["repeated"] - (sent - size),
        )


def main(sizes: tuple[int, ...] = SIZES, beside: tuple[int, int] | None = BESIDE) -> list[dict[str, Any]]:
    """Every size in a world of its own, then one beside many older messages."""
    results = [measure(size) for size in sizes]
    return [*results, measure(beside[0], older=beside[1])] if beside else results


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or SIZES, None if sys.argv[1:] else BESIDE)

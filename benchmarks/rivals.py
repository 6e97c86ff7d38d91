"""Side by side with what a user would pick instead: Kannel from Debian, and a Celery task for each message.

All of them hand their messages to the same simulated telco over loopback and are done when the receipt of the last
one was applied. Rates are steady ones: from the first message to the last receipt, less the telco's delay.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from benchmarks import kannel, task_each, way
from benchmarks.watch import Watch
from benchmarks.world import report, running, world
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from config.embedded import broker_url

LOA_SIZE, TASK_SIZE = 100_000, 5_000
PROCESSES = 2


def measure_tasks(size: int) -> dict[str, Any]:
    """A task for each message: first all are queued, as a web request would, while the workers are at it."""
    with world() as place, SandboxProcess(way.telco_options()) as telco:
        place.run(task_each.TABLE)
        place.run(
            "INSERT INTO sms (id, number, body)"
            " SELECT n, '84' || (900000000 + n), :text FROM generate_series(1, :size) n",
            text=kannel.TEXT,
            size=size,
        )
        place.vacuum()
        place.more["TASK_EACH_PORT"] = str(telco.port)
        celery = [sys.executable, "-m", "celery", "-q", "-A", "benchmarks.task_each", "worker", "-P", "prefork"]
        options = ["-c", str(PROCESSES), "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
        with running(place, [*celery, *options], "tasks") as worker:
            until = time.monotonic() + 60
            while telco.do("stats")["sessions"] < PROCESSES:
                assert time.monotonic() < until, "the Celery worker did not bind"
                time.sleep(0.1)
            watch = Watch({"celery": [worker.pid], "telco": [telco.pid], **place.pids()})
            started = time.perf_counter()
            with task_each.app.connection_for_write(broker_url(place.services.redis_url)) as broker:
                for key in range(1, size + 1):
                    task_each.send.apply_async((key,), connection=broker)
            queued = time.perf_counter() - started
            while place.run("SELECT count(*) FROM sms WHERE state = 'delivered'") < size:
                assert time.perf_counter() - started < way.PATIENCE, "not delivered in time"
                time.sleep(0.1)
            seconds = time.perf_counter() - started
            cpu = watch.per_message(size)
        told = telco.do("stats")
    return report(
        "task_each",
        load=f"{size} messages, a Celery task for each, prefork of {PROCESSES}, one bind a process, a commit a state",
        messages=size,
        seconds=round(seconds, 2),
        seconds_to_queue=round(queued, 2),
        steady_per_second=round(size / (seconds - way.RECEIPT_DELAY)),
        cpu_us=cpu,
        lost=size - told["destinations"],
    )


def main() -> list[dict[str, Any]]:
    """Loa, Kannel in memory and on disk, and tasks; then how many times as fast Loa was."""
    loa = way.measure(LOA_SIZE)
    others = [
        kannel.measure(kannel.SIZE, on_disk=False),
        kannel.measure(kannel.SIZE, on_disk=True),
        measure_tasks(TASK_SIZE),
    ]
    names = ("kannel_in_memory", "kannel_on_disk", "task_each")
    times = {
        name: round(loa["steady_per_second"] / other["steady_per_second"], 1)
        for name, other in zip(names, others, strict=True)
        if "skipped" not in other
    }
    return [loa, *others, report("rivals", load="Loa's steady rate as a multiple of theirs", times_as_fast=times)]


if __name__ == "__main__":
    main()

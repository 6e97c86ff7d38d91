"""What a kill -9 of the worker and a refusal in the middle cost, counted at the simulated telco and in the database."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import psutil

from benchmarks.way import prepare, wait_until_bound
from benchmarks.world import World, loa, report, world
from campaigns.access import SYSTEM
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.optouts import add_optout
from campaigns.stats import reconcile, summary

SIZE = 10_000
TPS = 1000.0
REFUSING = 20
EFFECT_SECONDS = 2.0
"""A claim holds a second's messages at most; after this no claim from before the refusal is left."""
PATIENCE = 120.0


def _wait_for_taken(telco: SandboxProcess, least: int) -> None:
    until = time.monotonic() + PATIENCE
    while telco.do("stats")["taken"] < least:
        assert time.monotonic() < until, "the campaign stands still"
        time.sleep(0.02)


def _unsent(telco: SandboxProcess) -> list[str]:
    """Numbers of the campaign the telco has not seen yet, from its end."""
    numbers = (f"84{900_000_000 + n}" for n in range(SIZE - 1, 0, -1))
    found = []
    for number in numbers:
        if not telco.do("parts", destination=number)["parts"]:
            found.append(number)
        if len(found) == REFUSING:
            break
    return found


def _sent(telco: SandboxProcess, numbers: list[str]) -> int:
    return sum(telco.do("parts", destination=number)["parts"] for number in numbers)


def _refuse(place: World, numbers: list[str]) -> None:
    with place.database.transaction() as session:
        for number in numbers:
            add_optout(session, place.keyring, SYSTEM, number, source="staff", evidence="benchmark")


def main() -> list[dict[str, Any]]:
    """One campaign, one kill -9 in its middle, some refusals in its middle."""
    with world() as place, SandboxProcess(SandboxOptions(delay=0.02, receipt_delay=0.5)) as telco:
        campaign = prepare(place, telco, SIZE, TPS, 100)
        with loa(place, "beat"):
            with loa(place, "worker") as worker:
                wait_until_bound(place)
                place.run("UPDATE campaign SET state = 'running' WHERE id = :id", id=campaign)
                _wait_for_taken(telco, SIZE // 4)
                refusing = _unsent(telco)
                _refuse(place, refusing)
                time.sleep(EFFECT_SECONDS)
                on_the_way = _sent(telco, refusing)
                time.sleep(5 - EFFECT_SECONDS)
                sent_late = _sent(telco, refusing) - on_the_way
                _wait_for_taken(telco, SIZE // 2)
                for victim in [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]:
                    os.kill(victim.pid, signal.SIGKILL)
                worker.wait()
            with loa(place, "worker"):
                until = time.monotonic() + PATIENCE
                while time.monotonic() < until:
                    with place.database.transaction() as session:
                        found = summary(session, campaign)
                    if found.state == "finished" and found.totals["delivered"] == telco.do("stats")["taken"]:
                        break
                    time.sleep(0.5)
        told = telco.do("stats")
        with place.database.transaction() as session:
            books = reconcile(session, campaign)
    return [
        report(
            "crash",
            load=f"{SIZE} messages at {TPS:g}/s; kill -9 of the worker half-way; {REFUSING} refusals at a quarter",
            sent_while_refusal_took_effect=on_the_way,
            sent_after_refusal=sent_late,
            lost=SIZE - sum(found.totals.values()),
            sent_twice=told["repeated"],
            never_sent_and_unknown=found.totals["unknown"],
            delivered=found.totals["delivered"],
            suppressed=found.totals["suppressed"],
            balanced=books.balanced,
        )
    ]


if __name__ == "__main__":
    main()

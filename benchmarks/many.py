"""Several workers: on one gateway account with a bind each, and on accounts of their own. Throughput, and the limit.

The limit comes first: the telco counts the most parts of any sliding second, and what goes out at full speed
afterwards would hide it.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

from benchmarks import way
from benchmarks.world import World, loa, report, world
from campaigns.access import SYSTEM
from campaigns.gateways.registry import add_gateway, change_gateway
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

WORKERS = (1, 2, 4, 8)
ACCOUNTS = 4
LIMIT = 2000.0
LIMITED_SECONDS = 6.0
SIZE = 100_000
CARRIERS = ("viettel", "vinaphone", "mobifone", "vietnamobile")


def _change(place: World, names: list[str], tps: float) -> None:
    with place.database.transaction() as session:
        for name in names:
            change_gateway(session, place.keyring, SYSTEM, name, tps=tps)


def _limited(place: World, telcos: list[SandboxProcess], campaign: int) -> dict[str, Any]:
    """The most parts in a sliding second and the mean while there is work, of the account that did worst."""
    place.run("UPDATE campaign SET state = 'running' WHERE id = :id", id=campaign)
    while not all(telco.do("stats")["taken"] for telco in telcos):
        time.sleep(0.02)
    time.sleep(1.0)
    before, started = [telco.do("stats")["taken"] for telco in telcos], time.perf_counter()
    time.sleep(LIMITED_SECONDS)
    told, seconds = [telco.do("stats") for telco in telcos], time.perf_counter() - started
    limit = LIMIT / len(telcos)
    means = [(one["taken"] - first) / seconds / limit for one, first in zip(told, before, strict=True)]
    return {
        "limit": limit,
        "worst_percent": round(100 * max(one["most_parts_in_a_second"] for one in told) / limit, 1),
        "mean_percent": round(100 * min(means), 1),
    }


def measure(workers: int, accounts: int = 1) -> dict[str, Any]:
    """So many workers on so many accounts: first with a limit, then without."""
    names = [f"telco-{number + 1}" for number in range(accounts)]
    with world() as place, ExitStack() as stack:
        telcos = [stack.enter_context(SandboxProcess(way.telco_options())) for _ in names]
        place.fill_contacts(SIZE, carriers=CARRIERS[:accounts])
        with place.database.transaction() as session:
            for name, telco, carrier in zip(names, telcos, CARRIERS, strict=False):
                add_gateway(
                    session,
                    place.keyring,
                    SYSTEM,
                    name,
                    adapter="smpp",
                    settings={"host": "127.0.0.1", "port": telco.port, "system_id": "loa", "window": 500},
                    tps=LIMIT / accounts,
                    binds=workers // accounts,
                    carriers=(carrier,),
                )
        first, second = way.plan(place, SIZE), way.plan(place, SIZE)
        for number in range(workers):
            # Without it the first worker that is up would serve every account.
            only = ("--gateway", names[number % accounts]) if accounts > 1 else ()
            stack.enter_context(loa(place, "worker", *only))
        stack.enter_context(loa(place, "beat"))
        way.wait_until_bound(place, workers)
        figures = _limited(place, telcos, first)
        place.run("UPDATE campaign SET state = 'cancelled' WHERE id = :id", id=first)
        _change(place, names, way.UNLIMITED)
        time.sleep(4.0)
        way.wait_until_bound(place, workers)
        course = way.follow_campaign(place, second, SIZE)
        serving = place.run("SELECT count(DISTINCT worker) FROM gateway_session WHERE state = 'bound'")
    return report(
        "many",
        load=f"{workers} worker(s) on {accounts} account(s), {workers // accounts} bind(s) each;"
        f" {LIMIT:g} parts/s in all, then {SIZE} messages without a limit",
        workers=workers,
        accounts=accounts,
        workers_with_a_bind=serving,
        **figures,
        per_second=round(SIZE / course.raw),
        steady_per_second=round(SIZE / course.steady),
    )


def main(workers: tuple[int, ...] = WORKERS, accounts: int = ACCOUNTS) -> list[dict[str, Any]]:
    """More and more workers on one account, then several accounts."""
    return [*(measure(each) for each in workers), measure(accounts, accounts)]


if __name__ == "__main__":
    main()

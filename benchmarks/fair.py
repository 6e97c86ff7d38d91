"""Who waits for whom: a slow gateway beside a fast one, fifty campaigns on one gateway, urgent behind bulk; a pace.

Counted at simulated telcos over loopback and, for the fifty campaigns, from the batches; everything on this machine.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from sqlalchemy import text

from benchmarks.way import prepare, wait_until_bound
from benchmarks.world import World, loa, report, world
from campaigns.access import SYSTEM
from campaigns.delivery.planner import plan_campaign
from campaigns.gateways.registry import add_gateway
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

QUIET = SandboxOptions(receipt_delay=0.5, receipt_window=5000)
FAST, SLOW = 1000.0, 5.0
SECONDS = 10.0
CAMPAIGNS, SERVED_SECONDS = 50, 75.0
BULK = 1_000_000
URGENT_RATES = (10.0, 1000.0)
TRIES = 5
PACE, PACE_SECONDS = 10.0, 80.0


def taken_in(telco: SandboxProcess, seconds: float) -> float:
    """Parts a second that arrive."""
    before, started = telco.do("stats")["taken"], time.perf_counter()
    time.sleep(seconds)
    return float((telco.do("stats")["taken"] - before) / (time.perf_counter() - started))


def wait_for(telco: SandboxProcess, parts: int) -> None:
    """Until so many parts have arrived."""
    until = time.monotonic() + 60
    while telco.do("stats")["taken"] < parts:
        assert time.monotonic() < until, "nothing arrives"
        time.sleep(0.01)


def slow_beside_fast() -> dict[str, Any]:
    """The rate of a gateway while it is alone in its worker, and while a slow one works beside it, by turns."""
    with world() as place, SandboxProcess(QUIET) as fast, SandboxProcess(QUIET) as slow:
        place.fill_contacts(int(FAST * SECONDS * 10), carriers=("viettel", "viettel", "viettel", "vinaphone"))
        with place.database.transaction() as session:
            for name, telco, tps, carrier in (("fast", fast, FAST, "viettel"), ("slow", slow, SLOW, "vinaphone")):
                settings = {"host": "127.0.0.1", "port": telco.port, "system_id": "loa", "password": "x"}
                add_gateway(
                    session,
                    place.keyring,
                    SYSTEM,
                    name,
                    adapter="smpp",
                    settings=settings,
                    tps=tps,
                    carriers=(carrier,),
                )
        campaign = place.campaign()
        plan_campaign(place.database, campaign)
        place.vacuum()
        alone, beside = [], []
        with loa(place, "worker"), loa(place, "beat"):
            for _ in range(2):
                switch(place, "slow", on=False)
                wait_for(fast, fast.do("stats")["taken"] + 100)
                alone.append(taken_in(fast, SECONDS))
                switch(place, "slow", on=True)
                wait_for(slow, slow.do("stats")["taken"] + 5)
                beside.append(taken_in(fast, SECONDS))
    return report(
        "fair",
        load=f"a gateway of {FAST:g} parts/s in one worker, without and with one of {SLOW:g}/s beside it,"
        f" twice {SECONDS:g} s each",
        case="slow gateway beside a fast one",
        alone_per_second=round(sum(alone) / len(alone), 1),
        beside_per_second=round(sum(beside) / len(beside), 1),
        ratio=round(sum(beside) / sum(alone), 3),
    )


def switch(place: World, name: str, *, on: bool) -> None:
    """Switch a gateway, and give the worker time to notice."""
    place.run("UPDATE gateway SET enabled = :on, version = version + 1 WHERE name = :name", on=on, name=name)
    time.sleep(4.0)


def fifty_campaigns() -> dict[str, Any]:
    """How evenly campaigns of one urgency are served by one gateway."""
    with world() as place, SandboxProcess(QUIET) as telco:
        first = prepare(place, telco, 3000, FAST, 500)
        for n in range(1, CAMPAIGNS):
            plan_campaign(place.database, place.campaign(name=f"benchmark {n}"))
        place.run("UPDATE campaign SET state = 'paused'")
        place.vacuum()
        with loa(place, "worker"), loa(place, "beat"):
            wait_until_bound(place)
            place.run("UPDATE campaign SET state = 'running' WHERE id >= :id", id=first)
            time.sleep(SERVED_SECONDS)
            served = [row[0] for row in rows(place, "SELECT sum(size - queued)::int FROM batch GROUP BY campaign_id")]
            claim = int(place.run("SELECT max(size) FROM batch"))
    return report(
        "fair",
        load=f"{CAMPAIGNS} campaigns of 3,000 messages on one gateway of {FAST:g} parts/s, after {SERVED_SECONDS:g} s",
        case="fifty campaigns on one gateway",
        most_served=max(served),
        least_served=min(served),
        largest_claim=claim,
        difference_in_claims=round((max(served) - min(served)) / claim, 2),
    )


def rows(place: World, statement: str) -> list[Any]:
    """All rows of one statement."""
    with place.database.transaction() as session:
        return list(session.execute(text(statement)))


def urgent_behind_bulk(size: int) -> list[dict[str, Any]]:
    """From the moment an urgent campaign may send to its first part at the telco, a bulk one being under way."""
    with world() as place, SandboxProcess(QUIET) as telco:
        bulk = prepare(place, telco, size, URGENT_RATES[0], 500)
        ward = place.run("SELECT code FROM area WHERE edition = '2023' AND kind = 'ward' ORDER BY id LIMIT 1")
        found = []
        with loa(place, "worker"), loa(place, "beat"):
            wait_until_bound(place)
            place.run("UPDATE campaign SET state = 'running' WHERE id = :id", id=bulk)
            for tps in URGENT_RATES:
                place.run("UPDATE gateway SET tps = :tps, version = version + 1", tps=tps)
                wait_for(telco, telco.do("stats")["taken"] + int(6 * tps))
                waits = [urgent_once(place, telco, str(ward)) for _ in range(TRIES)]
                found.append(
                    report(
                        "fair",
                        load=f"a bulk campaign of {size:,} messages under way on one gateway of {tps:g} parts/s;"
                        f" an urgent one planned beside it, {TRIES} times",
                        case=f"urgent behind bulk at {tps:g}/s",
                        longest_s=round(max(waits), 2),
                        mean_s=round(sum(waits) / len(waits), 2),
                    )
                )
    return found


def urgent_once(place: World, telco: SandboxProcess, ward: str) -> float:
    """Seconds until the first of one urgent campaign, which goes to somebody the bulk has long been sent to."""
    campaign = place.campaign(name="khẩn")
    place.run(
        # Planned, but outside its hours but for one minute of the day, until the clock here starts.
        "UPDATE campaign SET priority = 0, window_end = '00:01', audience ="
        " jsonb_build_object('edition', '2023', 'wards', jsonb_build_array(CAST(:ward AS text))) WHERE id = :id",
        ward=ward,
        id=campaign,
    )
    plan_campaign(place.database, campaign)
    before = telco.do("stats")["most_parts_to_one"]
    place.run("UPDATE campaign SET window_end = window_start WHERE id = :id", id=campaign)
    started = time.perf_counter()
    while telco.do("stats")["most_parts_to_one"] == before:
        assert time.perf_counter() - started < 60, "the urgent campaign does not begin"
        time.sleep(0.005)
    waited = time.perf_counter() - started
    place.run("UPDATE campaign SET state = 'cancelled' WHERE id = :id", id=campaign)
    time.sleep(3.0)
    return waited


def pace_kept() -> dict[str, Any]:
    """What arrives of a campaign that keeps a pace, over two gateways that could do a hundred times as much."""
    with world() as place, SandboxProcess(QUIET) as telco:
        place.fill_contacts(int(PACE * PACE_SECONDS * 3), carriers=("viettel", "vinaphone"))
        settings = {"host": "127.0.0.1", "port": telco.port, "system_id": "loa", "password": "x"}
        with place.database.transaction() as session:
            for carrier in ("viettel", "vinaphone"):
                add_gateway(
                    session,
                    place.keyring,
                    SYSTEM,
                    carrier,
                    adapter="smpp",
                    settings=settings,
                    tps=FAST,
                    carriers=(carrier,),
                )
        campaign = place.campaign()
        place.run("UPDATE campaign SET pace_per_hour = :pace", pace=round(PACE * 3600))
        plan_campaign(place.database, campaign)
        place.vacuum()
        with loa(place, "worker"), loa(place, "beat"):
            wait_for(telco, int(PACE * 4))
            rates = [taken_in(telco, PACE_SECONDS / 4) for _ in range(4)]
    return report(
        "fair",
        load=f"a campaign kept to {PACE:g} parts/s over two gateways of {FAST:g}/s each, {PACE_SECONDS:g} s",
        case="a campaign's own pace",
        share_of_pace_percent=round(100 * sum(rates) / len(rates) / PACE, 1),
        quarters_percent=[round(100 * rate / PACE, 1) for rate in rates],
    )


def main(bulk: int = BULK) -> list[dict[str, Any]]:
    """Every case in a world of its own."""
    return [slow_beside_fast(), fifty_campaigns(), pace_kept(), *urgent_behind_bulk(bulk)]


if __name__ == "__main__":
    main(*(int(size) for size in sys.argv[1:]))

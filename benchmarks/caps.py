"""What a cap costs a claim: with none, alone with the class, and beside another campaign to the same people."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from benchmarks.world import World, report, world
from campaigns.delivery.planner import plan_campaign
from campaigns.store.claiming import ClaimRequest, claim_messages
from campaigns.store.frequency import Cap
from campaigns.store.reach import Reach

PEOPLE, CLAIM = 28_000, 500
ROUNDS = 15
WAYS: dict[str, dict[str, Any]] = {
    "no cap": {},
    "alone": {"cap": Cap("thong-bao", 1)},
    "crowded": {"cap": Cap("thong-bao", 1), "crowded": True},
}


def claim_once(place: World, gateway: int, campaign: int, more: dict[str, Any]) -> float:
    """Microseconds a message of one claim; it is undone, so that every claim finds the same tables."""
    reach = Reach(ward_ids=None, topic="cu-tru", honours_refusals=True)
    ask = ClaimRequest(gateway, campaign, reach, False, 1e9, CLAIM, CLAIM, "benchmark", 60.0, **more)
    with place.database.engine.connect() as connection, connection.begin() as work:
        started = time.perf_counter()
        claim = claim_messages(Session(connection), ask, uuid4())
        taken = time.perf_counter() - started
        assert claim is not None
        assert len(claim.messages) == CLAIM, len(claim.messages)
        work.rollback()
    return taken * 1e6 / CLAIM


def main() -> list[dict[str, Any]]:
    """The three ways in turn, many times over: the middle of each, and how it stands to no cap."""
    with world() as place:
        place.fill_contacts(PEOPLE, ("viettel",))
        made = "INSERT INTO gateway (name, adapter, secrets, tps) VALUES ('g', 'smpp', '', 1) RETURNING id"
        gateway = place.run(made)
        place.run("INSERT INTO route (carrier, gateway_id) VALUES ('*', :g)", g=gateway)
        campaign, other = place.campaign(), place.campaign(name="another")
        plan_campaign(place.database, campaign)
        plan_campaign(place.database, other)
        place.vacuum()
        taken: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way, more in random.sample(list(WAYS.items()), len(WAYS)):
                state = "running" if way == "crowded" else "draft"
                place.run("UPDATE campaign SET state = :state WHERE id = :id", state=state, id=other)
                taken[way].append(claim_once(place, gateway, campaign, more))
        middle = {way: statistics.median(times) for way, times in taken.items()}
        return [
            report(
                "caps",
                load=f"claims of {CLAIM} messages, {PEOPLE} people, undone each time",
                us_per_message={way: round(each, 2) for way, each in middle.items()},
                least_us={way: round(min(times), 2) for way, times in taken.items()},
                to_no_cap={way: round(each / middle["no cap"], 3) for way, each in middle.items()},
            )
        ]


if __name__ == "__main__":
    main()

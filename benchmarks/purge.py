"""What it costs a running campaign that old messages leave beside it.

A million messages of a campaign that ended years ago, each with its reference, and a new campaign whose messages one
loop claims, records and settles by receipts as fast as the database allows: no telco, no limit, so that whatever the
purge takes is seen. Windows with and without the purge take turns, which keeps the machine's moods out of the ratio.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from typing import Any
from uuid import uuid4

from benchmarks.world import World, report, world
from campaigns.access import SYSTEM
from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.retention import Keep, foresee, purge
from campaigns.delivery.states import MessageState
from campaigns.gateways.registry import add_gateway
from campaigns.stats import reconcile
from campaigns.store.claiming import ClaimRequest, claim_messages
from campaigns.store.delivery import Outcomes, record_outcomes, release_batch
from campaigns.store.reach import Reach
from campaigns.store.receipts import ReceiptColumns, apply_receipts

SIZE = 1_000_000
WINDOW_SECONDS = 4.0
KEEP = Keep(messages_months=24, references_days=30)


def prepare(place: World, size: int) -> tuple[int, int]:
    """An old campaign of ``size`` messages and a running one of as many; (campaign, gateway) of the new one."""
    place.fill_contacts(size, carriers=("viettel",))
    with place.database.transaction() as session:
        settings = {"host": "127.0.0.1", "port": 1, "system_id": "loa", "password": "x"}
        add_gateway(session, place.keyring, SYSTEM, "telco", adapter="smpp", settings=settings, tps=1000)
    old = place.campaign()
    assert plan_campaign(place.database, old) == size
    place.run(
        "INSERT INTO submission (batch_id, submitted_at, gateway_id, seq, part, reference)"
        " SELECT batch_id, now() - interval '3 years', 1, seq, 0, md5(batch_id || '.' || seq) FROM message"
    )
    place.run("UPDATE message SET state = :delivered", delivered=MessageState.DELIVERED.value)
    place.run("UPDATE batch SET queued = 0, delivered = size, state = 'done', started_at = now() - interval '3 years'")
    place.run("UPDATE campaign SET state = 'finished', finished_at = now() - interval '3 years'")
    new = place.campaign()
    assert plan_campaign(place.database, new) == size
    place.vacuum()
    return new, int(place.run("SELECT id FROM gateway"))


class Sender(threading.Thread):
    """Takes a batch through its life, then the next."""

    def __init__(self, place: World, campaign: int, gateway: int) -> None:
        super().__init__(daemon=True)
        self._place, self._gateway = place, gateway
        reach = Reach(ward_ids=None, topic="cu-tru", honours_refusals=True)
        self._ask = ClaimRequest(gateway, campaign, reach, False, 1e9, 500, 500, "benchmark", 60.0)
        self.sent = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set() and self._send_batch():
            pass

    def _send_batch(self) -> bool:
        database, token = self._place.database, uuid4()
        with database.transaction() as session:
            claim = claim_messages(session, self._ask, token)
        if claim is None:
            return False
        outcomes, receipts = Outcomes(), ReceiptColumns()
        for message in claim.messages:
            reference = f"{claim.batch_id:x}-{message.seq:x}"
            outcomes.add(message.seq, MessageState.ACCEPTED, None, 1)
            outcomes.add_references(message.seq, [(0, reference)])
            receipts.add(reference, MessageState.DELIVERED, None, None)
        with database.transaction() as session:
            record_outcomes(session, claim.batch_id, self._gateway, token, outcomes, lease_seconds=60)
            release_batch(session, claim.batch_id, token, retry_seconds=10)
        with database.transaction() as session:
            apply_receipts(session, self._gateway, receipts, self._place.keyring.hash)
        self.sent += len(claim.messages)
        return True


def rate(sender: Sender) -> float:
    """Messages per second over one window."""
    begun, before = time.monotonic(), sender.sent
    time.sleep(WINDOW_SECONDS)
    return (sender.sent - before) / (time.monotonic() - begun)


def rate_beside_purge(place: World, sender: Sender) -> tuple[float, int, float]:
    """Messages per second over one window beside a purge; what the purge deleted, and its seconds."""
    until = time.monotonic() + WINDOW_SECONDS
    deleted = [0]

    def work() -> None:
        deleted[0] = purge(place.database, KEEP, go_on=lambda: time.monotonic() < until).messages

    purger = threading.Thread(target=work)
    purger.start()
    reached = rate(sender)
    purger.join()
    return reached, deleted[0], WINDOW_SECONDS


def measure(size: int = SIZE) -> dict[str, Any]:
    """The rate with and without, in turns, until the old messages are gone or the new campaign is sent."""
    with world() as place:
        campaign, gateway = prepare(place, size)
        sender = Sender(place, campaign, gateway)
        sender.start()
        rate(sender)
        alone: list[float] = []
        beside: list[float] = []
        purged, seconds, left = 0, 0.0, size
        while left and sender.is_alive() and len(alone) < 12:
            alone.append(rate(sender))
            reached, gone, taken = rate_beside_purge(place, sender)
            beside.append(reached)
            purged, seconds = purged + gone, seconds + taken
            with place.database.transaction() as session:
                left = foresee(session, KEEP).messages
        sender.over.set()
        sender.join()
        with place.database.transaction() as session:
            assert reconcile(session).balanced
        ratios = [with_it / without for with_it, without in zip(beside, alone, strict=True)]
        return report(
            "purge",
            load=f"{size} old messages with references; claim, record and receipts of another campaign beside them",
            alone_per_second=round(statistics.median(alone)),
            beside_per_second=round(statistics.median(beside)),
            ratio=round(statistics.median(ratios), 3),
            # The tick purges for two seconds of each minute.
            ratio_over_a_minute=round(1 - (1 - statistics.median(ratios)) * 2 / 60, 4),
            purged=purged,
            purged_per_second=round(purged / seconds),
            windows=len(alone),
        )


def main(size: int = SIZE) -> list[dict[str, Any]]:
    """One world, one result."""
    return [measure(size)]


if __name__ == "__main__":
    main(*(int(size) for size in sys.argv[1:2]))

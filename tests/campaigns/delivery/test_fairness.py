"""Campaigns of one urgency take turns on a gateway; a more urgent one waits for nobody."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import text

from campaigns.access import PERSONAL
from campaigns.audience.selection import Audience
from campaigns.delivery.drain import Drain
from campaigns.delivery.menu import Menu
from campaigns.delivery.planner import plan_campaign
from campaigns.draft import CampaignDraft
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.server import Sandbox
from campaigns.steps import create
from campaigns.store.database import Database
from tests.campaigns.delivery.conftest import Planned
from tests.campaigns.delivery.test_consignment import line_of
from tests.factories import OFFICER, make_campaign, make_template

Make = Callable[..., Planned]
PATIENCE = 30.0


def add_campaigns(planned: Planned, count: int, **values: object) -> list[int]:
    """So many more running campaigns to the same people."""
    with planned.database.transaction() as session:
        text_of_all = make_template(session)
        rows = [
            make_campaign(
                session, template=text_of_all, state="scheduled", window_start="00:00", window_end="00:00", **values
            )
            for _ in range(count)
        ]
        for row in rows:
            row.scheduled_for = row.created_at
    for row in rows:
        plan_campaign(planned.database, row.id)
    return [row.id for row in rows]


def sent_by_campaign(database: Database) -> Counter[int]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT campaign_id, sum(size - queued) FROM batch GROUP BY campaign_id"))
        return Counter({row[0]: int(row[1]) for row in rows})


def test_campaigns_of_one_urgency_are_served_alike_over_many_drains(planned: Make) -> None:
    first = planned(30)
    add_campaigns(first, 19)

    async def send() -> None:
        async with Sandbox(SandboxOptions()) as telco, line_of(first, telco, tps=5.0) as line:
            menu = Menu(first.database, first.gateway_id)
            # Each drain ends after a third of a round, as one does that ends with its time or with its connection.
            for ended in (30, 60, 90, 120, 150):
                await Drain(line, menu, "test").run(PATIENCE, lambda ended=ended: line.tally.claimed >= ended)  # type: ignore[misc]

    asyncio.run(send())
    served = sent_by_campaign(first.database)
    assert len(served) == 20
    assert max(served.values()) - min(served.values()) <= 10, "two claims of five"


class Gate:
    """Leave for nothing until it is opened; who asked first goes first, as with the limiter."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self._queue = asyncio.Lock()

    def try_take(self) -> bool:
        return False

    async def __call__(self) -> None:
        async with self._queue:
            await self.open.wait()


def test_an_urgent_campaign_is_begun_while_every_lane_is_busy_with_bulk(planned: Make) -> None:
    bulk = planned(40, batch_size=10)
    (urgent,) = add_campaigns(bulk, 1, priority=0)
    set_state(bulk.database, urgent, "paused")

    async def send() -> Counter[int]:
        gate = Gate()
        async with Sandbox(SandboxOptions()) as telco, line_of(bulk, telco, tps=5.0, pacer=gate) as line:
            drain = Drain(line, Menu(bulk.database, bulk.gateway_id), "test")
            running = asyncio.create_task(drain.run(PATIENCE, lambda: bool(telco.tally.counts["taken"])))
            await until(lambda: sent_by_campaign(bulk.database)[bulk.campaign_id] == 10)
            set_state(bulk.database, urgent, "running")
            await until(lambda: sent_by_campaign(bulk.database)[urgent] > 0)
            held = sent_by_campaign(bulk.database)
            gate.open.set()
            await running
            return held

    assert asyncio.run(send()) == {bulk.campaign_id: 10, urgent: 5}, (
        "two lanes hold bulk, and the urgent claim is beside them"
    )


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


def set_state(database: Database, campaign_id: int, state: str) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE campaign SET state = :state WHERE id = :id"), {"state": state, "id": campaign_id})


def test_the_menu_offers_only_the_most_urgent_and_among_them_each_in_turn(planned: Make) -> None:
    bulk = planned(2)
    urgent = add_campaigns(bulk, 2, priority=0)
    menu = Menu(bulk.database, bulk.gateway_id)
    assert [facts.campaign_id for facts in [menu.next() for _ in range(4)] if facts] == urgent * 2
    assert menu.more_urgent(0) is None
    found = menu.more_urgent(5)
    assert found is not None
    assert found.campaign_id in urgent


def test_an_emergency_goes_first_by_its_class(planned: Make) -> None:
    place = Audience(wards=("20194",))
    with planned(1).database.transaction() as session:
        for kind, given, expected in (("khan-cap", None, 0), ("thong-bao", None, 5), ("khan-cap", 3, 3)):
            version = make_template(session, message_class=kind)
            draft = CampaignDraft(name="x", template_version_id=version.id, audience=place, priority=given)
            assert create(session, replace(OFFICER, granted=PERSONAL), draft).priority == expected

"""Gateways of one worker do not wait for each other, also where the database keeps some of them waiting."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import text

from campaigns.delivery.planner import plan_campaign
from campaigns.gateways.registry import add_gateway
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from tests.factories import OPERATOR, make_campaign, make_contact, make_template
from workers.context import Context
from workers.hands import Hands

STUCK, FREE, PEOPLE, PATIENCE = 5, "viettel", 20, 30.0


def prepare(context: Context, port: int) -> list[int]:
    """A campaign that keeps a pace, over six gateways of three lanes each; the ids of five of them."""
    carriers = [*(f"carrier{n}" for n in range(STUCK)), FREE]
    with context.database.transaction() as session:
        for name in carriers:
            add_gateway(
                session,
                context.keyring,
                OPERATOR,
                name,
                adapter="smpp",
                settings={"host": "127.0.0.1", "port": port, "system_id": "loa"},
                tps=1000,
                carriers=(name,),
            )
            for _ in range(PEOPLE):
                make_contact(session, context.keyring, carrier=name)
        campaign = make_campaign(
            session,
            template=make_template(session),
            state="scheduled",
            window_start="00:00",
            window_end="00:00",
            pace_per_hour=3_600_000,
        )
        campaign.scheduled_for = campaign.created_at
    assert plan_campaign(context.database, campaign.id) == len(carriers) * PEOPLE
    with context.database.transaction() as session:
        session.execute(
            text("INSERT INTO campaign_pace SELECT :c, 'gateway', id, now() FROM gateway"), {"c": campaign.id}
        )
        return list(session.execute(text("SELECT id FROM gateway WHERE name <> :free"), {"free": FREE}).scalars())


def test_five_gateways_whose_claims_hang_hold_up_no_sixth(make_context: Callable[[str], Context]) -> None:
    context = make_context("host:1")
    with SandboxProcess(SandboxOptions()) as telco:
        stuck = prepare(context, telco.port)
        hands = Hands(context, None, lambda _name: None)
        with make_context("somebody who holds on").database.transaction() as holding:
            rows = text("SELECT 1 FROM campaign_pace WHERE place = ANY(:stuck) FOR UPDATE")
            holding.execute(rows, {"stuck": stuck})
            hands.start()
            try:
                end = time.monotonic() + PATIENCE
                while telco.do("stats")["taken"] < PEOPLE or waiting(context) < STUCK * 3:
                    assert time.monotonic() < end, (telco.do("stats"), waiting(context))
                    for n in range(STUCK):
                        hands.kick(f"carrier{n}")
                    hands.kick(FREE)
                    time.sleep(0.1)
            finally:
                holding.rollback()
                hands.stop()
        assert telco.do("stats")["taken"] >= PEOPLE


_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


def waiting(context: Context) -> int:
    """Claims that hang on a lock."""
    with context.database.transaction() as session:
        return int(session.execute(_WAITING).scalar_one())

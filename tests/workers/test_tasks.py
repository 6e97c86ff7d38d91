"""The tick finds what is due; the tasks it sends may be lost or come twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import text

from campaigns.stats import summary
from campaigns.store.database import Database
from campaigns.store.gateways import note_session
from config.embedded import broker_url
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway
from workers.context import get_context

WARD = {"edition": "2023", "wards": ["20194"]}


@pytest.fixture
def tasks(database_url: str, redis_url: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of tasks, with this test's database, Redis and keys in its environment."""
    for name, value in {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEYRING": keyring.to_json()}.items():
        monkeypatch.setenv(f"LOA_{name}", value)
    get_context.cache_clear()
    from workers import app, tasks

    monkeypatch.setattr(app.app.conf, "broker_url", broker_url(redis_url))
    yield tasks
    app.app.pool.force_close_all()
    get_context().database.close()
    get_context.cache_clear()


def sent(redis_url: str, queue: str) -> list[tuple[str, Any]]:
    """(task, arguments) that wait in a queue; they are taken out."""
    with redis.from_url(redis_url) as client:
        waiting = client.lrange(queue, 0, -1)
        client.delete(queue)
    found = []
    for raw in reversed(waiting):
        headers = json.loads(raw)["headers"]
        assert headers["expires"], "a poke that waits is worth nothing"
        forgotten_at = datetime.fromisoformat(headers["expires"])
        assert forgotten_at > datetime.now(UTC) + timedelta(hours=12), "taken also where the clock is hours ahead"
        found.append((headers["task"], headers["argsrepr"]))
    return found


def test_the_tick_finds_what_is_due_and_what_can_be_sent(
    tasks: Any, database: Database, redis_url: str, keyring: Keyring
) -> None:
    tasks.tick()
    assert sent(redis_url, "loa") == []
    with database.transaction() as session:
        gateway = make_gateway(session, keyring, name="viettel", binds=2).id
        for _ in range(3):
            make_contact(session, keyring)
        campaign, later = (
            make_campaign(session, state="scheduled", audience=WARD, window_start="00:00", window_end="00:00")
            for _ in range(2)
        )
        campaign.scheduled_for = campaign.created_at
        session.execute(
            text("UPDATE campaign SET scheduled_for = now() + interval '1 hour' WHERE id = :i"), {"i": later.id}
        )
    tasks.tick()
    assert sent(redis_url, "loa") == [("loa.plan", f"({campaign.id},)")]
    assert sent(redis_url, "loa.gateway.viettel") == []
    for _ in range(2):
        tasks.plan(campaign.id)
    with database.transaction() as session:
        found = summary(session, campaign.id)
    assert (found.state, found.planned) == ("running", 3)
    tasks.tick()
    assert sent(redis_url, "loa.gateway.viettel") == [], "nobody to poke"
    with database.transaction() as session:
        note_session(session, gateway, 0, "worker", "bound", "")
    tasks.tick()
    assert sent(redis_url, "loa") == []
    assert sent(redis_url, "loa.gateway.viettel") == [("loa.drain", "('viettel',)")] * 2, "one for each bind"
    tasks.drain("viettel")


def test_the_tick_puts_in_order_what_a_dead_worker_left(tasks: Any, database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        gateway = make_gateway(session, keyring).id
        contact = make_contact(session, keyring).id
        campaign = make_campaign(session, state="running").id
        session.execute(text("UPDATE campaign SET planned_at = now()"))
        session.execute(
            text(
                "INSERT INTO batch (id, campaign_id, gateway_id, carrier, state, lease_token, lease_until, size, parts,"
                " claimed, wire_seq) OVERRIDING SYSTEM VALUE VALUES (1, :c, :g, 'viettel', 'leased', gen_random_uuid(),"
                " now() - interval '1 s', 1, 1, 1, 1)"
            ),
            {"c": campaign, "g": gateway},
        )
        session.execute(
            text(
                "INSERT INTO message (batch_id, seq, contact_id, campaign_id, state, parts)"
                " VALUES (1, 1, :p, :c, 10, 1)"
            ),
            {"p": contact, "c": campaign},
        )
    tasks.tick()
    with database.transaction() as session:
        found = summary(session, campaign)
    assert found.totals["unknown"] == found.planned == 1
    assert found.state == "finished"

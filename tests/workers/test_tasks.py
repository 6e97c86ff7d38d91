"""The tick finds what is due; the tasks it sends may be lost or come twice."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu import pools
from sqlalchemy import text

from campaigns.audience.sealing import open_name
from campaigns.audience.uploads import confirm, take_in
from campaigns.exports.jobs import ask_for, file_of
from campaigns.stats import summary
from campaigns.store.audit import append_audit, find_last_check, insert_check, list_open_checks
from campaigns.store.database import Database
from campaigns.store.gateways import note_session
from campaigns.store.imports import get_import
from config.embedded import broker_url
from config.keys import Keyring
from config.settings import get_settings
from tests.factories import OFFICER, make_campaign, make_contact, make_gateway, make_template
from workers import children, readers
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
    children.forget_ended()
    # The next test has another broker to send to, and so needs pools of its own.
    pools.reset()
    app.app._pool = app.app.amqp._producer_pool = None
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


@pytest.mark.parametrize(("body", "apart"), [("Thong bao", False), ("Chao {{ ho_ten }}", True)])
def test_texts_for_each_person_are_made_in_a_process_that_does_not_send(
    tasks: Any, database: Database, keyring: Keyring, body: str, apart: bool
) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        for name in ("Nguyễn A", "Trần B"):
            make_contact(session, keyring, full_name=name)
        campaign = make_campaign(session, template=make_template(session, plain=body), state="scheduled", audience=WARD)
        campaign.scheduled_for = campaign.created_at
        number = campaign.id
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    tasks.plan(number)
    with database.transaction() as session:
        found = summary(session, number)
    assert (found.state, found.planned) == ("running", 2)
    assert (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > before) is apart


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


def test_a_waiting_list_is_read_by_a_process_of_its_own(
    tasks: Any, database: Database, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOA_HOME", str(tmp_path))
    get_settings.cache_clear()
    get_context.cache_clear()
    job = take_in(database, tmp_path, OFFICER, io.BytesIO("SĐT,Họ tên\n0905123456,Bưởi\n".encode()), "a.csv", "2023")
    tasks.tick()
    assert sent(redis_url, "loa") == [], "nobody has looked at its columns"
    with database.transaction() as session:
        confirm(session, OFFICER, job.id, job.fields, "2023")
    tasks.tick()
    assert sent(redis_url, "loa") == [("loa.read_list", f"({job.id},)")]
    tasks.read_list(job.id)
    reader = children._children["workers.readers", job.id]
    tasks.read_list(job.id)
    assert children._children["workers.readers", job.id] is reader, "one is enough"
    assert reader.wait(120) == 0
    with database.transaction() as session:
        assert get_import(session, job.id).state == "finished"
        [cipher] = session.execute(text("SELECT name_cipher FROM contact")).scalars()
        assert open_name(get_context().keyring, bytes(cipher)) == "Bưởi"
    tasks.tick()
    assert sent(redis_url, "loa") == []


def test_a_list_asked_for_is_written_by_a_process_of_its_own(
    tasks: Any, database: Database, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOA_HOME", str(tmp_path))
    get_settings.cache_clear()
    get_context.cache_clear()
    with database.transaction() as session:
        job = ask_for(session, OFFICER, "contacts", {}, "csv")
    tasks.tick()
    # There is an audit now, so the nightly look at its chain is due too.
    assert ("loa.write_list", f"({job.id},)") in sent(redis_url, "loa")
    tasks.write_list(job.id)
    assert children._children["workers.writers", job.id].wait(120) == 0
    assert file_of(tmp_path, job).exists()
    tasks.tick()
    assert "loa.write_list" not in dict(sent(redis_url, "loa"))


def test_a_list_that_is_on_another_machine_is_left_to_it(tasks: Any, database: Database, tmp_path: Path) -> None:
    job = take_in(database, tmp_path, OFFICER, io.BytesIO(b"Phone\n0905123456\n"), "a.csv", "2023")
    with database.transaction() as session:
        confirm(session, OFFICER, job.id, job.fields, "2023")
    assert not readers.start_reader(get_context(), job.id), "LOA_HOME here is another"


def test_a_reader_ends_with_the_worker_that_started_it() -> None:
    code = "import threading, workers.readers as r; threading.Thread(target=r._end_with_parent).start()"
    reader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    assert reader.stdin is not None
    reader.stdin.close()
    assert reader.wait(60) == 1


def test_a_worker_that_ends_sees_its_processes_end(tasks: Any) -> None:
    assert children.start_child("workers.readers", 999_999_999)
    reader = children._children["workers.readers", 999_999_999]
    children.end_children()
    assert reader.returncode is not None, "ended, and nobody is left who should have noticed"
    assert not children.is_at_it("workers.readers", 999_999_999)


def test_the_audit_is_verified_once_somebody_asked_in_a_process_of_its_own(
    tasks: Any, database: Database, redis_url: str, loa_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOA_HOME", str(loa_home))
    with database.transaction() as session:
        append_audit(session, "somebody@danang.example", "campaign.created", "campaign", 1)
        insert_check(session, "somebody@danang.example")
    tasks.tick()
    assert ("loa.verify_audit", "()") in sent(redis_url, "loa")
    tasks.verify_audit()
    assert children._children["workers.watchmen", 0].wait(120) == 0
    with database.transaction() as session:
        assert list_open_checks(session) == []
        found = find_last_check(session)
        assert found is not None
        assert (found.entries, found.fault) == (1, None)
    assert (loa_home / "audit_heads.jsonl").exists()
    tasks.tick()
    assert ("loa.verify_audit", "()") not in sent(redis_url, "loa")

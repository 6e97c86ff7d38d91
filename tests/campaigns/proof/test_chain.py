"""The audit: one chain whoever writes, refused by the database to be changed, and what a verification finds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from campaigns.errors import Forbidden
from campaigns.proof.chain import Fault, ask_at_night, ask_for_check, run_checks
from campaigns.store.audit import append_audit, changed_fields, find_last_check, list_open_checks, list_values
from campaigns.store.database import Database
from config.keys import Keyring
from tests.factories import ADMINISTRATOR, OFFICER


def write(database: Database, count: int, actor: str = "somebody@danang.example") -> None:
    for number in range(count):
        with database.transaction() as session:
            append_audit(session, actor, "campaign.edited", "campaign", number, {"số": number, "b": [1.5, None]})


def tamper(database: Database, statement: str) -> None:
    """What only somebody with all rights on the server can do."""
    with database.transaction() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        session.execute(text(statement))
        session.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x' WHERE id = 1", "DELETE FROM audit", "TRUNCATE audit"]
)
def test_the_database_refuses_to_change_the_audit(database: Database, statement: str) -> None:
    write(database, 1)
    with pytest.raises(DBAPIError, match="only added to"), database.transaction() as session:
        session.execute(text(statement))


def test_the_chain_cannot_fork(database: Database) -> None:
    write(database, 2)
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO audit (at, actor, action, object_kind, object_id, detail, previous_hash, hash)"
                " SELECT at, actor, action, object_kind, object_id, detail, previous_hash, hash FROM audit WHERE id = 2"
            )
        )


def test_many_writers_make_one_chain(database: Database, keyring: Keyring, loa_home: Path) -> None:
    writers = [threading.Thread(target=write, args=(database, 25, f"w{n}@danang.example")) for n in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    finding = run_checks(database, keyring, loa_home, asked_by="test")
    assert finding is not None
    assert (finding.fault, finding.entries) == (None, 100)


@pytest.mark.parametrize(
    ("statement", "broken", "fault"),
    [
        ("UPDATE audit SET actor = 'other@danang.example' WHERE id = 3", 3, Fault.CONTENT),
        ("""UPDATE audit SET detail = '{"b": []}' WHERE id = 3""", 3, Fault.CONTENT),
        ("DELETE FROM audit WHERE id = 3", 4, Fault.GAP),
        ("DELETE FROM audit WHERE id >= 4", 5, Fault.CUT),
        ("DELETE FROM audit", 5, Fault.CUT),
    ],
)
def test_what_was_done_to_it_is_found(
    database: Database, keyring: Keyring, loa_home: Path, statement: str, broken: int, fault: Fault
) -> None:
    write(database, 5)
    assert run_checks(database, keyring, loa_home, asked_by="test")
    tamper(database, statement)
    finding = run_checks(database, keyring, loa_home, asked_by="test")
    assert finding is not None
    assert (finding.broken_id, finding.fault) == (broken, fault)
    with database.transaction() as session:
        noted = find_last_check(session)
        assert noted is not None
        assert (noted.broken_id, noted.fault) == (broken, fault)


def test_a_head_that_was_written_by_somebody_else_is_no_head(
    database: Database, keyring: Keyring, loa_home: Path
) -> None:
    write(database, 2)
    run_checks(database, keyring, loa_home, asked_by="test")
    heads = loa_home / "audit_heads.jsonl"
    assert heads.stat().st_mode & 0o777 == 0o600
    heads.write_text(heads.read_text().replace('"id": 2', '"id": 1'))
    finding = run_checks(database, keyring, loa_home, asked_by="test")
    assert finding is not None
    assert finding.fault is Fault.SEAL


def test_an_unchanged_chain_gets_no_second_head(database: Database, keyring: Keyring, loa_home: Path) -> None:
    write(database, 2)
    for _ in range(3):
        run_checks(database, keyring, loa_home, asked_by="test")
    assert len((loa_home / "audit_heads.jsonl").read_text().splitlines()) == 1


def test_one_walk_answers_everybody_who_waits(database: Database, keyring: Keyring, loa_home: Path) -> None:
    write(database, 1)
    with database.transaction() as session:
        first = ask_for_check(session, ADMINISTRATOR)
        assert ask_for_check(session, ADMINISTRATOR).id == first.id
        with pytest.raises(Forbidden):
            ask_for_check(session, OFFICER)
    run_checks(database, keyring, loa_home)
    with database.transaction() as session:
        assert list_open_checks(session) == []
        done = find_last_check(session)
        assert done is not None
        assert (done.asked_by, done.entries, done.fault) == (ADMINISTRATOR.email, 1, None)


@pytest.mark.parametrize(("hour_utc", "asks"), [(17, False), (18, False), (19, True), (23, True)])
def test_the_night_asks_once_from_two_o_clock(
    database: Database, monkeypatch: pytest.MonkeyPatch, hour_utc: int, asks: bool
) -> None:
    write(database, 1)
    now = datetime.now(UTC).replace(hour=hour_utc)
    clock: Callable[[object], datetime] = lambda _session: now  # noqa: E731
    monkeypatch.setattr("campaigns.proof.chain.database_now", clock)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE audit_check ALTER started_at SET DEFAULT :now".replace(":now", f"'{now}'")))
        assert ask_at_night(session) is asks
        assert ask_at_night(session) is False


def test_an_edit_says_what_it_was_and_what_it_is() -> None:
    before, after = {"tps": 50, "binds": 2}, {"tps": 80, "binds": 2, "carriers": ["viettel"]}
    assert changed_fields(before, after) == {"changes": {"tps": [50, 80], "carriers": [None, ["viettel"]]}}
    assert changed_fields(before, before) == {}


def test_the_people_of_the_audit_are_found_through_its_index(database: Database) -> None:
    write(database, 3, "b@danang.example")
    write(database, 2, "a@danang.example")
    with database.transaction() as session:
        assert list_values(session, "actor") == ["a@danang.example", "b@danang.example"]

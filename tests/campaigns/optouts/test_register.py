"""The register of refusals: begun, ended, repeated, read from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.audience.problems import Outcome
from campaigns.errors import Forbidden, InvalidInput
from campaigns.models import AuditEntry, OptOut
from campaigns.optouts import add_optout, end_optout
from campaigns.optouts.lists import import_optout_file
from campaigns.store.audit import verify_audit
from campaigns.store.database import Database
from campaigns.store.optouts import find_in_force
from config.i18n import language
from config.keys import Keyring
from tests.factories import ANALYST, APPROVER, OFFICER, next_phone


def typed(phone: bytes) -> str:
    """A number as a person types it."""
    return f"0{phone.decode()[2:5]} {phone.decode()[5:]}"


def test_a_refusal_begins_once_and_ends_with_its_evidence(undone: Session, keyring: Keyring) -> None:
    phone = next_phone()
    first = add_optout(undone, keyring, OFFICER, typed(phone), source="hotline", evidence=" gọi 1022 ")
    assert first is not None
    assert add_optout(undone, keyring, OFFICER, phone.decode(), evidence="lần nữa") is None
    [row] = find_in_force(undone, keyring.hash(phone))
    assert (row.id, row.topic, row.source, row.evidence) == (first, None, "hotline", "gọi 1022")
    assert end_optout(undone, keyring, OFFICER, "+" + phone.decode(), evidence="đơn ngày 3/3") == 1
    assert end_optout(undone, keyring, OFFICER, phone.decode(), evidence="lần nữa") == 0
    undone.refresh(row)
    assert row.ended_at is not None
    assert (row.ended_by, row.ended_evidence) == (OFFICER.email, "đơn ngày 3/3")
    assert add_optout(undone, keyring, OFFICER, phone.decode(), evidence="đổi ý") not in {None, first}
    assert undone.scalar(select(func.count()).where(OptOut.phone_hash == keyring.hash(phone))) == 2, "history stays"


def test_a_topic_is_refused_and_ended_on_its_own(undone: Session, keyring: Keyring) -> None:
    phone = next_phone().decode()
    for topic in (None, "y-te", "cu-tru"):
        assert add_optout(undone, keyring, OFFICER, phone, topic=topic, evidence="x") is not None
        assert add_optout(undone, keyring, OFFICER, phone, topic=topic, evidence="x") is None
    assert end_optout(undone, keyring, OFFICER, phone, topic="y-te", evidence="x") == 1
    left = find_in_force(undone, keyring.hash(phone.encode()))
    assert [row.topic for row in left] == [None, "cu-tru"]
    assert end_optout(undone, keyring, OFFICER, phone, evidence="x") == 2, "who comes back comes back to everything"


def test_what_cannot_be_a_refusal_is_refused_without_repeating_the_number(undone: Session, keyring: Keyring) -> None:
    phone = next_phone().decode()
    with language("en"), pytest.raises(InvalidInput, match="evidence"):
        add_optout(undone, keyring, OFFICER, phone, evidence="  ")
    with language("en"), pytest.raises(InvalidInput, match="no source"):
        add_optout(undone, keyring, OFFICER, phone, source="rumour", evidence="x")
    with pytest.raises(InvalidInput) as refused:
        add_optout(undone, keyring, OFFICER, "02363822", evidence="x")
    assert "02363822" not in str(refused.value) + repr(refused.value) + str(refused.value.detail)
    for who in (ANALYST, APPROVER):
        with pytest.raises(Forbidden):
            add_optout(undone, keyring, who, phone, evidence="x")
        with pytest.raises(Forbidden):
            end_optout(undone, keyring, who, phone, evidence="x")
    assert find_in_force(undone, keyring.hash(phone.encode())) == []


def test_the_audit_holds_who_registered_it_and_no_number(undone: Session, keyring: Keyring) -> None:
    phone = next_phone().decode()
    added = add_optout(undone, keyring, OFFICER, phone, topic="y-te", evidence="x")
    end_optout(undone, keyring, OFFICER, phone, evidence="x")
    entries = undone.scalars(select(AuditEntry).where(AuditEntry.object_id == str(added)).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("optout.added", OFFICER.email),
        ("optout.ended", OFFICER.email),
    ]
    assert phone[2:] not in str([entry.detail for entry in entries])
    assert verify_audit(undone) is None


def test_a_file_of_refusals_is_registered_row_by_row(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    numbers = [next_phone().decode() for _ in range(4)]
    with database.transaction() as session:
        add_optout(session, keyring, OFFICER, numbers[0], evidence="gọi 1022")
    table, errors = tmp_path / "tu-choi.csv", tmp_path / "errors.csv"
    rows = [*(f"0{number[2:]}" for number in numbers), f"+{numbers[3]}", "02363822222", "", "8.49E+10"]
    table.write_text("Họ tên,Số điện thoại\n" + "".join(f"A,{row}\n" for row in rows), encoding="utf-8")

    def read() -> dict[str, int]:
        return import_optout_file(
            database, keyring, OFFICER, table, topic=None, evidence="CV 12/UBND", errors_to=errors
        ).to_json()

    assert read() == {"rows": 8, "added": 3, "known": 2, "rejected": 3}
    assert [line.split(",")[:2] for line in errors.read_text(encoding="utf-8-sig").splitlines()[1:]] == [
        [line, str(Outcome.REJECTED.value)] for line in ("7", "8", "9")
    ]
    assert read() == {"rows": 8, "added": 0, "known": 5, "rejected": 3}, "harmless to repeat"
    with database.transaction() as session:
        in_force = [row for number in numbers for row in find_in_force(session, keyring.hash(number.encode()))]
        assert {row.source for row in in_force[1:]} == {"import"}
        assert {row.evidence for row in in_force[1:]} == {"CV 12/UBND"}
        assert len(in_force) == 4
    with pytest.raises(InvalidInput):
        import_optout_file(database, keyring, OFFICER, table, topic=None, evidence=" ")
    with pytest.raises(Forbidden):
        import_optout_file(database, keyring, ANALYST, table, topic=None, evidence="x")

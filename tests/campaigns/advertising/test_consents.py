"""Consents: their proof, their end, and refusals that take them back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access import SYSTEM
from campaigns.advertising.consents import Terms, add_consent, end_consent, import_consents, parse_day, terms
from campaigns.errors import Forbidden, InvalidInput, WrongState
from campaigns.models import AuditEntry, Consent
from campaigns.optouts import add_optout, end_optout, import_optouts
from campaigns.store.consents import list_consents_of
from campaigns.store.database import Database
from campaigns.store.optouts import insert_optout
from campaigns.store.reach import Reach, count_stages
from config.keys import Keyring
from tests.factories import APPROVER, OFFICER, make_contact, next_phone


def agreed(**more: Any) -> Terms:
    given = {
        "given_at": datetime(2026, 3, 1, tzinfo=UTC),
        "how": "paper",
        "wording": "Đồng ý nhận tin hội chợ",
        "evidence": "phiếu 12",
    }
    return terms(**(given | more))


def phone() -> str:
    return "+" + next_phone().decode()


def standing(session: Session, keyring: Keyring, number: str) -> list[tuple[str | None, bool]]:
    """(topic, in force) of every consent of a number."""
    rows = list_consents_of(session, keyring.hash(number[1:].encode()))
    return sorted(((row.topic, row.ended_at is None) for row in rows), key=str)


def test_a_consent_is_written_down_once_with_its_proof(undone: Session, keyring: Keyring) -> None:
    number = phone()
    first = add_consent(undone, keyring, OFFICER, number, agreed(daily_cap=2))
    assert add_consent(undone, keyring, OFFICER, number, agreed()) is None
    assert add_consent(undone, keyring, OFFICER, number, agreed(topic="y-te")) is not None
    row = undone.get_one(Consent, first)
    assert (row.how, row.wording, row.daily_cap, row.evidence, row.created_by) == (
        "paper", "Đồng ý nhận tin hội chợ", 2, "phiếu 12", OFFICER.email,
    )  # fmt: skip
    entry = undone.scalars(select(AuditEntry).where(AuditEntry.action == "consent.added")).first()
    assert entry is not None
    assert number[3:] not in str(entry.detail)


def test_a_refusal_of_advertising_holds_against_a_consent_that_is_being_written_down(
    database: Database, keyring: Keyring
) -> None:
    number = phone()
    fair = Reach(ward_ids=None, topic="van-hoa", honours_refusals=True, needs_consent=True)
    with database.transaction() as session:
        make_contact(session, keyring, phone=number[1:].encode())
    with database.transaction() as slow:
        add_consent(slow, keyring, OFFICER, number, agreed())
        with database.transaction() as session:
            insert_optout(
                session,
                phone_hash=keyring.hash(number[1:].encode()),
                topic="quang-cao",
                source="keyword",
                evidence="x",
                created_by="x",
            )
    with database.transaction() as session:
        assert standing(session, keyring, number) == [(None, True)], "the refusal did not see it"
        assert {row.stage for row in count_stages(session, fair)} == {"refused"}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"evidence": " "}, "evidence"),
        ({"wording": ""}, "wording"),
        ({"given_at": None}, "given_at"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"how": "rumour"}, "how"),
        ({"topic": "noi-bo"}, "topic"),
        ({"given_at": datetime.now(UTC) + timedelta(days=2)}, "given_at"),
    ],
)
def test_a_consent_without_its_proof_is_refused_and_names_the_field(
    undone: Session, keyring: Keyring, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        add_consent(undone, keyring, OFFICER, phone(), agreed(**more))
    assert refusal.value.detail["field"] == field


def test_only_who_may_writes_consents_down(undone: Session, keyring: Keyring) -> None:
    with pytest.raises(Forbidden):
        add_consent(undone, keyring, APPROVER, phone(), agreed())


@pytest.mark.parametrize(
    ("refused", "left"),
    [
        (None, {None: False, "y-te": False, "giao-duc": False}),
        ("quang-cao", {None: False, "y-te": False, "giao-duc": False}),
        ("y-te", {None: True, "y-te": False, "giao-duc": True}),
        ("cu-tru", {None: True, "y-te": True, "giao-duc": True}),
    ],
)
@pytest.mark.parametrize("many", [False, True])
def test_a_refusal_ends_the_consents_it_takes_back(
    undone: Session, keyring: Keyring, refused: str | None, left: dict[str | None, bool], many: bool
) -> None:
    number, other = phone(), phone()
    for topic in left:
        add_consent(undone, keyring, OFFICER, number, agreed(topic=topic))
    add_consent(undone, keyring, OFFICER, other, agreed())
    if many:
        import_optouts(undone, keyring, OFFICER, [number[1:]], topic=refused, evidence="x")
    else:
        add_optout(undone, keyring, OFFICER, number, topic=refused, evidence="x")
    assert dict(standing(undone, keyring, number)) == left
    assert standing(undone, keyring, other) == [(None, True)]


def test_who_refuses_must_come_back_before_agreeing(undone: Session, keyring: Keyring) -> None:
    number = phone()
    add_optout(undone, keyring, OFFICER, number, topic="quang-cao", evidence="x")
    with pytest.raises(WrongState):
        add_consent(undone, keyring, OFFICER, number, agreed())
    end_optout(undone, keyring, OFFICER, number, evidence="đơn")
    assert add_consent(undone, keyring, OFFICER, number, agreed()) is not None


def test_an_ended_consent_stays_with_its_evidence_and_may_be_given_anew(undone: Session, keyring: Keyring) -> None:
    number = phone()
    first = add_consent(undone, keyring, OFFICER, number, agreed())
    assert end_consent(undone, keyring, OFFICER, number, evidence="gọi 1022") == 1
    assert end_consent(undone, keyring, OFFICER, number, evidence="gọi 1022") == 0
    undone.expire_all()
    row = undone.get_one(Consent, first)
    assert (row.ended_by, row.ended_evidence) == (OFFICER.email, "gọi 1022")
    assert add_consent(undone, keyring, OFFICER, number, agreed()) is not None
    assert standing(undone, keyring, number) == [(None, False), (None, True)]


def test_a_list_is_written_down_but_for_those_who_refuse(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    refuses, agrees = phone(), phone()
    with database.transaction() as session:
        add_optout(session, keyring, OFFICER, refuses, evidence="x")
    path = tmp_path / "ds.csv"
    path.write_text(f"sdt\n{refuses}\n{agrees}\n{agrees}\nabc\n")
    report = import_consents(database, keyring, SYSTEM, path, agreed(), errors_to=tmp_path / "bad.csv")
    # A number named twice counts as known the second time, also within one block of the file.
    assert report.to_json() == {"rows": 4, "added": 1, "known": 1, "refused": 1, "rejected": 1}
    assert import_consents(database, keyring, SYSTEM, path, agreed()).known == 2
    assert "abc" in (tmp_path / "bad.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-01", datetime(2026, 3, 1, 5, tzinfo=UTC)),
        ("1/3/2026", datetime(2026, 3, 1, 5, tzinfo=UTC)),
        ("2026-03-01T09:30", datetime(2026, 3, 1, 2, 30, tzinfo=UTC)),
        ("2026-03-01T09:30+00:00", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("hôm qua", None),
        ("", None),
    ],
)
def test_days_are_read_as_people_write_them(written: str, read: datetime | None) -> None:
    assert parse_day(written) == read

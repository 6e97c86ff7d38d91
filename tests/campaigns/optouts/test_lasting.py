"""A refusal outlives the contact, the keys and everything else; and what confirms it, by source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from campaigns.access import SYSTEM
from campaigns.audience.rekey import rotate_keys
from campaigns.content.files import templates_folder
from campaigns.content.sync import sync_templates
from campaigns.errors import InvalidInput
from campaigns.models import OptOut
from campaigns.optouts.citizen import Citizen, find_citizen, refuse_by_link
from campaigns.optouts.register import SOURCES, add_optout, end_optout
from campaigns.store.database import Database
from campaigns.store.reach import Reach, count_stages
from config.keys import Keyring
from tests.factories import OFFICER, make_contact, make_gateway, next_phone

ROOT = Path(__file__).resolve().parents[3]


def refused(session: Session) -> int:
    """People of the register whom a campaign about residence would leave out for their refusal."""
    rows = count_stages(session, Reach(ward_ids=None, topic="cu-tru", honours_refusals=True))
    return sum(row.people for row in rows if row.stage == "refused")


def confirmations(session: Session) -> list[str]:
    query = (
        "SELECT t.slug FROM message m JOIN campaign c ON c.id = m.campaign_id"
        " JOIN template_version v ON v.id = c.template_version_id JOIN template t ON t.id = v.template_id"
        " WHERE c.standing IS NOT NULL"
    )
    return list(session.execute(text(query)).scalars())


def test_a_refusal_outlives_the_contact_its_return_and_a_rotation_of_keys(database: Database, keyring: Keyring) -> None:
    phone = next_phone()
    with database.transaction() as session:
        make_contact(session, keyring, phone=phone)
        add_optout(session, keyring, OFFICER, phone.decode(), evidence="đơn")
        assert refused(session) == 1
    newer = keyring.rotated()
    rotate_keys(database, newer)
    with database.transaction() as session:
        session.execute(text("DELETE FROM contact"))
    with database.transaction() as session:
        make_contact(session, newer, phone=phone)
        assert refused(session) == 1, "somebody imported the number again, under the new key"
        assert add_optout(session, newer, OFFICER, phone.decode(), evidence="lần nữa") is None
        assert end_optout(session, newer, OFFICER, phone.decode(), evidence="gọi 1022") == 1
        assert refused(session) == 0
        assert session.scalar(select(func.count()).select_from(OptOut)) == 1, "the row stays"


def test_no_statement_deletes_from_the_register() -> None:
    statements = [path.read_text(encoding="utf-8") for path in (ROOT / "campaigns").rglob("*.py")]
    found = [
        match for statement in statements
        for match in re.findall(r"(?i)(?:delete\s+from|truncate)\s+opt_out|delete\(OptOut\)", statement)
    ]  # fmt: skip
    assert found == []
    written = {
        match for statement in statements for match in re.findall(r"(?i)update\s+opt_out\s+set\s+(\w+)", statement)
    }
    assert written == {"ended_at"}, "only the end is written into a row"


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_who_is_not_there_to_be_told_gets_one_confirmation(undone: Session, keyring: Keyring, source: str) -> None:
    sync_templates(undone, templates_folder(), SYSTEM)
    make_gateway(undone, keyring)
    phone = next_phone().decode()
    for _ in range(2):
        add_optout(undone, keyring, OFFICER, phone, source=source, evidence="x")
    expected = ["sys-xac-nhan-tu-choi"] if source in {"keyword", "hotline", "web"} else []
    assert confirmations(undone) == expected


@pytest.mark.parametrize("confirm", [True, False])
def test_staff_may_choose(undone: Session, keyring: Keyring, confirm: bool) -> None:
    sync_templates(undone, templates_folder(), SYSTEM)
    make_gateway(undone, keyring)
    for source in ("staff", "hotline"):
        add_optout(
            undone, keyring, OFFICER, next_phone().decode(), source=source, evidence="x", confirm=confirm, topic="y-te"
        )
    assert len(confirmations(undone)) == 2 * confirm


def test_a_refusal_stands_where_nothing_can_confirm_it(undone: Session, keyring: Keyring) -> None:
    """No gateway, then no text of the reply: neither keeps a person from refusing."""
    assert add_optout(undone, keyring, OFFICER, next_phone().decode(), source="hotline", evidence="x") is not None
    make_gateway(undone, keyring)
    assert add_optout(undone, keyring, OFFICER, next_phone().decode(), source="hotline", evidence="x") is not None
    assert confirmations(undone) == []


def test_topics_that_no_refusal_stops_cannot_be_refused_by_the_link(undone: Session, keyring: Keyring) -> None:
    assert find_citizen(undone, keyring, "123456789", days=365) is None
    contact = make_contact(undone, keyring)
    citizen = Citizen(contact.id, contact.phone_hash, "84905000000", None, ())
    for topic in ("noi-bo", "he-thong", "khong-co"):
        with pytest.raises(InvalidInput):
            refuse_by_link(undone, keyring, citizen, topic=topic, words="x")

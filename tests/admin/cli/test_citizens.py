"""What citizens ask about their data, and what is kept how long, on the command line."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.store.database import Database
from config.keys import Keyring, write_private
from config.zone import CITY_TIME
from tests.admin.cli.conftest import Run
from tests.factories import make_contact, make_user

OFFICER, ANALYST, OPERATOR = "can-bo@danang.example", "xem@danang.example", "van-hanh@danang.example"
PHONE = "0905123456"


@pytest.fixture
def person(database: Database, keyring: Keyring, loa_home: Path) -> int:
    """Somebody in the register, and people who may look after what they ask."""
    write_private(loa_home / "keyring.json", keyring.to_json())
    with database.transaction() as session:
        for email, role in ((OFFICER, "officer"), (ANALYST, "analyst"), (OPERATOR, "operator")):
            make_user(session, email=email, roles=(role,))
        return make_contact(session, keyring, phone=b"84905123456").id


def test_a_request_is_entered_by_number_seen_to_in_time_and_closed(loa: Run, person: int) -> None:
    by = ("--as", OFFICER, "--json")
    today = datetime.now(CITY_TIME).date()
    made = loa(
        "requests", "add", "--kind", "delete", "--phone-stdin", "--evidence", f"thư của {PHONE}", *by, stdin=PHONE
    ).document
    assert (made["contact"], made["state"]) == (person, "open")
    assert made["due"] == str(today + timedelta(days=20))
    number = made["id"]
    assert loa("requests", "acknowledge", number, *by).document["acknowledged"]
    extended = loa("requests", "extend", number, "--reason", "nhiều hồ sơ", *by).document
    assert extended["due"] == str(today + timedelta(days=40))
    assert loa("requests", "extend", number, "--reason", "nữa", *by).code == 1, "once"
    assert loa("requests", "done", number, *by).code == 1, "nobody has erased the person"
    told = loa("requests", "list", "--as", OFFICER, LOA_LANGUAGE="en")
    assert "40 days left" in told.out
    assert PHONE not in told.out
    refused = loa(
        "requests", "refuse", number, "--ground", "no-consent-needed", "--reason", "theo Điều 19", *by
    ).document
    assert refused["state"] == "refused"
    assert loa("requests", "list", *by).document == []
    assert [row["id"] for row in loa("requests", "list", "--all", *by).document] == [number]


def test_a_request_of_nobody_or_by_nobody_in_charge_is_refused(loa: Run, person: int) -> None:
    words = ("requests", "add", "--kind", "view", "--evidence", "VB 12")
    assert loa(*words, "--phone-stdin", "--as", OFFICER, stdin="0905999999").code == 1
    assert loa(*words, "--phone-stdin", "--as", OFFICER, stdin="12").code == 1
    assert loa(*words, "--contact", person, "--as", ANALYST).code == 1
    assert loa(*words, "--contact", person, "--received", "2020-13-01", "--as", OFFICER).code == 2
    assert loa("requests", "acknowledge", 999, "--as", OFFICER).code == 1
    assert loa("requests", "list", "--all", "--as", OFFICER, "--json").document == []


def test_what_had_its_time_is_shown_and_then_let_go(loa: Run, database: Database, person: int) -> None:
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO subject_request (kind, channel, evidence, with_processor, received_on, acknowledge_by,"
                " due_on, state, closed_at, created_by) SELECT 'protect', 'letter', 'x', false, d, d, d, 'done', d, 'x'"
                " FROM generate_series(date '2001-01-01', '2001-01-03', '1 day') d"
            )
        )
    by = ("--as", OPERATOR)

    def due() -> dict[str, int | None]:
        return {row["what"]: row["due"] for row in loa("retention", "show", *by, "--json", LOA_LANGUAGE="en").document}

    closed = "Closed requests of citizens"
    assert due()[closed] == 3
    assert loa("retention", "run", "--as", OFFICER).code == 1
    dry = loa("retention", "run", "--dry-run", "--json", *by).document
    assert {row["what"]: row["due"] for row in dry}[closed] == 3
    assert due()[closed] == 3, "a dry run lets nothing go"
    gone = loa("retention", "run", *by, "--json").document
    assert gone["requests"] == 3
    assert due()[closed] == 0
    assert set(loa("retention", "run", *by, "--json").document.values()) == {0}

"""``loa optouts`` from the command line: confirming or not, and the words people write."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from campaigns.access import SYSTEM
from campaigns.content.files import templates_folder
from campaigns.content.sync import sync_templates
from campaigns.store.database import Database
from config.keys import Keyring
from tests.factories import make_gateway, make_user


@pytest.fixture
def emails(database: Database, keyring: Keyring) -> dict[str, str]:
    """One person per role, the system's texts, and a gateway."""
    with database.transaction() as session:
        sync_templates(session, templates_folder(), SYSTEM)
        make_gateway(session, keyring)
        return {role: make_user(session, roles=(role,)).email for role in ("officer", "operator")}


def test_the_hotline_confirms_and_the_counter_only_when_asked(
    loa: Any, database: Database, emails: dict[str, str]
) -> None:
    for n, more in enumerate(
        (["--source", "hotline"], ["--source", "hotline", "--no-confirm"], [], ["--confirm", "--topic", "y-te"])
    ):
        done = loa("optouts", "add", f"090500000{n}", "--evidence", "x", "--json", *more, "--as", emails["officer"])
        assert done.document["added"]
    with database.transaction() as session:
        names = session.execute(
            text("SELECT c.\"values\" ->> 'chu_de' FROM message m JOIN campaign c ON c.id = m.campaign_id ORDER BY 1")
        )
        assert list(names.scalars()) == ["", "Y tế"]


def test_a_topic_that_is_none_is_refused_with_the_list_of_those_there_are(loa: Any, emails: dict[str, str]) -> None:
    done = loa("optouts", "add", "0905000009", "--evidence", "x", "--topic", "yte", "--as", emails["officer"])
    assert done.code == 1
    assert "y-te" in done.err


def test_words_are_listed_added_and_removed(loa: Any, emails: dict[str, str]) -> None:
    operator = ["--as", emails["operator"]]
    before = loa("optouts", "words", "list", "--json").document
    assert {"word": "TC", "wish": "optout", "by": "system"} in before
    assert loa("optouts", "words", "add", "thôi gửi", *operator).code == 0
    assert {"word": "THÔI GỬI", "wish": "optout", "by": emails["operator"]} in loa(
        "optouts", "words", "list", "--json"
    ).document
    assert "THÔI GỬI" in loa("optouts", "words", "list").out
    assert loa("optouts", "words", "remove", "THÔI GỬI", *operator).code == 0
    assert loa("optouts", "words", "list", "--json").document == before
    assert loa("optouts", "words", "remove", "TC", *operator).code == 1
    assert loa("optouts", "words", "add", "x", "--wish", "nothing", *operator).code == 2
    assert loa("optouts", "words", "add", "thoi", "--as", emails["officer"]).code == 1

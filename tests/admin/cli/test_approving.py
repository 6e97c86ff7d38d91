"""Approving on the command line confirms what the console asks for: by options, or when a terminal is asked."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from campaigns.store.database import Database
from config.keys import Keyring
from tests.admin.cli.conftest import Run
from tests.factories import make_contact, make_gateway, make_template, make_user

OFFICER, APPROVER = "can-bo@danang.example", "nguoi-duyet@danang.example"


@pytest.fixture
def waiting(loa: Run, database: Database, keyring: Keyring) -> int:
    """A campaign to two people that waits for approval."""
    with database.transaction() as session:
        make_user(session, email=OFFICER)
        make_user(session, email=APPROVER, roles=("approver",))
        make_template(session, slug="bay-cach", plain="Bay cach thay so ho khau.")
        make_gateway(session, keyring)
        make_contact(session, keyring)
        make_contact(session, keyring)
    words = ("--name", "Bảy cách", "--template", "bay-cach", "--all", "--start", "manual", "--json")
    made: int = loa("campaigns", "create", *words, "--as", OFFICER).document["id"]
    assert loa("campaigns", "submit", made, "--as", OFFICER).code == 0
    return made


def confirmed(database: Database) -> list[str]:
    with database.transaction() as session:
        found: list[str] = session.execute(text("SELECT class_confirmed_by FROM campaign")).scalar_one()
    return found


def test_at_a_terminal_the_text_is_shown_and_number_and_class_are_asked_for(
    loa: Run, database: Database, waiting: int
) -> None:
    step = ("campaigns", "approve", waiting, "--as", APPROVER, "--json")
    assert loa(*step, typed="3\ny\n").code == 1, "a wrong number"
    assert loa(*step, typed="2\nn\n").code == 1, "another class"
    assert confirmed(database) == []
    done = loa(*step, typed="2\ny\n")
    assert (done.code, done.document["state"]) == (0, "approved")
    assert "Bay cach thay so ho khau." in done.err
    assert "Thông báo" in done.err
    assert confirmed(database) == [APPROVER]


def test_a_script_confirms_by_options_and_is_never_asked(loa: Run, database: Database, waiting: int) -> None:
    step = ("campaigns", "approve", waiting, "--as", APPROVER)
    assert loa(*step, "--recipients", 3, "--class", "thong-bao").code == 1
    assert loa(*step, "--recipients", 2, "--class", "khan-cap").code == 1
    assert confirmed(database) == []
    assert loa(*step, "--recipients", 2, "--class", "thong-bao", typed="").code == 0, "nothing is left to ask"
    assert confirmed(database) == [APPROVER]


def test_a_script_that_confirms_nothing_is_not_said_to_have(loa: Run, database: Database, waiting: int) -> None:
    assert loa("campaigns", "approve", waiting, "--as", APPROVER).code == 0
    assert confirmed(database) == []

"""A campaign's pace on the command line: given at its making, shown, changed while it runs."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from campaigns.delivery.planner import plan_campaign
from campaigns.store.database import Database
from config.keys import Keyring
from tests.admin.cli.conftest import Run
from tests.factories import make_contact, make_gateway, make_template, make_user

OFFICER, APPROVER = "can-bo@danang.example", "nguoi-duyet@danang.example"
MADE = ("campaigns", "create", "--name", "Bảy cách", "--template", "bay-cach", "--all", "--as", OFFICER, "--json")


@pytest.fixture
def town(database: Database, keyring: Keyring) -> Database:
    """Two people, a text, a gateway, an officer and an approver."""
    with database.transaction() as session:
        make_user(session, email=OFFICER)
        make_user(session, email=APPROVER, roles=("approver",))
        make_template(session, slug="bay-cach")
        make_gateway(session, keyring, name="viettel", tps=100)
        for _ in range(120):
            make_contact(session, keyring)
    return database


def begin(loa: Run, town: Database, *options: str) -> int:
    """A campaign that is approved and running."""
    made: int = loa(*MADE, "--window", "00:00-24:00", *options).document["id"]
    assert loa("campaigns", "submit", made, "--as", OFFICER).code == 0
    assert loa("campaigns", "approve", made, "--as", APPROVER).code == 0
    assert plan_campaign(town, made) == 120
    return made


def test_a_pace_is_approved_kept_and_shown(loa: Run, town: Database) -> None:
    made = begin(loa, town, "--over", "2h", "--ward-pace", "1/m")
    shown = loa("campaigns", "show", made, "--json").document
    assert shown["pace"] == {"parts_per_hour": 60, "ward_per_hour": 60}
    assert shown["finish_at"]
    assert shown["held_by"] == "pace"
    told = loa("campaigns", "show", made, LOA_LANGUAGE="en").out
    assert "at most 60 parts an hour; at most 60 people an hour in one ward" in told


def test_a_running_campaign_is_slowed_down_by_an_officer_and_hurried_only_by_an_approver(
    loa: Run, town: Database
) -> None:
    made = begin(loa, town, "--pace", "240/h")
    slower = loa("campaigns", "pace", made, "--pace", "1/m", "--as", OFFICER, "--json")
    assert (slower.code, slower.document["state"]) == (0, "running")
    assert loa("campaigns", "show", made, "--json").document["pace"]["parts_per_hour"] == 60
    assert loa("campaigns", "pace", made, "--none", "--as", OFFICER).code == 1
    assert loa("campaigns", "pace", made, "--none", "--as", APPROVER).code == 0
    assert loa("campaigns", "show", made, "--json").document["pace"] is None
    with town.transaction() as session:
        written = session.execute(text("SELECT actor FROM audit WHERE action = 'campaign.pace' ORDER BY id")).scalars()
        assert list(written) == [OFFICER, APPROVER]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--over", "6h", "--pace", "10/h"), 2),
        (("--over", "soon"), 1),
        (("--pace", "10"), 1),
        (("--ward-pace", "0/h"), 1),
        (("--over", "1m"), 1),
    ],
    ids=str,
)
def test_a_pace_that_cannot_be_meant_is_refused_when_it_is_given(
    loa: Run, town: Database, options: tuple[str, ...], code: int
) -> None:
    assert loa(*MADE, *options).code == code


def test_a_change_must_say_what_it_changes(loa: Run, town: Database) -> None:
    assert loa("campaigns", "pace", 1, "--as", OFFICER).code == 2
    assert loa("campaigns", "pace", 1, "--none", "--over", "2h", "--as", OFFICER).code == 2
    assert loa("campaigns", "pace", 999, "--none", "--as", OFFICER).code == 1

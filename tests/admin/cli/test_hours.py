"""Days of sending, deadline and holidays on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from campaigns.models import Campaign
from campaigns.store.database import Database
from tests.admin.cli.conftest import Run
from tests.factories import make_template, make_user

OFFICER, OPERATOR = "can-bo@danang.example", "van-hanh@danang.example"
MADE = ("campaigns", "create", "--name", "Nhắc họp", "--template", "nhac-hop", "--all", "--as", OFFICER, "--json")


def test_a_campaign_may_be_narrower_than_its_class(loa: Run, database: Database) -> None:
    with database.transaction() as session:
        make_user(session, email=OFFICER)
        make_template(session, slug="nhac-hop", message_class="noi-bo")
    days, again = ("--days", "1-3,5", "--skip-holidays"), ("--repeat-reason", "Nhắc lần hai")
    options = (*days, *again, "--deadline", "2030-01-01T17:00")
    made = loa(*MADE, *options, LOA_ANY_HOUR="false").document["id"]
    with database.transaction() as session:
        row = session.get_one(Campaign, made)
        assert (row.weekdays, row.skip_holidays, row.rest_days, row.repeat_reason) == (
            0b0010111,
            True,
            False,
            "Nhắc lần hai",
        )
        assert row.deadline == datetime(2030, 1, 1, 10, tzinfo=UTC)
        assert (row.class_start.hour, row.class_end.hour, row.class_end.minute) == (7, 17, 30)
    assert loa(*MADE, "--days", "0-9").code == 2
    assert loa(*MADE, "--start", "2030-01-01T08:00", "--deadline", "2030-01-01T08:00").code == 1


def test_an_operator_keeps_the_calendar(loa: Run, database: Database) -> None:
    with database.transaction() as session:
        make_user(session, email=OFFICER)
        make_user(session, email=OPERATOR, roles=("operator",))
    add = ("holidays", "add", "2031-01-23", "--name", "Tết Nguyên đán")
    assert loa(*add, "--as", OFFICER).code == 1
    assert loa(*add, "--as", OPERATOR).code == 0
    listed = loa("holidays", "list", "--year", 2031, "--json").document
    assert listed["days"] == [{"day": "2031-01-23", "name": "Tết Nguyên đán", "working": False, "decided": True}]
    assert "Tết Nguyên đán" in loa("holidays", "list", "--year", 2031).out
    assert loa("holidays", "remove", "23/01/2031", "--as", OPERATOR).code == 0
    assert loa("holidays", "remove", "23/01/2031", "--as", OPERATOR).code == 1
    assert loa("holidays", "list", "--year", 2031, "--json").document["days"] == []

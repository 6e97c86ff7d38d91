"""Numbers that add up, whichever way they are cut."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MESSAGE_STATES
from campaigns.errors import InvalidInput, LoaError, NotFound
from campaigns.stats import estimate, reconcile, stats_by, summary
from campaigns.store.database import Database
from campaigns.store.optouts import insert_optout
from campaigns.store.stats import DIMENSIONS
from config.i18n import language
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway, make_template

WARDS = ("20194", "20195", "20203", None)
CARRIERS = ("viettel", "vinaphone", "unknown")
EVERYBODY = {"edition": "2023", "everybody": True}


@pytest.fixture(scope="module")
def mixed(file_database: Database, keyring: Keyring) -> int:
    """A campaign to people of four places and three carriers, with a message in every state."""
    database = file_database
    with database.transaction() as session:
        make_gateway(session, keyring, name="viettel", carriers=("viettel",))
        make_gateway(session, keyring, name="vinaphone", carriers=("vinaphone",))
        for ward in WARDS:
            for carrier in CARRIERS:
                for _ in range(2):
                    make_contact(session, keyring, ward=ward, carrier=carrier)
        campaign = make_campaign(
            session, template=make_template(session, plain="x" * 200), state="scheduled", audience=EVERYBODY
        )
        other = make_campaign(session, state="scheduled", audience={"edition": "2023", "wards": ["20203"]})
    for due in (campaign, other):
        plan_campaign(database, due.id)
    with database.transaction() as session:
        values = ", ".join(str(state.value) for state in MESSAGE_STATES)
        session.execute(
            text(
                f"UPDATE message m SET state = (ARRAY[{values}])[1 + n % 11] FROM"
                " (SELECT batch_id, seq, row_number() OVER (ORDER BY batch_id, seq) - 1 AS n FROM message) x"
                " WHERE x.batch_id = m.batch_id AND x.seq = m.seq"
            )
        )
        columns = ", ".join(
            f"{s.label} = (SELECT count(*) FROM message WHERE batch_id = b.id AND state = {s.value})"
            for s in MESSAGE_STATES
        )
        session.execute(
            text(
                f"UPDATE batch b SET {columns},"
                " started_at = '2023-03-03 01:59:59+00'::timestamptz + b.id % 2 * interval '1 s'"
            )
        )
        session.execute(text("UPDATE batch SET started_at = NULL WHERE gateway_id IS NULL"))
    return campaign.id


def test_every_table_adds_up_to_the_campaign_in_every_column(undone: Session, mixed: int) -> None:
    whole = summary(undone, mixed)
    tables = {dimension: stats_by(undone, mixed, dimension) for dimension in DIMENSIONS}
    everything = {dimension: stats_by(undone, None, dimension) for dimension in DIMENSIONS}
    assert (whole.planned, whole.parts) == (24, 48)
    assert min(whole.totals.values()) > 0
    for dimension, rows in tables.items():
        assert sum(row.planned for row in rows) == whole.planned, dimension
        for state, count in whole.totals.items():
            assert sum(row.totals[state] for row in rows) == count, (dimension, state)
        assert all(row.planned == sum(row.totals.values()) for row in rows)
        assert sum(row.planned for row in everything[dimension]) == whole.planned + 6
        if dimension != "state":
            assert sum(row.parts for row in rows) == whole.parts


def test_the_rows_of_a_table_are_named_as_people_know_them(undone: Session, mixed: int) -> None:
    names = {
        dimension: [(row.key, row.name, row.planned) for row in stats_by(undone, mixed, dimension)]
        for dimension in DIMENSIONS
    }
    assert names["district"] == [
        ("", "Chưa rõ địa bàn", 6),
        ("490", "Quận Liên Chiểu", 12),
        ("491", "Quận Thanh Khê", 6),
    ]
    assert names["ward"][0] == ("", "Chưa rõ địa bàn", 6)
    assert names["ward"][1] == ("20194", "Phường Hòa Hiệp Bắc", 6)
    assert names["carrier"] == [("unknown", "unknown", 8), ("viettel", "viettel", 8), ("vinaphone", "vinaphone", 8)]
    assert names["gateway"] == [("", "Chưa có", 8), ("viettel", "viettel", 8), ("vinaphone", "vinaphone", 8)]
    assert {key for key, _, _ in names["hour"]} == {"", "2023-03-03T08:00", "2023-03-03T09:00"}
    assert [key for key, _, _ in names["state"]] == [state.label for state in MESSAGE_STATES]


def test_what_cannot_be_counted_is_refused(undone: Session, mixed: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        stats_by(undone, mixed, "phone")
    with pytest.raises(NotFound):
        summary(undone, 999)
    with language("en"):
        assert "district, ward, carrier, gateway, hour, state" in str(refused.value)


def test_the_documents_hold_what_the_commands_promise(undone: Session, mixed: int) -> None:
    shown = summary(undone, mixed).to_json()
    row = stats_by(undone, mixed, "ward")[0].to_json()
    expected = estimate(undone, mixed).to_json()
    assert set(shown) == {"id", "name", "state", "idle_reason", "planned", "parts", "totals"}
    assert set(row) == {"key", "name", "planned"} | {state.label for state in MESSAGE_STATES}
    assert set(expected) == {"registered", "no_number", "refused", "will_send", "parts", "stages"}


def test_a_recount_finds_a_counter_that_was_tampered_with_and_a_stray_message(undone: Session, mixed: int) -> None:
    assert reconcile(undone).to_json() == {"balanced": True, "differences": []}
    undone.execute(text("UPDATE batch SET delivered = delivered + 1 WHERE id = 1"))
    books = reconcile(undone)
    assert not books.balanced
    assert [(d["batch_id"], d["column_name"], d["booked"] - d["counted"]) for d in books.differences] == [
        (1, "delivered", 1)
    ]
    undone.execute(text("UPDATE batch SET delivered = delivered - 1 WHERE id = 1"))
    undone.execute(text("UPDATE message SET state = 60 WHERE batch_id = 2 AND seq = 1 AND state <> 60"))
    assert {d["batch_id"] for d in reconcile(undone, mixed).differences} == {2}
    assert reconcile(undone, mixed + 1).balanced, "the other campaign's books are right"
    undone.execute(
        text("INSERT INTO message (batch_id, seq, contact_id, campaign_id, parts) VALUES (9999, 1, 1, :c, 1)"),
        {"c": mixed + 1},
    )
    assert reconcile(undone, mixed + 1).differences == [
        {"column_name": "stray", "campaign_id": mixed + 1, "batch_id": 9999, "messages": 1}
    ]


@pytest.mark.parametrize("body", ["Thong bao", "x" * 200, "Moi ba con {{ phuong }}", "Chao {{ ho_ten }}"])
def test_the_estimate_is_what_is_planned(database: Database, keyring: Keyring, body: str) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        people = [
            make_contact(session, keyring, ward=ward, full_name=name, unusable=unusable)
            for ward in ("20194", "20195")
            for name in ("Lê B", "Công Tằng Tôn Nữ " * 10)
            for unusable in (None, None, "dead")
        ]
        insert_optout(
            session, phone_hash=people[0].phone_hash, topic="cu-tru", source="web", evidence="x", created_by="x"
        )
        campaign = make_campaign(
            session,
            template=make_template(session, plain=body),
            state="scheduled",
            audience={"edition": "2023", "districts": ["490"]},
        ).id
        expected = estimate(session, campaign)
    assert [expected.registered, *(step.people for step in expected.steps)] == [12, 4, 1, 0, 7]
    assert plan_campaign(database, campaign) == 7
    with database.transaction() as session:
        found = summary(session, campaign)
        again = estimate(session, campaign)
    assert (found.planned, found.parts) == (expected.will_send, expected.parts)
    assert again == expected


def test_an_estimate_that_cannot_be_made_says_which_value_is_missing(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_contact(session, keyring)
        campaign = make_campaign(session, template=make_template(session, plain="Luc {{ gio }}"))
        with pytest.raises(LoaError) as refused:
            estimate(session, campaign.id)
    assert "gio" in str(refused.value)

"""Freezing an audience: whom it reaches, in which batches, and what an interruption does to it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.audience.sealing import seal_person
from campaigns.delivery import planner
from campaigns.delivery.planner import plan_campaign
from campaigns.models import Contact
from campaigns.stats import estimate, reconcile, summary
from campaigns.store.database import Database
from campaigns.store.gateways import set_enabled
from campaigns.store.optouts import end_optouts, insert_optout
from campaigns.store.routes import route_batches
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway, make_template, ward_id

NORTH, SOUTH = "20194", "20195"
BOTH_WARDS = {"edition": "2023", "wards": [NORTH, SOUTH]}


def due(session: Session, text: str = "Thong bao", **more: Any) -> int:
    """A campaign whose time has come."""
    described = {name: more.pop(name) for name in ("message_class", "topic") if name in more}
    version = make_template(session, plain=text, **described)
    values: dict[str, Any] = {"audience": BOTH_WARDS, "state": "scheduled", **more}
    campaign = make_campaign(session, template=version, **values)
    campaign.scheduled_for = campaign.created_at
    return campaign.id


def planned_people(database: Database, campaign: int) -> list[int]:
    """Contacts that have a message; the books must balance."""
    with database.transaction() as session:
        assert reconcile(session).balanced
        rows = session.execute(
            text("SELECT contact_id FROM message WHERE campaign_id = :c ORDER BY 1"), {"c": campaign}
        )
        return list(rows.scalars())


def batches(database: Database, campaign: int) -> Sequence[Any]:
    with database.transaction() as session:
        return session.execute(
            text(
                "SELECT b.id, b.ward_id, b.carrier, g.name AS gateway, b.size, b.parts FROM batch b"
                " LEFT JOIN gateway g ON g.id = b.gateway_id WHERE campaign_id = :c ORDER BY 2, 3, 1"
            ),
            {"c": campaign},
        ).all()


def refuse(session: Session, contact: Contact, topic: str | None = None) -> None:
    insert_optout(session, phone_hash=contact.phone_hash, topic=topic, source="staff", evidence="x", created_by="test")


def test_everybody_who_can_be_reached_gets_one_message(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        people = [make_contact(session, keyring, ward=ward) for ward in (NORTH, NORTH, SOUTH, SOUTH, SOUTH)]
        refused, other_topic, came_back = people[0], people[1], people[2]
        refuse(session, refused)
        refuse(session, other_topic, "y-te")
        refuse(session, came_back)
        end_optouts(session, phone_hash=came_back.phone_hash, topic=None, by="test", evidence="x")
        refuse(session, people[3], "cu-tru")
        make_contact(session, keyring, unusable="dead")
        make_contact(session, keyring, unusable="erased").phone_cipher = None
        make_contact(session, keyring, ward="20197")
        make_contact(session, keyring, ward=None)
        honouring = due(session)
        urgent = due(session, message_class="khan-cap")
        everywhere = due(session, message_class="khan-cap", audience={"edition": "2023", "everybody": True})
        district = due(session, audience={"edition": "2023", "districts": ["490"]})
        expected = estimate(session, honouring)
    for campaign, count in ((honouring, 3), (urgent, 5), (everywhere, 7), (district, 4)):
        assert plan_campaign(database, campaign) == count
        assert plan_campaign(database, campaign) == 0, "planned once"
        assert len(set(planned_people(database, campaign))) == count
        with database.transaction() as session:
            assert summary(session, campaign).state == "running"
    assert planned_people(database, honouring) == [other_topic.id, came_back.id, people[4].id]
    assert [expected.registered, *(step.people for step in expected.steps)] == [7, 2, 0, 2, 0, 3]


def test_a_late_task_plans_nothing_that_was_approved_for_another_time_since(database: Database, forty: int) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE campaign SET scheduled_for = now() + interval '1 minute'"))
    assert plan_campaign(database, forty) == 0
    with database.transaction() as session:
        session.execute(text("UPDATE campaign SET scheduled_for = now()"))
    assert plan_campaign(database, forty) == 40


def test_a_batch_is_one_ward_one_carrier_one_gateway_and_no_larger_than_allowed(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring, name="any")
        make_gateway(session, keyring, name="off", carriers=("viettel",), enabled=False)
        make_gateway(session, keyring, name="viettel", carriers=("viettel",))
        make_gateway(session, keyring, name="second", carriers=("viettel",))
        session.execute(text("UPDATE route SET position = 1 WHERE gateway_id = (SELECT max(id) FROM gateway)"))
        for ward, carrier, people in ((NORTH, "viettel", 5), (NORTH, "vinaphone", 1), (SOUTH, "viettel", 2)):
            for _ in range(people):
                make_contact(session, keyring, ward=ward, carrier=carrier)
        north, south = ward_id(session, NORTH), ward_id(session, SOUTH)
        campaign = due(session, "x" * 200)
    assert plan_campaign(database, campaign, batch_size=2) == 8
    assert [tuple(row)[1:] for row in batches(database, campaign)] == [
        (north, "viettel", "viettel", 2, 4),
        (north, "viettel", "viettel", 2, 4),
        (north, "viettel", "viettel", 1, 2),
        (north, "vinaphone", "any", 1, 2),
        (south, "viettel", "viettel", 2, 4),
    ]
    assert len(set(planned_people(database, campaign))) == 8


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "PAGE", 3)


@pytest.fixture
def forty(database: Database, keyring: Keyring) -> int:
    """A due campaign to forty people of two wards."""
    with database.transaction() as session:
        make_gateway(session, keyring)
        for number in range(40):
            make_contact(session, keyring, ward=(NORTH, SOUTH)[number % 3 == 0])
        return due(session)


def test_a_planner_that_stops_after_any_page_is_taken_up_again(
    database: Database, forty: int, small_pages: None
) -> None:
    planned = rounds = 0
    while True:
        once = iter((True, False))
        count = plan_campaign(database, forty, go_on=lambda once=once: next(once))  # type: ignore[misc]
        planned, rounds = planned + count, rounds + 1
        with database.transaction() as session:
            found = summary(session, forty)
            assert found.planned == planned
        if found.state == "running":
            break
        assert rounds < 40
    assert planned == 40
    assert len(set(planned_people(database, forty))) == 40


def test_two_planners_at_once_plan_everybody_once(database: Database, forty: int, small_pages: None) -> None:
    with ThreadPoolExecutor(2) as threads:
        counts = list(threads.map(lambda _: plan_campaign(database, forty), range(2)))
    assert sum(counts) == 40
    assert len(set(planned_people(database, forty))) == 40


def test_who_moves_to_another_ward_while_planning_gets_one_message(
    database: Database, forty: int, small_pages: None
) -> None:
    once = iter((True, False))
    assert plan_campaign(database, forty, go_on=lambda: next(once)) == 3
    with database.transaction() as session:
        session.execute(
            text("UPDATE contact SET ward_id = :ward WHERE id IN (SELECT contact_id FROM message)"),
            {"ward": ward_id(session, SOUTH)},
        )
    assert plan_campaign(database, forty) == 37
    assert len(set(planned_people(database, forty))) == 40


def test_who_moves_while_planning_into_a_ward_that_is_planned_already_gets_one_message_too(
    database: Database, forty: int, small_pages: None
) -> None:
    once = iter([True] * 10 + [False])
    assert plan_campaign(database, forty, go_on=lambda: next(once)) > 26, "the first ward, and some of the second"
    with database.transaction() as session:
        ids = session.execute(
            text(
                "UPDATE contact SET ward_id = :ward, updated_at = now()"
                " WHERE id NOT IN (SELECT contact_id FROM message) RETURNING id"
            ),
            {"ward": ward_id(session, NORTH)},
        )
        assert len(ids.all()) > 5
    plan_campaign(database, forty)
    assert len(planned_people(database, forty)) == 40
    with database.transaction() as session:
        assert summary(session, forty).state == "running"


def one_page(database: Database, campaign: int) -> int:
    """How many messages the next page plans."""
    once = iter((True, False))
    return plan_campaign(database, campaign, go_on=lambda: next(once))


def test_small_wards_share_a_page_and_keep_batches_of_their_own(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        for ward, carrier in ((NORTH, "viettel"), (SOUTH, "viettel"), (NORTH, "mobifone"), (NORTH, "viettel")):
            make_contact(session, keyring, ward=ward, carrier=carrier)
        make_contact(session, keyring, ward=None)
        north, south = ward_id(session, NORTH), ward_id(session, SOUTH)
        campaign = due(session, audience={"edition": "2023", "everybody": True})
    assert one_page(database, campaign) == 4, "both wards, and the empty ones between and behind"
    assert plan_campaign(database, campaign) == 1, "whoever has no ward"
    assert [(row.ward_id, row.carrier, row.size) for row in batches(database, campaign)] == [
        (north, "mobifone", 1),
        (north, "viettel", 2),
        (south, "viettel", 1),
        (None, "viettel", 1),
    ]
    assert len(set(planned_people(database, campaign))) == 5


def test_a_ward_that_no_longer_fits_on_the_page_begins_the_next(
    database: Database, keyring: Keyring, small_pages: None
) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        for ward in (NORTH, NORTH, SOUTH, SOUTH):
            make_contact(session, keyring, ward=ward)
        campaign = due(session)
    assert [one_page(database, campaign) for _ in range(3)] == [2, 2, 0]
    assert [row.size for row in batches(database, campaign)] == [2, 2]


def test_a_text_that_names_the_ward_is_measured_in_each_and_pauses_where_there_is_none(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        for ward in (NORTH, SOUTH):
            make_contact(session, keyring, ward=ward)
        everybody = {"edition": "2023", "everybody": True}
        short = len("Phuong Hoa Hiep Bac")
        body = "x" * (160 - short) + "{{ phuong }}"
        happy = due(session, body, audience=everybody)
        made = due(session, body, audience=everybody)
    assert plan_campaign(database, happy) == 2
    lengths = {row.ward_id: row.parts for row in batches(database, happy)}
    with database.transaction() as session:
        assert summary(session, happy).state == "running", "nobody lives nowhere"
        lengths_of = session.execute(text("SELECT id, length(prefix || ' ' || name) FROM area"))
        names = {row[0]: row[1] for row in lengths_of}
        make_contact(session, keyring, ward=None)
    assert lengths == {ward: 1 if names[ward] <= short else 2 for ward in lengths}
    assert plan_campaign(database, made) == 2
    with database.transaction() as session:
        assert summary(session, made).state == "paused"


def test_what_no_gateway_carries_waits_for_a_route(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring, name="vinaphone", carriers=("vinaphone",))
        for carrier in ("viettel", "viettel", "vinaphone"):
            make_contact(session, keyring, carrier=carrier)
        campaign = due(session)
    assert plan_campaign(database, campaign, batch_size=1) == 3
    assert [row.gateway for row in batches(database, campaign)] == [None, None, "vinaphone"]
    with database.transaction() as session:
        assert route_batches(session) == 0
        make_gateway(session, keyring, name="late")
        assert route_batches(session) == 2
        assert route_batches(session) == 0
    assert [row.gateway for row in batches(database, campaign)] == ["late", "late", "vinaphone"]


def test_what_a_switched_off_gateway_gives_back_later_finds_another(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring, name="first", carriers=("viettel",))
        for _ in range(2):
            make_contact(session, keyring)
        campaign = due(session)
    assert plan_campaign(database, campaign, batch_size=1) == 2
    with database.transaction() as session:
        session.execute(text("UPDATE batch SET state = 'leased' WHERE id = (SELECT min(id) FROM batch)"))
        set_enabled(session, "first", False)
    assert [row.gateway for row in batches(database, campaign)] == ["first", None], "one is on the wire"
    with database.transaction() as session:
        session.execute(text("UPDATE batch SET state = 'ready'"))
        assert route_batches(session) == 0, "nobody else to carry it"
        make_gateway(session, keyring, name="second")
        assert route_batches(session) == 2
    assert [row.gateway for row in batches(database, campaign)] == ["second", "second"]


def test_the_parts_of_a_personal_text_are_counted_for_each_person(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        long = make_contact(session, keyring, full_name="Công Tằng Tôn Nữ", attributes={"viec": "x" * 160})
        short = make_contact(session, keyring, full_name="Lê B", attributes={"viec": "họp"})
        gone = make_contact(session, keyring, full_name="Vũ C", attributes={"viec": "họp"})
        refuse(session, gone)
        campaign = due(session, "Chao {{ ho_ten }}, moi den {{ viec }}", state="scheduled")
        expected = estimate(session, campaign)
    assert plan_campaign(database, campaign) == 2
    with database.transaction() as session:
        parts = {row.contact_id: row.parts for row in session.execute(text("SELECT contact_id, parts FROM message"))}
        assert parts == {long.id: 2, short.id: 1}
        assert (expected.will_send, expected.parts) == (2, 3)
        assert summary(session, campaign).parts == 3


def test_a_text_that_cannot_be_made_for_somebody_pauses_its_campaign_before_anything_is_sent(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        make_contact(session, keyring, attributes={"gio": "8h"})
        lacking = make_contact(session, keyring, ward=SOUTH)
        campaign = due(session, "Moi den luc {{ gio }}")
    assert plan_campaign(database, campaign) == 1
    with database.transaction() as session:
        found = summary(session, campaign)
        assert found.state == "paused"
        assert found.idle_reason is not None
        assert "gio" in found.idle_reason
        assert found.totals["queued"] == found.planned == 1
        sealed = seal_person(keyring, lacking.phone_hash, None, {"gio": "9h"})
        session.get_one(Contact, lacking.id).attributes = sealed.attributes
        session.execute(text("UPDATE campaign SET state = 'scheduled'"))
    assert plan_campaign(database, campaign) == 1
    assert len(planned_people(database, campaign)) == 2

"""An audience that is narrowed: counted, listed and planned alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.models import Batch, Contact, Message
from campaigns.store.campaigns import database_now
from campaigns.store.making import list_tags
from campaigns.store.reach import WILL_SEND, Reach, count_stages, list_at_stage
from config.keys import Keyring
from tests.factories import make_campaign, make_contact


def reach(**more: Any) -> Reach:
    return Reach(ward_ids=None, topic="cu-tru", honours_refusals=True, **more)


@pytest.fixture
def people(undone: Session, keyring: Keyring) -> list[Contact]:
    """Four people who differ."""
    return [
        make_contact(undone, keyring, carrier="viettel", attributes={"nhan": "Người cao tuổi; Hộ nghèo"}),
        make_contact(undone, keyring, carrier="mobifone", language="en", attributes={"tags": " hộ nghèo |"}),
        make_contact(undone, keyring, carrier="mobifone", attributes={"nhan": " ,; "}),
        make_contact(undone, keyring, carrier="vinaphone"),
    ]


def got_a_message(session: Session, person: Contact, state: MessageState, *, days_ago: int, **more: Any) -> int:
    """A message of an earlier campaign; the campaign's id."""
    campaign = make_campaign(session, state="finished", **more)
    at = database_now(session) - timedelta(days=days_ago)
    batch = Batch(campaign_id=campaign.id, carrier="viettel", size=1, parts=1, started_at=at, state="done")
    session.add(batch)
    session.flush()
    session.add(
        Message(
            batch_id=batch.id, seq=1, contact_id=person.id, campaign_id=campaign.id, parts=1, state=state.value
        )
    )
    session.flush()
    return campaign.id


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, 4),
        ({"carriers": ("mobifone",)}, 2),
        ({"carriers": ("mobifone", "vinaphone")}, 3),
        ({"languages": ("en",)}, 1),
        ({"tags": ("hộ nghèo",)}, 2),
        ({"tags": ("người cao tuổi", "hộ nghèo")}, 2),
        ({"tags": ("hộ nghèo",), "carriers": ("mobifone",)}, 1),
        ({"tags": ("không ai",)}, 0),
    ],
)
def test_who_does_not_fit_is_not_of_the_audience(
    undone: Session, people: list[Contact], narrowed: dict[str, Any], expected: int
) -> None:
    asked = reach(**narrowed)
    counted = count_stages(undone, asked)
    assert sum(row.people for row in counted) == expected
    assert len(list_at_stage(undone, asked, WILL_SEND)) == expected
    planned = undone.execute(text(f"SELECT count(*) FROM contact c WHERE {asked.reachable()}"), asked.bind())
    assert planned.scalar_one() == expected


def test_tags_are_read_from_the_list_and_leave_with_it(undone: Session, people: list[Contact]) -> None:
    assert list_tags(undone) == ["hộ nghèo", "người cao tuổi"]
    for person in people:
        person.attributes = {}
    undone.flush()
    assert list_tags(undone) == []


@pytest.mark.parametrize(
    ("state", "days_ago", "left_out"),
    [
        (MessageState.DELIVERED, 3, True),
        (MessageState.ACCEPTED, 6, True),
        (MessageState.UNKNOWN, 3, True),
        (MessageState.DELIVERED, 8, False),
        (MessageState.UNDELIVERED, 3, False),
        (MessageState.SUPPRESSED, 3, False),
        (MessageState.CANCELLED, 3, False),
    ],
)
def test_who_got_a_message_lately_can_be_left_out(
    undone: Session, people: list[Contact], state: MessageState, days_ago: int, left_out: bool
) -> None:
    got_a_message(undone, people[0], state, days_ago=days_ago)
    got_a_message(undone, people[1], MessageState.DELIVERED, days_ago=1, standing="optout-confirmation")
    asked = reach(not_within_days=7)
    listed = [row.id for row in list_at_stage(undone, asked, "written_to_lately")]
    assert listed == ([people[0].id] if left_out else [])
    assert sum(row.people for row in count_stages(undone, asked) if row.stage == WILL_SEND) == 4 - left_out


def test_the_people_of_a_campaign_can_be_left_out_whenever_it_was(undone: Session, people: list[Contact]) -> None:
    campaign = got_a_message(undone, people[0], MessageState.DELIVERED, days_ago=300)
    got_a_message(undone, people[1], MessageState.DELIVERED, days_ago=300)
    asked = reach(not_campaigns=(campaign,))
    assert [row.id for row in list_at_stage(undone, asked, "in_campaign")] == [people[0].id]
    assert sum(row.people for row in count_stages(undone, asked) if row.stage == "in_campaign") == 1

"""Sending again to those a campaign did not reach: exactly them, minus who refused, through approval."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.again import USUAL, draft_again
from campaigns.approving import approve
from campaigns.audience.reach import reach_of
from campaigns.delivery.menu import Menu
from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MessageState
from campaigns.errors import Forbidden, InvalidInput, WrongState
from campaigns.models import Campaign
from campaigns.optouts import add_optout
from campaigns.stats import estimate, reconcile
from campaigns.steps import schedule, submit
from campaigns.store.claiming import ClaimRequest, claim_messages
from campaigns.store.database import Database
from campaigns.store.reach import REACHED, WILL_SEND, list_at_stage
from campaigns.store.unknown import settle_unknown
from config.keys import Keyring
from tests.factories import APPROVER, OFFICER, make_campaign, make_contact, make_gateway, next_phone, ward_id

ENDED = ("delivered", "delivered", "undelivered", "expired", "failed", "rejected", "unknown")


@pytest.fixture
def over(database: Database, keyring: Keyring) -> dict[str, list[int]]:
    """A finished campaign (number 1) to people of one ward; ids of people by what became of their message."""
    people: dict[str, list[int]] = {}
    with database.transaction() as session:
        make_gateway(session, keyring)
        campaign = make_campaign(session, state="finished", audience={"edition": "2023", "wards": ["20194"]})
        batch = session.execute(
            text(
                "INSERT INTO batch (campaign_id, ward_id, carrier, state, size, parts, delivered, undelivered, expired,"
                " failed, rejected, unknown) VALUES (:c, :w, 'viettel', 'done', 7, 7, 2, 1, 1, 1, 1, 1) RETURNING id"
            ),
            {"c": campaign.id, "w": ward_id(session)},
        ).scalar_one()
        for seq, ending in enumerate(ENDED, 1):
            contact = make_contact(session, keyring)
            people.setdefault(ending, []).append(contact.id)
            session.execute(
                text(
                    "INSERT INTO message (batch_id, seq, contact_id, campaign_id, parts, state)"
                    " VALUES (:b, :seq, :contact, :c, 1, :state)"
                ),
                {
                    "b": batch,
                    "seq": seq,
                    "contact": contact.id,
                    "c": campaign.id,
                    "state": MessageState[ending.upper()].value,
                },
            )
        make_contact(session, keyring)  # came into the register later
    return people


def reached(session: Session, campaign: Campaign) -> set[int]:
    return {row.id for row in list_at_stage(session, reach_of(session, campaign), WILL_SEND)}


def test_it_goes_to_those_not_reached_and_to_nobody_else(database: Database, over: dict[str, list[int]]) -> None:
    wanted = {*over["undelivered"], *over["expired"], *over["failed"]}
    with database.transaction() as session:
        # One of them moved since: people count, not their wards.
        session.execute(
            text("UPDATE contact SET ward_id = :w WHERE id = :id"),
            {"w": ward_id(session, "20227"), "id": over["expired"][0]},
        )
        again = draft_again(session, OFFICER, 1, USUAL, uuid4())
        assert again.state == "draft"
        assert reached(session, again) == wanted
        found = estimate(session, again.id)
        assert (found.registered, found.will_send) == (3, 3)
        submit(session, OFFICER, again.id)
        approve(session, APPROVER, again.id)
        schedule(session, OFFICER, again.id)
        campaign = again.id
    assert plan_campaign(database, campaign) == 3
    with database.transaction() as session:
        planned = session.execute(text("SELECT contact_id FROM message WHERE campaign_id = :c"), {"c": campaign})
        assert set(planned.scalars()) == wanted


def test_who_refused_since_is_left_out(database: Database, over: dict[str, list[int]], keyring: Keyring) -> None:
    phone = next_phone()
    with database.transaction() as session:
        session.execute(
            text("UPDATE contact SET phone_hash = :hash WHERE id = :id"),
            {"hash": keyring.hash(phone), "id": over["failed"][0]},
        )
        add_optout(session, keyring, OFFICER, phone.decode(), evidence="gọi 1022")
        again = draft_again(session, OFFICER, 1, USUAL, uuid4())
        assert reached(session, again) == {*over["undelivered"], *over["expired"]}
        assert estimate(session, again.id).people("refused") == 1


def test_the_unknown_get_it_only_where_somebody_asks_for_it(database: Database, over: dict[str, list[int]]) -> None:
    with database.transaction() as session:
        again = draft_again(session, OFFICER, 1, ["unknown", "rejected"], uuid4())
        assert reached(session, again) == {*over["unknown"], *over["rejected"]}


def test_who_turns_out_to_have_it_after_the_planning_does_not_get_it_again(
    database: Database, over: dict[str, list[int]]
) -> None:
    with database.transaction() as session:
        again = draft_again(session, OFFICER, 1, ["unknown", "undelivered", "failed"], uuid4()).id
        submit(session, OFFICER, again)
        approve(session, APPROVER, again)
        schedule(session, OFFICER, again)
    assert plan_campaign(database, again) == 3
    with database.transaction() as session:
        settle_unknown(session, [1], [7], [MessageState.DELIVERED], error="")
        gateway = session.execute(text("SELECT id FROM gateway")).scalar_one()
    facts = Menu(database, gateway).next()
    assert facts is not None
    ask = ClaimRequest(gateway, again, facts.reach, False, 100.0, 100, cover=9, worker="w", lease_seconds=20)
    with database.transaction() as session:
        claim = claim_messages(session, ask, uuid4())
        assert claim is not None
        assert {message.contact_id for message in claim.messages} == {*over["undelivered"], *over["failed"]}
        left_out = session.execute(text("SELECT contact_id, error FROM message WHERE state = 50")).all()
        assert left_out == [(over["unknown"][0], REACHED)]
        assert reconcile(session).balanced


def test_one_form_makes_one_draft(database: Database, over: dict[str, list[int]]) -> None:
    token = uuid4()
    with database.transaction() as session:
        first = draft_again(session, OFFICER, 1, USUAL, token).id
        assert draft_again(session, OFFICER, 1, USUAL, token).id == first
        assert draft_again(session, OFFICER, 1, USUAL, uuid4()).id != first


def test_what_cannot_be_repeated_is_refused(database: Database, over: dict[str, list[int]]) -> None:
    with database.transaction() as session:
        with pytest.raises(Forbidden):
            draft_again(session, APPROVER, 1, USUAL, uuid4())
        with pytest.raises(InvalidInput, match="Hãy chọn ít nhất một kết quả"):
            draft_again(session, OFFICER, 1, [], uuid4())
        running, empty = make_campaign(session, state="running"), make_campaign(session, state="finished")
        with pytest.raises(WrongState):
            draft_again(session, OFFICER, running.id, USUAL, uuid4())
        with pytest.raises(InvalidInput, match="Không có tin nào"):
            draft_again(session, OFFICER, empty.id, USUAL, uuid4())

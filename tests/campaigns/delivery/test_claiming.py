"""Claiming, recording, releasing, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from campaigns.delivery.states import MessageState
from campaigns.errors import WrongState
from campaigns.receipts.unknown import resend
from campaigns.store.database import Database
from campaigns.store.delivery import (
    advance_wire,
    cancel_queued_messages,
    finish_campaigns,
    reap_lapsed_leases,
    resend_unknown_messages,
)
from campaigns.store.optouts import insert_optout
from campaigns.store.reach import Reach
from config.keys import Keyring
from tests.campaigns.delivery.conftest import Planned
from tests.factories import APPROVER

A, Q, U = MessageState.ACCEPTED, MessageState.QUEUED, MessageState.UNKNOWN
Make = Callable[..., Planned]


def run(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as session:
        session.execute(text(statement), values)


def test_a_claim_takes_a_batch_once(planned: Make) -> None:
    campaign = planned(10)
    claim = campaign.claim()
    assert claim is not None
    assert [m.seq for m in claim.messages] == list(range(1, 11))
    assert campaign.claim() is None
    assert campaign.totals() == {"claimed": 10}


def test_the_numbers_claimed_are_those_of_the_people(planned: Make) -> None:
    campaign = planned(3)
    claim = campaign.claim()
    assert claim is not None
    numbers = {campaign.keyring.decrypt(m.phone_cipher) for m in claim.messages}
    assert len(numbers) == 3
    assert all(number.startswith(b"849") for number in numbers)


def test_a_claim_holds_no_more_than_asked_and_the_rest_stays_ready(planned: Make) -> None:
    campaign = planned(10)
    first = campaign.claim(most=4)
    assert first is not None
    campaign.record(first, *[(m.seq, A, f"r{m.seq}") for m in first.messages])
    campaign.release(first)
    second = campaign.claim()
    assert second is not None
    assert [m.seq for m in second.messages] == [5, 6, 7, 8, 9, 10]
    assert campaign.totals() == {"accepted": 4, "claimed": 6}


def test_the_budget_counts_parts(planned: Make) -> None:
    campaign = planned(10, text="x" * 200)
    claim = campaign.claim(budget_parts=6.0)
    assert claim is not None
    assert len(claim.messages) == 3


def test_a_refusal_after_planning_is_suppressed_at_the_claim(planned: Make, keyring: Keyring) -> None:
    campaign = planned(3)
    refuse(campaign, person=1)
    claim = campaign.claim()
    assert claim is not None
    assert len(claim.messages) == 2
    assert campaign.totals() == {"claimed": 2, "suppressed": 1}


def refuse(campaign: Planned, person: int, topic: str | None = None) -> None:
    with campaign.database.transaction() as session:
        phone_hash = session.execute(
            text("SELECT phone_hash FROM contact ORDER BY id OFFSET :n LIMIT 1"), {"n": person}
        ).scalar_one()
        insert_optout(session, phone_hash=phone_hash, topic=topic, source="staff", evidence="call", created_by="test")


def test_a_refusal_of_another_topic_changes_nothing(planned: Make) -> None:
    campaign = planned(2)
    refuse(campaign, 0, topic="y-te")
    claim = campaign.claim()
    assert claim is not None
    assert len(claim.messages) == 2


def test_a_class_that_refusals_do_not_stop_reaches_everybody(planned: Make) -> None:
    campaign = planned(2)
    refuse(campaign, 0)
    claim = campaign.claim(reach=Reach(ward_ids=None, topic="cu-tru", honours_refusals=False))
    assert claim is not None
    assert len(claim.messages) == 2


def test_nothing_is_claimed_from_a_paused_campaign(planned: Make) -> None:
    campaign = planned(2)
    run(campaign.database, "UPDATE campaign SET state = 'paused'")
    assert campaign.claim() is None


def test_nothing_is_claimed_outside_the_hours(planned: Make) -> None:
    campaign = planned(2)
    hours = "(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::time"
    run(
        campaign.database,
        f"UPDATE campaign SET window_start = {hours} + interval '1 hour', window_end = {hours} + interval '2 hours'",
    )
    assert campaign.claim() is None
    run(
        campaign.database,
        f"UPDATE campaign SET window_start = {hours} - interval '1 hour', window_end = {hours} + interval '1 hour'",
    )
    assert campaign.claim() is not None


def test_a_retry_waits_and_fresh_messages_go_first(planned: Make) -> None:
    campaign = planned(4)
    first = campaign.claim(most=2)
    assert first is not None
    campaign.record(first, (1, Q, None), (2, A, "r2"))
    campaign.release(first)
    second = campaign.claim()
    assert second is not None
    assert [m.seq for m in second.messages] == [3, 4]
    campaign.record(second, (3, A, "r3"), (4, A, "r4"))
    campaign.release(second)
    assert campaign.claim() is None, "the retry has to wait"
    run(campaign.database, "UPDATE batch SET not_before = now() - interval '1 second'")
    third = campaign.claim()
    assert third is not None
    assert [(m.seq, m.attempts) for m in third.messages] == [(1, 1)]


def test_a_dead_workers_claim_becomes_unknown_and_the_rest_goes_on(planned: Make) -> None:
    campaign = planned(5)
    claim = campaign.claim(most=3)
    assert claim is not None
    campaign.record(claim, (1, A, "r1"))
    run(campaign.database, "UPDATE batch SET lease_until = now() - interval '1 second'")
    with campaign.database.transaction() as session:
        assert reap_lapsed_leases(session) == 1
    assert campaign.totals() == {"accepted": 1, "queued": 2, "unknown": 2}
    again = campaign.claim()
    assert again is not None
    assert [m.seq for m in again.messages] == [4, 5], "an unknown message is never taken again"


def test_an_answer_that_comes_after_the_lease_was_lost_still_counts(planned: Make) -> None:
    campaign = planned(2)
    claim = campaign.claim()
    assert claim is not None
    run(campaign.database, "UPDATE batch SET lease_until = now() - interval '1 second'")
    with campaign.database.transaction() as session:
        reap_lapsed_leases(session)
    assert campaign.record(claim, (1, A, "r1"), (2, Q, None)) is False
    assert campaign.totals() == {"accepted": 1, "unknown": 1}, "what may have been sent is not queued again"


def test_a_cancelled_campaign_settles_what_is_unsent(planned: Make) -> None:
    campaign = planned(5)
    claim = campaign.claim(most=2)
    assert claim is not None
    run(campaign.database, "UPDATE campaign SET state = 'cancelled'")
    campaign.record(claim, (1, A, "r1"), (2, Q, None))
    campaign.release(claim)
    with campaign.database.transaction() as session:
        assert cancel_queued_messages(session) == 4
    assert campaign.totals() == {"accepted": 1, "cancelled": 4}


def test_a_campaign_finishes_when_nothing_is_left_to_send(planned: Make) -> None:
    campaign = planned(2)
    claim = campaign.claim()
    assert claim is not None
    with campaign.database.transaction() as session:
        assert finish_campaigns(session) == []
    campaign.record(claim, (1, A, "r1"), (2, U, None))
    campaign.release(claim)
    with campaign.database.transaction() as session:
        assert finish_campaigns(session) == [campaign.campaign_id]


def lapse(campaign: Planned) -> None:
    run(campaign.database, "UPDATE batch SET lease_until = now() - interval '1 second' WHERE state = 'leased'")
    with campaign.database.transaction() as session:
        reap_lapsed_leases(session)


def test_what_was_not_on_the_wire_when_a_worker_died_is_sent_by_another(planned: Make) -> None:
    campaign = planned(10)
    claim = campaign.claim(cover=2)
    assert claim is not None
    with campaign.database.transaction() as session:
        assert advance_wire(session, claim.batch_id, claim.token, 4, lease_seconds=20)
    lapse(campaign)
    assert campaign.totals() == {"queued": 6, "unknown": 4}
    again = campaign.claim()
    assert again is not None
    assert [m.seq for m in again.messages] == [5, 6, 7, 8, 9, 10]


def test_a_worker_that_only_seemed_dead_cannot_pass_its_mark(planned: Make) -> None:
    campaign = planned(10)
    claim = campaign.claim(cover=2)
    assert claim is not None
    lapse(campaign)
    assert campaign.claim() is not None
    with campaign.database.transaction() as session:
        assert not advance_wire(session, claim.batch_id, claim.token, 4, lease_seconds=20)


def test_a_worker_that_lost_its_lease_cannot_queue_again_what_another_sends(planned: Make) -> None:
    campaign = planned(3)
    claim = campaign.claim(cover=1)
    assert claim is not None
    lapse(campaign)
    other = campaign.claim()
    assert other is not None
    assert campaign.record(claim, (2, Q, None), (3, Q, None)) is False
    assert campaign.totals() == {"claimed": 2, "unknown": 1}


def days_pass(campaign: Planned, days: int) -> None:
    run(
        campaign.database,
        "UPDATE batch SET started_at = started_at - make_interval(days => :days),"
        " lease_until = lease_until - make_interval(days => :days)",
        days=days,
    )
    run(campaign.database, "UPDATE message SET retry_until = retry_until - make_interval(days => :days)", days=days)


def resent(campaign: Planned) -> int:
    with campaign.database.transaction() as session:
        return resend_unknown_messages(session, attempts=9)


def send_one(campaign: Planned, state: MessageState) -> None:
    claim = campaign.claim(most=1)
    assert claim is not None
    campaign.record(claim, *[(message.seq, state, None) for message in claim.messages])
    campaign.release(claim, retry_seconds=0)


@pytest.mark.parametrize("died", [False, True])
def test_the_validity_of_what_is_unknown_begins_with_the_last_claim_of_its_batch(planned: Make, died: bool) -> None:
    """A pace, or people who had enough, make one batch last for days."""
    campaign = planned(2, validity_minutes=60, unknown_policy="resend")
    send_one(campaign, A)
    days_pass(campaign, 1)
    if died:
        assert campaign.claim() is not None
        lapse(campaign)
    else:
        send_one(campaign, U)
    assert resent(campaign) == 0, "the telco may still deliver it"
    days_pass(campaign, 1)
    assert resent(campaign) == 1


def test_what_is_sent_again_has_its_validity_before_it_again(planned: Make) -> None:
    campaign = planned(1, validity_minutes=60, unknown_policy="resend")
    send_one(campaign, Q)
    send_one(campaign, U)
    days_pass(campaign, 1)
    assert resent(campaign) == 1
    claim = campaign.claim()
    assert claim is not None
    assert [message.validity_left for message in claim.messages] == [None]


def test_past_its_deadline_a_campaign_leaves_the_unknown_unknown(planned: Make) -> None:
    campaign = planned(1, validity_minutes=60, unknown_policy="resend")
    send_one(campaign, U)
    days_pass(campaign, 1)
    run(campaign.database, "UPDATE campaign SET deadline = now()")
    assert resent(campaign) == 0
    with pytest.raises(WrongState, match="hạn chót"):
        resend(campaign.database, APPROVER, campaign.campaign_id, "công văn 12")
    assert campaign.totals() == {"unknown": 1}

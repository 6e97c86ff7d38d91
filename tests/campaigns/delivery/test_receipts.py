"""Receipts: in order, out of order, twice, early, late, in parts, and for messages whose answer was never seen."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import text

from campaigns.delivery.states import MessageState
from campaigns.store.delivery import reap_lapsed_leases
from campaigns.store.receipts import ReceiptColumns, adopt_unknown_messages, apply_parked_receipts, apply_receipts
from tests.campaigns.delivery.conftest import Planned

S = MessageState
Make = Callable[..., Planned]


def receive(campaign: Planned, *receipts: tuple[str, S], recipient: str | None = None) -> int:
    columns = ReceiptColumns()
    for reference, state in receipts:
        columns.add(reference, state, "001" if state is S.UNDELIVERED else None, recipient)
    with campaign.database.transaction() as session:
        return apply_receipts(session, campaign.gateway_id, columns, campaign.keyring.hash)


def settle(campaign: Planned) -> int:
    with campaign.database.transaction() as session:
        return apply_parked_receipts(session, younger_than=3600)


def accepted(make: Make, people: int = 3, **more: object) -> Planned:
    campaign = make(people, **more)
    claim = campaign.claim()
    assert claim is not None
    campaign.record(claim, *[(m.seq, S.ACCEPTED, f"r{m.seq}") for m in claim.messages])
    campaign.release(claim)
    return campaign


def test_receipts_settle_messages(planned: Make) -> None:
    campaign = accepted(planned)
    assert receive(campaign, ("r1", S.DELIVERED), ("r2", S.UNDELIVERED), ("r3", S.EXPIRED)) == 3
    assert campaign.totals() == {"delivered": 1, "undelivered": 1, "expired": 1}


def test_a_repeated_receipt_changes_nothing(planned: Make) -> None:
    campaign = accepted(planned)
    for _ in range(3):
        receive(campaign, ("r1", S.DELIVERED), ("r1", S.DELIVERED))
    assert campaign.totals() == {"accepted": 2, "delivered": 1}


def test_a_late_receipt_never_moves_a_message_back(planned: Make) -> None:
    campaign = accepted(planned)
    receive(campaign, ("r1", S.DELIVERED))
    receive(campaign, ("r1", S.ACCEPTED), ("r1", S.EXPIRED))
    assert campaign.totals() == {"accepted": 2, "delivered": 1}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_receipts_ends_the_same(planned: Make, seed: int) -> None:
    campaign = accepted(planned)
    news = [("r1", S.ACCEPTED), ("r1", S.DELIVERED), ("r2", S.ACCEPTED), ("r2", S.UNDELIVERED), ("r3", S.EXPIRED)] * 2
    random.Random(seed).shuffle(news)
    for item in news:
        receive(campaign, item)
    assert campaign.totals() == {"delivered": 1, "undelivered": 1, "expired": 1}


def test_a_receipt_that_overtakes_our_commit_is_parked_and_applied_later(planned: Make) -> None:
    campaign = planned(1)
    claim = campaign.claim()
    assert claim is not None
    assert receive(campaign, ("r1", S.DELIVERED)) == 0
    assert settle(campaign) == 0
    campaign.record(claim, (1, S.ACCEPTED, "r1"))
    assert settle(campaign) == 1
    assert settle(campaign) == 0
    assert campaign.totals() == {"delivered": 1}


def test_a_message_of_several_parts_is_delivered_when_all_its_parts_are(planned: Make) -> None:
    campaign = planned(1, text="x" * 400)
    claim = campaign.claim()
    assert claim is not None
    campaign.record(claim, (1, S.ACCEPTED, "p0"))
    with campaign.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO submission (batch_id, gateway_id, seq, part, reference)"
                " SELECT batch_id, gateway_id, seq, p, 'p' || p FROM submission, generate_series(1, 2) p"
            )
        )
    receive(campaign, ("p2", S.DELIVERED))
    receive(campaign, ("p0", S.DELIVERED), ("p0", S.DELIVERED))
    assert campaign.totals() == {"accepted": 1}
    receive(campaign, ("p1", S.DELIVERED))
    assert campaign.totals() == {"delivered": 1}


def test_one_part_undelivered_is_a_message_undelivered(planned: Make) -> None:
    campaign = accepted(planned, people=1, text="x" * 200)
    receive(campaign, ("r1", S.UNDELIVERED))
    assert campaign.totals() == {"undelivered": 1}


def unknown(make: Make, people: int = 2) -> Planned:
    campaign = make(people)
    assert campaign.claim() is not None
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE batch SET lease_until = now() - interval '1 second'"))
        reap_lapsed_leases(session)
    assert campaign.totals() == {"unknown": people}
    return campaign


def number_of(campaign: Planned, person: int) -> str:
    with campaign.database.transaction() as session:
        cipher: bytes = session.execute(
            text("SELECT phone_cipher FROM contact ORDER BY id OFFSET :n LIMIT 1"), {"n": person}
        ).scalar_one()
        return campaign.keyring.decrypt(cipher).decode()


def adopt(campaign: Planned) -> int:
    with campaign.database.transaction() as session:
        count = adopt_unknown_messages(session, older_than=0, younger_than=3600)
    settle(campaign)
    return count


def test_an_unknown_message_is_settled_by_the_person_the_receipt_names(planned: Make) -> None:
    campaign = unknown(planned)
    receive(campaign, ("never-answered", S.DELIVERED), recipient=number_of(campaign, 0))
    assert adopt(campaign) == 1
    assert campaign.totals() == {"unknown": 1, "delivered": 1}
    receive(campaign, ("never-answered", S.DELIVERED), recipient=number_of(campaign, 0))
    assert adopt(campaign) == 0


def test_a_receipt_for_somebody_else_settles_nothing(planned: Make) -> None:
    campaign = unknown(planned)
    receive(campaign, ("stray", S.DELIVERED), recipient="84999999999")
    assert adopt(campaign) == 0
    assert campaign.totals() == {"unknown": 2}


def test_where_two_unknown_messages_fit_neither_is_guessed(planned: Make) -> None:
    campaign = unknown(planned, people=1)
    with campaign.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO message (batch_id, seq, contact_id, campaign_id, occasion, state, parts)"
                " SELECT batch_id, 2, contact_id, campaign_id, 1, state, parts FROM message"
            )
        )
        session.execute(text("UPDATE batch SET size = 2, unknown = 2"))
    receive(campaign, ("either", S.DELIVERED), recipient=number_of(campaign, 0))
    assert adopt(campaign) == 0
    assert campaign.totals() == {"unknown": 2}


def test_all_parts_of_an_unknown_message_are_settled_by_person(planned: Make) -> None:
    campaign = unknown(planned, people=1)
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE message SET parts = 2"))
    receive(campaign, ("part-a", S.DELIVERED), recipient=number_of(campaign, 0))
    receive(campaign, ("part-b", S.DELIVERED), recipient=number_of(campaign, 0))
    assert adopt(campaign) == 1
    assert campaign.totals() == {"accepted": 1}
    assert adopt(campaign) == 1
    assert campaign.totals() == {"delivered": 1}


def test_one_reference_may_stand_for_all_parts_of_a_message(planned: Make) -> None:
    campaign = planned(1, text="x" * 400)
    claim = campaign.claim()
    assert claim is not None
    campaign.record(claim, (1, S.ACCEPTED, "whole"))
    with campaign.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO submission (batch_id, gateway_id, seq, part, reference, submitted_at)"
                " SELECT batch_id, gateway_id, seq, p, reference, submitted_at FROM submission, generate_series(1, 2) p"
            )
        )
    receive(campaign, ("whole", S.DELIVERED))
    assert campaign.totals() == {"delivered": 1}


def test_a_reference_that_came_round_again_means_the_message_sent_last(planned: Make) -> None:
    campaign = planned(2, batch_size=1)
    older, younger = campaign.claim(), campaign.claim()
    assert older is not None
    assert younger is not None
    for claim in (younger, older):
        campaign.record(claim, (1, S.ACCEPTED, "1"))
    receive(campaign, ("1", S.DELIVERED))
    with campaign.database.transaction() as session:
        delivered = session.execute(text("SELECT batch_id FROM message WHERE state = 60")).scalar_one()
    assert delivered == older.batch_id

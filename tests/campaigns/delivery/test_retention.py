"""Old messages leave, their numbers stay, and whatever may still move is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from campaigns.delivery import retention
from campaigns.delivery.housekeeping import tidy
from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.retention import Keep, Purged, foresee, purge
from campaigns.delivery.states import MessageState
from campaigns.stats import stats_by
from campaigns.store.database import Database
from campaigns.store.delivery import finish_campaigns
from campaigns.store.receipts import ReceiptColumns, apply_receipts
from tests.campaigns.delivery.conftest import Planned
from tests.factories import make_campaign

S = MessageState
Make = Callable[..., Planned]
KEEP = Keep(messages_months=24, references_days=30)


def sent(make: Make, people: int = 4, batch_size: int = 2) -> Planned:
    """A finished campaign: one of each batch delivered, the other accepted."""
    campaign = make(people, batch_size=batch_size)
    while (claim := campaign.claim()) is not None:
        campaign.record(claim, *[(m.seq, S.ACCEPTED, f"{claim.batch_id}-{m.seq}") for m in claim.messages])
        campaign.release(claim)
        assert receive(campaign, f"{claim.batch_id}-1") == 1
    with campaign.database.transaction() as session:
        assert finish_campaigns(session) == [campaign.campaign_id]
    return campaign


def receive(campaign: Planned, reference: str) -> int:
    columns = ReceiptColumns()
    columns.add(reference, S.DELIVERED, None, None)
    with campaign.database.transaction() as session:
        return apply_receipts(session, campaign.gateway_id, columns, campaign.keyring.hash)


def age(campaign: Planned, ago: str) -> None:
    """As if all of it had happened so long ago."""
    with campaign.database.transaction() as session:
        session.execute(text(f"UPDATE campaign SET finished_at = finished_at - interval '{ago}'"))
        session.execute(text(f"UPDATE batch SET started_at = started_at - interval '{ago}'"))


def count(database: Database, table: str) -> int:
    with database.transaction() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_messages_leave_when_their_time_is_over_and_every_number_stays(planned: Make) -> None:
    campaign = sent(planned)
    with campaign.database.transaction() as session:
        before = [stats_by(session, campaign.campaign_id, by) for by in ("ward", "carrier", "gateway", "state")]
    age(campaign, "25 months")
    with campaign.database.transaction() as session:
        assert foresee(session, KEEP) == Purged(batches=2, messages=4, references=4)
    assert purge(campaign.database, KEEP) == Purged(batches=2, messages=4, references=4)
    assert (count(campaign.database, "message"), count(campaign.database, "submission")) == (0, 0)
    assert campaign.totals() == {"delivered": 2, "accepted": 2}, "and the books balance"
    with campaign.database.transaction() as session:
        assert [stats_by(session, campaign.campaign_id, by) for by in ("ward", "carrier", "gateway", "state")] == before
    assert purge(campaign.database, KEEP) == Purged()


def test_references_leave_first_and_a_later_receipt_is_only_parked(planned: Make) -> None:
    campaign = sent(planned)
    age(campaign, "29 days")
    assert purge(campaign.database, KEEP) == Purged()
    assert receive(campaign, next(iter(references(campaign)))) == 1
    age(campaign, "2 days")
    late = references(campaign)[-1]
    with campaign.database.transaction() as session:
        assert foresee(session, KEEP) == Purged(references=4)
    assert purge(campaign.database, KEEP) == Purged(references=4)
    assert count(campaign.database, "message") == 4
    assert receive(campaign, late) == 0
    assert campaign.totals() == {"delivered": 3, "accepted": 1}
    age(campaign, "2 years")
    assert purge(campaign.database, KEEP) == Purged(batches=2, messages=4)


def references(campaign: Planned) -> list[str]:
    """References whose receipt has not come, oldest first."""
    with campaign.database.transaction() as session:
        rows = session.execute(
            text(
                "SELECT reference FROM submission JOIN message USING (batch_id, seq) WHERE state = :accepted ORDER BY 1"
            ),
            {"accepted": S.ACCEPTED.value},
        )
        return list(rows.scalars())


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_campaign_that_may_still_send_keeps_everything(planned: Make, state: str) -> None:
    campaign = sent(planned)
    age(campaign, "10 years")
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE campaign SET state = :state"), {"state": state})
    assert purge(campaign.database, KEEP) == Purged()


def test_what_a_cancelled_campaign_had_sent_leaves_by_the_time_it_was_sent(planned: Make) -> None:
    campaign = sent(planned)
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE campaign SET state = 'cancelled', finished_at = NULL"))
        session.execute(text("UPDATE campaign SET planned_at = now() - interval '3 years'"))
        session.execute(text("UPDATE batch SET started_at = now() - interval '1 year' WHERE id = 1"))
        session.execute(text("UPDATE batch SET started_at = now() - interval '30 months' WHERE id = 2"))
    assert purge(campaign.database, Keep(24, 0)) == Purged(batches=1, messages=2, references=2)


def test_a_term_of_nought_keeps_for_ever(planned: Make) -> None:
    campaign = sent(planned)
    age(campaign, "90 years")
    assert purge(campaign.database, Keep(0, 0)) == Purged()
    with campaign.database.transaction() as session:
        assert foresee(session, Keep(0, 0)) == Purged()


def test_it_stops_between_chunks_and_goes_on_another_time(planned: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK_BATCHES", 1)
    campaign = sent(planned)
    age(campaign, "25 months")
    once = iter((True, False, False, False))
    assert purge(campaign.database, KEEP, go_on=lambda: next(once)) == Purged(batches=1, messages=2, references=2)
    assert campaign.totals() == {"delivered": 2, "accepted": 2}
    assert purge(campaign.database, KEEP) == Purged(batches=1, messages=2, references=2)


def test_it_passes_by_what_somebody_holds(planned: Make) -> None:
    campaign = sent(planned)
    age(campaign, "25 months")
    with campaign.database.transaction() as holder:
        holder.execute(text("SELECT FROM batch WHERE id = 1 FOR UPDATE"))
        assert purge(campaign.database, KEEP).messages == 2
    assert purge(campaign.database, KEEP).messages == 2


def test_a_message_that_turns_up_in_a_purged_batch_is_told_by_the_books(planned: Make) -> None:
    campaign = sent(planned)
    age(campaign, "25 months")
    purge(campaign.database, KEEP)
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE batch SET delivered = delivered + 1 WHERE id = 1"))
    with pytest.raises(AssertionError):
        campaign.totals()
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE batch SET delivered = delivered - 1 WHERE id = 1"))
        session.execute(
            text("INSERT INTO message (batch_id, seq, contact_id, campaign_id, parts) VALUES (1, 1, 1, :c, 1)"),
            {"c": campaign.campaign_id},
        )
    with pytest.raises(AssertionError):
        campaign.totals()


def test_settled_parked_receipts_leave_and_waiting_ones_stay(planned: Make) -> None:
    campaign = sent(planned)
    for reference in ("unknown-1", "unknown-2", "unknown-3"):
        receive(campaign, reference)
    with campaign.database.transaction() as session:
        session.execute(
            text("UPDATE parked_receipt SET settled_at = now() - CAST(:ago AS interval) WHERE reference = :r"),
            [{"ago": "31 days", "r": "unknown-1"}, {"ago": "1 day", "r": "unknown-2"}],
        )
        assert foresee(session, KEEP) == Purged(receipts=1)
    assert purge(campaign.database, KEEP) == Purged(receipts=1)
    assert count(campaign.database, "parked_receipt") == 2


def test_the_tick_lets_them_go_once_a_minute_and_the_audit_knows(planned: Make) -> None:
    campaign = sent(planned)
    age(campaign, "25 months")
    for thorough, purged in ((False, 0), (True, 8)):
        done = tidy(campaign.database, lease_seconds=20, retry_attempts=5, thorough=thorough, keep=KEEP)
        assert done is not None
        assert done.purged == purged
    with campaign.database.transaction() as session:
        detail = session.execute(text("SELECT detail FROM audit WHERE action = 'messages.purged'")).scalar_one()
    assert detail == {"batches": 2, "messages": 4, "references": 4, "receipts": 0}


def test_a_purged_campaign_does_not_stand_in_the_way_of_the_next(planned: Make) -> None:
    campaign = sent(planned)
    age(campaign, "25 months")
    purge(campaign.database, KEEP)
    with campaign.database.transaction() as session:
        again = make_campaign(session, state="scheduled")
        again.scheduled_for = again.created_at
        number = again.id
    assert plan_campaign(campaign.database, number) == 4


def test_messages_of_a_class_leave_by_its_own_term(planned: Make) -> None:
    campaign = sent(planned)
    age(campaign, "13 months")
    assert purge(campaign.database, Keep(24, 0)) == Purged()
    assert purge(campaign.database, Keep(24, 0, {"khan-cap": 12})) == Purged()
    assert purge(campaign.database, Keep(0, 0, {"thong-bao": 12})).messages > 0

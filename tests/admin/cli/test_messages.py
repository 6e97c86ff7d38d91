"""``loa messages purge``: what would go, and letting it go."""

from __future__ import annotations

from sqlalchemy import text

from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MessageState
from campaigns.store.database import Database
from config.keys import Keyring
from tests.admin.cli.conftest import Run
from tests.factories import make_campaign, make_contact, make_gateway


def test_a_dry_run_tells_what_a_purge_then_does(loa: Run, database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_gateway(session, keyring)
        make_contact(session, keyring)
        campaign = make_campaign(session, state="scheduled")
        campaign.scheduled_for = campaign.created_at
        number = campaign.id
    assert plan_campaign(database, number) == 1
    with database.transaction() as session:
        session.execute(text("UPDATE batch SET queued = 0, cancelled = 1, state = 'done'"))
        session.execute(text("UPDATE message SET state = :state"), {"state": MessageState.CANCELLED.value})
        session.execute(text("UPDATE campaign SET state = 'finished', finished_at = now() - interval '25 months'"))
    expected = {"batches": 1, "messages": 1, "references": 0, "receipts": 0}
    nothing = dict.fromkeys(expected, 0)
    assert loa("messages", "purge", "--dry-run", "--json", LOA_KEEP_MESSAGES_MONTHS="26").document == nothing
    assert loa("messages", "purge", "--dry-run", "--json", LOA_KEEP_MESSAGES_MONTHS="24").document == expected
    assert "1 tin nhắn" in loa("messages", "purge", "--dry-run").err
    assert loa("messages", "purge", "--json").document == expected
    assert loa("messages", "purge", "--json").document == nothing
    assert loa("reconcile", "--json").document["balanced"] is True

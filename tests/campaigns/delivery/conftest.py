"""A planned campaign to claim from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MessageState
from campaigns.stats import reconcile, summary
from campaigns.store.claiming import Claim, ClaimRequest, claim_messages
from campaigns.store.database import Database
from campaigns.store.delivery import Outcomes, record_outcomes, release_batch
from campaigns.store.reach import Reach
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway, make_template


@dataclass
class Planned:
    """A running campaign of some people on one gateway."""

    database: Database
    keyring: Keyring
    campaign_id: int
    gateway_id: int

    def claim(self, most: int = 500, **changes: object) -> Claim | None:
        ask = {
            "gateway_id": self.gateway_id,
            "campaign_id": self.campaign_id,
            "reach": Reach(ward_ids=None, topic="cu-tru", honours_refusals=True),
            "personal": False,
            "budget_parts": 1000.0,
            "most": most,
            "cover": 500,
            "worker": "test",
            "lease_seconds": 20.0,
        }
        with self.database.transaction() as session:
            return claim_messages(session, ClaimRequest(**(ask | changes)), uuid4())  # type: ignore[arg-type]

    def record(self, claim: Claim, *outcomes: tuple[int, MessageState, str | None], token: UUID | None = None) -> bool:
        """Record (seq, state, reference) of a claim; whether the lease is still held."""
        written = Outcomes()
        for seq, state, reference in outcomes:
            written.add(seq, state, None, 1)
            if reference:
                written.reference_seqs.append(seq)
                written.reference_parts.append(0)
                written.references.append(reference)
        with self.database.transaction() as session:
            return record_outcomes(
                session, claim.batch_id, self.gateway_id, token or claim.token, written, lease_seconds=20
            ).held

    def release(self, claim: Claim, retry_seconds: float = 10) -> None:
        with self.database.transaction() as session:
            release_batch(session, claim.batch_id, claim.token, waits=[retry_seconds])

    def totals(self) -> dict[str, int]:
        """Non-zero totals; the books must balance whenever they are looked at."""
        with self.database.transaction() as session:
            assert reconcile(session).differences == []
            found = summary(session, self.campaign_id)
        assert sum(found.totals.values()) == found.planned
        return {state: count for state, count in found.totals.items() if count}


@pytest.fixture
def planned(database: Database, keyring: Keyring) -> Callable[..., Planned]:
    """Makes a running campaign to ``people`` viettel subscribers of one ward."""

    def make(people: int = 10, batch_size: int = 500, text: str = "Thong bao", **campaign: object) -> Planned:
        with database.transaction() as session:
            gateway = make_gateway(session, keyring, tps=1000)
            for _ in range(people):
                make_contact(session, keyring)
            row = make_campaign(
                session,
                template=make_template(session, plain=text),
                state="scheduled",
                window_start="00:00",
                window_end="00:00",
                **campaign,
            )
            row.scheduled_for = row.created_at
            ids = row.id, gateway.id
        assert plan_campaign(database, ids[0], batch_size=batch_size) == people
        return Planned(database, keyring, *ids)

    return make

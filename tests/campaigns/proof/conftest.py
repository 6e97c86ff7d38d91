"""A campaign that was made, ordered, approved and sent, with a refusal before and one after it was frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

import pytest

from campaigns import steps
from campaigns.access import Actor
from campaigns.audience.selection import Audience
from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MessageState
from campaigns.draft import CampaignDraft
from campaigns.store.campaigns import database_now
from campaigns.store.database import Database
from campaigns.store.optouts import insert_optout
from config.keys import Keyring
from tests.campaigns.delivery.conftest import Planned
from tests.factories import APPROVER, OFFICER, make_contact, make_gateway, make_template, next_phone

READER = Actor("analyst@danang.example", frozenset({"analyst"}))
PHONE = "84905777123"
"""Of somebody in the audience: nothing of the proof may hold it."""


@dataclass(frozen=True)
class Done:
    """The campaign's number, and the database it is in."""

    database: Database
    id: int


def refuse(database: Database, keyring: Keyring, number: bytes) -> None:
    with database.transaction() as session:
        insert_optout(
            session, phone_hash=keyring.hash(number), topic=None, source="staff", evidence="đơn", created_by="x"
        )


@pytest.fixture
def done(database: Database, keyring: Keyring) -> Done:
    """Six people: one refused before, one after the freezing, four got the message; one of the four has no receipt."""
    early, late = next_phone(), next_phone()
    with database.transaction() as session:
        gateway = make_gateway(session, keyring, name="viettel", tps=1000)
        for number in (early, late, PHONE.encode(), *(next_phone() for _ in range(3))):
            make_contact(session, keyring, phone=number, full_name="Trần Văn Bí Mật")
        version = make_template(session, marked="Thông báo từ UBND phường.", plain="Thong bao tu UBND phuong.")
        draft = CampaignDraft(
            name="Bảy phương thức thay sổ hộ khẩu",
            template_version_id=version.id,
            audience=Audience(edition="2023", wards=("20194",)),
            start_at=database_now(session),
            window_start=time(0),
            window_end=time(0),
        )
        campaign = steps.create(session, OFFICER, draft)
        steps.submit(session, OFFICER, campaign.id)
        steps.approve(session, APPROVER, campaign.id)
        ids = campaign.id, gateway.id
    refuse(database, keyring, early)
    assert plan_campaign(database, ids[0]) == 5
    refuse(database, keyring, late)
    sending = Planned(database, keyring, *ids)
    claim = sending.claim()
    assert claim is not None
    outcomes = [MessageState.ACCEPTED] + [MessageState.DELIVERED] * (len(claim.messages) - 1)
    sending.record(claim, *((m.seq, state, None) for m, state in zip(claim.messages, outcomes, strict=True)))
    sending.release(claim)
    return Done(database, ids[0])

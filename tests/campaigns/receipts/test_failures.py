"""What failed receipts tell about a person, where the gateway's settings say what its codes mean."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Receipt
from campaigns.models import AuditEntry, Batch, Contact, Message, Submission
from campaigns.optouts import handle_inbound
from campaigns.receipts.events import take_in
from campaigns.store.optouts import find_in_force
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway

CODES = {"refused_codes": "REJECTD:088, REJECTD:13", "dead_codes": "UNDELIV:001"}
_references = itertools.count(1)


class Post:
    """One person and a gateway; each ``fails`` is the message of one more campaign that came back."""

    def __init__(self, session: Session, keyring: Keyring, **settings: str) -> None:
        self.session, self.keyring = session, keyring
        self.gateway = make_gateway(session, keyring, settings=settings)
        self.contact: Contact = make_contact(session, keyring)
        self.minute = 0

    def sent(self) -> str:
        """A message that was accepted; its reference."""
        self.minute += 1
        batch = Batch(
            campaign_id=make_campaign(self.session).id,
            gateway_id=self.gateway.id,
            carrier="viettel",
            size=1,
            parts=1,
            accepted=1,
            started_at=text(f"now() + interval '{self.minute} minutes'"),
        )
        self.session.add(batch)
        self.session.flush()
        message = Message(
            batch_id=batch.id,
            seq=1,
            contact_id=self.contact.id,
            campaign_id=batch.campaign_id,
            parts=1,
            state=MessageState.ACCEPTED.value,
        )
        reference = f"R{next(_references)}"
        self.session.add_all(
            [message, Submission(batch_id=batch.id, gateway_id=self.gateway.id, seq=1, part=0, reference=reference)]
        )
        self.session.flush()
        return reference

    def fails(self, code: str, state: MessageState = MessageState.UNDELIVERED) -> None:
        self.told(Receipt(self.sent(), state, None, code))

    def told(self, *receipts: Receipt) -> None:
        take_in(self.session, self.keyring, self.gateway.id, receipts)
        self.session.refresh(self.contact)


def test_a_telcos_refusal_is_registered_once_with_its_code(undone: Session, keyring: Keyring) -> None:
    post = Post(undone, keyring, **CODES)
    for _ in range(2):
        post.fails("REJECTD:13", MessageState.REJECTED)
    [refusal] = find_in_force(undone, post.contact.phone_hash)
    assert (refusal.source, refusal.topic, refusal.created_by) == ("telco", None, "system")
    assert refusal.evidence == f"receipt REJECTD:13 of gateway {post.gateway.id}"


def test_a_code_that_no_setting_names_tells_nothing(undone: Session, keyring: Keyring) -> None:
    silent, other = Post(undone, keyring), Post(undone, keyring, **CODES)
    for post in (silent, other):
        for code in ("REJECTD", "REJECTD:1", "UNDELIV:0011", "EXPIRED"):
            post.fails(code)
    silent.fails("REJECTD:088")
    for post in (silent, other):
        assert find_in_force(undone, post.contact.phone_hash) == []
        assert post.contact.unusable is None


def test_a_number_is_dead_after_three_in_a_row_and_that_is_no_refusal(undone: Session, keyring: Keyring) -> None:
    post = Post(undone, keyring, **CODES)
    for expected in (None, None, "dead"):
        post.fails("UNDELIV:001")
        assert post.contact.unusable == expected
    assert find_in_force(undone, post.contact.phone_hash) == []
    noted = undone.scalars(select(AuditEntry).where(AuditEntry.action == "contact.dead")).all()
    assert [entry.detail["count"] for entry in noted] == [1]


@pytest.mark.parametrize("between", [MessageState.DELIVERED, MessageState.EXPIRED])
def test_one_that_arrived_or_only_waited_in_vain_begins_the_count_anew(
    undone: Session, keyring: Keyring, between: MessageState
) -> None:
    post = Post(undone, keyring, **CODES)
    post.fails("UNDELIV:001")
    post.told(Receipt(post.sent(), between))
    for expected in (None, None, "dead"):
        post.fails("UNDELIV:001")
        assert post.contact.unusable == expected


def test_the_same_receipt_again_is_not_one_more(undone: Session, keyring: Keyring) -> None:
    post = Post(undone, keyring, **CODES)
    receipt = Receipt(post.sent(), MessageState.UNDELIVERED, None, "UNDELIV:001")
    for _ in range(4):
        post.told(receipt)
    assert post.contact.unusable is None


def test_who_writes_from_a_dead_number_is_alive_and_who_is_erased_stays_so(undone: Session, keyring: Keyring) -> None:
    post = Post(undone, keyring, **CODES)
    number = keyring.decrypt(post.contact.phone_cipher or b"").decode()
    for state, after in (("dead", None), ("erased", "erased")):
        post.contact.unusable = state
        undone.flush()
        handle_inbound(undone, keyring, post.gateway.id, sender=number, recipient="1022", body="chào")
        undone.refresh(post.contact)
        assert post.contact.unusable == after


def test_a_receipt_nobody_sent_for_tells_of_nobody(undone: Session, keyring: Keyring) -> None:
    post = Post(undone, keyring, **CODES)
    post.told(
        Receipt("unknown", MessageState.REJECTED, None, "REJECTD:13"),
        Receipt("", MessageState.REJECTED, "84905000000", "REJECTD:13"),
    )
    assert find_in_force(undone, post.contact.phone_hash) == []

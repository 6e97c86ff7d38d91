"""Near misses: kept for a person, decided once, and confirmed like any other refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.access import SYSTEM
from campaigns.content.sync import sync_templates
from campaigns.errors import Forbidden, NotFound
from campaigns.models import AuditEntry, InboundMessage
from campaigns.optouts import handle_inbound
from campaigns.optouts.keywords import Wish
from campaigns.optouts.review import decide, waiting
from campaigns.store.optouts import find_in_force
from config.keys import Keyring
from tests.factories import ANALYST, OFFICER, make_contact, make_gateway, next_phone

TEXTS = Path(__file__).resolve().parents[3] / "templates" / "sms"


def write(session: Session, keyring: Keyring, sender: bytes, body: str) -> InboundMessage:
    """A message from somebody; as it was kept."""
    gateway = make_gateway(session, keyring).id
    wish = handle_inbound(session, keyring, gateway, sender=sender.decode(), recipient="1022", body=body)
    assert wish is Wish.NONE
    return session.scalars(select(InboundMessage).order_by(InboundMessage.id.desc())).first()  # type: ignore[return-value]


def confirmed(session: Session, contact_id: int) -> int:
    return session.execute(text("SELECT count(*) FROM message WHERE contact_id = :id"), {"id": contact_id}).scalar_one()


def test_a_near_miss_that_refuses_is_registered_and_confirmed_once(undone: Session, keyring: Keyring) -> None:
    sync_templates(undone, TEXTS, SYSTEM)
    contact = make_contact(undone, keyring)
    entry = write(undone, keyring, keyring.decrypt(contact.phone_cipher or b""), "Tôi không muốn nhận tin này")
    assert find_in_force(undone, contact.phone_hash) == []
    assert entry in waiting(undone, OFFICER)
    assert decide(undone, keyring, OFFICER, entry.id, refuses=True)
    [refusal] = find_in_force(undone, contact.phone_hash)
    assert (refusal.source, refusal.created_by) == ("keyword", OFFICER.email)
    assert refusal.evidence == f"inbound message {entry.id}, read by {OFFICER.email}"
    assert confirmed(undone, contact.id) == 1
    assert entry not in waiting(undone, OFFICER)
    with pytest.raises(NotFound):
        decide(undone, keyring, OFFICER, entry.id, refuses=False)
    undone.refresh(entry)
    assert (entry.review, entry.reviewed_by, entry.action) == ("optout", OFFICER.email, "none")
    assert entry.reviewed_at is not None


def test_what_is_no_refusal_changes_nothing_but_the_queue(undone: Session, keyring: Keyring) -> None:
    contact = make_contact(undone, keyring)
    entry = write(undone, keyring, keyring.decrypt(contact.phone_cipher or b""), "ai spam vậy")
    assert not decide(undone, keyring, OFFICER, entry.id, refuses=False)
    assert find_in_force(undone, contact.phone_hash) == []
    assert confirmed(undone, contact.id) == 0
    [noted] = undone.scalars(select(AuditEntry).where(AuditEntry.object_kind == "inbound")).all()
    assert (noted.action, noted.actor) == ("inbound.decided", OFFICER.email)


def test_somebody_we_do_not_know_is_refused_for_without_becoming_a_contact(undone: Session, keyring: Keyring) -> None:
    sender = next_phone()
    entry = write(undone, keyring, sender, "xin từ chối")
    assert decide(undone, keyring, OFFICER, entry.id, refuses=True)
    assert len(find_in_force(undone, keyring.hash(sender))) == 1


def test_other_words_wait_for_nobody_and_analysts_decide_nothing(undone: Session, keyring: Keyring) -> None:
    entry = write(undone, keyring, next_phone(), "cảm ơn")
    assert entry.review is None
    for refuses in (True, False):
        with pytest.raises(NotFound):
            decide(undone, keyring, OFFICER, entry.id, refuses=refuses)
        with pytest.raises(Forbidden):
            decide(undone, keyring, ANALYST, entry.id, refuses=refuses)

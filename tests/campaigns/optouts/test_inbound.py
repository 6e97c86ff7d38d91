"""What people write to us is obeyed at once and confirmed once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.person import text_of
from campaigns.audience.reach import reach_of
from campaigns.content.sync import sync_templates
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.gateways.contract import Inbound
from campaigns.models import Campaign, Contact, InboundMessage
from campaigns.optouts import handle_inbound
from campaigns.optouts.keywords import Wish
from campaigns.receipts.events import take_in
from campaigns.stats import reconcile
from campaigns.store.claiming import ClaimRequest, claim_messages
from campaigns.store.database import Database
from campaigns.store.delivery import finish_campaigns
from campaigns.store.optouts import find_in_force
from config.keys import Keyring
from config.zone import CITY_TIME
from tests.factories import make_contact, make_gateway, next_phone

TEXTS = Path(__file__).resolve().parents[3] / "templates" / "sms"
SYSTEM = Actor("system", frozenset({"operator"}))


def ready(session: Session, keyring: Keyring) -> int:
    """The system's texts and a gateway; its id."""
    sync_templates(session, TEXTS, SYSTEM)
    return make_gateway(session, keyring).id


@pytest.fixture
def gateway(undone: Session, keyring: Keyring) -> int:
    return ready(undone, keyring)


def write(session: Session, keyring: Keyring, gateway: int, sender: bytes, body: str) -> Wish:
    return handle_inbound(session, keyring, gateway, sender=sender.decode(), recipient="1022", body=body)


def queued(session: Session) -> Sequence[Any]:
    """Messages of the system's campaigns, in order."""
    return session.execute(
        text(
            "SELECT m.campaign_id, m.contact_id, m.batch_id, b.gateway_id, b.carrier, b.ward_id, c.name"
            " FROM message m JOIN batch b ON b.id = m.batch_id JOIN campaign c ON c.id = m.campaign_id"
            " WHERE c.standing IS NOT NULL AND m.state = 0 AND m.parts = b.parts ORDER BY m.occasion"
        )
    ).all()


def said(session: Session, campaign_id: int) -> str:
    campaign = session.get_one(Campaign, campaign_id)
    return "".join(part.text for part in campaign_text(campaign).for_place(Place("", "")))


def test_a_refusal_is_in_force_and_confirmed_once_with_its_three_facts(
    undone: Session, keyring: Keyring, gateway: int
) -> None:
    contact = make_contact(undone, keyring, carrier="vinaphone")
    number = keyring.decrypt(contact.phone_cipher or b"")
    assert write(undone, keyring, gateway, number, "Từ chối") is Wish.REFUSE
    [refusal] = find_in_force(undone, contact.phone_hash)
    [entry] = undone.scalars(select(InboundMessage).where(InboundMessage.sender_hash == contact.phone_hash))
    assert (refusal.source, refusal.topic, refusal.evidence) == ("keyword", None, f"inbound message {entry.id}")
    assert (text_of(keyring, entry), entry.action, entry.recipient) == ("Từ chối", "optout", "1022")
    [message] = queued(undone)
    assert (message.contact_id, message.gateway_id, message.carrier) == (contact.id, gateway, "vinaphone")
    assert message.ward_id == contact.ward_id, "so that it is counted in its ward"
    told = said(undone, message.campaign_id)
    now = datetime.now(CITY_TIME)
    minutes = {f"{now - timedelta(minutes=n):%H:%M %d/%m/%Y}" for n in (0, 1)}
    [minute] = [minute for minute in minutes if minute in told]
    assert f"Da nhan yeu cau tu choi luc {minute}" in told, "received, and when"
    assert f"toi so nay tu {minute}" in told, "and from when nothing more is sent"
    for again in ("TC", "huy", "Từ chối"):
        assert write(undone, keyring, gateway, number, again) is Wish.REFUSE
    assert len(queued(undone)) == 1, "a refusal that is in force is not confirmed again"
    assert len(find_in_force(undone, contact.phone_hash)) == 1


def test_the_confirmation_is_sent_although_its_person_refused_and_at_any_hour(
    undone: Session, keyring: Keyring, gateway: int
) -> None:
    number = next_phone()
    write(undone, keyring, gateway, number, "TC")
    [message] = queued(undone)
    campaign = undone.get_one(Campaign, message.campaign_id)
    assert (campaign.state, campaign.message_class, campaign.priority) == ("running", "he-thong", 0)
    assert campaign.window_start == campaign.window_end
    assert finish_campaigns(undone) == []
    ask = ClaimRequest(gateway, campaign.id, reach_of(undone, campaign), False, 10, 10, 10, "test", 20)
    claim = claim_messages(undone, ask, uuid4())
    assert claim is not None
    assert [keyring.decrypt(m.phone_cipher) for m in claim.messages] == [number]


def test_who_comes_back_is_told_so_and_may_refuse_again(undone: Session, keyring: Keyring, gateway: int) -> None:
    number = next_phone()
    assert write(undone, keyring, gateway, number, "DK") is Wish.RETURN
    assert queued(undone) == [], "nothing ended, so there is nothing to confirm"
    write(undone, keyring, gateway, number, "TC")
    assert write(undone, keyring, gateway, number, "đăng ký lại") is Wish.RETURN
    assert find_in_force(undone, keyring.hash(number)) == []
    write(undone, keyring, gateway, number, "DK")
    write(undone, keyring, gateway, number, "TC")
    assert len(find_in_force(undone, keyring.hash(number))) == 1
    texts = [said(undone, message.campaign_id) for message in queued(undone)]
    assert [text[:25] for text in texts] == [
        "Da nhan yeu cau tu choi l",
        "Da nhan yeu cau nhan tin ",
        "Da nhan yeu cau tu choi l",
    ]


def test_help_is_answered_every_time_and_other_words_never(undone: Session, keyring: Keyring, gateway: int) -> None:
    number = next_phone()
    for _ in range(2):
        assert write(undone, keyring, gateway, number, "HD") is Wish.HELP
    for body in ("Cảm ơn", "Đúng rồi", "", "\x00x\x00" * 900):
        assert write(undone, keyring, gateway, number, body) is Wish.NONE
    assert len(queued(undone)) == 2
    kept = undone.scalars(select(InboundMessage).where(InboundMessage.sender_hash == keyring.hash(number))).all()
    assert len(kept) == 6
    assert max(len(text_of(keyring, entry)) for entry in kept) <= 1000


def test_somebody_new_becomes_a_contact_and_somebody_erased_gets_no_number_back(
    undone: Session, keyring: Keyring, gateway: int
) -> None:
    number = next_phone()
    write(undone, keyring, gateway, number, "TC")
    made = undone.scalars(select(Contact).where(Contact.phone_hash == keyring.hash(number))).one()
    assert (made.source, made.ward_id, made.carrier) == ("inbound", None, "mobifone")
    assert keyring.decrypt(made.phone_cipher or b"") == number
    erased = make_contact(undone, keyring, phone=next_phone(), unusable="erased")
    gone = keyring.decrypt(erased.phone_cipher or b"")
    erased.phone_cipher = None
    undone.flush()
    assert write(undone, keyring, gateway, gone, "TC") is Wish.REFUSE
    undone.refresh(erased)
    assert erased.phone_cipher is None
    assert len(find_in_force(undone, erased.phone_hash)) == 1, "the refusal outlives the erasure"


@pytest.mark.parametrize("sender", ["1414", "19001234", "VIETTEL", "12025550143", "85291234567", "376312345", ""])
def test_a_short_code_or_a_foreign_number_is_obeyed_but_not_answered(
    undone: Session, keyring: Keyring, gateway: int, sender: str
) -> None:
    assert write(undone, keyring, gateway, sender.encode(), "TC") is Wish.REFUSE
    assert len(find_in_force(undone, keyring.hash(sender.encode()))) == 1
    assert queued(undone) == []
    assert undone.scalars(select(Contact.id).where(Contact.phone_hash == keyring.hash(sender.encode()))).all() == []


def test_many_who_refuse_at_one_moment_share_the_minutes_campaign(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        gateway = ready(session, keyring)
    started = datetime.now(UTC)
    together = threading.Barrier(4)

    def refuse(people: list[bytes]) -> None:
        together.wait(10)
        for number in people:
            with database.transaction() as session:
                take_in(session, keyring, gateway, [Inbound(number.decode(), "1022", "TC")])

    crowd = [[next_phone() for _ in range(3)] for _ in range(3)]
    same = [crowd[0][0]] * 3
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(refuse, [*crowd, same]))
    with database.transaction() as session:
        messages = queued(session)
        assert reconcile(session).balanced
        assert len({message.contact_id for message in messages}) == len(messages) == 9
        assert len({message.campaign_id for message in messages}) <= 1 + (datetime.now(UTC) - started).seconds // 60 + 1
        assert {len(find_in_force(session, keyring.hash(number))) for people in crowd for number in people} == {1}

"""What happens when a person writes to us: the word is obeyed at once, and confirmed once.

The confirmation names the three facts of Decree 91/2020/NĐ-CP, Article 16.4: that the refusal was received, when,
and from when no more is sent. It is a message of a standing campaign of class ``he-thong``, which refusals do not
stop, so it goes out although the refusal is in force already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

import structlog
from sqlalchemy.orm import Session

from campaigns.audience.phone import PhoneProblem, normalise_phone
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.delivery.states import CampaignState
from campaigns.errors import LoaError
from campaigns.models import Campaign, InboundMessage
from campaigns.optouts.keywords import Wish, read_wish
from campaigns.stats.clock import CITY_TIME
from campaigns.store.campaigns import database_now, find_standing, lock_standing
from campaigns.store.optouts import end_optouts, ensure_contact, insert_optout, queue_single_message
from campaigns.store.templates import get_version
from config.keys import Keyring

log = structlog.get_logger(__name__)

REPLIES: Mapping[Wish, str] = {
    Wish.REFUSE: "sys-xac-nhan-tu-choi",
    Wish.RETURN: "sys-xac-nhan-dang-ky-lai",
    Wish.HELP: "sys-tro-giup",
}
"""Template of the answer to each wish."""

_BODY_MOST = 1000


def handle_inbound(
    session: Session, keyring: Keyring, gateway_id: int, *, sender: str, recipient: str, body: str
) -> Wish:
    """Keep an inbound message, obey it, and queue its confirmation on the gateway it came by.

    ``sender`` is E.164 without plus. Repeating a refusal that is in force changes nothing and confirms nothing.
    """
    wish = read_wish(body)
    phone_hash = keyring.hash(sender.encode())
    entry = InboundMessage(
        gateway_id=gateway_id,
        sender_hash=phone_hash,
        recipient=recipient[:50],
        body=body[:_BODY_MOST].replace("\x00", ""),
        action=wish.value,
    )
    session.add(entry)
    session.flush()
    if _obey(session, phone_hash, wish, entry.id):
        _confirm_if_possible(session, keyring, gateway_id, sender, phone_hash, wish, entry.id)
    return wish


def _confirm_if_possible(
    session: Session, keyring: Keyring, gateway_id: int, sender: str, phone_hash: bytes, wish: Wish, entry_id: int
) -> None:
    """A refusal stands also where its confirmation cannot be made, as when somebody broke the reply's text."""
    try:
        with session.begin_nested():
            _confirm(session, keyring, gateway_id, sender, phone_hash, wish, entry_id)
    except LoaError:
        log.exception("reply_impossible", wish=wish.value)


def _obey(session: Session, phone_hash: bytes, wish: Wish, entry_id: int) -> bool:
    """Whether something changed that deserves an answer."""
    evidence = f"inbound message {entry_id}"
    if wish is Wish.REFUSE:
        new_id = insert_optout(
            session, phone_hash=phone_hash, topic=None, source="keyword", evidence=evidence, created_by="system"
        )
        return new_id is not None
    if wish is Wish.RETURN:
        return bool(end_optouts(session, phone_hash=phone_hash, topic=None, by="system", evidence=evidence))
    return wish is Wish.HELP


def _confirm(
    session: Session, keyring: Keyring, gateway_id: int, sender: str, phone_hash: bytes, wish: Wish, entry_id: int
) -> None:
    phone = normalise_phone(sender)
    if isinstance(phone, PhoneProblem) or phone.number != sender:
        return  # a short code or a foreign number: obeyed, but nobody to answer
    campaign = _standing_campaign(session, wish, database_now(session))
    contact_id, ward_id, known_carrier = ensure_contact(
        session, phone_hash=phone_hash, cipher=keyring.encrypt(sender.encode()), carrier=phone.carrier
    )
    queue_single_message(
        session,
        campaign_id=campaign.id,
        contact_id=contact_id,
        occasion=entry_id,
        gateway_id=gateway_id,
        ward_id=ward_id,
        carrier=known_carrier,
        parts=len(campaign_text(campaign).for_place(Place("", ""))),
    )


def _standing_campaign(session: Session, wish: Wish, now: datetime) -> Campaign:
    """The minute's standing campaign for this reply: its text names the minute, the same for everybody in it."""
    minute = now.astimezone(CITY_TIME).strftime("%H:%M %d/%m/%Y")
    version = get_version(session, REPLIES[wish])
    name = f"{REPLIES[wish]} v{version.number} {minute}"
    lock_standing(session, name)
    campaign = find_standing(session, name)
    if campaign is not None:
        return campaign
    campaign = Campaign(
        name=name,
        standing=name,
        template_version=version,
        template_version_id=version.id,
        message_class=version.template.message_class,
        topic=version.template.topic,
        values={"nhan_luc": minute, "ngung_tu": minute},
        audience={"edition": "2023", "everybody": True},
        window_start=time(0),
        window_end=time(0),
        priority=0,
        state=CampaignState.RUNNING.value,
        planned_at=now,
        created_by="system",
        edited_by="system",
    )
    session.add(campaign)
    session.flush()
    return campaign

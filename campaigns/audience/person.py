"""What may be done with one person's data: correct it, see the number, hand it out to its owner, erase it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.areas.names import tidy
from campaigns.audience.hiding import hide_numbers
from campaigns.audience.rows import MAX_NAME
from campaigns.audience.sealing import open_attributes, open_name, seal_person
from campaigns.delivery.states import MessageState
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import Contact, InboundMessage
from campaigns.scope import require_inside, require_wards
from campaigns.store.audit import append_audit
from campaigns.store.consents import list_consents_of
from campaigns.store.households import count_members
from campaigns.store.people import (
    erase_contact,
    get_contact,
    list_inbound_of,
    list_messages_to,
    list_refusals_of,
    lock_contact,
    save_correction,
    set_unusable,
)
from campaigns.store.places import load_places
from config.keys import Keyring

REASON_MOST = 500
RESTRICTED = "restricted"
"""``contact.unusable`` of who restricted the use of their data; ``campaigns.store.reach`` leaves them out."""
ALL = 10_000
"""Messages handed out at most; nobody gets so many."""


def correct(
    session: Session,
    keyring: Keyring,
    actor: Actor,
    contact_id: int,
    *,
    full_name: str,
    ward_id: int | None,
    language: str,
    seen: datetime,
) -> Contact:
    """Put name, ward and language right. The audit says which changed and never what they were: it is for ever.

    Raises:
        InvalidInput: the name is too long, or there is no such ward or language.
        WrongState: somebody changed the person since ``seen``, or the person was erased.
    """
    actor.require("contact.edit")
    require_inside(session, actor, "contact", contact_id)
    require_wards(session, actor, [] if ward_id is None else [ward_id])
    contact = lock_contact(session, contact_id)
    _refuse_erased(contact)
    if contact.updated_at != seen:
        raise WrongState(
            "Người khác đã sửa dữ liệu này trong lúc trang đang mở. Hãy xem lại rồi sửa.",
            "Somebody changed this while the page was open. Look at it again, then change it.",
        )
    name = tidy(full_name) or None
    if name is not None and len(name) > MAX_NAME:
        raise InvalidInput("Tên dài quá {n} ký tự.", "The name has more than {n} characters.", n=MAX_NAME)
    if ward_id is not None and ward_id not in load_places(session):
        raise InvalidInput("Không có phường, xã này.", "There is no such ward.")
    if language not in ("vi", "en"):
        raise InvalidInput("Ngôn ngữ là vi hoặc en.", "The language is vi or en.")
    old = {"full_name": name_of(keyring, contact), "ward_id": contact.ward_id, "language": contact.language}
    new = {"full_name": name, "ward_id": ward_id, "language": language}
    changed = sorted(field for field, value in new.items() if old[field] != value)
    if changed:
        sealed = seal_person(keyring, contact.phone_hash, name)
        save_correction(
            session,
            contact,
            name_cipher=sealed.name_cipher,
            name_words=sealed.name_words,
            ward=ward_id,
            lang=language,
        )
        append_audit(session, actor.email, "contact.corrected", "contact", contact_id, {"fields": changed})
    return contact


def name_of(keyring: Keyring, contact: Contact) -> str | None:
    """The name of a person; None where none is known."""
    return open_name(keyring, contact.name_cipher)


def text_of(keyring: Keyring, message: InboundMessage) -> str:
    """What somebody wrote to us; empty once it was erased."""
    return keyring.decrypt(message.body_cipher).decode() if message.body_cipher else ""


def reveal(session: Session, keyring: Keyring, actor: Actor, contact_id: int, reason: str) -> str:
    """The full number, written ``0905123456``; who saw it and why is on record before it is shown.

    Raises:
        InvalidInput: no reason.
        WrongState: the person was erased.
    """
    actor.require("contact.reveal")
    require_inside(session, actor, "contact", contact_id)
    contact = get_contact(session, contact_id)
    cipher = _refuse_erased(contact)
    append_audit(session, actor.email, "contact.revealed", "contact", contact_id, {"reason": _reason(reason)})
    return _written(keyring, cipher)


def erase(session: Session, actor: Actor, contact_id: int, reason: str) -> None:
    """Erase a person; what was sent stays counted, and refusals stay in force. Later lists do not bring them back.

    Raises:
        InvalidInput: no reason.
        WrongState: the person was erased before.
    """
    actor.require("contact.erase")
    require_inside(session, actor, "contact", contact_id)
    contact = lock_contact(session, contact_id)
    _refuse_erased(contact)
    cleaned = _reason(reason)
    erase_contact(session, contact)
    append_audit(session, actor.email, "contact.erased", "contact", contact_id, {"reason": cleaned})


def restrict(session: Session, actor: Actor, contact_id: int, reason: str) -> None:
    """Let no message reach a person any more, except in an emergency: they restricted, opposed or took back consent.

    Their data stays as it is, and what was sent stays counted (Law 91/2025, Article 4; Decree 356/2025, Article 5).

    Raises:
        InvalidInput: no reason.
        WrongState: the person was erased, or is restricted already.
    """
    actor.require("contact.restrict")
    contact = lock_contact(session, contact_id)
    _refuse_erased(contact)
    if contact.unusable == RESTRICTED:
        raise WrongState("Người này đã được hạn chế xử lý.", "This person is restricted already.")
    cleaned = _reason(reason)
    set_unusable(session, contact, RESTRICTED)
    append_audit(session, actor.email, "contact.restricted", "contact", contact_id, {"reason": cleaned})


def lift_restriction(session: Session, actor: Actor, contact_id: int, reason: str) -> None:
    """Let messages reach a person again, who asked for it. Refusals they made stay in force.

    Raises:
        InvalidInput: no reason.
        WrongState: the person is not restricted.
    """
    actor.require("contact.restrict")
    contact = lock_contact(session, contact_id)
    if contact.unusable != RESTRICTED:
        raise WrongState("Người này không bị hạn chế xử lý.", "This person is not restricted.")
    cleaned = _reason(reason)
    set_unusable(session, contact, None)
    append_audit(session, actor.email, "contact.unrestricted", "contact", contact_id, {"reason": cleaned})


def collect(session: Session, keyring: Keyring, actor: Actor, contact_id: int) -> Mapping[str, Any]:
    """Everything Loa holds about a person, for that person; on record in the audit.

    Raises:
        WrongState: the person was erased.
    """
    actor.require("contact.export")
    require_inside(session, actor, "contact", contact_id)
    contact = get_contact(session, contact_id)
    number = _written(keyring, _refuse_erased(contact))
    append_audit(session, actor.email, "contact.exported", "contact", contact_id)
    ward, district = load_places(session).get(contact.ward_id or 0, ("", ""))
    return {
        "person": {
            "number": number,
            "full_name": name_of(keyring, contact),
            "ward": ward,
            "district": district,
            "carrier": contact.carrier,
            "language": contact.language,
            "others_sharing_the_number": count_members(session, contact_id),
            **{f"attributes.{key}": value for key, value in open_attributes(keyring, contact.attributes).items()},
            "source": contact.source,
            "created_at": contact.created_at,
            "updated_at": contact.updated_at,
            "unusable": contact.unusable,
        },
        "messages": [
            {
                "campaign": row.name,
                "template": row.template,
                "topic": row.topic,
                "sent_from": row.started_at,
                "gateway": row.gateway,
                "outcome": MessageState(row.state).label,
                "error": row.error,
                "parts": row.parts,
            }
            for row in list_messages_to(session, contact_id, ALL)
        ],
        "refusals": [
            {
                "topic": refusal.topic or "*",
                "source": refusal.source,
                "evidence": refusal.evidence,
                "since": refusal.created_at,
                "ended_at": refusal.ended_at,
                "ended_evidence": refusal.ended_evidence,
            }
            for refusal in list_refusals_of(session, contact.phone_hash)
        ],
        "consents_to_advertising": [
            {
                "topic": consent.topic or "*",
                "given_at": consent.given_at,
                "how": consent.how,
                "text": consent.wording,
                "messages_a_day": consent.daily_cap,
                "evidence": consent.evidence,
                "ended_at": consent.ended_at,
                "ended_evidence": consent.ended_evidence,
            }
            for consent in list_consents_of(session, contact.phone_hash)
        ],
        "received_from_person": [
            {"at": message.received_at, "text": text_of(keyring, message), "taken_as": message.action}
            for message in list_inbound_of(session, contact.phone_hash, ALL)
        ],
    }


def _refuse_erased(contact: Contact) -> bytes:
    if contact.phone_cipher is None:
        raise WrongState("Dữ liệu của người này đã được xoá trước đó.", "This person's data has been erased before.")
    return contact.phone_cipher


def _written(keyring: Keyring, cipher: bytes) -> str:
    return "0" + keyring.decrypt(cipher).decode()[2:]


def _reason(given: str) -> str:
    """The reason as the audit keeps it: whatever could be a number is covered, for the audit is never erased."""
    reason = hide_numbers(given.strip()[:REASON_MOST])
    if not reason:
        raise InvalidInput("Hãy ghi lý do.", "Give the reason.")
    return reason

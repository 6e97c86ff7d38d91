"""What may be done with one person's data: correct it, see the number, hand it out to its owner, erase it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.areas.names import tidy
from campaigns.audience.rows import MAX_NAME
from campaigns.delivery.states import MessageState
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import Contact
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
)
from campaigns.store.places import load_places
from config.keys import Keyring

REASON_MOST = 500
ALL = 10_000
"""Messages handed out at most; nobody gets so many."""

# Seven digits and more, however parted; a comma with a blank behind it parts two things and not one.
_DIGITS = re.compile(r"\d(?:(?:,|[\s./_()–-]{0,2})\d){6,}")
_DATE = re.compile(r"(?<!\d)(\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d{2}|(?:19|20)\d{2}-\d{2}-\d{2})(?!\d)")


def hide_numbers(text: str) -> str:
    """``text`` with the middle of whatever could be a number of a person covered: ``09•• ••• 456``."""
    pieces = _DATE.split(text)
    # Every second piece is a date: reasons name the day of a letter or call.
    return "".join(
        piece if n % 2 else _DIGITS.sub(lambda found: _cover(found[0]), piece) for n, piece in enumerate(pieces)
    )


def _cover(number: str) -> str:
    digits = [place for place, letter in enumerate(number) if letter.isdigit()]
    hidden = set(digits[2:-3])
    return "".join("•" if place in hidden else letter for place, letter in enumerate(number))


def correct(
    session: Session,
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
    new = {"full_name": name, "ward_id": ward_id, "language": language}
    changed = sorted(field for field, value in new.items() if getattr(contact, field) != value)
    if changed:
        save_correction(session, contact, full_name=name, ward=ward_id, lang=language)
        append_audit(session, actor.email, "contact.corrected", "contact", contact_id, {"fields": changed})
    return contact


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
            "full_name": contact.full_name,
            "ward": ward,
            "district": district,
            "carrier": contact.carrier,
            "language": contact.language,
            "others_sharing_the_number": count_members(session, contact_id),
            **{f"attributes.{key}": value for key, value in contact.attributes.items()},
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
            {"at": message.received_at, "text": message.body, "taken_as": message.action}
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

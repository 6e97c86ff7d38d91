"""Registering refusals and returns, from whatever side they come."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.hiding import hide_numbers
from campaigns.audience.phone import PhoneProblem, normalise_phone
from campaigns.content.topics import TOPICS
from campaigns.errors import Forbidden, InvalidInput
from campaigns.optouts.confirmation import Replies
from campaigns.optouts.keywords import Wish
from campaigns.store.audit import append_audit
from campaigns.store.optouts import end_optouts, insert_optout, insert_optouts
from campaigns.store.scope import sees_number
from config.i18n import Text
from config.keys import Keyring

SOURCES = frozenset({"keyword", "hotline", "web", "staff", "import", "telco"})
CONFIRMED = frozenset({"keyword", "hotline", "web"})
"""Sources whose people get a message that confirms. At the counter they are told; a list was confirmed where it was
made; and who had the telco stop us would not get it."""

OWN_TOPICS = frozenset({"noi-bo", "he-thong"})
"""Topics no refusal stops: messages to staff and the system's own replies."""

_EVIDENCE_MOST = 500


def refusable_topics() -> dict[str, Text]:
    """Topics a person can refuse one by one."""
    return {slug: title for slug, title in TOPICS.items() if slug not in OWN_TOPICS}


def check_topic(topic: str | None) -> None:
    """Raise where there is no such topic: a refusal of it would stop nothing."""
    if topic is not None and topic not in TOPICS:
        raise InvalidInput(
            "Không có chủ đề “{topic}”. Các chủ đề: {known}.",
            "There is no topic “{topic}”. Topics: {known}.",
            topic=topic,
            known=", ".join(refusable_topics()),
        )


def _check(source: str, evidence: str) -> str:
    if source not in SOURCES:
        raise InvalidInput(
            "Không có nguồn “{source}”. Các nguồn: {known}.",
            "There is no source “{source}”. Sources: {known}.",
            source=source,
            known=", ".join(sorted(SOURCES)),
        )
    cleaned = hide_numbers(evidence.strip()[:_EVIDENCE_MOST])
    if not cleaned:
        raise InvalidInput(
            "Hãy ghi căn cứ của việc từ chối (cuộc gọi, đơn, tin nhắn).",
            "Give the evidence of the refusal (call, letter, message).",
        )
    return cleaned


def mobile_number(raw: str) -> str:
    """E.164 without plus of what a person typed.

    Raises:
        InvalidInput: it is no mobile number; says why and what to do, without repeating it.
    """
    result = normalise_phone(raw)
    if isinstance(result, PhoneProblem):
        raise InvalidInput(
            "{reason}. {suggestion}.", "{reason}. {suggestion}.", reason=result.reason, suggestion=result.suggestion
        )
    return result.number


def add_optout(
    session: Session,
    keyring: Keyring,
    actor: Actor,
    phone: str,
    *,
    topic: str | None = None,
    source: str = "staff",
    evidence: str,
    confirm: bool | None = None,
) -> int | None:
    """Register that a number refuses everything, or one topic; None where that was registered before.

    In force with the commit: every later claim leaves the person out, also in a running campaign. ``confirm`` sends
    the person the one confirmation; without a word on it, those get it who are not there to be told (``CONFIRMED``).

    Raises:
        InvalidInput: no mobile number, no such topic, unknown source, or no evidence.
    """
    actor.require("optout.add")
    cleaned = _check(source, evidence)
    check_topic(topic)
    number = mobile_number(phone)
    new_id = insert_optout(
        session,
        phone_hash=keyring.hash(number.encode()),
        topic=topic,
        source=source,
        evidence=cleaned,
        created_by=actor.email,
    )
    if new_id is not None:
        append_audit(session, actor.email, "optout.added", "optout", new_id, {"topic": topic, "source": source})
        if source in CONFIRMED if confirm is None else confirm:
            Replies(session, keyring).confirm(Wish.REFUSE, number, -new_id, topic=topic)
    return new_id


def import_optouts(
    session: Session, keyring: Keyring, actor: Actor, numbers: Iterable[str], *, topic: str | None, evidence: str
) -> int:
    """Register refusals of many numbers (E.164 without plus); returns how many were new."""
    actor.require("optout.add")
    cleaned = _check("import", evidence)
    check_topic(topic)
    added = insert_optouts(
        session,
        hashes=keyring.hash_many([number.encode() for number in numbers]),
        topic=topic,
        source="import",
        evidence=cleaned,
        created_by=actor.email,
    )
    append_audit(session, actor.email, "optout.imported", "optout", "*", {"added": added, "topic": topic})
    return added


def end_optout(
    session: Session, keyring: Keyring, actor: Actor, phone: str, *, topic: str | None = None, evidence: str
) -> int:
    """Register that a person came back, with the evidence; returns how many refusals ended."""
    actor.require("optout.add")
    cleaned = _check("staff", evidence)
    phone_hash = keyring.hash(mobile_number(phone).encode())
    if not actor.scope.whole and not sees_number(session, actor.scope, phone_hash):
        raise Forbidden(
            "Số này không thuộc địa bàn bạn phụ trách, nên bạn không ghi nhận lại thay được.",
            "This number is not of the part of the city you work for; you cannot bring it back.",
        )
    ended = end_optouts(session, phone_hash=phone_hash, topic=topic, by=actor.email, evidence=cleaned)
    for optout_id in ended:
        append_audit(session, actor.email, "optout.ended", "optout", optout_id)
    return len(ended)

"""Finding people by name, and everything the register knows about one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Row, cast, false, func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Query, Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.errors import NotFound
from campaigns.models import Campaign, Contact, InboundMessage, OptOut
from campaigns.store.households import forget_members
from campaigns.store.rows import lock_row
from campaigns.store.scope import campaigns_within

WINDOW = 4_000
"""People looked at one by one before the index of names is asked."""


def narrow_to_name(query: Query[Any], words: Sequence[int], *, by_list: bool = False) -> Query[Any]:
    """Contacts whose name holds every one of ``words``, keyed hashes of ``campaigns.audience.sealing.Words``.

    ``by_list`` keeps the index out of it: inside a window the planner would ask it for the whole register.
    """
    if not words:
        return query.filter(false())
    # Together with nothing it is an expression, which no index knows.
    held = Contact.name_words.op("||")(literal_column("'{}'::integer[]")) if by_list else Contact.name_words
    return query.filter(held.op("@>")(cast(list(words), ARRAY(Integer))))


def narrow_to_window(query: Query[Any], *, before: int | None, after: int | None) -> Query[Any]:
    """The few thousand people with a name nearest to one end of the list.

    A word that many bear fills a page from there at once. Asking the index for it would mean sorting millions, and
    walking the list for a word that few bear would mean reading all of it; no statistics tell the two apart surely.
    """
    named = select(Contact.id).where(Contact.name_cipher.is_not(None))
    if after is not None:
        near = named.where(Contact.id > after).order_by(Contact.id).limit(WINDOW).subquery()
        return query.filter(Contact.id <= select(func.max(near.c.id)).scalar_subquery())
    if before is not None:
        named = named.where(Contact.id < before)
    near = named.order_by(Contact.id.desc()).limit(WINDOW).subquery()
    return query.filter(Contact.id >= select(func.min(near.c.id)).scalar_subquery())


def in_order(query: Query[Any], *, ascending: bool, by_list: bool) -> Query[Any]:
    """By id. ``by_list`` walks the list itself; else the rows are found first and then sorted.

    The sum of nothing keeps the planner from the list: for a name nobody bears it expects a page after a few
    thousand rows and reads them all (measured: over 9 s among 3 million people, under 0.1 s so).
    """
    key = Contact.id if by_list else Contact.id + 0
    return query.order_by(key if ascending else key.desc())


def get_contact(session: Session, contact_id: int) -> Contact:
    """The contact with this id.

    Raises:
        NotFound: there is none.
    """
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("Không có người số {id} trong danh bạ.", "There is nobody with the id {id}.", id=contact_id)
    return contact


def find_contact_id(session: Session, phone_hash: bytes) -> int | None:
    """Whose number has this hash; None where the register does not know it."""
    return session.scalars(select(Contact.id).where(Contact.phone_hash == phone_hash)).one_or_none()


def lock_contact(session: Session, contact_id: int) -> Contact:
    """The contact, freshly read and locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return lock_row(session, Contact, contact_id) or get_contact(session, contact_id)


# Through the unique index that keeps anybody from being planned twice. A message bears no moment of its own: the
# batch it went out with does.
_MESSAGES = text("""
    SELECT m.campaign_id, m.occasion, m.state, m.error, m.parts, c.name, c.message_class, c.topic, c.standing,
           t.title AS template, v.number AS version, b.started_at, g.name AS gateway
      FROM message m
      JOIN batch b ON b.id = m.batch_id
      JOIN campaign c ON c.id = m.campaign_id
      JOIN template_version v ON v.id = c.template_version_id
      JOIN template t ON t.id = v.template_id
      LEFT JOIN gateway g ON g.id = b.gateway_id
     WHERE m.contact_id = :contact
     ORDER BY m.campaign_id DESC, m.occasion DESC
     LIMIT :limit
""")


def list_messages_to(session: Session, contact_id: int, limit: int, scope: Scope = WHOLE_CITY) -> Sequence[Row[Any]]:
    """What a person was sent, the latest campaign first; of campaigns inside the scope."""
    rows = session.execute(_MESSAGES, {"contact": contact_id, "limit": limit}).all()
    if scope.whole:
        return rows
    asked = select(Campaign.id).where(Campaign.id.in_({row.campaign_id for row in rows}), campaigns_within(scope))
    seen = set(session.scalars(asked))
    return [row for row in rows if row.campaign_id in seen]


def list_refusals_of(session: Session, phone_hash: bytes) -> Sequence[OptOut]:
    """Every refusal of a number, also those that ended, the latest first."""
    return session.scalars(select(OptOut).where(OptOut.phone_hash == phone_hash).order_by(OptOut.id.desc())).all()


def list_inbound_of(session: Session, phone_hash: bytes, limit: int) -> Sequence[InboundMessage]:
    """What came from a number, the latest first."""
    query = select(InboundMessage).where(InboundMessage.sender_hash == phone_hash)
    return session.scalars(query.order_by(InboundMessage.id.desc()).limit(limit)).all()


def save_correction(
    session: Session, contact: Contact, *, name_cipher: bytes | None, name_words: list[int], ward: int | None, lang: str
) -> None:
    """Store what was put right."""
    contact.name_cipher, contact.name_words = name_cipher, name_words
    contact.ward_id, contact.language = ward, lang
    contact.updated_at = _now(session)
    session.flush()


def set_unusable(session: Session, contact: Contact, why: str | None) -> None:
    """Note why no message can be sent to a person, or that it can."""
    contact.unusable = why
    contact.updated_at = _now(session)
    session.flush()


def erase_contact(session: Session, contact: Contact) -> None:
    """Take everything from the row that says who it was; it stays, because messages are counted through it.

    The keyed hash stays as well: only through it are refusals kept and the person left out of later lists. What the
    person wrote to us goes too, except the messages that prove a refusal or a return.
    """
    contact.phone_cipher = contact.name_cipher = contact.ward_id = None
    contact.name_words = []
    contact.attributes, contact.language, contact.carrier = {}, "vi", "unknown"
    contact.source = contact.unusable = "erased"
    contact.updated_at = _now(session)
    forget_members(session, contact.id)
    session.execute(
        update(InboundMessage)
        .where(InboundMessage.sender_hash == contact.phone_hash, InboundMessage.action.not_in(("optout", "optin")))
        .values(body_cipher=None)
    )
    session.flush()


def _now(session: Session) -> datetime:
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now

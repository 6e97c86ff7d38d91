"""Messages people sent to us, and which of them wait for a person to read them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.models import Contact, InboundMessage
from campaigns.store.scope import numbers_within


def list_waiting(session: Session, most: int, scope: Scope = WHOLE_CITY) -> Sequence[InboundMessage]:
    """Messages that wait for a person, the oldest first."""
    query = select(InboundMessage).where(*_waiting(scope)).order_by(InboundMessage.id).limit(most)
    return session.scalars(query).all()


def count_waiting(session: Session, scope: Scope = WHOLE_CITY) -> int:
    """How many messages wait for a person."""
    return session.scalars(select(func.count(InboundMessage.id)).where(*_waiting(scope))).one()


def _waiting(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return InboundMessage.review == "waiting", numbers_within(scope, InboundMessage.sender_hash)


def settle_review(
    session: Session, entry_id: int, *, decision: str, by: str, scope: Scope = WHOLE_CITY
) -> InboundMessage | None:
    """Write down what a person decided about a waiting message; None where it does not wait (any more)."""
    return session.scalars(
        update(InboundMessage)
        .where(InboundMessage.id == entry_id, *_waiting(scope))
        .values(review=decision, reviewed_by=by, reviewed_at=func.now())
        .returning(InboundMessage)
    ).one_or_none()


def find_number(session: Session, phone_hash: bytes) -> bytes | None:
    """The encrypted number with this hash, where we hold it."""
    return session.scalars(select(Contact.phone_cipher).where(Contact.phone_hash == phone_hash)).one_or_none()

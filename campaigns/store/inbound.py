"""Messages people sent to us, and which of them wait for a person to read them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaigns.models import Contact, InboundMessage


def list_waiting(session: Session, most: int) -> Sequence[InboundMessage]:
    """Messages that wait for a person, the oldest first."""
    query = select(InboundMessage).where(InboundMessage.review == "waiting").order_by(InboundMessage.id).limit(most)
    return session.scalars(query).all()


def count_waiting(session: Session) -> int:
    """How many messages wait for a person."""
    return session.scalars(select(func.count()).where(InboundMessage.review == "waiting")).one()


def settle_review(session: Session, entry_id: int, *, decision: str, by: str) -> InboundMessage | None:
    """Write down what a person decided about a waiting message; None where it does not wait (any more)."""
    return session.scalars(
        update(InboundMessage)
        .where(InboundMessage.id == entry_id, InboundMessage.review == "waiting")
        .values(review=decision, reviewed_by=by, reviewed_at=func.now())
        .returning(InboundMessage)
    ).one_or_none()


def find_number(session: Session, phone_hash: bytes) -> bytes | None:
    """The encrypted number with this hash, where we hold it."""
    return session.scalars(select(Contact.phone_cipher).where(Contact.phone_hash == phone_hash)).one_or_none()

"""The list of words that people may write to us."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.models import InboundWord


def list_words(session: Session) -> Sequence[InboundWord]:
    """Every word, by what it asks for."""
    return session.scalars(select(InboundWord).order_by(InboundWord.wish.desc(), InboundWord.id)).all()


def lock_words(session: Session) -> None:
    """Let nobody else change the list until the transaction ends; it can still be read."""
    session.execute(text("LOCK TABLE inbound_word IN SHARE ROW EXCLUSIVE MODE"))


def insert_word(session: Session, *, word: str, wish: str, created_by: str) -> bool:
    """Add a word; False where it is listed."""
    statement = insert(InboundWord).values(word=word, wish=wish, created_by=created_by).on_conflict_do_nothing()
    return session.execute(statement.returning(InboundWord.id)).scalar() is not None


def delete_word(session: Session, word: str) -> bool:
    """Remove a word; False where it is not listed. Who added and removed it stands in the audit."""
    return (
        session.execute(delete(InboundWord).where(InboundWord.word == word).returning(InboundWord.id)).scalar()
        is not None
    )

"""Sessions of people: begun, seen, listed, ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.orm import Session

from campaigns.models import SignedIn, User

KEEP_DAYS = 90
"""How long a session that is over stays on record."""


def insert_signed_in(
    session: Session, user_id: int, key_hash: bytes, *, address: str, agent: str, method: str
) -> SignedIn:
    """Note that a person signed in; what is long over goes."""
    too_old = SignedIn.seen_at < func.now() - timedelta(days=KEEP_DAYS)
    session.execute(delete(SignedIn).where(SignedIn.user_id == user_id, too_old))
    begun = SignedIn(user_id=user_id, key_hash=key_hash, address=address, agent=agent, method=method)
    session.add(begun)
    session.flush()
    return begun


def _open(idle: timedelta, life: timedelta) -> ColumnElement[bool]:
    return and_(
        SignedIn.ended_at.is_(None), SignedIn.seen_at > func.now() - idle, SignedIn.began_at > func.now() - life
    )


def find_signed_in(
    session: Session, key_hash: bytes, *, idle: timedelta, life: timedelta
) -> tuple[User, SignedIn] | None:
    """The person whose open session has this key."""
    query = select(User, SignedIn).join(SignedIn, SignedIn.user_id == User.id)
    found = session.execute(query.where(SignedIn.key_hash == key_hash, User.active, _open(idle, life))).one_or_none()
    return (found[0], found[1]) if found else None


def note_seen(session: Session, signed_in_id: int) -> None:
    """Note that the person did something; at most once a minute, so that pages do not write."""
    stale = SignedIn.seen_at < func.now() - timedelta(minutes=1)
    session.execute(update(SignedIn).where(SignedIn.id == signed_in_id, stale).values(seen_at=func.now()))


def list_open(session: Session, user_id: int, *, idle: timedelta, life: timedelta) -> Sequence[SignedIn]:
    """The open sessions of a person, the latest seen first."""
    query = select(SignedIn).where(SignedIn.user_id == user_id, _open(idle, life))
    return session.scalars(query.order_by(SignedIn.seen_at.desc(), SignedIn.id.desc())).all()


def end_signed_in(session: Session, user_id: int, *, only: int | None = None, but: int | None = None) -> int:
    """End sessions of a person: all, ``only`` one, or all ``but`` one; returns how many were open."""
    chosen = [SignedIn.user_id == user_id, SignedIn.ended_at.is_(None)]
    chosen += [SignedIn.id == only] if only is not None else []
    chosen += [SignedIn.id != but] if but is not None else []
    ended = update(SignedIn).where(*chosen).values(ended_at=func.now())
    return int(session.execute(ended).rowcount)  # type: ignore[attr-defined]


def end_by_key(session: Session, key_hash: bytes) -> None:
    """End the session with this key."""
    session.execute(
        update(SignedIn).where(SignedIn.key_hash == key_hash, SignedIn.ended_at.is_(None)).values(ended_at=func.now())
    )

"""Who shares a number: the people besides the contact, by the keyed hash of their name."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.models import HouseholdMember

Named = tuple[int, bytes]
"""A contact's id, and the hash of a name."""


def save_members(session: Session, members: Collection[Named], own: Collection[Named], source: str) -> None:
    """Note these people beside their contacts; who is by now the contact itself (``own``) is no longer beside it."""
    if own:
        key = tuple_(HouseholdMember.contact_id, HouseholdMember.name_hash)
        session.execute(delete(HouseholdMember).where(key.in_(sorted(own))))
    if members:
        rows = [{"contact_id": contact, "name_hash": name, "source": source} for contact, name in sorted(members)]
        session.execute(insert(HouseholdMember).on_conflict_do_nothing(), rows)


def count_members(session: Session, contact_id: int) -> int:
    """People besides the contact who share its number."""
    query = select(func.count()).select_from(HouseholdMember).where(HouseholdMember.contact_id == contact_id)
    return session.execute(query).scalar_one()


def forget_members(session: Session, contact_id: int) -> None:
    """Forget who shared the number of somebody who is erased."""
    session.execute(delete(HouseholdMember).where(HouseholdMember.contact_id == contact_id))

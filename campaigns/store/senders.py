"""Sender names: whose they are, and which carrier has registered them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from campaigns.models import SenderName
from campaigns.models.people import TEST_NUMBER


def find_sender(session: Session, name: str) -> SenderName | None:
    """The sender name, whatever its case; None where it is not on the list."""
    return session.scalars(select(SenderName).where(func.lower(SenderName.name) == name.lower())).one_or_none()


def list_senders(session: Session) -> Sequence[SenderName]:
    """Every sender name, in alphabetical order."""
    return session.scalars(select(SenderName).order_by(func.lower(SenderName.name))).all()


_CARRIERS = text("""
    SELECT carrier, count(*) AS people FROM contact
    WHERE unusable IS NULL AND phone_cipher IS NOT NULL AND source <> :desk AND (:everybody OR ward_id = ANY(:wards))
    GROUP BY carrier
""")


def count_people_by_carrier(session: Session, ward_ids: Sequence[int] | None) -> Mapping[str, int]:
    """People with a usable number by carrier, in these wards or everywhere."""
    given = {"everybody": ward_ids is None, "wards": list(ward_ids or ()), "desk": TEST_NUMBER}
    rows = session.execute(_CARRIERS, given)
    return {row.carrier: row.people for row in rows}

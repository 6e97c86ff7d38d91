"""Prices of a part: reading and writing the dated tariff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from campaigns.models import Tariff

_PUT = text("""
    INSERT INTO tariff (carrier, message_class, from_date, price, created_by)
    VALUES (:carrier, :message_class, :from_date, :price, :by)
    ON CONFLICT (carrier, message_class, from_date)
    DO UPDATE SET price = excluded.price, created_by = excluded.created_by, created_at = now()
""")


def list_tariffs(session: Session) -> Sequence[Tariff]:
    """Every price, by carrier and class, the latest day first; those for any carrier or class (``*``) come first."""
    return session.scalars(select(Tariff).order_by(Tariff.carrier, Tariff.message_class, Tariff.from_date.desc())).all()


def put_tariff(session: Session, *, carrier: str, message_class: str, from_date: date, price: Decimal, by: str) -> None:
    """Write down a price, in place of one for the same carrier, class and day."""
    given = {"carrier": carrier, "message_class": message_class, "from_date": from_date, "price": price, "by": by}
    session.execute(_PUT, given)


def delete_tariff(session: Session, *, carrier: str, message_class: str, from_date: date) -> bool:
    """Take a price off the list; whether it was there."""
    gone = session.execute(
        delete(Tariff).where(
            Tariff.carrier == carrier, Tariff.message_class == message_class, Tariff.from_date == from_date
        )
    )
    return bool(gone.rowcount)  # type: ignore[attr-defined]

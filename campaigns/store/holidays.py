"""The calendar of public holidays, and of Saturdays that are worked instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.models import Campaign, Holiday

SHIPPED = "loa"
"""The source of what ships with Loa; a person's entry for the same day stays."""


def save_holidays(session: Session, days: Sequence[dict[str, Any]]) -> int:
    """Bring the calendar up to these rows of ``Holiday``, leaving what people entered; returns how many changed."""
    row = insert(Holiday).values(list(days))
    new = {name: getattr(row.excluded, name) for name in ("name", "working", "decided")}
    differs = [getattr(Holiday, name).is_distinct_from(value) for name, value in new.items()]
    changed = row.on_conflict_do_update(
        index_elements=["day"], set_=new, where=(Holiday.source == SHIPPED) & (differs[0] | differs[1] | differs[2])
    )
    return len(session.execute(changed.returning(Holiday.day)).all())


def save_holiday(session: Session, day: date, *, name: str, working: bool, source: str) -> None:
    """Enter one day, or put it right; it counts as decided."""
    values = {"name": name, "working": working, "decided": True, "source": source}
    session.execute(
        insert(Holiday).values(day=day, **values).on_conflict_do_update(index_elements=["day"], set_=values)
    )


def clear_holiday(session: Session, day: date, *, source: str) -> bool:
    """Make a day like any other; False where it is one already."""
    cleared = (
        update(Holiday)
        .where(Holiday.day == day, Holiday.working.is_not(None))
        .values(working=None, decided=True, source=source)
        .returning(Holiday.day)
    )
    return session.execute(cleared).one_or_none() is not None


def list_holidays(session: Session, first: date, last: date) -> Sequence[Holiday]:
    """Days of the calendar from ``first`` to ``last``, both in it, in order."""
    chosen = select(Holiday).where(Holiday.day.between(first, last), Holiday.working.is_not(None))
    return session.scalars(chosen.order_by(Holiday.day)).all()


_DECIDED = text("""
    SELECT extract(year FROM day)::int FROM holiday GROUP BY 1 HAVING bool_and(decided)
""")


def list_decided_years(session: Session) -> set[int]:
    """Years whose holidays are all known and fixed."""
    return set(session.execute(_DECIDED).scalars())


def keeps_holidays(campaign: Campaign) -> bool:
    """Whether the calendar matters to a campaign at all."""
    return campaign.skip_holidays or not campaign.rest_days

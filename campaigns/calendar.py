"""What people do with the calendar of public holidays, and where it has a gap."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.errors import InvalidInput, NotFound
from campaigns.models import Campaign
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.holidays import clear_holiday, keeps_holidays, list_decided_years, save_holiday
from config.i18n import t
from config.zone import CITY_TIME

_NAME_MOST = 100
_AHEAD = timedelta(days=45)
"""So long before a year begins its calendar is asked for."""


def add_holiday(session: Session, actor: Actor, day: date, name: str, *, working: bool = False) -> None:
    """Enter a holiday, or a Saturday that is ``working``; an entry for the day is put right.

    Campaigns that keep holidays keep it with their next claim.

    Raises:
        InvalidInput: no name, or a long one.
    """
    actor.require("holiday.edit")
    cleaned = name.strip()
    if not 0 < len(cleaned) <= _NAME_MOST:
        raise InvalidInput(
            "Hãy ghi tên ngày nghỉ, tối đa {n} ký tự.", "Name the holiday in at most {n} characters.", n=_NAME_MOST
        )
    save_holiday(session, day, name=cleaned, working=working, source=actor.email)
    append_audit(
        session, actor.email, "holiday.added", "holiday", day.isoformat(), {"name": cleaned, "working": working}
    )


def remove_holiday(session: Session, actor: Actor, day: date) -> None:
    """Make a day one like any other, for good.

    Raises:
        NotFound: it is not in it.
    """
    actor.require("holiday.edit")
    if not clear_holiday(session, day, source=actor.email):
        raise NotFound(
            "Ngày {day} không có trong lịch nghỉ.", "{day} is not in the calendar.", day=day.strftime("%d/%m/%Y")
        )
    append_audit(session, actor.email, "holiday.removed", "holiday", day.isoformat())


def undecided_years(session: Session, now: datetime) -> list[int]:
    """Years of which campaigns that keep holidays would miss some: this one, and the next when it is near."""
    today = now.astimezone(CITY_TIME).date()
    asked = {today.year, (today + _AHEAD).year}
    return sorted(asked - list_decided_years(session))


def calendar_gaps(session: Session, campaign: Campaign) -> list[str]:
    """What to warn of where a campaign keeps holidays, and those of the year are not all decided."""
    if not keeps_holidays(campaign):
        return []
    return [gap_words(year) for year in undecided_years(session, campaign.start_at or database_now(session))]


def gap_words(year: int) -> str:
    """That a year's calendar is not complete, and what to do."""
    return t(
        "Lịch nghỉ lễ năm {year} chưa đủ. Khi có thông báo, nhập bằng: loa holidays add.",
        "The holidays of {year} are not all decided. Once they are, enter them with: loa holidays add.",
        year=year,
    )

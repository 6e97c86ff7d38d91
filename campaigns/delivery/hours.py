"""When a campaign may send: its window within its class's hours, on its weekdays, off on holidays, until its deadline.

The same as ``campaigns.store.opening`` says of this moment, worked out ahead: when it opens next, and when so many
open seconds will have passed. Days are Vietnam's, which has no summer time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy.orm import Session

from campaigns.content.classes import WHOLE_DAY, Hours, class_rules
from campaigns.models import Campaign
from campaigns.store.holidays import SHIPPED, keeps_holidays, list_holidays
from config.i18n import Text
from config.settings import get_settings
from config.zone import CITY_TIME

FAR = timedelta(days=400)
"""Further ahead nothing is worked out."""

EVERY_DAY = 0b1111111
WEEKDAY_NAMES = tuple(
    Text(vi, en)
    for vi, en in (
        ("thứ Hai", "Monday"),
        ("thứ Ba", "Tuesday"),
        ("thứ Tư", "Wednesday"),
        ("thứ Năm", "Thursday"),
        ("thứ Sáu", "Friday"),
        ("thứ Bảy", "Saturday"),
        ("Chủ nhật", "Sunday"),
    )
)

_DAY = timedelta(days=1)
Span = tuple[timedelta, timedelta]
"""From midnight of a day, end excluded."""


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day of the calendar."""

    name: str
    working: bool = False


@dataclass(frozen=True, slots=True)
class OpenHours:
    """When something may be sent; every default is "always"."""

    window: Hours = WHOLE_DAY
    class_hours: Hours = WHOLE_DAY
    weekdays: int = EVERY_DAY
    """Bit 0 is Monday."""
    rest_days: bool = True
    skip_holidays: bool = False
    deadline: datetime | None = None
    calendar: Mapping[date, SpecialDay] = field(default_factory=dict)

    def is_open_on(self, day: date) -> bool:
        """Whether anything may be sent on that day."""
        if not self.weekdays >> day.weekday() & 1:
            return False
        if self.rest_days and not self.skip_holidays:
            return True
        special = self.calendar.get(day)
        return special.working if special else self.rest_days or day.weekday() < 5

    def holiday(self, day: date) -> SpecialDay | None:
        """The holiday that keeps it closed on that day."""
        special = self.calendar.get(day)
        kept = self.skip_holidays or not self.rest_days
        return special if kept and special and not special.working else None

    def spans(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """(opens, closes) of every stretch from ``now`` on, in order; the first may have begun before."""
        today, both = now.astimezone(CITY_TIME).date(), _meet(self.window, self.class_hours)
        for ahead in range(FAR.days if both else 0):
            day = today + timedelta(days=ahead)
            midnight = datetime.combine(day, time(0), CITY_TIME)
            if self.deadline is not None and self.deadline <= midnight:
                return
            if not self.is_open_on(day):
                continue
            for start, end in both:
                closes = midnight + end if self.deadline is None else min(midnight + end, self.deadline)
                if closes > max(now, midnight + start):
                    yield midnight + start, closes

    def opens_after(self, now: datetime) -> datetime | None:
        """``now`` where it is open, else when it opens next; None where it never does."""
        return next((max(opens, now) for opens, _ in self.spans(now)), None)

    def after(self, now: datetime, seconds: float) -> datetime | None:
        """The moment at which so many open seconds have passed; None where that is too far, or past the deadline."""
        for opens, closes in self.spans(now):
            begins = max(opens, now)
            room = (closes - begins).total_seconds()
            if room >= seconds:
                return begins + timedelta(seconds=seconds)
            seconds -= room
        return None


def _spans_of(hours: Hours) -> list[Span]:
    start, end = (timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) for at in hours)
    if start == end:
        return [(timedelta(0), _DAY)]
    return [(start, end)] if start < end else [(timedelta(0), end), (start, _DAY)]


def _meet(one: Hours, other: Hours) -> list[Span]:
    """What two hours of a day have in common, in order."""
    both = [
        (max(start, begin), min(end, stop)) for start, end in _spans_of(one) for begin, stop in _spans_of(other)
    ]
    return sorted((start, end) for start, end in both if start < end)


def open_hours(session: Session, campaign: Campaign, now: datetime) -> OpenHours:
    """When the campaign may send, from ``now`` on."""
    today = now.astimezone(CITY_TIME).date()
    days = list_holidays(session, today, today + FAR) if keeps_holidays(campaign) else ()
    return OpenHours(
        window=(campaign.window_start, campaign.window_end),
        class_hours=(campaign.class_start, campaign.class_end),
        weekdays=campaign.weekdays,
        rest_days=campaign.rest_days,
        skip_holidays=campaign.skip_holidays,
        deadline=campaign.deadline,
        calendar={row.day: SpecialDay(row.name, bool(row.working)) for row in days},
    )


def keep_class_hours(campaign: Campaign) -> None:
    """Write down what its class says of hours and days, as this installation has it at this moment.

    Where ``LOA_ANY_HOUR`` says that only a simulated telco gets anything, classes keep no hours.
    """
    rules = class_rules(campaign.message_class)
    anytime = get_settings().any_hour
    campaign.class_start, campaign.class_end = WHOLE_DAY if anytime else rules.hours
    campaign.rest_days = anytime or rules.rest_days


@cache
def shipped_holidays() -> tuple[dict[str, Any], ...]:
    """The days that ship with Loa, as rows of ``Holiday``."""
    content = files("campaigns.delivery").joinpath("data", "holidays.csv").read_text(encoding="utf-8")
    return tuple(
        {
            "day": date.fromisoformat(row["day"]),
            "name": row["name"],
            "working": row["working"] == "yes",
            "decided": row["decided"] == "yes",
            "source": SHIPPED,
        }
        for row in csv.DictReader(content.splitlines())
    )

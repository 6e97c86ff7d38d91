"""How long the law gives for each request of a citizen: Decree 356/2025/NĐ-CP, Article 5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from config.i18n import Text

ACKNOWLEDGE_WORKING_DAYS = 2
"""Within these it has to be said that the request was received."""

IsWorkingDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Clock:
    """Days for one kind of request, counted from the day after it came."""

    title: Text
    days: int
    extension: int
    """Days more, once, with a reason."""
    with_processor: int
    """Days instead of ``days`` where a processor must act too."""
    acts: tuple[str, ...] = ()
    """Entries of the audit that fulfil it; empty where only the person who handles it knows."""


CLOCKS: Mapping[str, Clock] = {
    "withdraw": Clock(Text("Rút lại sự đồng ý", "Withdraw consent"), 15, 15, 20, ("contact.restricted",)),
    "restrict": Clock(Text("Hạn chế xử lý", "Restrict processing"), 15, 15, 20, ("contact.restricted",)),
    "object": Clock(Text("Phản đối xử lý", "Object to processing"), 15, 15, 20, ("contact.restricted",)),
    "view": Clock(Text("Xem dữ liệu", "See the data"), 10, 10, 15, ("contact.exported",)),
    "correct": Clock(Text("Chỉnh sửa dữ liệu", "Correct the data"), 10, 10, 15, ("contact.corrected",)),
    "copy": Clock(Text("Cung cấp bản sao dữ liệu", "A copy of the data"), 10, 10, 15, ("contact.exported",)),
    "delete": Clock(Text("Xoá dữ liệu", "Delete the data"), 20, 20, 30, ("contact.erased",)),
    "protect": Clock(Text("Áp dụng biện pháp bảo vệ", "Take protective measures"), 15, 15, 15),
}
"""Days are days of the calendar: where the law says only “days”, the earlier end is the safe one."""


def not_at_weekends(day: date) -> bool:
    """Whether offices work on a day, as far as weekends tell."""
    return day.weekday() < 5


def after_working_days(start: date, days: int, works: IsWorkingDay = not_at_weekends) -> date:
    """The day by whose end so many working days after ``start`` are over.

    >>> after_working_days(date(2026, 11, 27), 2)  # a Friday
    datetime.date(2026, 12, 1)
    """
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= works(day)
    return day


def acknowledge_by(received: date, works: IsWorkingDay = not_at_weekends) -> date:
    """The last day on which the request may be acknowledged."""
    return after_working_days(received, ACKNOWLEDGE_WORKING_DAYS, works)


def due_on(kind: str, received: date, *, with_processor: bool = False, extended: bool = False) -> date:
    """The last day on which the request may be done.

    >>> due_on("delete", date(2026, 1, 1), with_processor=True, extended=True)
    datetime.date(2026, 2, 20)
    """
    clock = CLOCKS[kind]
    days = clock.with_processor if with_processor else clock.days
    return received + timedelta(days=days + (clock.extension if extended else 0))

"""Times, hours and days as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import time as clock_time

import click

from config.i18n import t
from config.zone import CITY_TIME


def read_start(given: str) -> datetime | None:
    """``now``, ``manual`` (None) or an ISO time."""
    if given == "manual":
        return None
    return datetime.now(UTC) if given == "now" else read_moment(given)


def read_weekdays(given: str) -> int:
    """``1-5`` or ``2,4`` as bits, Monday the lowest."""
    days: set[int] = set()
    try:
        for part in given.split(","):
            first, _, last = part.partition("-")
            days |= set(range(int(first), int(last or first) + 1))
    except ValueError:
        days = set()
    if not days or not days <= set(range(1, 8)):
        raise click.UsageError(
            t(
                "--days cần dạng 1-5 hoặc 2,4, không phải “{given}”.",
                "--days wants 1-5 or 2,4, not “{given}”.",
                given=given,
            )
        )
    return sum(1 << (day - 1) for day in days)


def read_moment(given: str) -> datetime:
    """An ISO time; without a zone it is Vietnam's."""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise click.UsageError(
            t(
                "“{given}” không phải thời điểm ISO, ví dụ 2026-11-24T08:00.",
                "“{given}” is no ISO time such as 2026-11-24T08:00.",
                given=given,
            )
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY_TIME)


def read_window(given: str) -> tuple[clock_time, clock_time]:
    """``07:00-21:00``."""
    try:
        start, end = (part.strip() for part in given.split("-"))
        # 24:00 is how people write the end of a day; as an end of the window it is 00:00.
        return clock_time.fromisoformat(start), clock_time.fromisoformat("00:00" if end == "24:00" else end)
    except ValueError as error:
        raise click.UsageError(
            t(
                "--window cần dạng 07:00-21:00, không phải “{given}”.",
                "--window wants 07:00-21:00, not “{given}”.",
                given=given,
            )
        ) from error

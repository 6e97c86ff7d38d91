"""``loa holidays``: the calendar of public holidays that campaigns keep."""

from __future__ import annotations

from datetime import date, datetime

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say, show_table
from config.i18n import t

_DAY = click.DateTime(formats=["%Y-%m-%d", "%d/%m/%Y"])


@click.group(help=t("Ngày nghỉ lễ, ngày làm bù.", "Public holidays, and Saturdays that are worked instead."))
def holidays() -> None:
    """The group."""


@holidays.command("list", help=t("Liệt kê ngày nghỉ của một năm.", "List the days of a year."))
@click.option("--year", type=click.IntRange(2000, 2100), help=t("Năm (mặc định: năm nay).", "Year (this one)."))
@json_option
@pass_loa
def list_days(loa: Loa, year: int | None, as_json: bool) -> None:
    """Every day of the calendar of a year."""
    from campaigns.calendar import gap_words
    from campaigns.delivery.hours import WEEKDAY_NAMES
    from campaigns.store.holidays import list_decided_years, list_holidays
    from config.zone import CITY_TIME

    chosen = year or datetime.now(CITY_TIME).year
    with loa.database.transaction() as session:
        found = list_holidays(session, date(chosen, 1, 1), date(chosen, 12, 31))
        decided = chosen in list_decided_years(session)
        days = [
            {"day": row.day.isoformat(), "name": row.name, "working": row.working, "decided": row.decided}
            for row in found
        ]
        rows = [(row.day.strftime("%d/%m/%Y"), str(WEEKDAY_NAMES[row.day.weekday()]), _what(row)) for row in found]
    if as_json:
        emit_json({"year": chosen, "decided": decided, "days": days})
        return
    show_table((t("Ngày", "Day"), t("Thứ", "Weekday"), t("Là", "What")), rows)
    if not decided:
        say(gap_words(chosen))


def _what(row: object) -> str:
    name, working, decided = (getattr(row, field) for field in ("name", "working", "decided"))
    kind = t("{name} (làm việc)", "{name} (worked)", name=name) if working else str(name)
    return kind if decided else t("{kind}, chưa có thông báo chính thức", "{kind}, not decided yet", kind=kind)


@holidays.command(help=t("Thêm hoặc sửa một ngày.", "Enter a day, or put it right."))
@click.argument("day", type=_DAY)
@click.option("--name", required=True, help=t("Tên ngày nghỉ.", "What it is."))
@click.option("--working", is_flag=True, help=t("Là ngày làm bù, không phải ngày nghỉ.", "A day that is worked."))
@as_option
@pass_loa
def add(loa: Loa, day: datetime, name: str, working: bool, as_email: str | None) -> None:
    """Put a day into the calendar."""
    from campaigns.calendar import add_holiday

    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        add_holiday(session, actor, day.date(), name, working=working)
    say(t("Đã ghi {day}.", "{day} is entered.", day=day.strftime("%d/%m/%Y")))


@holidays.command(help=t("Bỏ một ngày khỏi lịch.", "Take a day out of the calendar."))
@click.argument("day", type=_DAY)
@as_option
@pass_loa
def remove(loa: Loa, day: datetime, as_email: str | None) -> None:
    """Take a day out."""
    from campaigns.calendar import remove_holiday

    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        remove_holiday(session, actor, day.date())
    say(t("Đã bỏ {day}.", "{day} is gone.", day=day.strftime("%d/%m/%Y")))

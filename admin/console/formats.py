"""Numbers, dates and phone numbers as people read them: ``1.234.567``, ``23/11/2026 14:05``, ``09•• ••• 456``."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from babel.numbers import format_decimal, format_percent

from campaigns.audience.phone import mask_phone
from config.i18n import current_language, figure, t
from config.zone import CITY_TIME

_LOCALES = {"vi": "vi_VN", "en": "en_GB"}


def number(value: float | int | None, digits: int = 0) -> str:
    """``1.234.567`` in Vietnamese, ``1,234,567`` in English; a dash for nothing."""
    if value is None:
        return "–"
    if type(value) is int and value >= 0:
        # Babel takes fifty times as long, and a campaign's page has four hundred of these.
        return figure(value)
    pattern = "#,##0" if digits == 0 else "#,##0." + "#" * digits
    return format_decimal(value, format=pattern, locale=_LOCALES[current_language()])


def percent(part: int, whole: int) -> str:
    """``97,3%`` with its one decimal; a dash where there is nothing to divide by.

    Rounded down, so that 100% is written only when nobody is missing.
    """
    if whole <= 0:
        return "–"
    permille = part * 1000 // whole
    return format_percent(permille / 1000, format="#,##0.#%", locale=_LOCALES[current_language()])


def local(moment: datetime) -> datetime:
    """The moment on the clocks of Da Nang; a moment without a zone is UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(CITY_TIME)


def older_than(value: datetime, *, minutes: int) -> bool:
    """Whether a moment lies further back."""
    return datetime.now(UTC) - local(value) > timedelta(minutes=minutes)


def moment(value: datetime | None) -> str:
    """``23/11/2026 14:05``, a dash for none."""
    return local(value).strftime("%d/%m/%Y %H:%M") if value else "–"


def moment_to_seconds(value: datetime | None) -> str:
    """``23/11/2026 14:05:30``, a dash for none."""
    return local(value).strftime("%d/%m/%Y %H:%M:%S") if value else "–"


def clock(value: datetime | time | None) -> str:
    """``14:05``, a dash for none."""
    if value is None:
        return "–"
    return (local(value) if isinstance(value, datetime) else value).strftime("%H:%M")


def day(value: date | None) -> str:
    """``23/11/2026``, a dash for none."""
    return value.strftime("%d/%m/%Y") if value else "–"


def masked(e164: bytes | str | None) -> str:
    """A number with its middle covered: ``84905123456`` becomes ``09•• ••• 456``; a word for an erased one."""
    if not e164:
        return t("(đã xoá)", "(erased)")
    return mask_phone(e164.decode() if isinstance(e164, bytes) else e164)


def seconds(value: float) -> str:
    """``0 giây``, ``1,4 giây``, from a minute on as ``duration`` says it."""
    if value >= 60:
        return duration(value)
    return t("{n} giây", "{n} s", n=number(value, 1))


def duration(seconds: float) -> str:
    """Roughly how long: ``45 giây``, ``12 phút``, ``2 giờ 5 phút``."""
    if seconds < 60:
        return t("{n} giây", "{n} s", n=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 60:
        return t("{n} phút", "{n} min", n=minutes)
    return t("{h} giờ {m} phút", "{h} h {m} min", h=minutes // 60, m=minutes % 60)

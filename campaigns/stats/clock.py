"""The clock of Da Nang, for moments told in words."""

from __future__ import annotations

from datetime import datetime

from config.i18n import t
from config.zone import CITY_TIME


def hour(at: datetime) -> str:
    """``14:05``."""
    return at.astimezone(CITY_TIME).strftime("%H:%M")


def moment(at: datetime) -> str:
    """``14:05 ngày 23/11/2026``."""
    return at.astimezone(CITY_TIME).strftime(t("%H:%M ngày %d/%m/%Y", "%H:%M %d/%m/%Y"))

"""The clock of Da Nang, for moments told in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Asia/Ho_Chi_Minh")


def hour(at: datetime) -> str:
    """``14:05``."""
    return at.astimezone(CITY_TIME).strftime("%H:%M")

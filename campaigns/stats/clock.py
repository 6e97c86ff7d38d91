"""The clock of Da Nang, for moments told in words."""

from __future__ import annotations

from datetime import datetime

from campaigns.delivery.hours import CITY_TIME

__all__ = ["CITY_TIME", "hour", "moment"]


def hour(at: datetime) -> str:
    """``14:05``."""
    return at.astimezone(CITY_TIME).strftime("%H:%M")


def moment(at: datetime) -> str:
    """``14:05 23/11/2026``."""
    return at.astimezone(CITY_TIME).strftime("%H:%M %d/%m/%Y")

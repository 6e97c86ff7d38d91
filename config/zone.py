"""The clock people of the city live by; Vietnam has no summer time. Everything is kept in UTC and shown in this."""

from __future__ import annotations

from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Asia/Ho_Chi_Minh")

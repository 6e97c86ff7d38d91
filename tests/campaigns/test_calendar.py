"""The calendar of public holidays tells where it has a gap."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from campaigns.calendar import calendar_gaps
from campaigns.delivery.hours import shipped_holidays
from campaigns.store.holidays import save_holidays
from tests.factories import make_campaign


def test_a_year_whose_holidays_are_not_all_decided_is_warned_of(undone: Session) -> None:
    save_holidays(undone, shipped_holidays())
    kept = {"skip_holidays": True, "start_at": datetime(2026, 12, 1, tzinfo=UTC)}
    [warning] = calendar_gaps(undone, make_campaign(undone, **kept))
    assert "Lịch nghỉ lễ năm 2027 chưa đủ" in warning
    assert calendar_gaps(undone, make_campaign(undone, **kept | {"start_at": datetime(2026, 9, 1, tzinfo=UTC)})) == []
    assert calendar_gaps(undone, make_campaign(undone, **kept | {"skip_holidays": False})) == []

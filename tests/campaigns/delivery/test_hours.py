"""When a campaign may send: what is foretold in Python and what the claim asks of the database are the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.content.classes import WHOLE_DAY, Hours, class_rules
from campaigns.delivery.hours import OpenHours, SpecialDay, keep_class_hours, open_hours, shipped_holidays
from campaigns.stats.idle import closed_words
from campaigns.store.holidays import list_decided_years, save_holiday, save_holidays
from campaigns.store.opening import INSIDE_WINDOW
from config.i18n import language
from config.settings import get_settings
from config.zone import CITY_TIME
from tests.factories import make_campaign

HOUR = 3600
DAYTIME, NIGHT = (time(7), time(21)), (time(22), time(4))
OFFICE = (time(7), time(17, 30))


def at(clock: str, day: int = 25, month: int = 11) -> datetime:
    """A moment of 2026 in Da Nang; 25 November is a Wednesday."""
    return datetime.combine(date(2026, month, day), time.fromisoformat(clock), CITY_TIME)


@pytest.mark.parametrize(
    ("now", "hours", "window", "expected"),
    [
        (at("08:00"), 6, DAYTIME, at("14:00")),
        (at("20:00"), 6, DAYTIME, at("12:00", 26)),
        (at("03:00"), 6, DAYTIME, at("13:00")),
        (at("22:00"), 6, DAYTIME, at("13:00", 26)),
        (at("08:00"), 40, DAYTIME, at("20:00", 27)),
        (at("08:00"), 6, WHOLE_DAY, at("14:00")),
        (at("23:00"), 6, NIGHT, at("23:00", 26)),
        (at("01:00"), 2, NIGHT, at("03:00")),
        (at("12:00"), 2, NIGHT, at("00:00", 26)),
    ],
)
def test_only_the_hours_of_sending_count(now: datetime, hours: float, window: Hours, expected: datetime) -> None:
    assert OpenHours(window).after(now, hours * HOUR) == expected


def test_what_would_take_years_or_passes_the_deadline_has_no_finish() -> None:
    assert OpenHours(DAYTIME).after(at("08:00"), 10_000_000 * HOUR) is None
    until = OpenHours(DAYTIME, deadline=at("10:00", 26))
    assert until.after(at("20:00"), 4 * HOUR) == at("10:00", 26)
    assert until.after(at("20:00"), 4 * HOUR + 1) is None
    assert until.opens_after(at("10:00", 26)) is None


@pytest.mark.parametrize(
    ("now", "hours", "expected"),
    [
        # Friday evening of staff's hours: on on Monday. A window that spans midnight meets the class's at both ends.
        (at("18:00", 27), OpenHours(WHOLE_DAY, OFFICE, rest_days=False), at("07:00", 30)),
        (at("17:29", 27), OpenHours(WHOLE_DAY, OFFICE, rest_days=False), at("17:29", 27)),
        (at("09:00"), OpenHours((time(20), time(8)), DAYTIME), at("20:00")),
        (at("21:00"), OpenHours((time(20), time(8)), DAYTIME), at("07:00", 26)),
        (at("09:00"), OpenHours(DAYTIME, weekdays=0b0000010), at("07:00", 1, 12)),
        (at("00:00", 1, 12), OpenHours(WHOLE_DAY, weekdays=0b0000010), at("00:00", 1, 12)),
        (at("09:00"), OpenHours((time(5), time(6)), DAYTIME), None),
    ],
)
def test_hours_of_class_and_campaign_and_weekdays_all_hold(
    now: datetime, hours: OpenHours, expected: datetime | None
) -> None:
    assert hours.opens_after(now) == expected


CALENDAR = {date(2026, 9, 1): SpecialDay("Quốc khánh"), date(2026, 9, 2): SpecialDay("Quốc khánh")} | {
    date(2026, 8, 22): SpecialDay("Làm bù", working=True)
}

MOMENTS = [
    at(clock, day, month)
    for month, day in ((8, 22), (8, 23), (8, 31), (9, 1), (9, 2), (9, 3), (11, 27), (11, 28))
    for clock in ("00:00", "03:59", "04:00", "06:59", "07:00", "17:29", "17:30", "20:59", "21:00", "23:59")
]
KEPT = [
    OpenHours(window, class_hours, weekdays, rest_days, skip, deadline, CALENDAR)
    for window in (WHOLE_DAY, DAYTIME, NIGHT)
    for class_hours in (WHOLE_DAY, OFFICE)
    for weekdays in (127, 0b0011111)
    for rest_days, skip in ((True, False), (True, True), (False, False))
    for deadline in (None, at("17:30", 2, 9))
]


def test_the_claim_asks_the_database_what_is_foretold_at_every_edge(undone: Session) -> None:
    """Every combination of hours, days and moments, told by both: as at the frontier of midnight, so in the tail."""
    for day, special in CALENDAR.items():
        save_holiday(undone, day, name=special.name, working=special.working, source="test")
    condition = INSIDE_WINDOW.replace("now()", "m.now")
    query = text(
        f"SELECT {condition} FROM (SELECT CAST(:ws AS time) AS window_start, CAST(:we AS time) AS window_end,"
        " CAST(:cs AS time) AS class_start, CAST(:ce AS time) AS class_end, CAST(:days AS int) AS weekdays,"
        " CAST(:rest AS bool) AS rest_days, CAST(:skip AS bool) AS skip_holidays,"
        " CAST(:deadline AS timestamptz) AS deadline) c,"
        " unnest(CAST(:moments AS timestamptz[])) WITH ORDINALITY AS m (now, place) ORDER BY m.place"
    )
    moments = [now.astimezone(UTC) for now in MOMENTS]
    for hours in KEPT:
        values = {
            "ws": hours.window[0], "we": hours.window[1], "cs": hours.class_hours[0], "ce": hours.class_hours[1],
            "days": hours.weekdays, "rest": hours.rest_days, "skip": hours.skip_holidays, "deadline": hours.deadline,
        }  # fmt: skip
        told = undone.scalars(query, values | {"moments": moments}).all()
        for now, is_open in zip(MOMENTS, told, strict=True):
            assert is_open == (hours.opens_after(now) == now), (hours, now)


@pytest.mark.parametrize(
    ("now", "hours", "vi", "en"),
    [
        (at("22:00"), OpenHours(DAYTIME), "ngoài khung giờ gửi, tiếp tục lúc 07:00", "outside its hours until 07:00"),
        (at("22:00", 31, 8), OpenHours(DAYTIME, skip_holidays=True, calendar=CALENDAR),
         "ngoài khung giờ gửi, tiếp tục 07:00 ngày 03/09/2026", "outside its hours, goes on at 07:00 on 03/09/2026"),
        (at("09:00", 2, 9), OpenHours(DAYTIME, skip_holidays=True, calendar=CALENDAR),
         "ngày nghỉ lễ (Quốc khánh), tiếp tục 07:00 ngày 03/09/2026",
         "public holiday (Quốc khánh), goes on at 07:00 on 03/09/2026"),
        (at("09:00", 28), OpenHours(OFFICE, rest_days=False),
         "không gửi vào thứ Bảy, tiếp tục 07:00 ngày 30/11/2026",
         "not sent on a Saturday, goes on at 07:00 on 30/11/2026"),
        (at("09:00"), OpenHours(deadline=at("08:00")), "đã quá hạn gửi 08:00 ngày 25/11/2026",
         "its deadline 08:00 25/11/2026 is over"),
    ],
)  # fmt: skip
def test_it_says_why_it_is_closed_and_when_it_goes_on(now: datetime, hours: OpenHours, vi: str, en: str) -> None:
    assert closed_words(hours, now) == vi
    with language("en"):
        assert closed_words(hours, now) == en


def test_a_campaign_keeps_its_classs_hours_unless_only_a_simulated_telco_listens(
    undone: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(undone, message_class="noi-bo", window_start="00:00", window_end="00:00")
    monkeypatch.setenv("LOA_ANY_HOUR", "false")
    for anytime, hours, rest_days in (("false", class_rules("noi-bo").hours, False), ("true", WHOLE_DAY, True)):
        monkeypatch.setenv("LOA_ANY_HOUR", anytime)
        get_settings.cache_clear()
        keep_class_hours(campaign)
        undone.flush()
        found = open_hours(undone, campaign, at("09:00"))
        assert (found.class_hours, found.rest_days) == (hours, rest_days)


def test_what_people_entered_outlives_the_calendar_that_ships(undone: Session) -> None:
    save_holiday(undone, date(2027, 2, 5), name="Tết Nguyên đán", working=False, source="nguoi-van-hanh")
    assert save_holidays(undone, shipped_holidays()) == len(shipped_holidays()) - 1
    assert save_holidays(undone, shipped_holidays()) == 0
    assert list_decided_years(undone) == {2023, 2024, 2025, 2026}


def test_the_calendar_that_ships_holds_the_days_of_the_labour_code() -> None:
    names: dict[tuple[int, str], list[date]] = {}
    for row in shipped_holidays():
        names.setdefault((row["day"].year, row["name"]), []).append(row["day"])
    for year in (2023, 2024, 2025, 2026):
        assert len(names[year, "Tết Nguyên đán"]) >= 5
        assert len(names[year, "Quốc khánh"]) == 2
        for name in ("Tết Dương lịch", "Giỗ Tổ Hùng Vương", "Ngày Chiến thắng", "Ngày Quốc tế lao động"):
            assert len(names[year, name]) == 1
    assert all(row["day"].weekday() == 5 for row in shipped_holidays() if row["working"])
    tet = {2023: date(2023, 1, 22), 2024: date(2024, 2, 10), 2025: date(2025, 1, 29), 2026: date(2026, 2, 17)}
    for year, first in tet.items():
        assert {first, first + timedelta(days=1)} <= set(names[year, "Tết Nguyên đán"])

"""When a campaign will be done: from its pace, its hours, the gateways' rates, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy.orm import Session

from campaigns.delivery.hours import OpenHours, open_hours
from campaigns.delivery.states import CampaignState
from campaigns.models import Campaign
from campaigns.stats.clock import moment
from campaigns.store.campaigns import database_now
from campaigns.store.pacing import read_fullest_ward, read_left_by_gateway
from config.i18n import figure, t
from config.zone import CITY_TIME


@dataclass(frozen=True, slots=True)
class Outlook:
    """The pace that is kept, and when the last message goes out if nothing changes."""

    parts_per_hour: float | None
    ward_people_per_hour: float | None
    finish_at: datetime | None
    """None where nothing is left, nobody can send it, or it is too far away to say."""
    misses_today: datetime | None
    """The end of today's hours, where that is before the finish."""
    held_by: str | None
    """What the finish hangs on: ``pace``, ``ward``, or the name of a gateway whose own limit is lower."""
    deadline: datetime | None = None
    """From then on nothing is sent."""
    too_late: bool = False
    """Whether it will not be done before its deadline."""

    def to_json(self) -> dict[str, Any]:
        """Fields of ``loa campaigns show --json`` beside those of the summary."""
        kept = self.parts_per_hour is not None or self.ward_people_per_hour is not None
        pace = {"parts_per_hour": _rounded(self.parts_per_hour), "ward_per_hour": _rounded(self.ward_people_per_hour)}
        return {
            "pace": pace if kept else None,
            "finish_at": self.finish_at.isoformat(timespec="seconds") if self.finish_at else None,
            "held_by": self.held_by,
        }

    def words(self) -> list[str]:
        """Sentences for people: the pace, the finish, what holds it up."""
        said = [self._pace(), self._finish(), self._held()]
        return [sentence for sentence in said if sentence]

    def _pace(self) -> str | None:
        parts = self.parts_per_hour is not None and t(
            "tối đa {n} phần tin mỗi giờ", "at most {n} parts an hour", n=_plain(self.parts_per_hour)
        )
        ward = self.ward_people_per_hour is not None and t(
            "tối đa {n} người mỗi giờ ở một phường, xã",
            "at most {n} people an hour in one ward",
            n=_plain(self.ward_people_per_hour),
        )
        kept = "; ".join(rule for rule in (parts, ward) if rule)
        return t("Nhịp gửi: {kept}.", "Pace: {kept}.", kept=kept) if kept else None

    def _finish(self) -> str | None:
        if self.too_late and self.deadline is not None:
            end = moment(self.deadline)
            return t("Sẽ không kịp trước hạn {end}.", "Will not be done before its deadline {end}.", end=end)
        if self.finish_at is None:
            return None
        at = self.finish_at.astimezone(CITY_TIME)
        if self.misses_today is None:
            if at.date() == datetime.now(CITY_TIME).date():
                return t("Dự kiến xong lúc {time}.", "Expected to be done at {time}.", time=at.strftime("%H:%M"))
            return t("Dự kiến xong lúc {time}.", "Expected to be done at {time}.", time=moment(at))
        return t(
            "Sẽ không kịp trước {end} hôm nay; dự kiến xong lúc {time} ngày {day}.",
            "Will not be done before {end} today; expected at {time} on {day}.",
            end=self.misses_today.astimezone(CITY_TIME).strftime("%H:%M"),
            time=at.strftime("%H:%M"),
            day=at.strftime("%d/%m/%Y"),
        )

    def _held(self) -> str | None:
        if self.parts_per_hour is None or self.finish_at is None or self.held_by in {None, "pace"}:
            return None
        if self.held_by == "ward":
            return t(
                "Nhịp của từng phường, xã thấp hơn nhịp chung nên sẽ lâu hơn.",
                "The pace within a ward is lower than that of the campaign, so it takes longer.",
            )
        return t(
            "Hạn mức của cổng {name} thấp hơn nhịp đã đặt nên sẽ lâu hơn.",
            "The limit of gateway {name} is lower than the pace set, so it takes longer.",
            name=self.held_by,
        )


def _plain(hourly: float | None) -> str:
    few = f"{hourly or 0:.1f}"
    return figure(hourly) if hourly and hourly >= 10 else t(few.replace(".", ","), few)


def _rounded(hourly: float | None) -> float | None:
    return None if hourly is None else round(hourly, 2)


def outlook(session: Session, campaign: Campaign) -> Outlook:
    """Look ahead for one campaign that is running or paused; for others only the pace is known."""
    begun = campaign.state in {CampaignState.RUNNING, CampaignState.PAUSED} and campaign.planned_at is not None
    seconds, held_by = _seconds_left(session, campaign) if begun else (None, None)
    finish, misses, late = None, None, False
    if seconds is not None and campaign.state == CampaignState.RUNNING:
        now = database_now(session)
        hours = open_hours(session, campaign, now)
        finish = hours.after(now, seconds)
        misses = _missed(now, finish, hours)
        late = campaign.deadline is not None and finish is None
    pace, ward_pace = _hourly(campaign.pace_now), _hourly(campaign.ward_pace_now)
    return Outlook(pace, ward_pace, finish, misses, held_by, campaign.deadline, late)


def _hourly(per_second: float | None) -> float | None:
    return None if per_second is None else per_second * 3600


def _seconds_left(session: Session, campaign: Campaign) -> tuple[float | None, str | None]:
    """Open seconds until all is sent, and what they hang on; None where a part of it can go nowhere."""
    longest, held_by = 0.0, None
    for left in read_left_by_gateway(session, campaign.id):
        if not left.tps:
            return None, None
        limit = left.tps / (1 + left.others)
        pace = campaign.pace_now * left.share if campaign.pace_now else limit
        seconds = left.unsent / min(pace, limit)
        if seconds > longest:
            longest, held_by = seconds, "pace" if campaign.pace_now and pace <= limit * 1.01 else left.name
    if campaign.ward_pace_now:
        seconds = read_fullest_ward(session, campaign.id) / campaign.ward_pace_now
        if seconds > longest:
            longest, held_by = seconds, "ward"
    return (longest, held_by) if longest else (None, None)


def _missed(now: datetime, finish: datetime | None, hours: OpenHours) -> datetime | None:
    """The end of today's hours (of the day itself, where it is open all day), where the finish comes after it."""
    opens, closes = next(hours.spans(now), (now, now))
    today = now.astimezone(CITY_TIME).date()
    if finish is None or opens.astimezone(CITY_TIME).date() != today or finish <= closes:
        return None
    return min(closes, datetime.combine(today, time(23, 59), CITY_TIME))

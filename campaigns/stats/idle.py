"""Why a campaign stands still, in words a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from campaigns.delivery.hours import WEEKDAY_NAMES, OpenHours, open_hours
from campaigns.delivery.trouble import Stretch, read_reason, refusals_among
from campaigns.gateways.codes import in_words
from campaigns.models import Campaign
from campaigns.stats.clock import moment
from campaigns.stats.health import standing_words
from campaigns.store.audit import find_last_deed
from campaigns.store.campaigns import database_now, get_campaign, read_idle_facts, read_waiting_gateways
from campaigns.store.frequency import waits_for_another_day
from campaigns.store.pacing import next_due
from campaigns.store.trouble import read_trouble
from campaigns.titles import carrier
from config.i18n import t
from config.zone import CITY_TIME

STANDS_STILL = timedelta(seconds=10)
"""A shorter gap between two messages is the pace itself, and nothing to explain."""


def idle_reason(session: Session, campaign_id: int) -> str | None:
    """Why nothing is going out although the campaign is not over; None where it is sending, or has no reason to."""
    facts = read_idle_facts(session, campaign_id)
    if facts.state == "scheduled":
        return _before_start(facts)
    if facts.state == "paused":
        return _paused(session, campaign_id, facts)
    if facts.state != "running":
        return None
    waiting = read_waiting_gateways(session, campaign_id)
    if not waiting:
        return None
    if not facts.open:
        now = database_now(session)
        return closed_words(open_hours(session, get_campaign(session, campaign_id), now), now)
    now = database_now(session)
    pacing = _pacing(session, campaign_id, now) if facts.paced else None
    return _blocked(waiting, now) or _retrying(session, campaign_id, facts, now) or pacing


def lately_refused(session: Session, campaign: Campaign) -> str | None:
    """What the telco refuses most often among its latest answers; None where it refuses nothing, or it was paused."""
    if campaign.state not in {"running", "finished"}:
        return None
    found = refusals_among([Stretch(*stretch) for stretch in read_trouble(session, campaign.id)])
    return read_reason(found.to_reason()) if found else None


def closed_words(hours: OpenHours, now: datetime) -> str:
    """Why nothing may be sent at this moment, and when it goes on."""
    if hours.deadline is not None and now >= hours.deadline:
        return t("đã quá hạn gửi {time}", "its deadline {time} is over", time=moment(hours.deadline))
    opens, today = hours.opens_after(now), now.astimezone(CITY_TIME).date()
    if opens is None:
        return t("không còn lúc nào gửi được trong khung giờ và hạn đã đặt", "its hours and deadline leave no time")
    holiday = hours.holiday(today)
    if holiday is not None:
        why = t("ngày nghỉ lễ ({name})", "public holiday ({name})", name=holiday.name)
    elif not hours.is_open_on(today):
        why = t("không gửi vào {day}", "not sent on a {day}", day=WEEKDAY_NAMES[today.weekday()])
    else:
        why = t("ngoài khung giờ gửi", "outside its hours")
    at = opens.astimezone(CITY_TIME)
    if at - now < timedelta(days=1) and hours.is_open_on(today):
        return t("{why}, tiếp tục lúc {time}", "{why} until {time}", why=why, time=at.strftime("%H:%M"))
    return t(
        "{why}, tiếp tục {time} ngày {day}",
        "{why}, goes on at {time} on {day}",
        why=why,
        time=at.strftime("%H:%M"),
        day=at.strftime("%d/%m/%Y"),
    )


def _paused(session: Session, campaign_id: int, facts: Row[Any]) -> str:
    """What was given as the reason; else who paused it and when."""
    reason = read_reason(facts.state_reason)
    if reason:
        return t("tạm dừng: {reason}", "paused: {reason}", reason=reason)
    entry = find_last_deed(session, "campaign.paused", "campaign", campaign_id)
    if entry is None:
        return t("tạm dừng", "paused")
    return t("tạm dừng bởi {who} lúc {time}", "paused by {who}, {time}", who=entry.actor, time=moment(entry.at))


def _before_start(facts: Row[Any]) -> str:
    if not facts.due:
        return t("bắt đầu lúc {time}", "starts at {time}", time=moment(facts.scheduled_for))
    if facts.plan_cursor is None:
        return t("chờ chốt danh sách người nhận", "waiting for its audience to be frozen")
    return t("đang chốt danh sách người nhận", "freezing its audience")


def _blocked(waiting: Sequence[Row[Any]], now: datetime) -> str | None:
    """The reasons of all gateways, when every one that has work is stuck."""
    reasons = [_why_stuck(row, now) for row in waiting]
    return "; ".join(reason for reason in reasons if reason) if all(reasons) else None


def _why_stuck(row: Row[Any], now: datetime) -> str | None:
    if row.name is None:
        carriers = ", ".join(map(carrier, row.carriers.split(", ")))
        return t("chưa có cổng nào chở {carriers}", "no gateway carries {carriers}", carriers=carriers)
    if not row.enabled:
        return t("cổng {name} đang tắt", "gateway {name} is switched off", name=row.name)
    # Once its rest is over, what keeps it is that no session is open to try it.
    if row.state == "half-open" or (row.state == "open" and (row.retry_at > now or row.session_state == "bound")):
        return standing_words(row.name, row)
    if row.session_state is None:
        return t("không có tiến trình nào mở cổng {name}", "no worker serves {name}", name=row.name)
    if row.session_state == "throttled":
        return t("chờ hạn mức của {name}", "waiting for {name}'s rate", name=row.name)
    if row.session_state != "bound":
        why = in_words(row.session_reason)
        return t("{name} mất kết nối: {reason}", "{name} is down: {reason}", name=row.name, reason=why)
    if row.urgent:
        return t(
            "nhường cổng {name} cho chiến dịch khẩn hơn đang gửi",
            "gateway {name} serves a more urgent campaign first",
            name=row.name,
        )
    return None


def _retrying(session: Session, campaign_id: int, facts: Row[Any], now: datetime) -> str | None:
    if facts.retry_at is None or facts.retry_at <= now.astimezone(UTC):
        return None
    if waits_for_another_day(session, campaign_id):
        hours = open_hours(session, get_campaign(session, campaign_id), now)
        return t(
            "người nhận đã đủ số tin trong ngày của loại tin này, gửi tiếp từ {time}",
            "its people have had enough messages of this class, goes on from {time}",
            time=moment(hours.opens_after(facts.retry_at) or facts.retry_at),
        )
    return t("gửi lại lúc {time}", "tries again at {time}", time=moment(facts.retry_at))


def _pacing(session: Session, campaign_id: int, now: datetime) -> str | None:
    """A campaign that keeps a slow pace is between two messages."""
    due = next_due(session, campaign_id)
    if due is None or due - now < STANDS_STILL:
        return None
    return t(
        "giữ nhịp gửi: tin tiếp theo lúc {time}",
        "keeping its pace: next messages at {time}",
        time=due.astimezone(CITY_TIME).strftime("%H:%M:%S"),
    )

"""When a campaign that has not begun would be done: from whom it reaches, its pace, its hours, the gateways' rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.delivery.hours import open_hours
from campaigns.models import Campaign
from campaigns.stats.clock import moment
from campaigns.stats.waterfall import Waterfall
from campaigns.store.campaigns import database_now
from campaigns.store.routes import read_shares
from config.i18n import t
from config.zone import CITY_TIME


@dataclass(frozen=True, slots=True)
class Carried:
    """What one gateway would carry of a campaign."""

    name: str
    tps: float
    parts: float
    works: bool
    others: int
    """Running campaigns of the same urgency that it serves too."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """From the start to the last message. ``finish_at`` is None where nobody can say."""

    start_at: datetime
    starts_now: bool
    finish_at: datetime | None
    held_by: str | None
    """``pace``, ``ward``, or the gateway whose limit is the lowest."""
    deadline: datetime | None
    nobody: bool = False

    @property
    def is_late(self) -> bool:
        """Whether it will not be done by its deadline."""
        return self.deadline is not None and (self.finish_at is None or self.finish_at > self.deadline)

    def words(self) -> list[str]:
        """Sentences for people: the start, the finish, the deadline, what it hangs on."""
        return [sentence for sentence in (self._finish(), self._late(), self._held()) if sentence]

    def _finish(self) -> str:
        if self.nobody:
            return t("Chưa có ai để gửi nên chưa tính được giờ xong.", "Nobody is to be sent to yet.")
        if self.finish_at is None:
            return t("Chưa tính được giờ xong.", "When it will be done cannot be said yet.")
        begin, end = self.start_at.astimezone(CITY_TIME), self.finish_at.astimezone(CITY_TIME)
        said = {"start": moment(begin), "end": f"{end:%H:%M}", "day": f"{end:%d/%m/%Y}"}
        if begin.date() == end.date():
            return (
                t("Nếu bắt đầu ngay bây giờ, xong lúc {end}.", "Started now, it is done at {end}.", **said)
                if self.starts_now
                else t("Bắt đầu lúc {start}, xong lúc {end} cùng ngày.", "From {start}, done {end} that day.", **said)
            )
        return (
            t("Nếu bắt đầu ngay bây giờ, xong lúc {end} ngày {day}.", "Started now, done at {end} on {day}.", **said)
            if self.starts_now
            else t("Bắt đầu lúc {start}, xong lúc {end} ngày {day}.", "From {start}, done at {end} on {day}.", **said)
        )

    def _late(self) -> str | None:
        if self.deadline is None:
            return None
        at = moment(self.deadline)
        if self.is_late:
            return t("Sẽ không kịp trước hạn {at}.", "It will not be done by the deadline, {at}.", at=at)
        return t("Kịp trước hạn {at}.", "In time for the deadline, {at}.", at=at)

    def _held(self) -> str | None:
        if self.finish_at is None or self.held_by is None:
            return None
        if self.held_by == "pace":
            return t("Thời điểm xong phụ thuộc nhịp gửi đã đặt.", "The pace that is set decides the finish.")
        if self.held_by == "ward":
            return t(
                "Thời điểm xong phụ thuộc nhịp gửi ở từng phường, xã.", "The pace within one ward decides the finish."
            )
        return t(
            "Thời điểm xong phụ thuộc hạn mức của cổng {name}.",
            "The limit of gateway {name} decides the finish.",
            name=self.held_by,
        )


def carried_by(session: Session, campaign: Campaign, parts_by_carrier: Mapping[str, float]) -> list[Carried]:
    """The gateways that would carry these parts now, by name."""
    shares: dict[str, list[tuple[str, float]]] = {}
    known: dict[str, tuple[float, bool, int]] = {}
    for row in read_shares(session, campaign.priority):
        shares.setdefault(row.carrier, []).append((row.name, row.part))
        known[row.name] = (row.tps, row.state == "closed", row.others)
    parts: Counter[str] = Counter()
    for carrier, count in sorted(parts_by_carrier.items()):
        for name, part in shares.get(carrier, shares.get("*", [])):
            parts[name] += count * part  # type: ignore[assignment]
    return [Carried(name, known[name][0], parts[name], known[name][1], known[name][2]) for name in sorted(parts)]


def forecast(session: Session, campaign: Campaign, counted: Waterfall) -> Forecast:
    """Look ahead for one campaign that has not begun."""
    now = database_now(session)
    asked = campaign.scheduled_for or campaign.start_at
    begin = max(asked, now) if asked else now
    seconds, held_by = _seconds(session, campaign, counted)
    finish = None
    if seconds:
        # Without the deadline, so that people learn how far it would be missed.
        finish = replace(open_hours(session, campaign, begin), deadline=None).after(begin, seconds)
    return Forecast(begin, begin == now, finish, held_by, campaign.deadline, nobody=not counted.will_send)


def _seconds(session: Session, campaign: Campaign, counted: Waterfall) -> tuple[float | None, str | None]:
    """Open seconds from the first message to the last, and what they hang on."""
    parts_by_carrier = counted.steps[-1].parts_by_carrier or {}
    total, longest, held_by = float(sum(parts_by_carrier.values())), 0.0, None
    for gateway in carried_by(session, campaign, parts_by_carrier):
        if not gateway.tps:
            return None, None
        seconds = gateway.parts / (gateway.tps / (1 + gateway.others))
        if seconds > longest:
            longest, held_by = seconds, gateway.name
    kept = campaign.over_minutes * 60.0 if campaign.over_minutes else None
    if campaign.pace_per_hour:
        kept = total / campaign.pace_per_hour * 3600
    if kept is not None and total and kept >= longest:
        longest, held_by = kept, "pace"
    if campaign.ward_pace_per_hour and total:
        fullest = max((people for ward, people in counted.by_ward.items() if ward is not None), default=0)
        ward = fullest / campaign.ward_pace_per_hour * 3600
        if ward > longest:
            longest, held_by = ward, "ward"
    return (longest, held_by) if longest else (None, None)

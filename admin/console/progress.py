"""Live figures of a campaign, worked out at most once a second for all who look, in both languages at once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Row
from sqlalchemy.orm import Session

from admin.console.words import GROUPS, SESSION_BADGES, Badge, Group
from campaigns.areas.alphabet import alphabetical
from campaigns.delivery.states import MESSAGE_STATES, MessageState
from campaigns.gateways.breaker import State
from campaigns.models import Campaign
from campaigns.stats import clock
from campaigns.stats.health import STATES, why
from campaigns.stats.idle import idle_reason, lately_refused
from campaigns.stats.outlook import outlook
from campaigns.store.campaigns import get_campaign
from campaigns.store.progress import read_standing
from config.i18n import Text, current_language, figure, in_every_language, t

SHARED_MS = 1000
"""Within so long nobody works the figures out again, however many look."""
_KEPT_SECONDS = 5
"""While one works them out the others see the last ones, no older than this."""
_PATIENCE_SECONDS = 3.0
_SAMPLES_MOST = 12
_SAMPLES_SECONDS = 60
_RATE_SECONDS, _RATE_OVER = 4.0, 12.0
"""The rate is measured over no less, for two near samples say nothing, and over no more, for it is the rate now."""

_FAILED = ("undelivered", "expired", "rejected", "failed")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of the bar: its place and width in thousandths."""

    group: Group
    count: int
    x: float
    width: float
    kinds: Sequence[tuple[Text, int]] = ()
    """The states of the group that messages are in, and how many."""


@dataclass(frozen=True)
class Line:
    """How a part of the campaign stands, in one ward or on one gateway; ``totals`` add up to ``planned``."""

    name: str
    planned: int
    totals: Mapping[str, int]

    @property
    def delivered(self) -> int:
        """Messages that reached their phone."""
        return self.totals["delivered"]

    @property
    def waiting(self) -> int:
        """Messages that are still to be handed over, or are being."""
        return self.totals["queued"] + self.totals["claimed"]

    @property
    def failed(self) -> int:
        """Messages that surely did not arrive."""
        return sum(self.totals[state] for state in _FAILED)

    @property
    def left_out(self) -> int:
        """People who refused after all, and messages of a cancelled campaign."""
        return self.totals["suppressed"] + self.totals["cancelled"]

    @property
    def ended(self) -> int:
        """Messages the telco has said the last word about."""
        return self.delivered + self.failed

    @property
    def share(self) -> float:
        """Delivered of planned, 0 … 1."""
        return self.delivered / self.planned if self.planned else 0.0


@dataclass(frozen=True)
class WardLine(Line):
    """One ward."""

    code: str = ""


@dataclass(frozen=True)
class GatewayLine(Line):
    """One gateway, with its limit and the last change of its health."""

    enabled: bool = False
    limit: float = 0.0
    """Parts a second, of all campaigns together."""
    session: str | None = None
    health: str | None = None
    rate: float | None = None
    """Parts of this campaign a second, None while unknown."""
    changed_at: str | None = None
    changed_to: str = ""
    cause: str = ""
    times: int = 0
    error: str = ""

    @property
    def badge(self) -> Badge:
        """Whether it is off, rests, or how its best session stands."""
        if not self.enabled:
            return SESSION_BADGES["disabled"]
        if self.health in {State.OPEN, State.HALF_OPEN}:
            return SESSION_BADGES["resting"]
        return SESSION_BADGES.get(self.session or "absent", SESSION_BADGES["down"])

    @property
    def change(self) -> str:
        """What changed last, and why; empty where it never failed."""
        if self.changed_at is None:
            return ""
        reason = why(self)
        return f"{STATES[self.changed_to]} ({reason})" if reason else str(STATES[self.changed_to])

    @property
    def moment(self) -> datetime | None:
        """When that was."""
        return datetime.fromisoformat(self.changed_at) if self.changed_at else None


@dataclass(frozen=True)
class Progress:
    """How a campaign stands at a moment. ``rate`` is messages handed over per second, None while unknown."""

    version: int
    state: str
    planned: int
    parts: int
    totals: Mapping[str, int]
    rate: float | None
    said: Mapping[str, Mapping[str, Any]]
    """By language: ``idle``, why it stands still, ``ahead``, sentences about its pace and its end, and ``refused``,
    what the telco refused lately."""
    gateways: Sequence[GatewayLine] = ()
    wards: Sequence[WardLine] = field(default=())
    mark: str = ""
    """Changes whenever a figure does."""

    @property
    def idle_reason(self) -> str | None:
        """Why nothing goes out, in the language of the moment."""
        reason: str | None = self.said[current_language()]["idle"]
        return reason

    @property
    def refused(self) -> str | None:
        """What the telco refused lately, in the language of the moment."""
        told: str | None = self.said[current_language()]["refused"]
        return told

    @property
    def ahead(self) -> list[str]:
        """What is to come, in the language of the moment."""
        return list(self.said[current_language()]["ahead"])

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        waiting = self.totals.get("accepted", 0) + self.totals.get("claimed", 0) + self.totals.get("queued", 0)
        return self.state in {"finished", "cancelled"} and not waiting

    @property
    def delivered(self) -> int:
        """Messages that reached their phone."""
        return self.totals.get("delivered", 0)

    @property
    def left(self) -> int:
        """Messages that still have to be handed over."""
        return self.totals.get("queued", 0) + self.totals.get("claimed", 0)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate."""
        return self.left / self.rate if self.rate and self.left else None

    @property
    def stretches(self) -> list[Stretch]:
        """The bar, from what is done to what is not."""
        found, x = [], 0.0
        for group in GROUPS:
            count = group.count(self.totals)
            width = 1000 * count / self.planned if self.planned else 0.0
            found.append(Stretch(group, count, round(x, 2), round(width, 2), group.kinds(self.totals)))
            x += width
        return found


def look_at(session: Session, redis: Redis, campaign_id: int, *, version: int | None = None) -> Progress:
    """The figures of now. ``version`` asks for those of this version or later, where the caller has seen it.

    Who comes first within a second works them out; the others get what is there, or wait for it. Without Redis
    everybody works them out, and there is no rate.

    Raises:
        NotFound: there is no such campaign.
    """
    key = f"loa:progress:{campaign_id}"
    try:
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            kept = _kept(redis, key, version)
            turn = f"{key}:turn" if kept or version is None else f"{key}:turn:{version}"
            if redis.set(turn, "1", nx=True, px=SHARED_MS) or time.monotonic() > until:
                return _work_out(session, redis, key, campaign_id)
            if kept is not None:
                return kept
            time.sleep(0.02)
    except RedisError:
        return _figures(session, get_campaign(session, campaign_id), None)


def _kept(redis: Redis, key: str, version: int | None) -> Progress | None:
    kept = cast(bytes | None, redis.get(key))
    found = _read(kept) if kept else None
    return found if found is not None and (version is None or found.version >= version) else None


def _work_out(session: Session, redis: Redis, key: str, campaign_id: int) -> Progress:
    figures = _figures(session, get_campaign(session, campaign_id), (redis, key))
    redis.set(key, json.dumps(_plain(figures)), ex=_KEPT_SECONDS)
    return figures


def _plain(figures: Progress) -> dict[str, Any]:
    """What ``_read`` reads again. Not ``asdict``, which copies every figure of every ward, and that on every look."""
    lines = {name: [line.__dict__ for line in getattr(figures, name)] for name in ("gateways", "wards")}
    return {**figures.__dict__, **lines}


def _read(kept: bytes) -> Progress:
    fields = json.loads(kept)
    gateways = tuple(GatewayLine(**line) for line in fields.pop("gateways"))
    wards = tuple(WardLine(**line) for line in fields.pop("wards"))
    return Progress(gateways=gateways, wards=wards, **fields)


def _figures(session: Session, campaign: Campaign, samples: tuple[Redis, str] | None) -> Progress:
    rows = read_standing(session, campaign.id)
    on_gateways = [row for row in rows if row.by_gateway]
    totals = {state.label: sum(getattr(row, state.label) for row in on_gateways) for state in MESSAGE_STATES}
    handed = {"": float(_handed(totals)), **{row.gateway: row.handed_parts for row in on_gateways if row.gateway}}
    rates = _rates(*samples, handed) if samples and campaign.state == "running" else {}
    found = Progress(
        version=campaign.version,
        state=campaign.state,
        planned=sum(row.planned for row in on_gateways),
        parts=sum(row.parts for row in on_gateways),
        totals=totals,
        rate=rates.get(""),
        said=_said(session, campaign, totals["accepted"]),
        gateways=tuple(_gateway(row, rates) for row in on_gateways),
        wards=tuple(
            WardLine(row.ward or "", row.planned, _states(row), row.ward_code or "")
            for row in rows
            if not row.by_gateway
        ),
    )
    mark = hashlib.sha256(json.dumps(_plain(found), sort_keys=True).encode()).hexdigest()[:24]
    return Progress(**{**found.__dict__, "mark": mark})


def _states(row: Row[Any]) -> dict[str, int]:
    return {state.label: getattr(row, state.label) for state in MESSAGE_STATES}


def _handed(totals: Mapping[str, int]) -> int:
    mine = {MessageState.QUEUED, MessageState.CLAIMED, MessageState.SUPPRESSED, MessageState.CANCELLED}
    return sum(count for label, count in totals.items() if label not in {state.label for state in mine})


def _gateway(row: Row[Any], rates: Mapping[str, float]) -> GatewayLine:
    return GatewayLine(
        row.gateway,
        row.planned,
        _states(row),
        enabled=bool(row.enabled),
        limit=row.tps or 0.0,
        session=row.session_state,
        health=row.health_state,
        rate=rates.get(row.gateway),
        changed_at=row.changed_at.isoformat() if row.changed_at else None,
        changed_to=row.changed_to or "",
        cause=row.cause or "",
        times=row.times or 0,
        error=row.error or "",
    )


def _said(session: Session, campaign: Campaign, accepted: int) -> dict[str, dict[str, Any]]:
    """In every language, so that viewers of both cost one look ahead."""
    ahead = outlook(session, campaign)

    def say() -> dict[str, Any]:
        return {
            "idle": idle_reason(session, campaign.id) or _last_receipts(campaign, accepted),
            "ahead": ahead.words(),
            "refused": lately_refused(session, campaign),
        }

    return in_every_language(say)


def _last_receipts(campaign: Campaign, accepted: int) -> str | None:
    """Of a campaign that has handed everything over: for how many the telco has still to say what became of them."""
    if campaign.state not in {"finished", "cancelled"} or not accepted or campaign.finished_at is None:
        return None
    return t(
        "không còn tin nào chờ gửi; {n} tin chờ biên nhận của nhà mạng, chậm nhất tới {time}",
        "nothing is left to send; the telco still owes the receipts of {n} messages, at the latest by {time}",
        n=figure(accepted),
        time=clock.moment(campaign.finished_at + timedelta(minutes=campaign.validity_minutes)),
    )


def _rates(redis: Redis, key: str, handed: Mapping[str, float]) -> dict[str, float]:
    """What was handed over a second between now and the oldest sample that is recent enough, by gateway and in all."""
    now = datetime.now(UTC).timestamp()
    kept = cast(list[bytes], redis.lrange(f"{key}:handed", 0, _SAMPLES_MOST))
    redis.lpush(f"{key}:handed", json.dumps([now, handed]))
    redis.ltrim(f"{key}:handed", 0, _SAMPLES_MOST)
    redis.expire(f"{key}:handed", _SAMPLES_SECONDS)
    samples: list[tuple[float, dict[str, float]]] = [json.loads(sample) for sample in kept]
    recent = [(at, counts) for at, counts in samples if _RATE_SECONDS <= now - at <= _RATE_OVER]
    if not recent:
        return {}
    at, counts = recent[-1]
    return {name: round(max(0.0, (count - counts.get(name, 0.0)) / (now - at)), 1) for name, count in handed.items()}


SORTS = {
    "ward": lambda line: alphabetical(line.name),
    "planned": lambda line: line.planned,
    "delivered": lambda line: line.delivered,
    "accepted": lambda line: line.totals["accepted"],
    "waiting": lambda line: line.waiting,
    "failed": lambda line: line.failed,
    "unknown": lambda line: line.totals["unknown"],
    "left": lambda line: line.left_out,
    "share": lambda line: line.share,
}
"""What wards can be put in order by."""


def in_order(wards: Sequence[WardLine], by: str, descending: bool) -> list[WardLine]:
    """The wards, by one of ``SORTS``; by code where they are equal."""
    return sorted(sorted(wards, key=lambda line: line.code), key=SORTS[by], reverse=descending)

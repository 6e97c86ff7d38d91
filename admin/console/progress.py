"""Live figures of a campaign, worked out once for all who look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import cast

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from admin.console.words import GROUPS, Group
from campaigns.models import Campaign
from campaigns.stats import Summary, summary
from campaigns.stats.outlook import Outlook, outlook
from config.i18n import current_language

SHARED_SECONDS = 1.5
"""Twenty people who look at a campaign cost the database no more than one."""
_SAMPLES_MOST = 12
_KEEP_SECONDS = 60
_RATE_SECONDS, _RATE_OVER = 4.0, 12.0
"""The rate is measured over no less, for two near samples say nothing, and over no more, for it is the rate now."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of the bar: its place and width in thousandths."""

    group: Group
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class Progress:
    """How a campaign stands at a moment. ``rate`` is messages handed over per second, None while unknown."""

    state: str
    idle_reason: str | None
    planned: int
    parts: int
    totals: Mapping[str, int]
    rate: float | None
    ahead: list[str] = field(default_factory=list)
    """Sentences about its pace and when it will be done (``campaigns.stats.outlook``)."""

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
            found.append(Stretch(group, count, round(x, 2), round(width, 2)))
            x += width
        return found


def look_at(session: Session, redis: Redis, campaign: Campaign) -> Progress:
    """The figures of now, at most ``SHARED_SECONDS`` old; without Redis they are fresh and have no rate."""
    key = f"loa:progress:{campaign.id}"
    shared = f"{key}:{campaign.version}:{current_language()}"
    try:
        kept = redis.get(shared)
        if kept:
            return Progress(**json.loads(cast(bytes, kept)))
        now = summary(session, campaign.id)
        seen = _seen(now, _rate(redis, key, now.totals), outlook(session, campaign))
        redis.set(shared, json.dumps(asdict(seen)), px=int(SHARED_SECONDS * 1000))
        return seen
    except RedisError:
        return _seen(summary(session, campaign.id), None, outlook(session, campaign))


def _seen(now: Summary, rate: float | None, ahead: Outlook) -> Progress:
    running = rate if now.state == "running" else None
    return Progress(now.state, now.idle_reason, now.planned, now.parts, now.totals, running, ahead.words())


def _rate(redis: Redis, key: str, totals: Mapping[str, int]) -> float | None:
    """Messages handed over per second between now and the oldest sample that is recent enough."""
    handed = sum(totals.values()) - sum(totals[state] for state in ("queued", "claimed", "suppressed", "cancelled"))
    now = datetime.now(UTC).timestamp()
    kept = cast(list[bytes], redis.lrange(f"{key}:samples", 0, _SAMPLES_MOST))
    redis.lpush(f"{key}:samples", json.dumps([now, handed]))
    redis.ltrim(f"{key}:samples", 0, _SAMPLES_MOST)
    redis.expire(f"{key}:samples", _KEEP_SECONDS)
    samples: list[tuple[float, int]] = [json.loads(sample) for sample in kept]
    recent = [(at, count) for at, count in samples if _RATE_SECONDS <= now - at <= _RATE_OVER]
    if not recent:
        return None
    at, count = recent[-1]
    return round(max(0.0, (handed - count) / (now - at)), 1)

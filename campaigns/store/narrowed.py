"""Totals over many campaigns by place, carrier, gateway or hour, narrowed as an analyst asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.models import Area, AreaSuccessor, Campaign
from campaigns.store.counters import ADDED, SUMS
from campaigns.store.scope import campaigns_within

PLACES: Mapping[str, str] = {
    "place": "b.ward_id",
    "carrier": "b.carrier",
    "gateway": "b.gateway_id",
    "hour": "date_trunc('hour', b.started_at)",
}
"""What batches are added up by."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which batches count; what is None does not narrow."""

    campaign_id: int | None = None
    since: datetime | None = None
    """Campaigns whose audience was frozen from this moment on."""
    until: datetime | None = None
    """… and before this one."""
    topic: str | None = None
    message_class: str | None = None
    carrier: str | None = None
    gateway: str | None = None
    ward_ids: Sequence[int] | None = field(default=None)
    departments: Sequence[int] | None = field(default=None)

    def condition(self) -> tuple[str, dict[str, Any]]:
        """SQL over ``batch b JOIN campaign c`` and its parameters."""
        tests = {
            "campaign": ("c.id = :campaign", self.campaign_id),
            "since": ("c.planned_at >= :since", self.since),
            "until": ("c.planned_at < :until", self.until),
            "topic": ("c.topic = :topic", self.topic),
            "class": ("c.message_class = :class", self.message_class),
            "carrier": ("b.carrier = :carrier", self.carrier),
            "gateway": ("b.gateway_id = (SELECT id FROM gateway WHERE name = :gateway)", self.gateway),
            "departments": (
                "c.department_id = ANY(:departments)",
                None if self.departments is None else list(self.departments),
            ),
            "wards": ("b.ward_id = ANY(:wards)", None if self.ward_ids is None else list(self.ward_ids)),
        }
        asked = {name: test for name, test in tests.items() if test[1] is not None}
        conditions = ["c.standing IS NULL", *(test[0] for test in asked.values())]
        return " AND ".join(conditions), {name: test[1] for name, test in asked.items()}


def sum_batches(session: Session, narrowing: Narrowing, by: str) -> Sequence[Row[Any]]:
    """(place, planned, parts, one number for each state) by a key of ``PLACES``; place is null where it is not set."""
    condition, parameters = narrowing.condition()
    # Added up by campaign and place first: joined row by row, a hundred thousand batches would each be matched.
    statement = (
        f"SELECT b.place, sum(b.size)::bigint AS planned, sum(b.parts)::bigint AS parts, {SUMS} FROM ("
        f"SELECT {PLACES[by]} AS place, {ADDED} FROM batch b JOIN campaign c ON c.id = b.campaign_id"
        f" WHERE {condition} GROUP BY 1) b GROUP BY 1"
    )
    return session.execute(text(statement), parameters).all()


def list_areas_and_successors(session: Session) -> tuple[Sequence[Area], Sequence[AreaSuccessor]]:
    """Every unit of every edition, and what became of them."""
    return session.scalars(select(Area).order_by(Area.code)).all(), session.scalars(select(AreaSuccessor)).all()


def list_planned_campaigns(
    session: Session, limit: int = 200, *, scope: Scope = WHOLE_CITY
) -> Sequence[Row[int, str]]:
    """(id, name) of people's campaigns that have figures, the latest first."""
    return session.execute(
        select(Campaign.id, Campaign.name)
        .where(Campaign.standing.is_(None), Campaign.planned_at.is_not(None), campaigns_within(scope))
        .order_by(Campaign.id.desc())
        .limit(limit)
    ).all()

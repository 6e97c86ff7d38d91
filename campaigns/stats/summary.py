"""Numbers of a campaign: its summary, its tables by dimension."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.delivery.states import MESSAGE_STATES, STATE_TITLES
from campaigns.errors import InvalidInput
from campaigns.stats.idle import idle_reason
from campaigns.store.campaigns import get_campaign
from campaigns.store.stats import DIMENSIONS, sum_by, sum_campaign
from config.i18n import t

STATE_LABELS: tuple[str, ...] = tuple(state.label for state in MESSAGE_STATES)


@dataclass(frozen=True, slots=True)
class Summary:
    """How a campaign stands. ``planned`` is the sum of ``totals`` at any moment."""

    id: int
    name: str
    state: str
    idle_reason: str | None
    planned: int
    parts: int
    totals: dict[str, int]
    started_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of ``loa campaigns show --json``."""
        document = asdict(self)
        del document["started_at"]
        return document

    @property
    def unsent(self) -> int:
        """Messages that are still to go out."""
        return self.totals["queued"] + self.totals["claimed"]

    @property
    def awaiting_receipt(self) -> int:
        """Messages the telco took and has said nothing final about."""
        return self.totals["accepted"]


def summary(session: Session, campaign_id: int) -> Summary:
    """The state, the reason for standing still, and the totals of one campaign."""
    campaign = get_campaign(session, campaign_id)
    row = sum_campaign(session, campaign_id)
    return Summary(
        id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        idle_reason=idle_reason(session, campaign_id),
        planned=row.planned,
        parts=row.parts,
        totals={label: getattr(row, label) for label in STATE_LABELS},
        started_at=row.started_at,
    )


@dataclass(frozen=True, slots=True)
class StatsRow:
    """One line of a table: a key of the dimension, and how many messages stand in each state."""

    key: str
    name: str
    planned: int
    parts: int
    totals: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """One element of ``loa stats --format json``."""
        return {"key": self.key, "name": self.name, "planned": self.planned, **self.totals}


def stats_by(session: Session, campaign_id: int | None, dimension: str) -> list[StatsRow]:
    """Totals of one campaign (of all with None) by district, ward, carrier, gateway, hour or state.

    The rows add up to the campaign in every column. By ``state`` each row holds one state only.

    Raises:
        InvalidInput: there is no such dimension.
    """
    if dimension not in DIMENSIONS:
        raise InvalidInput(
            "Không thống kê được theo “{dimension}”. Có thể theo: {known}.",
            "Statistics go by {known}, not by “{dimension}”.",
            dimension=dimension,
            known=", ".join(DIMENSIONS),
        )
    if dimension == "state":
        return by_state(stats_by(session, campaign_id, "gateway"))
    nowhere = t("Chưa rõ địa bàn", "Area unknown") if dimension in {"ward", "district"} else t("Chưa có", "None yet")
    return [
        StatsRow(
            key=row.key,
            name=row.name or nowhere,
            planned=row.planned,
            parts=row.parts,
            totals={label: getattr(row, label) for label in STATE_LABELS},
        )
        for row in sum_by(session, campaign_id, dimension)
    ]


def by_state(rows: list[StatsRow]) -> list[StatsRow]:
    """Rows of any dimension turned round: one row for each state, all states."""
    sums = {state: sum(row.totals[state.label] for row in rows) for state in MESSAGE_STATES}
    return [
        StatsRow(
            key=state.label,
            name=str(STATE_TITLES[state]),
            planned=count,
            parts=0,
            totals={label: count if label == state.label else 0 for label in STATE_LABELS},
        )
        for state, count in sums.items()
    ]

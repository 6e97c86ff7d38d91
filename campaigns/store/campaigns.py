"""Reading and locking campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.errors import NotFound
from campaigns.models import Campaign
from campaigns.store.opening import INSIDE_WINDOW
from campaigns.store.pacing import PACE_DUE
from campaigns.store.rows import lock_row
from campaigns.store.scope import campaigns_within


def _missing(campaign_id: int) -> NotFound:
    return NotFound(
        "Không có chiến dịch số {id}. Xem danh sách: loa campaigns list.",
        "There is no campaign {id}. See them with: loa campaigns list.",
        id=campaign_id,
    )


def get_campaign(session: Session, campaign_id: int) -> Campaign:
    """The campaign with this id.

    Raises:
        NotFound: there is none.
    """
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise _missing(campaign_id)
    return campaign


def lock_campaign(session: Session, campaign_id: int) -> Campaign:
    """The campaign, locked until the transaction ends, freshly read."""
    campaign = lock_row(session, Campaign, campaign_id)
    if campaign is None:
        raise _missing(campaign_id)
    return campaign


def list_campaigns(
    session: Session, *, limit: int = 100, states: Sequence[str] | None = None, scope: Scope = WHOLE_CITY
) -> Sequence[Campaign]:
    """People's campaigns, newest first."""
    query = select(Campaign).where(Campaign.standing.is_(None), campaigns_within(scope))
    query = query.order_by(Campaign.id.desc()).limit(limit)
    return session.scalars(query.where(Campaign.state.in_(states)) if states else query).all()


def find_standing(session: Session, name: str) -> Campaign | None:
    """The system's standing campaign of this name."""
    return session.scalars(select(Campaign).where(Campaign.standing == name)).one_or_none()


def lock_standing(session: Session, name: str) -> None:
    """Let only one transaction at a time look for, and make, the standing campaign of this name."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))"), {"name": name})


def list_due_ids(session: Session) -> list[int]:
    """Scheduled campaigns whose time has come and whose audience is to be frozen."""
    query = (
        select(Campaign.id)
        .where(Campaign.state == "scheduled", Campaign.scheduled_for <= func.now())
        .order_by(Campaign.priority, Campaign.id)
    )
    return list(session.scalars(query))


_IDLE = text(f"""
    SELECT c.state, c.planned_at IS NOT NULL AS planned, {INSIDE_WINDOW} AS open, c.scheduled_for,
           c.scheduled_for <= now() AS due, c.state_reason, c.plan_cursor,
           c.pace_now IS NOT NULL OR c.ward_pace_now IS NOT NULL AS paced,
           (SELECT CASE WHEN bool_and(b.state = 'ready' AND b.not_before > now()) THEN min(b.not_before) END
            FROM batch b WHERE b.campaign_id = c.id AND b.state <> 'done') AS retry_at
    FROM campaign c WHERE c.id = :id
""")


def read_idle_facts(session: Session, campaign_id: int) -> Row[Any]:
    """What the reason for standing still is worked out from (``campaigns.stats.idle``)."""
    return session.execute(_IDLE, {"id": campaign_id}).one()


_WAITING_GATEWAYS = text(f"""
    SELECT g.name, g.enabled,
           h.state, h.cause, h.times, h.error, h.retry_at, false AS demoted,
           best.state AS session_state, best.reason AS session_reason, w.carriers, w.queued, urgent.found AS urgent
    FROM (SELECT gateway_id, sum(queued) AS queued, string_agg(DISTINCT carrier, ', ') AS carriers FROM batch
          WHERE campaign_id = :id AND state <> 'done' GROUP BY gateway_id) w
    LEFT JOIN gateway g ON g.id = w.gateway_id
    LEFT JOIN gateway_health h ON h.gateway_id = g.id
    LEFT JOIN LATERAL (
        SELECT s.state, s.reason FROM gateway_session s
        WHERE s.gateway_id = g.id AND s.seen_at > now() - interval '15 seconds'
        ORDER BY s.state = 'bound' DESC, s.slot LIMIT 1
    ) best ON true
    LEFT JOIN LATERAL (
        SELECT true AS found FROM campaign c
        WHERE c.state = 'running' AND c.priority < (SELECT priority FROM campaign WHERE id = :id) AND {INSIDE_WINDOW}
          AND EXISTS (SELECT 1 FROM batch b WHERE b.gateway_id = g.id AND b.campaign_id = c.id AND b.state = 'ready'
                      AND (b.not_before IS NULL OR b.not_before <= now()) AND {PACE_DUE}) LIMIT 1
    ) urgent ON true
    ORDER BY g.name
""")


def read_waiting_gateways(session: Session, campaign_id: int) -> Sequence[Row[Any]]:
    """(name, enabled, session_state, session_reason, carriers, queued, urgent) of gateways with unsent messages.

    ``urgent`` where a more urgent campaign has something ready for it, which goes first.

    Also how each stands: (state, cause, times, error, retry_at), all null where it never failed.
    """
    return session.execute(_WAITING_GATEWAYS, {"id": campaign_id}).all()


def city_today(session: Session) -> date:
    """The day it is in Da Nang, by the database's clock."""
    found: date = session.execute(text("SELECT (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")).scalar_one()
    return found


def database_now(session: Session) -> datetime:
    """The database's clock, which is the one that counts."""
    moment: datetime = session.execute(select(func.now())).scalar_one()
    return moment

"""Decisions about campaigns: written once, read for approvals in force, differences and emergencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.models import AuditEntry, CampaignReview
from campaigns.store.scope import sees_campaign


def insert_review(session: Session, review: CampaignReview) -> CampaignReview:
    """Write a decision down."""
    session.add(review)
    session.flush()
    return review


def list_reviews(session: Session, campaign_id: int, *, limit: int = 50) -> Sequence[CampaignReview]:
    """Decisions about a campaign, the latest first."""
    return session.scalars(
        select(CampaignReview)
        .where(CampaignReview.campaign_id == campaign_id)
        .order_by(CampaignReview.id.desc())
        .limit(limit)
    ).all()


_MAKES = ("campaign.created", "campaign.edited", "campaign.submitted")


def list_makers(session: Session, campaign_id: int) -> set[str]:
    """Everybody who ever made, edited or submitted the campaign, by address."""
    query = (
        select(AuditEntry.actor)
        .distinct()
        .where(
            AuditEntry.object_kind == "campaign",
            AuditEntry.object_id == str(campaign_id),
            AuditEntry.action.in_(_MAKES),
        )
    )
    return set(session.scalars(query))


def last_act(session: Session, campaign_id: int) -> AuditEntry | None:
    """The latest thing anybody did with the campaign."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.object_kind == "campaign", AuditEntry.object_id == str(campaign_id))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).one_or_none()


_EMERGENCIES = """
    SELECT e.id, e.campaign_id, c.name, c.state, e.by, e.at, e.reason AS basis, e.people,
           s.by AS signed_by, s.at AS signed_at, s.reason AS remark, e.at < now() - interval '1 day' AS overdue
    FROM campaign_review e JOIN campaign c ON c.id = e.campaign_id
    LEFT JOIN campaign_review s ON s.campaign_id = e.campaign_id AND s.step = 'signed_off'
    WHERE e.step = 'emergency' {more} ORDER BY e.id DESC LIMIT :limit
"""


def list_emergencies(
    session: Session,
    *,
    open_only: bool = False,
    campaign_id: int | None = None,
    limit: int = 100,
    scope: Scope = WHOLE_CITY,
) -> Sequence[Row[Any]]:
    """Emergencies somebody started alone, the latest first.

    (id, campaign_id, name, state, by, at, basis, people, signed_by, signed_at, remark, overdue); the three of the
    signing are null while nobody else has looked, and it is overdue a day after.
    """
    more = "AND s.id IS NULL " if open_only else ""
    more += "AND e.campaign_id = :campaign" if campaign_id is not None else ""
    rows = session.execute(text(_EMERGENCIES.format(more=more)), {"campaign": campaign_id, "limit": limit}).all()
    return [row for row in rows if scope.whole or sees_campaign(session, scope, row.campaign_id)]

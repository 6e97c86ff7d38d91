"""The latest answers to campaigns that the telco refuses messages of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_LOCK = text("SELECT campaign_id, recent FROM campaign_trouble WHERE campaign_id = ANY(:ids) ORDER BY 1 FOR UPDATE")


def lock_trouble(session: Session, campaign_ids: Sequence[int], refused_ids: Sequence[int]) -> dict[int, list[Any]]:
    """Stretches by campaign, locked; those of ``refused_ids`` are begun where there are none yet."""
    session.execute(
        text(
            "INSERT INTO campaign_trouble (campaign_id, recent)"
            " SELECT id, '[]' FROM unnest(CAST(:ids AS int[])) AS x(id) ORDER BY id ON CONFLICT DO NOTHING"
        ),
        {"ids": list(refused_ids)},
    )
    return {row.campaign_id: row.recent for row in session.execute(_LOCK, {"ids": list(campaign_ids)})}


def write_trouble(session: Session, campaign_id: int, recent: list[Any]) -> None:
    """Write down the latest stretches of a locked campaign."""
    session.execute(
        text("UPDATE campaign_trouble SET recent = CAST(:recent AS jsonb) WHERE campaign_id = :id"),
        {"id": campaign_id, "recent": json.dumps(recent)},
    )


def forget_trouble(session: Session, campaign_id: int) -> None:
    """Count anew."""
    session.execute(text("DELETE FROM campaign_trouble WHERE campaign_id = :id"), {"id": campaign_id})

"""The latest answers and receipts of campaigns that the telco refuses messages of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState

_LOCK = text("SELECT campaign_id, recent FROM campaign_trouble WHERE campaign_id = ANY(:ids) ORDER BY 1 FOR UPDATE")


def lock_trouble(session: Session, campaign_ids: Sequence[int], refused_ids: Sequence[int]) -> dict[int, list[Any]]:
    """Stretches by campaign, locked; those of ``refused_ids`` are begun where there are none yet."""
    session.execute(
        text(
            "INSERT INTO campaign_trouble (campaign_id)"
            " SELECT id FROM unnest(CAST(:ids AS int[])) AS x(id) ORDER BY id ON CONFLICT DO NOTHING"
        ),
        {"ids": list(refused_ids)},
    )
    return {row.campaign_id: row.recent for row in session.execute(_LOCK, {"ids": list(campaign_ids)})}


def read_trouble(session: Session, campaign_id: int) -> list[Any]:
    """The latest stretches of one campaign; none where nothing of it was refused lately."""
    recent = session.execute(text("SELECT recent FROM campaign_trouble WHERE campaign_id = :id"), {"id": campaign_id})
    return recent.scalar() or []


def write_trouble(session: Session, campaign_id: int, recent: list[Any]) -> None:
    """Write down the latest stretches of a locked campaign."""
    session.execute(
        text("UPDATE campaign_trouble SET recent = CAST(:recent AS jsonb) WHERE campaign_id = :id"),
        {"id": campaign_id, "recent": json.dumps(recent)},
    )


_RECEIPTS = "b.delivered + b.undelivered + b.rejected"

_ANEW = text(f"""
    UPDATE campaign_trouble t SET recent = '[]', (receipts, rejected) = (
        SELECT coalesce(sum({_RECEIPTS}), 0), coalesce(sum(b.rejected), 0)
        FROM batch b WHERE b.campaign_id = t.campaign_id)
    WHERE t.campaign_id = :id
""")


def count_anew(session: Session, campaign_id: int) -> None:
    """Forget what was answered until now, by the telco and by receipts."""
    session.execute(_ANEW, {"id": campaign_id})


_JUDGED = text(f"""
    WITH now AS (
        SELECT b.campaign_id, sum({_RECEIPTS}) AS receipts, sum(b.rejected) AS rejected
        FROM campaign c JOIN batch b ON b.campaign_id = c.id
        WHERE c.state = 'running' AND c.standing IS NULL
        GROUP BY b.campaign_id HAVING sum(b.rejected) > 0
    ), before AS (
        SELECT now.*, coalesce(t.receipts, 0) AS receipts_before, coalesce(t.rejected, 0) AS rejected_before
        FROM now LEFT JOIN campaign_trouble t USING (campaign_id)
    ), judged AS (
        INSERT INTO campaign_trouble AS t (campaign_id, receipts, rejected)
        SELECT campaign_id, receipts, rejected FROM before WHERE receipts - receipts_before >= :window
        ORDER BY campaign_id
        ON CONFLICT (campaign_id) DO UPDATE SET receipts = excluded.receipts, rejected = excluded.rejected
    )
    SELECT campaign_id, (receipts - receipts_before)::int AS receipts, (rejected - rejected_before)::int AS rejected,
           (SELECT m.error FROM batch b JOIN message m ON m.batch_id = b.id
            WHERE b.campaign_id = before.campaign_id AND b.rejected > 0 AND m.state = {MessageState.REJECTED.value}
            LIMIT 1) AS error
    FROM before WHERE receipts - receipts_before >= :window AND rejected > rejected_before
""")


def judge_receipts(session: Session, window: int) -> Sequence[Row[Any]]:
    """(campaign_id, receipts, rejected, error) of running campaigns that got ``window`` receipts since the last time.

    From the counters of batches; ``error`` is that of one rejected message.
    """
    return session.execute(_JUDGED, {"window": window}).all()

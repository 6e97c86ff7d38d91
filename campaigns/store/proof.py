"""What a proof asks of the database: which gateway sent how many and when, and whether refusals were honoured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.store.counters import SUMS

_GATEWAYS = text(f"""
    SELECT coalesce(g.name, '') AS name, coalesce(sum(b.size), 0)::bigint AS planned,
           coalesce(sum(b.parts), 0)::bigint AS parts, {SUMS},
           min(b.started_at) AS first_at, max(b.started_at) AS last_at
    FROM batch b LEFT JOIN gateway g ON g.id = b.gateway_id
    WHERE b.campaign_id = :campaign GROUP BY 1 ORDER BY 1
""")


def sum_gateways(session: Session, campaign_id: int) -> Sequence[Row[Any]]:
    """(name, planned, parts, one number for each state, first_at, last_at) of each gateway; no name for none yet."""
    return session.execute(_GATEWAYS, {"campaign": campaign_id}).all()


@dataclass(frozen=True, slots=True)
class Honoured:
    """People whose refusal was in force when the audience was frozen."""

    left_out: int
    """Of the register, without a message of the campaign."""
    sent: int
    """With one that was handed to a telco: nobody, where refusals are honoured."""
    countable: bool
    """False once messages have been deleted, after their months: then only the counters are left."""


# From the refusals, of which there are few, to the messages by their index; a message itself never knows who refused.
_HONOURED = text(f"""
    WITH refused AS (
        SELECT DISTINCT o.phone_hash FROM opt_out o
        WHERE o.created_at < :at AND (o.ended_at IS NULL OR o.ended_at > :at) AND (o.topic IS NULL OR o.topic = :topic)
    )
    SELECT count(*) FILTER (WHERE m.batch_id IS NULL) AS left_out,
           count(*) FILTER (WHERE m.state NOT IN ({MessageState.QUEUED.value}, {MessageState.SUPPRESSED.value},
                                                  {MessageState.CANCELLED.value})) AS sent,
           NOT EXISTS (SELECT 1 FROM batch b WHERE b.campaign_id = :campaign AND b.purged = 2) AS countable
    FROM refused r JOIN contact c USING (phone_hash)
    LEFT JOIN message m ON m.contact_id = c.id AND m.campaign_id = :campaign
    WHERE CAST(:wards AS smallint[]) IS NULL OR c.ward_id = ANY(CAST(:wards AS smallint[]))
""")


def count_honoured(
    session: Session, campaign_id: int, *, at: Any, topic: str, ward_ids: Sequence[int] | None
) -> Honoured:
    """What became of the people whose refusal was in force at ``at``; ``ward_ids`` None means everybody."""
    wards = None if ward_ids is None else list(ward_ids)
    row = session.execute(_HONOURED, {"campaign": campaign_id, "at": at, "topic": topic, "wards": wards}).one()
    return Honoured(row.left_out, row.sent, row.countable)

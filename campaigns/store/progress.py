"""How a campaign stands by gateway and by ward, in one statement: what twenty people who look at it share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.store.counters import COLUMNS

_ADDED = ", ".join(f"sum({column})::bigint AS {column}" for column in COLUMNS)
_SUMS = ", ".join(f"s.{column}" for column in COLUMNS)

# The batches are read once for both: a campaign of a million messages has some thousands of them. Of a batch that is
# partly handed over the parts are taken as of average length.
_STANDING = text(f"""
    WITH s AS (
        SELECT gateway_id, ward_id, grouping(ward_id) = 1 AS by_gateway,
               sum(size)::bigint AS planned, sum(parts)::bigint AS parts, {_ADDED},
               sum(parts * (size - queued - claimed - suppressed - cancelled)::float / greatest(size, 1))
                   AS handed_parts
        FROM batch WHERE campaign_id = :id GROUP BY GROUPING SETS ((gateway_id), (ward_id))
    )
    SELECT s.by_gateway, s.planned, s.parts, s.handed_parts, {_SUMS},
           coalesce(g.name, '') AS gateway, g.enabled, g.tps::float AS tps, best.state AS session_state,
           h.state AS health_state, h.retry_at, change.at AS changed_at, change.state AS changed_to, change.cause,
           change.times, change.error,
           w.code AS ward_code, w.prefix || ' ' || w.name AS ward
    FROM s
    LEFT JOIN gateway g ON s.by_gateway AND g.id = s.gateway_id
    LEFT JOIN gateway_health h ON h.gateway_id = g.id
    LEFT JOIN area w ON NOT s.by_gateway AND w.id = s.ward_id
    LEFT JOIN LATERAL (
        SELECT x.state FROM gateway_session x
        WHERE x.gateway_id = g.id AND x.seen_at > now() - interval '15 seconds'
        ORDER BY x.state = 'bound' DESC, x.slot LIMIT 1
    ) best ON true
    LEFT JOIN LATERAL (
        SELECT c.at, c.state, c.cause, c.times, c.error FROM gateway_change c
        WHERE c.gateway_id = g.id ORDER BY c.id DESC LIMIT 1
    ) change ON true
    ORDER BY g.name, w.code
""")


def read_standing(session: Session, campaign_id: int) -> Sequence[Row[Any]]:
    """One row for each gateway (``by_gateway``) and one for each ward that has messages of the campaign.

    Each set adds up to the campaign: planned, parts, and one number for each state. Of gateways also: name, enabled,
    tps, parts handed over, session_state, health_state, retry_at, and the last change of its health.
    """
    return session.execute(_STANDING, {"id": campaign_id}).all()

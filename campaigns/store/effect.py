"""Refusals that met a message on its way, and when the last part still went out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState

S = MessageState

MOST = 5000
"""The latest refusals that are looked at; a page asks for the figure."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One refusal."""

    stopped: int
    seconds: float


# From the refusals to their few messages by index, of campaigns that had not ended long before. Only batches begun less
# than a day before the refusal, or after it, can have sent anything after it. Parts are looked for by time (BRIN),
# for there is no index by batch: it would cost every message that is sent, and this is asked once in a while.
_MEETINGS = text(f"""
    WITH refused AS MATERIALIZED (
        SELECT o.id, o.created_at, coalesce(o.ended_at, 'infinity') AS until, m.batch_id, m.seq, m.state
        FROM (SELECT * FROM opt_out WHERE created_at > now() - make_interval(days => :days) AND source <> 'import'
              ORDER BY id DESC LIMIT :most) o
        JOIN contact c USING (phone_hash)
        JOIN message m ON m.contact_id = c.id AND m.campaign_id = ANY(ARRAY(
            SELECT id FROM campaign WHERE message_class = ANY(:classes) AND planned_at IS NOT NULL
            AND (finished_at IS NULL OR finished_at > now() - make_interval(days => :days + 1))))
        JOIN batch b ON b.id = m.batch_id JOIN campaign k ON k.id = m.campaign_id
        WHERE (o.topic IS NULL OR o.topic = k.topic)
          AND coalesce(b.started_at, 'infinity') > o.created_at - interval '1 day'
          AND (m.state = {S.SUPPRESSED.value} OR b.started_at IS NOT NULL)
    ), sent AS (
        SELECT r.id, max(s.submitted_at) AS last FROM refused r
        JOIN submission s ON s.batch_id = r.batch_id AND s.seq = r.seq
        WHERE s.submitted_at > (SELECT min(created_at) FROM refused)
          AND s.submitted_at > r.created_at AND s.submitted_at < r.until
        GROUP BY r.id
    )
    SELECT count(*) FILTER (WHERE r.state = {S.SUPPRESSED.value}) AS stopped,
           coalesce(extract(epoch FROM max(sent.last) - r.created_at), 0)::float AS seconds
    FROM refused r LEFT JOIN sent USING (id)
    GROUP BY r.id, r.created_at
    HAVING count(*) FILTER (WHERE r.state = {S.SUPPRESSED.value}) > 0 OR max(sent.last) IS NOT NULL
""")


def list_meetings(session: Session, *, days: int, classes: Sequence[str]) -> list[Meeting]:
    """Refusals of the last ``days``, at most ``MOST``, that met a message of one of these classes."""
    rows = session.execute(_MEETINGS, {"days": days, "classes": list(classes), "most": MOST})
    return [Meeting(row.stopped, row.seconds) for row in rows]

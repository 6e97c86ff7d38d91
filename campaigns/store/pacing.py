"""When a campaign that keeps a pace may go on: on each gateway its share of the pace, in each ward the ward's.

A turn is taken in the claim's transaction, so all workers keep one pace. A campaign without a pace costs nothing here:
its rows are never written, and ``PACE_DUE`` ends at two columns of the campaign that are read anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

PACE_SECONDS = 2.0
"""A claim holds about so much of a campaign's pace, one message at least."""

WARD_SECONDS = 10.0
"""And so much of a ward's: a ward office counts in hours, and every claim costs two transactions."""

LATE_SECONDS = 3.0
"""Lateness that is caught up: the beat comes once a second. After a longer one the pace begins anew, and no burst."""

_LATER = "EXISTS (SELECT 1 FROM campaign_pace p WHERE p.campaign_id = c.id AND p.due > now() AND"
PACE_DUE = f"""((c.pace_now IS NULL AND c.ward_pace_now IS NULL) OR
    (NOT {_LATER} p.scope = 'gateway' AND p.place = b.gateway_id)
     AND NOT {_LATER} p.scope = 'ward' AND p.place = b.ward_id)))"""
"""Whether the pace of campaign ``c`` lets something of batch ``b`` go at this moment."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What is kept now, per second; None where nothing is."""

    parts: float | None
    """Parts of this gateway: its share of the campaign's pace."""
    ward_people: float | None
    """People of one ward."""


_LOCK = text("""
    INSERT INTO campaign_pace (campaign_id, scope, place, due) VALUES (:campaign, 'gateway', :gateway, now())
    ON CONFLICT (campaign_id, scope, place) DO UPDATE SET due = campaign_pace.due
    RETURNING due <= now()
""")

# A gateway's share is that of its batches' parts, sent or not, so that every gateway's part of a campaign ends at the
# same time and a gateway that is late holds up no other. A batch that changes its gateway takes its share along.
_RATES = text("""
    SELECT c.pace_now * coalesce(sum(b.parts) FILTER (WHERE b.gateway_id = :gateway), 0) / greatest(sum(b.parts), 1),
           c.ward_pace_now
    FROM campaign c JOIN batch b ON b.campaign_id = c.id WHERE c.id = :campaign GROUP BY c.id
""")


def lock_turn(session: Session, campaign_id: int, gateway_id: int) -> Rates | None:
    """Hold this gateway's turn until the transaction ends; None where it is not due yet."""
    turn = {"campaign": campaign_id, "gateway": gateway_id}
    if not session.execute(_LOCK, turn).scalar_one():
        return None
    found = session.execute(_RATES, turn).one_or_none()
    return None if found is None else Rates(*found)


def most_people(rates: Rates, parts_each: float, most: int) -> int:
    """How many messages of ``parts_each`` parts one claim may hold: one at least, ``most`` where no pace is kept."""
    allowed = [float(most)]
    if rates.parts is not None:
        allowed.append(rates.parts * PACE_SECONDS / parts_each)
    if rates.ward_people is not None:
        allowed.append(rates.ward_people * WARD_SECONDS)
    return max(1, int(min(allowed)))


# `due` is the schedule: being a little late moves nothing, being late by more begins a new one.
_NEXT = f"""CASE WHEN campaign_pace.due > now() - make_interval(secs => {LATE_SECONDS}) THEN campaign_pace.due
    ELSE now() END + make_interval(secs => :seconds)"""

_TAKE = text(f"""
    UPDATE campaign_pace SET due = {_NEXT}
    WHERE campaign_id = :campaign AND scope = 'gateway' AND place = :place
""")

_TAKE_WARD = text(f"""
    INSERT INTO campaign_pace (campaign_id, scope, place, due)
    VALUES (:campaign, 'ward', :place, now() + make_interval(secs => :seconds))
    ON CONFLICT (campaign_id, scope, place) DO UPDATE SET due = {_NEXT} WHERE campaign_pace.due <= now()
    RETURNING 1
""")


def take_ward_turn(session: Session, campaign_id: int, ward_id: int | None, rates: Rates, people: int) -> bool:
    """Take a ward's turn for so many people; False where another gateway was quicker.

    People whose ward nobody knows flood no ward office.
    """
    if rates.ward_people is None or ward_id is None:
        return True
    turn = {"campaign": campaign_id, "place": ward_id, "seconds": people / rates.ward_people}
    return session.execute(_TAKE_WARD, turn).scalar() is not None


def take_turn(session: Session, campaign_id: int, gateway_id: int, rates: Rates, parts: float) -> None:
    """Move the gateway's turn, held by ``lock_turn``, past so many parts."""
    if rates.parts:
        turn = {"campaign": campaign_id, "place": gateway_id, "seconds": parts / rates.parts}
        session.execute(_TAKE, turn)


_SET = text("UPDATE campaign SET pace_now = :pace, ward_pace_now = :ward_pace WHERE id = :id")
# A turn set at the old pace may lie hours ahead; at the new one it would be kept for nothing.
_BEGIN_ANEW = text("UPDATE campaign_pace SET due = least(due, now()) WHERE campaign_id = :id")


def set_pace(session: Session, campaign_id: int, *, per_second: float | None, ward_per_second: float | None) -> None:
    """Keep these paces from now on."""
    session.execute(_SET, {"id": campaign_id, "pace": per_second, "ward_pace": ward_per_second})
    session.execute(_BEGIN_ANEW, {"id": campaign_id})


# Of a batch that is partly sent the rest is taken as of average length.
_PARTS = text("""
    SELECT coalesce(sum(parts), 0)::float AS planned,
           coalesce(sum(parts * (queued + claimed)::float / greatest(size, 1)), 0)::float AS unsent
    FROM batch WHERE campaign_id = :id
""")


def sum_parts(session: Session, campaign_id: int) -> Row[Any]:
    """(planned, unsent) parts of a campaign."""
    return session.execute(_PARTS, {"id": campaign_id}).one()


_NEXT_DUE = text("""
    SELECT min(greatest(g.due, w.due)) FROM (
        SELECT DISTINCT gateway_id, ward_id FROM batch WHERE campaign_id = :id AND state = 'ready'
    ) b
    LEFT JOIN campaign_pace g ON g.campaign_id = :id AND g.scope = 'gateway' AND g.place = b.gateway_id
    LEFT JOIN campaign_pace w ON w.campaign_id = :id AND w.scope = 'ward' AND w.place = b.ward_id
    HAVING bool_and(coalesce(greatest(g.due, w.due) > now(), false))
""")


def next_due(session: Session, campaign_id: int) -> datetime | None:
    """When the pace lets the next message go; None where one may go now, or nothing waits."""
    found: datetime | None = session.execute(_NEXT_DUE, {"id": campaign_id}).scalar()
    return found


_LEFT = text("""
    SELECT g.name, coalesce(g.tps, 0)::float AS tps, w.share, w.unsent,
           (SELECT count(*) FROM campaign o WHERE o.state = 'running' AND o.priority = c.priority AND o.id <> c.id
              AND EXISTS (SELECT 1 FROM batch x
                          WHERE x.gateway_id = g.id AND x.campaign_id = o.id AND x.state = 'ready')) AS others
    FROM (SELECT gateway_id, sum(parts)::float / greatest(sum(sum(parts)) OVER (), 1) AS share,
                 sum(parts * (queued + claimed)::float / greatest(size, 1)) AS unsent
          FROM batch WHERE campaign_id = :id GROUP BY gateway_id) w
    JOIN campaign c ON c.id = :id
    LEFT JOIN gateway g ON g.id = w.gateway_id AND g.enabled
    WHERE w.unsent > 0
    ORDER BY g.name
""")


def read_left_by_gateway(session: Session, campaign_id: int) -> list[Row[Any]]:
    """(name, tps, share, unsent parts, others: campaigns of the same urgency that use it too) where parts are left."""
    return list(session.execute(_LEFT, {"id": campaign_id}))


_FULLEST_WARD = text("""
    SELECT coalesce(max(people), 0) FROM (
        SELECT sum(queued + claimed)::bigint AS people FROM batch
        WHERE campaign_id = :id AND ward_id IS NOT NULL GROUP BY ward_id) w
""")


def read_fullest_ward(session: Session, campaign_id: int) -> int:
    """People still to be sent to in the ward that has the most of them."""
    return int(session.execute(_FULLEST_WARD, {"id": campaign_id}).scalar_one())

"""Totals by ward, district, carrier, gateway, hour or state: always a SUM over batches, never a count of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MESSAGE_STATES
from campaigns.store.counters import ADDED, COLUMNS, SUMS

_KEYS: Mapping[str, tuple[str, str, str, str]] = {
    # dimension: (what batches are added up by first, key, name, joins)
    "ward": (
        "ward_id",
        "coalesce(w.code, '')",
        "coalesce(w.prefix || ' ' || w.name, '')",
        "LEFT JOIN area w ON w.id = b.place",
    ),
    "district": (
        "ward_id",
        "coalesce(d.code, '')",
        "coalesce(d.prefix || ' ' || d.name, '')",
        "LEFT JOIN area w ON w.id = b.place LEFT JOIN area d ON d.edition = w.edition AND d.code = w.parent_code",
    ),
    "carrier": ("carrier", "b.place", "b.place", ""),
    "gateway": (
        "gateway_id",
        "coalesce(g.name, '')",
        "coalesce(g.name, '')",
        "LEFT JOIN gateway g ON g.id = b.place",
    ),
    "hour": (
        "date_trunc('hour', started_at)",
        "coalesce(to_char(b.place AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD\"T\"HH24:00'), '')",
        "coalesce(to_char(b.place AT TIME ZONE 'Asia/Ho_Chi_Minh', 'DD/MM/YYYY HH24:00'), '')",
        "",
    ),
}

DIMENSIONS: tuple[str, ...] = ("district", "ward", "carrier", "gateway", "hour", "state")


def sum_by(session: Session, campaign_id: int | None, dimension: str) -> Sequence[Row[Any]]:
    """Rows of (key, name, planned, parts, one number for each state) of one campaign, or of all, by ``dimension``.

    ``state`` is not a dimension here: it is what the columns already are (``campaigns.stats``).
    """
    place, key, name, joins = _KEYS[dimension]
    where = "WHERE campaign_id = :campaign" if campaign_id is not None else ""
    # Added up by what a batch itself holds, and named afterwards: there are a thousand times more batches than wards.
    statement = (
        f"SELECT {key} AS key, {name} AS name, sum(b.size)::bigint AS planned, sum(b.parts)::bigint AS parts, {SUMS} "
        f"FROM (SELECT {place} AS place, {ADDED} FROM batch {where} GROUP BY 1) b {joins} GROUP BY 1, 2 ORDER BY 1"
    )
    return session.execute(text(statement), {"campaign": campaign_id}).all()


_TOTALS = f"""
    SELECT coalesce(sum(b.size), 0)::bigint AS planned, coalesce(sum(b.parts), 0)::bigint AS parts, {SUMS},
           min(b.started_at) AS started_at
    FROM batch b WHERE b.campaign_id = :campaign
"""


def sum_campaign(session: Session, campaign_id: int) -> Row[Any]:
    """One row: planned, parts, one number for each state, started_at."""
    return session.execute(text(_TOTALS), {"campaign": campaign_id}).one()


# Retention deletes whole batches of messages. What their counters say can no longer be counted, only added up.
_PURGED = "b.purged = 2 AND t.batch_id IS NULL"

_RECOUNT = text(
    "WITH truth AS (SELECT m.batch_id, count(*) AS size, "
    + ", ".join(f"count(*) FILTER (WHERE m.state = {s.value}) AS {s.label}" for s in MESSAGE_STATES)
    + """ FROM message m WHERE CAST(:campaign AS int) IS NULL OR m.campaign_id = :campaign GROUP BY m.batch_id)
    SELECT b.campaign_id, b.id AS batch_id, c.column_name, c.booked, c.counted
    FROM batch b LEFT JOIN truth t ON t.batch_id = b.id
    CROSS JOIN LATERAL (VALUES ('size', b.size::int, """
    + f"CASE WHEN {_PURGED} THEN {' + '.join(f'b.{c}' for c in COLUMNS)} ELSE coalesce(t.size, 0) END), "
    + ", ".join(f"('{c}', b.{c}::int, CASE WHEN {_PURGED} THEN b.{c} ELSE coalesce(t.{c}, 0) END)" for c in COLUMNS)
    + """) AS c(column_name, booked, counted)
    WHERE (CAST(:campaign AS int) IS NULL OR b.campaign_id = :campaign) AND c.booked <> c.counted
    ORDER BY 1, 2, 3 LIMIT 1000"""
)


def recount(session: Session, campaign_id: int | None) -> Sequence[Row[Any]]:
    """Every counter that differs from the messages it counts: (campaign_id, batch_id, column_name, booked, counted)."""
    return session.execute(_RECOUNT, {"campaign": campaign_id}).all()


_STRAYS = text("""
    SELECT m.campaign_id, m.batch_id, count(*) AS messages FROM message m
    WHERE (CAST(:campaign AS int) IS NULL OR m.campaign_id = :campaign)
      AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.id = m.batch_id AND b.campaign_id = m.campaign_id)
    GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 1000
""")


def find_strays(session: Session, campaign_id: int | None) -> Sequence[Row[Any]]:
    """Messages whose batch is missing or another campaign's: (campaign_id, batch_id, messages)."""
    return session.execute(_STRAYS, {"campaign": campaign_id}).all()

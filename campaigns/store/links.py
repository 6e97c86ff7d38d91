"""Statements about short links, the hosts they may lead to, and how often they were opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from campaigns.models import Link, LinkHost
from campaigns.store.rows import lock_row


def list_hosts(session: Session) -> Sequence[LinkHost]:
    """Hosts beside ``*.gov.vn``, by name."""
    return session.scalars(select(LinkHost).order_by(LinkHost.host)).all()


def host_names(session: Session) -> frozenset[str]:
    """Their names alone."""
    return frozenset(session.scalars(select(LinkHost.host)))


def find_link_by_name(session: Session, name: str) -> Link | None:
    """The link campaigns call so."""
    return session.scalars(select(Link).where(Link.name == name)).one_or_none()


def lock_link(session: Session, link_id: int) -> Link | None:
    """The link, locked until the transaction ends."""
    return lock_row(session, Link, link_id)


def list_usable_links(session: Session) -> Sequence[Link]:
    """Links that still lead somewhere, the newest first; for choosing one."""
    query = select(Link).where(Link.closed_at.is_(None), (Link.ends_at.is_(None)) | (Link.ends_at > func.now()))
    return session.scalars(query.order_by(Link.id.desc()).limit(200)).all()


def find_campaigns_link(session: Session, campaign_id: int) -> Link | None:
    """The link whose name stands in a campaign's ``lien_ket``, once its messages are being sent."""
    statement = text("""
        SELECT l.* FROM campaign k JOIN link l ON l.name = k."values"->>'lien_ket'
        WHERE k.id = :campaign AND k.planned_at IS NOT NULL
    """)
    query = select(Link).from_statement(statement)
    return session.scalars(query, {"campaign": campaign_id}).one_or_none()


def list_campaigns_with(session: Session, name: str) -> Sequence[Row[Any]]:
    """(id, name, state) of the campaigns whose messages carry the link, the newest first."""
    statement = text("""SELECT k.id, k.name, k.state FROM campaign k WHERE k."values"->>'lien_ket' = :name
                        ORDER BY k.id DESC LIMIT 200""")
    return session.execute(statement, {"name": name}).all()


# One row for a place and a day: of who opened it, and when within the day, nothing is kept.
_NOTE = text("""
    INSERT INTO link_visit (link_id, campaign_id, ward_id, day, visits, machines)
    VALUES (:link, :campaign, :ward, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, :visits, :machines)
    ON CONFLICT (link_id, campaign_id, ward_id, day)
    DO UPDATE SET visits = link_visit.visits + excluded.visits, machines = link_visit.machines + excluded.machines
""")


def note_visit(session: Session, link_id: int, campaign_id: int, ward_id: int, *, by_machine: bool) -> None:
    """Count one; ``campaign_id`` 0 is a poster."""
    counts = {"visits": int(not by_machine), "machines": int(by_machine)}
    session.execute(_NOTE, {"link": link_id, "campaign": campaign_id, "ward": ward_id, **counts})


_BY_WARD = text("""
    WITH opened AS (
        SELECT ward_id, coalesce(sum(visits) FILTER (WHERE campaign_id > 0), 0) AS from_messages,
               coalesce(sum(visits) FILTER (WHERE campaign_id = 0), 0) AS from_posters, sum(machines) AS machines
        FROM link_visit WHERE link_id = :link AND (CAST(:only AS int) IS NULL OR campaign_id = :only) GROUP BY ward_id
    ), reached AS (
        SELECT coalesce(ward_id, 0) AS ward_id, sum(delivered) AS delivered FROM batch
        WHERE campaign_id = ANY(:campaigns) GROUP BY 1
    )
    SELECT coalesce(w.code, '') AS code, coalesce(w.prefix || ' ' || w.name, '') AS ward,
           coalesce(d.prefix || ' ' || d.name, '') AS district, coalesce(r.delivered, 0)::bigint AS delivered,
           coalesce(o.from_messages, 0)::bigint AS from_messages, coalesce(o.from_posters, 0)::bigint AS from_posters,
           coalesce(o.machines, 0)::bigint AS machines
    FROM reached r FULL JOIN opened o USING (ward_id)
    LEFT JOIN area w ON w.id = ward_id
    LEFT JOIN area d ON d.edition = w.edition AND d.code = w.parent_code AND d.kind = 'district'
    ORDER BY w.code NULLS LAST
""")


def sum_visits(
    session: Session, link_id: int, campaigns: Sequence[int], *, only: int | None = None
) -> Sequence[Row[Any]]:
    """(code, ward, district, delivered, from_messages, from_posters, machines) by ward.

    Delivered counts ``campaigns``; ``only`` narrows the visits to one campaign, or to posters with 0.
    """
    return session.execute(_BY_WARD, {"link": link_id, "campaigns": list(campaigns), "only": only}).all()


def sum_visits_of(session: Session, link_ids: Sequence[int]) -> dict[int, int]:
    """People's visits of each link in all, for a list."""
    statement = text("SELECT link_id, sum(visits)::bigint FROM link_visit WHERE link_id = ANY(:ids) GROUP BY 1")
    return {row[0]: row[1] for row in session.execute(statement, {"ids": list(link_ids)})}


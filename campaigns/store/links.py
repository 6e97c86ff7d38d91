"""Statements about short links, the hosts they may lead to, and how often they were opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.models import Campaign, Link, LinkHost
from campaigns.store.rows import lock_row
from campaigns.store.scope import campaigns_within, links_within

_carried = Campaign.values["lien_ket"].astext
"""The name of the link a campaign's messages carry."""


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


def list_usable_links(session: Session, *, scope: Scope = WHOLE_CITY) -> Sequence[Link]:
    """Links of a scope that still lead somewhere, the newest first; for choosing one."""
    leads = Link.ends_at.is_(None) | (Link.ends_at > func.now())
    query = select(Link).where(Link.closed_at.is_(None), leads, links_within(scope))
    return session.scalars(query.order_by(Link.id.desc()).limit(200)).all()


def find_campaigns_link(session: Session, campaign_id: int) -> Link | None:
    """The link whose name stands in a campaign's ``lien_ket``, once its messages are being sent."""
    statement = text("""
        SELECT l.* FROM campaign k JOIN link l ON l.name = k."values"->>'lien_ket'
        WHERE k.id = :campaign AND k.planned_at IS NOT NULL
    """)
    query = select(Link).from_statement(statement)
    return session.scalars(query, {"campaign": campaign_id}).one_or_none()


def list_campaigns_with(session: Session, name: str, *, scope: Scope = WHOLE_CITY) -> Sequence[Row[Any]]:
    """(id, name, state) of the campaigns of a scope whose messages carry the link, the newest first."""
    carrying = select(Campaign.id, Campaign.name, Campaign.state).where(_carried == name, campaigns_within(scope))
    return list(session.execute(carrying.order_by(Campaign.id.desc()).limit(200)))


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
        FROM link_visit WHERE link_id = :link AND (CAST(:only AS int) IS NULL OR campaign_id = :only)
          AND (CAST(:seen AS int[]) IS NULL OR campaign_id = ANY(:seen))
          AND (CAST(:wards AS int[]) IS NULL OR ward_id = ANY(:wards))
        GROUP BY ward_id
    ), reached AS (
        SELECT coalesce(ward_id, 0) AS ward_id, sum(delivered) AS delivered FROM batch
        WHERE campaign_id = ANY(:campaigns) AND (CAST(:wards AS int[]) IS NULL OR ward_id = ANY(:wards)) GROUP BY 1
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
    session: Session, link: Link, campaigns: Sequence[int], *, only: int | None = None, scope: Scope = WHOLE_CITY
) -> Sequence[Row[Any]]:
    """(code, ward, district, delivered, from_messages, from_posters, machines) by ward, of a scope's part.

    Delivered counts ``campaigns``; ``only`` narrows the visits to one campaign, or to posters with 0.
    """
    given = {"link": link.id, "campaigns": list(campaigns), "only": only, "wards": _wards_of(scope)}
    return session.execute(_BY_WARD, {**given, "seen": _origins(session, link, scope)}).all()


def _wards_of(scope: Scope) -> list[int] | None:
    return None if scope.wards is None else sorted(scope.wards)


def _origins(session: Session, link: Link, scope: Scope) -> list[int] | None:
    """What visits may have come from to be of the scope: its campaigns, and posters of its own links; None is all."""
    if scope.whole:
        return None
    carrying = select(Campaign.id).where(_carried == link.name, campaigns_within(scope))
    posters = scope.departments is None or link.department_id in scope.departments
    return [*session.scalars(carrying), *([0] if posters else [])]


_OF_LINKS = text("""
    SELECT v.link_id, sum(v.visits)::bigint FROM link_visit v JOIN link l ON l.id = v.link_id
    WHERE v.link_id = ANY(:ids)
      AND (:whole OR v.campaign_id = ANY(:campaigns)
           OR v.campaign_id = 0 AND (CAST(:departments AS int[]) IS NULL OR l.department_id = ANY(:departments)))
      AND (CAST(:wards AS int[]) IS NULL OR v.ward_id = ANY(:wards))
    GROUP BY 1
""")


def sum_visits_of(session: Session, links: Sequence[Link], *, scope: Scope = WHOLE_CITY) -> dict[int, int]:
    """People's visits of each link in all, for a list; of a scope's part."""
    carrying = select(Campaign.id).where(_carried.in_([link.name for link in links]), campaigns_within(scope))
    given = {
        "ids": [link.id for link in links],
        "whole": scope.whole,
        "campaigns": [] if scope.whole else list(session.scalars(carrying)),
        "departments": None if scope.departments is None else sorted(scope.departments),
        "wards": _wards_of(scope),
    }
    return {row[0]: row[1] for row in session.execute(_OF_LINKS, given)}

"""What of the city a person may see, as conditions on campaigns, texts, links, contacts, refusals and requests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, TextClause, and_, bindparam, exists, or_, select, text, true
from sqlalchemy.orm import Session

from campaigns.access import Scope
from campaigns.models import Campaign, Contact, Link, SubjectRequest, Template

_LIMITS = text("""
    WITH RECURSIVE kept AS (
        SELECT department_id AS id FROM user_department WHERE user_id = :user
        UNION
        SELECT former.id FROM department former JOIN kept ON former.successor_id = kept.id
    )
    SELECT array(SELECT id FROM kept) AS departments,
           EXISTS (SELECT 1 FROM user_area WHERE user_id = :user) AS somewhere
""")

# A unit of another edition belongs to the scope when it consists of nothing but units that do: people of a new ward
# that took in half of a stranger's ward are not shown.
_WARDS = text("""
    WITH own AS (
        SELECT w.id, w.edition, w.code FROM user_area u
        JOIN area a ON a.id = u.area_id
        JOIN area w ON w.edition = a.edition AND w.kind = 'ward'
                   AND (w.id = a.id OR (a.kind = 'district' AND w.parent_code = a.code))
        WHERE u.user_id = :user
    ), link AS (
        SELECT from_edition AS edition, from_code AS code, to_edition AS other_edition, to_code AS other_code
        FROM area_successor
        UNION ALL
        SELECT to_edition, to_code, from_edition, from_code FROM area_successor
    ), mine AS (
        SELECT l.other_edition, l.other_code, bool_and(own.id IS NOT NULL) AS wholly
        FROM link l LEFT JOIN own ON own.edition = l.edition AND own.code = l.code
        GROUP BY 1, 2
    )
    SELECT id FROM own
    UNION
    SELECT w.id FROM mine JOIN area w ON w.edition = mine.other_edition AND w.code = mine.other_code
    WHERE mine.wholly AND w.kind = 'ward'
""")


def load_scope(session: Session, user_id: int) -> Scope:
    """The limits of a person."""
    limits = session.execute(_LIMITS, {"user": user_id}).one()
    wards = frozenset(session.execute(_WARDS, {"user": user_id}).scalars()) if limits.somewhere else None
    return Scope(frozenset(limits.departments) if limits.departments else None, wards)


# A campaign belongs to a scope when no ward of its audience lies outside.
_INSIDE = """
    NOT coalesce((campaign.audience->>'everybody')::boolean, false) AND NOT EXISTS (
        SELECT 1 FROM area w
        WHERE w.kind = 'ward' AND w.edition = campaign.audience->>'edition' AND w.id <> ALL(:wards)
          AND (campaign.audience->'districts' ? w.parent_code OR campaign.audience->'wards' ? w.code))
"""


def campaigns_within(scope: Scope) -> ColumnElement[bool] | TextClause:
    """Campaigns of the scope's departments that reach nobody outside its wards."""
    own: ColumnElement[bool] = true()
    if scope.departments is not None:
        own = Campaign.department_id.in_(sorted(scope.departments))
    if scope.wards is None:
        return own
    return and_(own, text(_INSIDE).bindparams(bindparam("wards", sorted(scope.wards))))


def contacts_within(scope: Scope) -> ColumnElement[bool]:
    """People of the scope's wards; those whose ward nobody knows are the whole city's."""
    return true() if scope.wards is None else Contact.ward_id.in_(sorted(scope.wards))


def templates_within(scope: Scope) -> ColumnElement[bool]:
    """Texts of the scope's departments, and those that belong to the city."""
    if scope.departments is None:
        return true()
    return or_(Template.department_id.is_(None), Template.department_id.in_(sorted(scope.departments)))


def links_within(scope: Scope) -> ColumnElement[bool]:
    """Short links of the scope's departments, and those that belong to the city."""
    if scope.departments is None:
        return true()
    return or_(Link.department_id.is_(None), Link.department_id.in_(sorted(scope.departments)))


def requests_within(scope: Scope) -> ColumnElement[bool]:
    """Requests of people who lived in the scope's wards when they asked; all others are the whole city's."""
    return true() if scope.wards is None else SubjectRequest.ward_id.in_(sorted(scope.wards))


def numbers_within(scope: Scope, phone_hash: Any) -> ColumnElement[bool]:
    """Rows whose column ``phone_hash`` is of a person of the scope's wards."""
    if scope.wards is None:
        return true()
    return exists(select(1).where(Contact.phone_hash == phone_hash, contacts_within(scope)))


def sees_campaign(session: Session, scope: Scope, campaign_id: int) -> bool:
    """Whether there is such a campaign inside the scope."""
    return _any(session, select(Campaign.id).where(Campaign.id == campaign_id, campaigns_within(scope)))


def sees_contact(session: Session, scope: Scope, contact_id: int) -> bool:
    """Whether there is such a person inside the scope."""
    return _any(session, select(Contact.id).where(Contact.id == contact_id, contacts_within(scope)))


def sees_number(session: Session, scope: Scope, phone_hash: bytes) -> bool:
    """Whether the number is of a person inside the scope."""
    return _any(session, select(Contact.id).where(Contact.phone_hash == phone_hash, contacts_within(scope)))


def sees_template(session: Session, scope: Scope, slug: str) -> bool:
    """Whether there is such a text inside the scope."""
    return _any(session, select(Template.id).where(Template.slug == slug, templates_within(scope)))


def sees_link(session: Session, scope: Scope, link_id: int) -> bool:
    """Whether there is such a short link inside the scope."""
    return _any(session, select(Link.id).where(Link.id == link_id, links_within(scope)))


def sees_request(session: Session, scope: Scope, request_id: int) -> bool:
    """Whether there is such a request of a citizen inside the scope."""
    return _any(session, select(SubjectRequest.id).where(SubjectRequest.id == request_id, requests_within(scope)))


def _any(session: Session, query: object) -> bool:
    return session.execute(query).first() is not None  # type: ignore[call-overload]

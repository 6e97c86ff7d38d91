"""Statements behind the console's lists and pages."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, cast, func, select, text, update
from sqlalchemy.orm import Query, Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.models import Area, AuditEntry, Batch, Campaign, Contact, OptOut, User
from campaigns.store.counters import SUMS
from campaigns.store.scope import campaigns_within, contacts_within, numbers_within


def find_user_by_uniquifier(session: Session, uniquifier: str) -> User | None:
    """The person whose sessions carry this key."""
    return session.scalars(select(User).where(User.fs_uniquifier == uniquifier)).one_or_none()


def save_credentials(session: Session, user_id: int, password: str | None, uniquifier: str) -> None:
    """Store a new password hash and session key."""
    session.execute(update(User).where(User.id == user_id).values(password=password, fs_uniquifier=uniquifier))


def save_language(session: Session, user_id: int, language: str) -> None:
    """Remember the language a person chose."""
    session.execute(update(User).where(User.id == user_id).values(language=language))


_FOLD_FROM = "".join(
    chr(c) for c in range(0xC0, 0x1EF9 + 1) if len(unicodedata.normalize("NFD", chr(c))) > 1 and chr(c).isalpha()
)
_FOLD_TO = "".join(unicodedata.normalize("NFD", c)[0] for c in _FOLD_FROM)


def _folded(word: str) -> str:
    """Lower case, without marks, đ as d: how names are compared."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    return plain.replace("đ", "d")


def wards_of(area_id: int) -> Any:
    """Ids of a ward, or of all wards of a district, as a subquery."""
    wards = text(
        "SELECT w.id FROM area a JOIN area w ON w.edition = a.edition AND w.kind = 'ward'"
        " AND (w.id = a.id OR (a.kind = 'district' AND w.parent_code = a.code)) WHERE a.id = :area"
    ).bindparams(area=area_id)
    return wards.columns(id=Contact.ward_id.type).scalar_subquery()


def narrow_to_area(query: Query[Any], area_id: int) -> Query[Any]:
    """Contacts of a ward, or of all wards of a district."""
    return query.filter(Contact.ward_id.in_(wards_of(area_id)))


def list_editions(session: Session) -> list[str]:
    """Editions of the areas that are loaded."""
    return list(session.scalars(select(Area.edition).distinct().order_by(Area.edition)))


_FEW = 100_000
"""Rows that are counted one by one while somebody waits for a page."""


_ROWS_ABOUT = text("SELECT reltuples::bigint FROM pg_class WHERE oid = CAST(:name AS regclass)")


def _rows_about(session: Session, name: str) -> int:
    """What the planner believes that a table or an index holds."""
    return int(session.execute(_ROWS_ABOUT, {"name": name}).scalar_one())


def estimate_contacts(session: Session, scope: Scope = WHOLE_CITY) -> int:
    """About how many contacts there are, from the planner's statistics; exact while they are few, and for a scope."""
    if scope.wards is not None:
        return session.execute(select(func.count()).select_from(Contact).where(contacts_within(scope))).scalar_one()
    about = _rows_about(session, "contact")
    return session.execute(select(func.count()).select_from(Contact)).scalar_one() if about < _FEW else about


def count_campaigns(session: Session, scope: Scope = WHOLE_CITY) -> dict[str, int]:
    """People's campaigns by state."""
    states = session.execute(
        select(Campaign.state, func.count())
        .where(Campaign.standing.is_(None), campaigns_within(scope))
        .group_by(Campaign.state)
    )
    return {row[0]: row[1] for row in states}


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refusals in force: all of them, None where that would take a count of many; and those of the last day."""

    in_force: int | None
    today: int


def estimate_refusals(session: Session, scope: Scope = WHOLE_CITY) -> Refusals:
    """How many refusals are in force, exact while they are few; about how many once they are not."""
    mine = select(func.count(OptOut.id)).where(OptOut.ended_at.is_(None), numbers_within(scope, OptOut.phone_hash))
    today = session.execute(mine.where(OptOut.created_at > func.now() - timedelta(days=1))).scalar_one()
    about = _rows_about(session, "uq_opt_out_in_force")  # the index holds exactly the refusals in force
    if about < _FEW:
        return Refusals(session.execute(mine).scalar_one(), today)
    return Refusals(about if scope.wards is None else None, today)


def list_campaigns_in(
    session: Session, states: Sequence[str], limit: int = 10, *, scope: Scope = WHOLE_CITY
) -> Sequence[Campaign]:
    """People's campaigns in these states, the latest changed first."""
    query = select(Campaign).where(Campaign.standing.is_(None), Campaign.state.in_(states), campaigns_within(scope))
    return session.scalars(query.order_by(Campaign.id.desc()).limit(limit)).all()


def read_day_totals(session: Session, scope: Scope = WHOLE_CITY) -> Row[Any]:
    """(planned, delivered, failed) over the campaigns whose sending began in the last 30 days."""

    def total(*columns: Any) -> Any:
        return cast(func.coalesce(func.sum(sum(columns)), 0), BigInteger)

    return session.execute(
        select(
            total(Batch.size).label("planned"),
            total(Batch.delivered).label("delivered"),
            total(Batch.undelivered, Batch.expired, Batch.rejected, Batch.failed).label("failed"),
        )
        .join(Campaign, Campaign.id == Batch.campaign_id)
        .where(Campaign.standing.is_(None), Batch.started_at > func.now() - timedelta(days=30), campaigns_within(scope))
    ).one()


def find_ciphers(session: Session, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """Encrypted numbers of the contacts with these hashes, where they are known and not erased."""
    rows = session.execute(
        select(Contact.phone_hash, Contact.phone_cipher).where(
            Contact.phone_hash.in_(hashes), Contact.phone_cipher.is_not(None)
        )
    )
    return {bytes(row.phone_hash): bytes(row.phone_cipher) for row in rows}


def list_audit_of(session: Session, kind: str, object_id: object, limit: int = 50) -> Sequence[AuditEntry]:
    """What was done to one thing, the latest first."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.object_kind == kind, AuditEntry.object_id == str(object_id))
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    ).all()


def lock_user(session: Session, user_id: int) -> User | None:
    """The person with this id, locked until the transaction ends."""
    return session.scalars(select(User).where(User.id == user_id).with_for_update(of=User)).one_or_none()


def lock_users(session: Session) -> None:
    """Let nobody else add people until the transaction ends."""
    session.execute(text('LOCK TABLE "user" IN SHARE ROW EXCLUSIVE MODE'))


def ping(session: Session) -> None:
    """Ask the database for a sign of life."""
    session.execute(text("SELECT 1"))


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures for monitoring: campaigns by state, messages of running ones by state, bound sessions by gateway."""

    campaigns: Mapping[str, int]
    messages: Mapping[str, int]
    bound: Mapping[str, int]


def read_metrics(session: Session) -> Metrics:
    """The figures of this moment."""
    running = session.execute(
        text(
            f"SELECT {SUMS} FROM batch b JOIN campaign c ON c.id = b.campaign_id"  # our own names
            " WHERE c.state IN ('running', 'paused')"
        )
    ).one()
    bound = session.execute(
        text(
            "SELECT g.name, count(s.slot) FILTER (WHERE s.state = 'bound'"
            " AND s.seen_at > now() - interval '15 seconds') FROM gateway g"
            " LEFT JOIN gateway_session s ON s.gateway_id = g.id GROUP BY g.name"
        )
    ).all()
    return Metrics(count_campaigns(session), dict(running._mapping), {row[0]: row[1] for row in bound})


def narrow_areas(query: Query[Any], search: str) -> Query[Any]:
    """Areas whose name holds every word, with or without accents, or whose code is this."""
    if search.isdecimal():
        return query.filter(Area.code == search)
    column = func.translate(func.lower(Area.prefix + " " + Area.name), _FOLD_FROM + "đ", _FOLD_TO + "d")
    for word in _folded(search).split()[:5]:
        query = query.filter(column.contains(word, autoescape=True))
    return query

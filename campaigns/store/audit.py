"""The append-only audit: each row carries the hash of the one before, so a change or a gap shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, func, select, text
from sqlalchemy.orm import Session

from campaigns.models import AuditCheck, AuditEntry, Campaign, Link, User
from config.zone import CITY_TIME

_LOCK_KEY = 0x10A_A0D17
"""Advisory lock that puts writers of the chain in a row."""

_CHECK_KEY = 0x10A_A0D18
"""Advisory lock of whoever walks along the chain."""

_FETCH = 2_000

_CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clocks of two writers may lie apart; within so long rows need not be in the order of their moments."""
_LAST_ID = 2**63 - 1


_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str).encode
_plain = json.JSONEncoder(ensure_ascii=False).encode


def _digest(previous: bytes, at: datetime, actor: str, action: str, kind: str, object_id: str, detail: str) -> bytes:
    content = _plain([previous.hex(), at.isoformat(), actor, action, kind, object_id, detail])
    return hashlib.sha256(content.encode()).digest()


def append_audit(
    session: Session,
    actor: str,
    action: str,
    object_kind: str,
    object_id: object,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down who did what to which thing. ``detail`` is JSON and never holds a phone number or a name."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    previous = session.execute(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)).scalar() or b""
    at = datetime.now(UTC)
    canonical = _canonical(detail or {})
    session.add(
        AuditEntry(
            at=at,
            actor=actor,
            action=action,
            object_kind=object_kind,
            object_id=str(object_id),
            detail=json.loads(canonical),
            previous_hash=previous,
            hash=_digest(previous, at, actor, action, object_kind, str(object_id), canonical),
        )
    )
    session.flush()


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """``{"changes": {field: [before, after]}}`` of what differs, as the detail of an edit; ``{}`` for nothing."""
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {"changes": {name: [before.get(name), after.get(name)] for name in differing}} if differing else {}


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the chain holds. Where ``fault`` is set, ``broken_id`` is the first row that does not fit."""

    entries: int
    head_id: int | None
    head_hash: bytes
    broken_id: int | None = None
    fault: Literal["content", "gap"] | None = None


def walk_chain(session: Session) -> Walk:
    """Walk along the chain from its first row, a few thousand rows in memory at a time."""
    entries, head, previous = 0, None, b""
    for row in _stream(session):
        at = row.at.astimezone(UTC)
        digest = _digest(previous, at, row.actor, row.action, row.object_kind, row.object_id, _canonical(row.detail))
        if row.previous_hash != previous:
            return Walk(entries, head, previous, row.id, "gap")
        if row.hash != digest:
            return Walk(entries, head, previous, row.id, "content")
        entries, head, previous = entries + 1, row.id, bytes(row.hash)
    return Walk(entries, head, previous)


def _stream(session: Session) -> Iterator[Row[Any]]:
    columns = [getattr(AuditEntry, column.name) for column in AuditEntry.__table__.columns]
    query = select(*columns).order_by(AuditEntry.id).execution_options(yield_per=_FETCH)
    with session.execute(query) as rows:  # closed with the block, or a cursor would stay open on the server
        yield from rows


def verify_audit(session: Session) -> int | None:
    """The id of the first row of the chain that does not fit, or None where all is well."""
    return walk_chain(session).broken_id


def find_hashes(session: Session, ids: Sequence[int]) -> dict[int, bytes]:
    """Hashes of these rows, where they are there."""
    rows = session.execute(select(AuditEntry.id, AuditEntry.hash).where(AuditEntry.id.in_(ids)))
    return {row.id: bytes(row.hash) for row in rows}


def read_head(session: Session) -> tuple[int, bytes] | None:
    """Id and hash of the last row; None where nothing was written yet."""
    row = session.execute(select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)).one_or_none()
    return (row.id, bytes(row.hash)) if row is not None else None


def list_entries_of(session: Session, kind: str, object_id: object) -> Sequence[AuditEntry]:
    """Everything that was done to one thing, in the order it was done."""
    query = select(AuditEntry).where(AuditEntry.object_kind == kind, AuditEntry.object_id == str(object_id))
    return session.scalars(query.order_by(AuditEntry.id)).all()


FILTERS = frozenset({"who", "deed", "kind", "object", "from", "to"})
"""What the audit can be narrowed by, as the console's addresses and its files call it."""


def conditions_of(filters: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """What rows must be: of a person, a deed, a kind of thing, a thing, from a day and to a day (ISO, Da Nang).

    Raises:
        ValueError: a day is none.
    """
    columns = {
        "who": AuditEntry.actor,
        "deed": AuditEntry.action,
        "kind": AuditEntry.object_kind,
        "object": AuditEntry.object_id,
    }
    found = [column == filters[name] for name, column in columns.items() if filters.get(name)]
    if filters.get("from"):
        since = _midnight(filters["from"])
        found += [AuditEntry.at >= since, AuditEntry.id >= _first_after(since - _CLOCKS_DIFFER)]
    if filters.get("to"):
        end = _midnight(filters["to"]) + timedelta(days=1)
        found += [AuditEntry.at < end, AuditEntry.id < _first_after(end + _CLOCKS_DIFFER)]
    return found


def _first_after(moment: datetime) -> ColumnElement[int]:
    """The id of the first row written from a moment on; that of no row yet where there is none.

    Rows are written in the order of their moments. Told only of the moment, the planner reads a list by newest first
    from its end down to an old day, row by row.
    """
    first = select(AuditEntry.id).where(AuditEntry.at >= moment).order_by(AuditEntry.at).limit(1)
    return func.coalesce(first.correlate(None).scalar_subquery(), _LAST_ID)


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), CITY_TIME)


# The next different value is looked up in the index each time: as many steps as there are values, however many rows.
_DISTINCT = """
    WITH RECURSIVE skip AS (
        (SELECT {column} AS value FROM audit ORDER BY {column} LIMIT 1)
        UNION ALL
        SELECT (SELECT a.{column} FROM audit a WHERE a.{column} > s.value ORDER BY 1 LIMIT 1)
        FROM skip s WHERE s.value IS NOT NULL
    )
    SELECT value FROM skip WHERE value IS NOT NULL LIMIT 500
"""


def list_values(session: Session, column: Literal["actor", "action", "object_kind"]) -> list[str]:
    """The different people, actions or kinds of things the audit speaks of, at most 500."""
    return list(session.execute(text(_DISTINCT.format(column=column))).scalars())


def insert_check(session: Session, asked_by: str) -> AuditCheck:
    """Note that somebody wants the chain verified."""
    check = AuditCheck(asked_by=asked_by)
    session.add(check)
    session.flush()
    return check


def list_open_checks(session: Session) -> Sequence[AuditCheck]:
    """Verifications that wait or are under way, oldest first."""
    return session.scalars(select(AuditCheck).where(AuditCheck.finished_at.is_(None)).order_by(AuditCheck.id)).all()


def find_last_check(session: Session, asked_by: str | None = None) -> AuditCheck | None:
    """The latest verification that came to its end; ``asked_by`` narrows to the nightly ones."""
    query = select(AuditCheck).where(AuditCheck.finished_at.is_not(None)).order_by(AuditCheck.id.desc()).limit(1)
    return session.scalars(query if asked_by is None else query.where(AuditCheck.asked_by == asked_by)).one_or_none()


def was_asked_on(session: Session, asked_by: str, day: date) -> bool:
    """Whether ``asked_by`` asked for a verification on that day, by the clocks of Da Nang."""
    statement = """SELECT EXISTS (SELECT 1 FROM audit_check WHERE asked_by = :who
                   AND (started_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = :day)"""
    return bool(session.execute(text(statement), {"who": asked_by, "day": day}).scalar())


def lock_checking(session: Session) -> bool:
    """Be the one who verifies until the transaction ends; False where somebody is at it."""
    return bool(session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _CHECK_KEY}).scalar())


def find_last_deed(session: Session, action: str, kind: str, object_id: object) -> AuditEntry | None:
    """When this was last done to a thing, and by whom."""
    query = select(AuditEntry).where(AuditEntry.object_kind == kind, AuditEntry.object_id == str(object_id))
    return session.scalars(query.where(AuditEntry.action == action).order_by(AuditEntry.id.desc()).limit(1)).first()


def name_things(session: Session, things: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What campaigns, users and links among (kind, id) are called."""
    named: dict[tuple[str, str], str] = {}
    for kind, column in (("campaign", Campaign.name), ("user", User.email), ("link", Link.name)):
        ids = {int(number) for of, number in things if of == kind and number.isdecimal()}
        key = column.class_.id
        rows = session.execute(select(key, column).where(key.in_(ids))) if ids else ()
        named.update({(kind, str(found[0])): found[1] for found in rows})
    return named

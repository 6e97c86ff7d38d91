"""Our copy of the national do-not-call list: replaced as a whole by each edition, in one transaction."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.models import DoNotCall, DoNotCallList
from campaigns.store.contact_rows import COPY_END, COPY_START
from config.keys import HASH_BYTES

_LOCK = 0x4C6F61_08
"""Advisory lock of imports: two editions come one after the other."""

_STAGE = text("CREATE TEMP TABLE do_not_call_row (phone_hash bytea NOT NULL, every boolean NOT NULL) ON COMMIT DROP")
_COPY = "COPY do_not_call_row (phone_hash, every) FROM STDIN (FORMAT binary)"
_HEAD = struct.pack(">hi", 2, HASH_BYTES)
_EVERY = {flag: struct.pack(">i?", 1, flag) for flag in (False, True)}


def lock_list(session: Session) -> None:
    """Wait for whoever imports an edition, and keep others waiting until this transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def stage_numbers(session: Session, blocks: Iterable[tuple[Sequence[bytes], Sequence[bool]]]) -> None:
    """COPY hashes, each with whether it refuses calls too, into a table of this transaction."""
    session.execute(_STAGE)
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(COPY_START)
        for hashes, every in blocks:
            copy.write(b"".join([_HEAD + one + _EVERY[flag] for one, flag in zip(hashes, every, strict=True)]))
        copy.write(COPY_END)


# Inserted in the order of the index, three million take half the time.
_MERGE = """
CREATE TEMP TABLE do_not_call_new ON COMMIT DROP AS
SELECT phone_hash, CASE WHEN bool_or(every) THEN 'all' ELSE 'S' END AS kind FROM do_not_call_row GROUP BY 1;
ANALYZE do_not_call_new
"""
_COUNT = text("""
    SELECT count(*) AS numbers, (SELECT count(*) FROM do_not_call) AS before,
           (SELECT count(*) FROM do_not_call d WHERE NOT EXISTS
             (SELECT 1 FROM do_not_call_new n WHERE n.phone_hash = d.phone_hash)) AS gone
    FROM do_not_call_new
""")
_ADD = text("""
    INSERT INTO do_not_call (phone_hash, kind, list_id)
    SELECT n.phone_hash, n.kind, :list FROM do_not_call_new n
    WHERE NOT EXISTS (SELECT 1 FROM do_not_call d WHERE d.phone_hash = n.phone_hash) ORDER BY n.phone_hash
""")
_CHANGE = text("""
    UPDATE do_not_call d SET kind = n.kind FROM do_not_call_new n
    WHERE n.phone_hash = d.phone_hash AND n.kind <> d.kind
""")
_REMOVE = text("""
    DELETE FROM do_not_call d WHERE NOT EXISTS (SELECT 1 FROM do_not_call_new n WHERE n.phone_hash = d.phone_hash)
""")


@dataclass(frozen=True, slots=True)
class Difference:
    """What an edition holds against our copy before it."""

    numbers: int
    before: int
    gone: int


def compare_numbers(session: Session) -> Difference:
    """How what was staged differs from our copy."""
    session.execute(text("SET LOCAL work_mem = '256MB'"))
    for statement in _MERGE.split(";"):
        session.execute(text(statement))
    row = session.execute(_COUNT).one()
    return Difference(row.numbers, row.before, row.gone)


def merge_numbers(session: Session, edition: DoNotCallList, *, replace: bool) -> tuple[int, int]:
    """Make our copy what was staged and compared, or add it to our copy; (added, removed)."""
    added = session.execute(_ADD, {"list": edition.id}).rowcount  # type: ignore[attr-defined]
    session.execute(_CHANGE)
    removed = session.execute(_REMOVE).rowcount if replace else 0  # type: ignore[attr-defined]
    return added, removed


def find_latest_list(session: Session) -> DoNotCallList | None:
    """The edition our copy shows; None where none was imported."""
    return session.scalars(select(DoNotCallList).order_by(DoNotCallList.id.desc()).limit(1)).one_or_none()


def list_editions(session: Session, limit: int = 20) -> Sequence[DoNotCallList]:
    """The latest editions, newest first."""
    return session.scalars(select(DoNotCallList).order_by(DoNotCallList.id.desc()).limit(limit)).all()


def count_do_not_call(session: Session) -> int:
    """Numbers on our copy, as the last edition left it: the list is not counted again."""
    size: int | None = session.execute(text("SELECT sum(added - removed) FROM do_not_call_list")).scalar_one()
    return int(size or 0)


def find_do_not_call(session: Session, phone_hash: bytes) -> DoNotCall | None:
    """The entry of one number; None where it is not on our copy."""
    return session.get(DoNotCall, phone_hash)

"""The append-only audit: each row carries the hash of the one before, so a change or a gap shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.models import AuditEntry

_LOCK_KEY = 0x10A_A0D17
"""Advisory lock that puts writers of the chain in a row."""


def _digest(previous: bytes, at: datetime, actor: str, action: str, kind: str, object_id: str, detail: str) -> bytes:
    content = json.dumps([previous.hex(), at.isoformat(), actor, action, kind, object_id, detail], ensure_ascii=False)
    return hashlib.sha256(content.encode()).digest()


def append_audit(
    session: Session,
    actor: str,
    action: str,
    object_kind: str,
    object_id: object,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down who did what to which thing. ``detail`` is JSON and never holds a phone number."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    previous = session.execute(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)).scalar() or b""
    at = datetime.now(UTC)
    canonical = json.dumps(detail or {}, sort_keys=True, ensure_ascii=False, default=str)
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


def verify_audit(session: Session) -> int | None:
    """Walk the chain; the id of the first row that does not fit, or None where all is well."""
    previous = b""
    query = select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    with session.execute(query) as rows:  # closed with the block, or a cursor would stay open on the server
        for row in rows.scalars():
            canonical = json.dumps(row.detail, sort_keys=True, ensure_ascii=False)
            at = row.at.astimezone(UTC)
            digest = _digest(previous, at, row.actor, row.action, row.object_kind, row.object_id, canonical)
            if row.previous_hash != previous or row.hash != digest:
                return row.id
            previous = row.hash
    return None

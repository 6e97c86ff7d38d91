"""Consents to advertising. Rows are never deleted; the end of a consent is written beside its beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.models import Consent
from config.keys import HASH_BYTES

_ADD = text("""
    INSERT INTO consent (phone_hash, topic, given_at, how, wording, daily_cap, evidence, created_by)
    VALUES (:phone_hash, :topic, :given_at, :how, :wording, :daily_cap, :evidence, :created_by)
    ON CONFLICT DO NOTHING RETURNING id
""")

# Who refused later than the consent was given has the last word.
_ADD_MANY = text("""
    WITH input AS (
        SELECT DISTINCT substring(CAST(:hashes AS bytea) FROM n * :width + 1 FOR :width) AS phone_hash
        FROM generate_series(0, :count - 1) AS n
    ), refused AS (
        SELECT phone_hash FROM input i WHERE EXISTS (
            SELECT 1 FROM opt_out o WHERE o.phone_hash = i.phone_hash AND o.ended_at IS NULL
            AND (o.topic IS NULL OR o.topic = 'quang-cao' OR o.topic = :topic))
    ), added AS (
        INSERT INTO consent (phone_hash, topic, given_at, how, wording, daily_cap, evidence, created_by)
        SELECT phone_hash, :topic, :given_at, :how, :wording, :daily_cap, :evidence, :created_by
        FROM input WHERE phone_hash NOT IN (SELECT phone_hash FROM refused)
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM refused) AS refused
""")


def insert_consent(session: Session, values: Mapping[str, Any]) -> int | None:
    """Write down a consent; the new row's id, or None where the same one is in force."""
    new_id: int | None = session.execute(_ADD, values).scalar()
    return new_id


def insert_consents(session: Session, hashes: Sequence[bytes], values: Mapping[str, Any]) -> tuple[int, int]:
    """Write down the same consent of many; (how many are new, how many were left out because they refuse)."""
    parameters = {**values, "hashes": b"".join(hashes), "width": HASH_BYTES, "count": len(hashes)}
    row = session.execute(_ADD_MANY, parameters).one()
    return row.added, row.refused


_END = text("""
    UPDATE consent SET ended_at = now(), ended_by = :by, ended_evidence = :evidence
    WHERE phone_hash = :phone_hash AND ended_at IS NULL AND (CAST(:topic AS text) IS NULL OR topic = :topic)
    RETURNING id
""")


def end_consents(session: Session, *, phone_hash: bytes, topic: str | None, by: str, evidence: str) -> list[int]:
    """End the consents in force of one number (to one topic, or all); the ids that ended."""
    rows = session.execute(_END, {"phone_hash": phone_hash, "topic": topic, "by": by, "evidence": evidence})
    return list(rows.scalars())


def list_consents(session: Session, *, limit: int = 100, before_id: int | None = None) -> Sequence[Consent]:
    """The register, newest first, a page at a time."""
    query = select(Consent).order_by(Consent.id.desc()).limit(limit)
    return session.scalars(query.where(Consent.id < before_id) if before_id else query).all()


def list_consents_of(session: Session, phone_hash: bytes) -> Sequence[Consent]:
    """Every consent of one number, newest first, with those that ended."""
    return session.scalars(select(Consent).where(Consent.phone_hash == phone_hash).order_by(Consent.id.desc())).all()

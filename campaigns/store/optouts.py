"""The register of refusals. Rows are never deleted; the end of a refusal is written beside its beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from campaigns.models import OptOut
from config.keys import HASH_BYTES

_ENDS_CONSENT = """
    SET ended_at = now(), ended_by = :created_by, ended_evidence = 'từ chối nhận tin (' || :source || ')'
    {source} WHERE c.phone_hash = {hash} AND c.ended_at IS NULL
    AND (CAST(:topic AS text) IS NULL OR :topic = 'quang-cao' OR c.topic = :topic)
"""
"""A refusal of everything, or of all advertising, ends every consent to advertising; one of a topic those to it."""

_ADD = text(f"""
    WITH ended AS (UPDATE consent c {_ENDS_CONSENT.format(source="", hash=":phone_hash")})
    INSERT INTO opt_out (phone_hash, topic, source, evidence, created_by)
    VALUES (:phone_hash, :topic, :source, :evidence, :created_by)
    ON CONFLICT DO NOTHING RETURNING id
""")


def insert_optout(
    session: Session, *, phone_hash: bytes, topic: str | None, source: str, evidence: str, created_by: str
) -> int | None:
    """Register a refusal, and end the consents it takes back.

    Returns:
        The new row's id, or None where the same refusal is already in force.
    """
    new_id: int | None = session.execute(
        _ADD,
        {
            "phone_hash": phone_hash,
            "topic": topic,
            "source": source,
            "evidence": evidence,
            "created_by": created_by,
        },
    ).scalar()
    return new_id


# The hashes come as one string of bytes: an array of twenty thousand took longer to write than its rows to insert.
_ADD_MANY = text(f"""
    WITH input AS (
        SELECT DISTINCT substring(CAST(:hashes AS bytea) FROM n * :width + 1 FOR :width) AS phone_hash
        FROM generate_series(0, :count - 1) AS n
    ), ended AS (
        UPDATE consent c {_ENDS_CONSENT.format(source="FROM input i", hash="i.phone_hash")}
    ), added AS (
        INSERT INTO opt_out (phone_hash, topic, source, evidence, created_by)
        SELECT phone_hash, :topic, :source, :evidence, :created_by FROM input
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT count(*) FROM added
""")


def insert_optouts(
    session: Session, *, hashes: Sequence[bytes], topic: str | None, source: str, evidence: str, created_by: str
) -> int:
    """Register many refusals at once, and end the consents they take back; returns how many were new."""
    parameters = {
        "hashes": b"".join(hashes),
        "width": HASH_BYTES,
        "count": len(hashes),
        "topic": topic,
        "source": source,
        "evidence": evidence,
        "created_by": created_by,
    }
    return int(session.execute(_ADD_MANY, parameters).scalar_one())


_END = text("""
    UPDATE opt_out SET ended_at = now(), ended_by = :by, ended_evidence = :evidence
    WHERE phone_hash = :phone_hash AND ended_at IS NULL AND (CAST(:topic AS text) IS NULL OR topic = :topic)
    RETURNING id
""")


def end_optouts(session: Session, *, phone_hash: bytes, topic: str | None, by: str, evidence: str) -> list[int]:
    """End the refusals in force of one number (of one topic, or all); the ids that ended."""
    rows = session.execute(_END, {"phone_hash": phone_hash, "topic": topic, "by": by, "evidence": evidence})
    return list(rows.scalars())


_END_IDS = text("""
    UPDATE opt_out SET ended_at = now(), ended_by = :by, ended_evidence = :evidence
    WHERE id = ANY(:ids) AND ended_at IS NULL RETURNING id
""")


def end_optout_ids(session: Session, ids: Sequence[int], *, by: str, evidence: str) -> list[int]:
    """End these refusals, where they are in force; the ids that ended."""
    return list(session.execute(_END_IDS, {"ids": list(ids), "by": by, "evidence": evidence}).scalars())


# A person has tens of messages, not thousands; they are found by the index that keeps them single.
_LINKED = text("""
    SELECT c.id, c.phone_hash, c.phone_cipher, last.topic
    FROM contact c CROSS JOIN LATERAL (
        SELECT k.topic FROM message m JOIN batch b ON b.id = m.batch_id JOIN campaign k ON k.id = m.campaign_id
        WHERE m.contact_id = c.id AND k.standing IS NULL AND b.started_at > now() - make_interval(days => :days)
        ORDER BY b.started_at DESC LIMIT 1
    ) last
    WHERE c.id = :contact AND c.phone_cipher IS NOT NULL AND c.unusable IS DISTINCT FROM 'erased'
""")


def find_linked_contact(session: Session, contact_id: int, *, days: int) -> Row[Any] | None:
    """(id, phone_hash, phone_cipher, topic of the last message) of somebody who got one in the last ``days``."""
    return session.execute(_LINKED, {"contact": contact_id, "days": days}).one_or_none()


def find_in_force(session: Session, phone_hash: bytes) -> Sequence[OptOut]:
    """Refusals of one number that are in force."""
    return session.scalars(
        select(OptOut).where(OptOut.phone_hash == phone_hash, OptOut.ended_at.is_(None)).order_by(OptOut.id)
    ).all()


def list_optouts(session: Session, *, limit: int = 100, before_id: int | None = None) -> Sequence[OptOut]:
    """The register, newest first, a page at a time."""
    query = select(OptOut).order_by(OptOut.id.desc()).limit(limit)
    return session.scalars(query.where(OptOut.id < before_id) if before_id else query).all()


_ROUTE = text("""
    SELECT r.gateway_id FROM route r JOIN gateway g ON g.id = r.gateway_id AND g.enabled
    WHERE r.carrier IN (:carrier, '*') ORDER BY (r.carrier = '*'), r.position, r.gateway_id LIMIT 1
""")


def find_route(session: Session, carrier: str) -> int | None:
    """The first enabled gateway on a carrier's route."""
    found: int | None = session.execute(_ROUTE, {"carrier": carrier}).scalar()
    return found


# The update changes nothing; it is there to return the row. Who had themselves erased stays without a number.
_CONTACT = text("""
    INSERT INTO contact (phone_hash, phone_cipher, carrier, source) VALUES (:phone_hash, :cipher, :carrier, :source)
    ON CONFLICT (phone_hash) DO UPDATE SET phone_hash = excluded.phone_hash
    RETURNING id, ward_id, carrier
""")


def ensure_contact(
    session: Session, *, phone_hash: bytes, cipher: bytes, carrier: str, source: str = "inbound"
) -> tuple[int, int | None, str]:
    """(id, ward_id, carrier) of the contact with this number, made where the person was not in the register."""
    given = {"phone_hash": phone_hash, "cipher": cipher, "carrier": carrier, "source": source}
    row = session.execute(_CONTACT, given).one()
    return row.id, row.ward_id, row.carrier


_ONE_MESSAGE = text("""
    WITH new AS (
        SELECT nextval(pg_get_serial_sequence('batch', 'id')) AS batch_id
    ), sent AS (
        INSERT INTO message (batch_id, seq, contact_id, campaign_id, occasion, parts)
        SELECT batch_id, 1, :contact, :campaign, :occasion, :parts FROM new
        ON CONFLICT (contact_id, campaign_id, occasion) DO NOTHING RETURNING batch_id
    )
    INSERT INTO batch (id, campaign_id, gateway_id, ward_id, carrier, size, parts, queued)
    SELECT batch_id, :campaign, :gateway, :ward, :carrier, 1, :parts, 1 FROM sent
""")


def queue_single_message(
    session: Session,
    *,
    campaign_id: int,
    contact_id: int,
    occasion: int,
    gateway_id: int,
    ward_id: int | None,
    carrier: str,
    parts: int,
) -> bool:
    """Queue one message of a standing campaign for one occasion; False where it was queued before."""
    result = session.execute(
        _ONE_MESSAGE,
        {
            "campaign": campaign_id,
            "contact": contact_id,
            "occasion": occasion,
            "gateway": gateway_id,
            "ward": ward_id,
            "carrier": carrier,
            "parts": parts,
        },
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]

"""Messages nobody knows the fate of: how many, which, and settling them otherwise than by a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.store.counters import ADD_DELTAS, DELTAS, lock_batches

S = MessageState

VALID_UNTIL = "greatest(b.started_at, b.lease_until) + make_interval(mins => c.validity_minutes)"
"""Until when the telco may still deliver messages of batch ``b``: a batch may be begun hours before its last one."""

_COUNT = text(f"""
    SELECT coalesce(sum(b.unknown), 0)::bigint AS unknown,
           coalesce(sum(b.unknown) FILTER (WHERE {VALID_UNTIL} > now()), 0)::bigint AS hopeful
    FROM batch b JOIN campaign c ON c.id = b.campaign_id WHERE b.campaign_id = :campaign AND b.unknown > 0
""")


def count_unknown(session: Session, campaign_id: int) -> Row[Any]:
    """(unknown, hopeful) messages of a campaign; of the hopeful a receipt may still come, for they are valid."""
    return session.execute(_COUNT, {"campaign": campaign_id}).one()


_LIST = text(f"""
    SELECT c.id AS campaign, c.name, g.name AS gateway, p.phone_cipher, b.started_at AS since, m.attempts,
           {VALID_UNTIL} AS valid_until, {VALID_UNTIL} <= now() AS lapsed
    FROM batch b JOIN campaign c ON c.id = b.campaign_id
    JOIN message m ON m.batch_id = b.id AND m.state = {S.UNKNOWN.value}
    LEFT JOIN gateway g ON g.id = b.gateway_id LEFT JOIN contact p ON p.id = m.contact_id
    WHERE b.unknown > 0 AND (CAST(:campaign AS int) IS NULL OR b.campaign_id = :campaign)
    ORDER BY b.id, m.seq LIMIT :limit
""")


def list_unknown(session: Session, campaign_id: int | None, *, limit: int) -> Sequence[Row[Any]]:
    """(campaign, name, gateway, phone_cipher, since, attempts, valid_until, lapsed), the oldest first."""
    return session.execute(_LIST, {"campaign": campaign_id, "limit": limit}).all()


_FIND = text(f"""
    SELECT m.batch_id, m.seq FROM (
        SELECT id FROM batch WHERE campaign_id = :campaign AND unknown > 0 AND id > :after ORDER BY id LIMIT :most
    ) b JOIN message m ON m.batch_id = b.id AND m.state = {S.UNKNOWN.value}
    ORDER BY m.batch_id, m.seq
""")


def find_unknown(session: Session, campaign_id: int, *, after: int = 0, most: int = 100) -> Sequence[Row[Any]]:
    """(batch_id, seq) of the unknown messages of a campaign's next ``most`` batches after batch ``after``."""
    return session.execute(_FIND, {"campaign": campaign_id, "after": after, "most": most}).all()


# A reference of ours names the message even where the person got several.
_FIND_OF = text("""
    WITH input AS (
        SELECT * FROM unnest(CAST(:hashes AS bytea[]), CAST(:references AS text[])) WITH ORDINALITY
                      AS i(phone_hash, reference, place)
    )
    SELECT i.place - 1 AS place, m.batch_id, m.seq, m.state, b.started_at,
           EXISTS (SELECT 1 FROM submission s WHERE s.reference = i.reference AND s.gateway_id = b.gateway_id
                   AND s.batch_id = m.batch_id AND s.seq = m.seq) AS named
    FROM input i JOIN contact p ON p.phone_hash = i.phone_hash
    JOIN message m ON m.contact_id = p.id
    JOIN batch b ON b.id = m.batch_id AND b.started_at IS NOT NULL
    WHERE (CAST(:campaign AS int) IS NULL OR b.campaign_id = :campaign)
      AND (CAST(:gateway AS int) IS NULL OR b.gateway_id = :gateway)
    ORDER BY 1, b.started_at DESC, m.batch_id
""")


def find_messages_of(
    session: Session,
    hashes: Sequence[bytes],
    *,
    references: Sequence[str | None] = (),
    campaign_id: int | None = None,
    gateway_id: int | None = None,
) -> Sequence[Row[Any]]:
    """(place in ``hashes``, batch_id, seq, state, started_at, named) of people's messages, a person's latest first.

    ``named`` says that the reference beside the hash is this message's.
    """
    asked = {
        "hashes": list(hashes),
        "references": list(references) or [None] * len(hashes),
        "campaign": campaign_id,
        "gateway": gateway_id,
    }
    return session.execute(_FIND_OF, asked).all()


_SETTLE = text(f"""
    WITH input AS (
        SELECT * FROM unnest(CAST(:batches AS bigint[]), CAST(:seqs AS smallint[]), CAST(:states AS smallint[]))
                      AS i(batch_id, seq, state)
    ), moved AS (
        UPDATE message m SET state = i.state,
               error = CASE WHEN i.state = {S.DELIVERED.value} THEN m.error ELSE :error END,
               delivered_mask = CASE WHEN i.state = {S.DELIVERED.value} THEN (1 << m.parts) - 1
                                     ELSE m.delivered_mask END
        FROM input i WHERE m.batch_id = i.batch_id AND m.seq = i.seq AND m.state = {S.UNKNOWN.value}
        RETURNING m.batch_id, m.seq, old.state AS was, new.state AS now
    ), d AS (SELECT batch_id, {DELTAS} FROM moved GROUP BY batch_id
    ), counted AS (UPDATE batch b SET {ADD_DELTAS} FROM d WHERE b.id = d.batch_id)
    SELECT batch_id, seq FROM moved
""")


def settle_unknown(
    session: Session, batches: Sequence[int], seqs: Sequence[int], states: Sequence[MessageState], *, error: str
) -> set[tuple[int, int]]:
    """Move messages that are unknown to the end that was learned; (batch_id, seq) of those that were still unknown.

    ``error`` is kept with those that did not arrive, and says who told.
    """
    if not batches:
        return set()
    lock_batches(session, set(batches))
    told = {"batches": list(batches), "seqs": list(seqs), "states": [s.value for s in states], "error": error}
    return {(row.batch_id, row.seq) for row in session.execute(_SETTLE, told)}

"""Whom failed receipts are about, and numbers nobody has any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState

S = MessageState


@dataclass(frozen=True, slots=True)
class Codes:
    """What codes of a gateway's receipts mean, as its settings say."""

    refused: frozenset[str]
    dead: frozenset[str]


def _split(codes: str | None) -> frozenset[str]:
    return frozenset(filter(None, (code.strip() for code in (codes or "").split(","))))


def read_codes(session: Session, gateway_id: int) -> Codes:
    """The codes of one gateway."""
    row = session.execute(
        text(
            "SELECT settings ->> 'refused_codes' AS refused, settings ->> 'dead_codes' AS dead"
            " FROM gateway WHERE id = :id"
        ),
        {"id": gateway_id},
    ).one()
    return Codes(_split(row.refused), _split(row.dead))


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose message a receipt was about."""

    contact_id: int
    phone_hash: bytes
    error: str


_RECIPIENTS = text("""
    SELECT DISTINCT c.id, c.phone_hash, r.error
    FROM unnest(CAST(:references AS text[]), CAST(:errors AS text[])) AS r(reference, error)
    CROSS JOIN LATERAL (
        SELECT s.batch_id, s.seq FROM submission s WHERE s.reference = r.reference AND s.gateway_id = :gateway
        ORDER BY s.submitted_at DESC, s.batch_id DESC LIMIT 1
    ) last
    JOIN message m ON m.batch_id = last.batch_id AND m.seq = last.seq
    JOIN contact c ON c.id = m.contact_id
    ORDER BY c.id
""")


def find_recipients(
    session: Session, gateway_id: int, references: Sequence[str], errors: Sequence[str]
) -> list[Recipient]:
    """The people of these receipts; of a reference that came round again, the last one's."""
    rows = session.execute(_RECIPIENTS, {"gateway": gateway_id, "references": list(references), "errors": list(errors)})
    return [Recipient(row.id, bytes(row.phone_hash), row.error) for row in rows]


# A person has at most one message of a campaign, so several messages are several campaigns. Replies do not count.
_BURY = text(f"""
    WITH codes AS (
        SELECT DISTINCT trim(code) AS code FROM gateway, unnest(string_to_array(settings ->> 'dead_codes', ',')) AS code
        WHERE trim(code) <> ''
    )
    UPDATE contact c SET unusable = 'dead', updated_at = now()
    WHERE c.id = ANY(:contacts) AND c.unusable IS NULL AND :after = (
        SELECT count(*) FILTER (WHERE last.state IN ({S.UNDELIVERED.value}, {S.REJECTED.value})
                                AND last.error IN (SELECT code FROM codes))
        FROM (SELECT m.state, m.error FROM message m JOIN batch b ON b.id = m.batch_id
              JOIN campaign k ON k.id = m.campaign_id
              WHERE m.contact_id = c.id AND k.standing IS NULL AND b.started_at IS NOT NULL
                AND m.state <> {S.SUPPRESSED.value}
              ORDER BY b.started_at DESC, b.id DESC LIMIT :after) last)
""")


def bury_contacts(session: Session, contact_ids: Sequence[int], *, after: int) -> int:
    """Mark as dead those whose last ``after`` messages all came back as sent to nobody; returns how many."""
    result = session.execute(_BURY, {"contacts": list(contact_ids), "after": after})
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def revive_contact(session: Session, phone_hash: bytes) -> None:
    """Somebody wrote to us from this number, so it is not dead."""
    session.execute(
        text("UPDATE contact SET unusable = NULL, updated_at = now() WHERE phone_hash = :hash AND unusable = 'dead'"),
        {"hash": phone_hash},
    )

"""Applying receipts to messages: by reference, and for unknown messages by recipient when only one can be meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.store.arrays import int_array, text_array
from campaigns.store.counters import ADD_DELTAS, DELTAS, lock_batches

S = MessageState


@dataclass(slots=True)
class ReceiptColumns:
    """Receipts of one gateway, column by column."""

    references: list[str] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    recipients: list[str | None] = field(default_factory=list)
    """Numbers (E.164 without plus) the receipts name. Only those of parked receipts are kept, as keyed hashes."""

    def add(self, reference: str, state: MessageState, error: str | None, recipient: str | None) -> None:
        """Add one receipt."""
        self.references.append(reference)
        self.states.append(state.value)
        self.errors.append(error)
        self.recipients.append(recipient)

    def __len__(self) -> int:
        return len(self.references)


@dataclass(slots=True)
class _Matched:
    """Receipts whose part is known."""

    batches: list[int] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)


# A reference may come round again after months; the youngest message is the one that is meant. One reference can
# stand for several of its parts, where the telco cut the message itself (message_payload).
# LATERAL with a limit looks every reference up in the index, whatever the planner believes: with the statistics of a
# table that has just grown it read all submissions of the gateway for every handful of receipts.
_MATCH = text("""
    SELECT r.place, s.batch_id, s.seq, s.part
    FROM unnest(CAST(:references AS text[])) WITH ORDINALITY AS r(reference, place)
    CROSS JOIN LATERAL (
        SELECT batch_id, seq, part FROM submission
        WHERE reference = r.reference AND gateway_id = :gateway
        ORDER BY submitted_at DESC, batch_id DESC FETCH FIRST 1 ROW WITH TIES
    ) s
    WHERE r.reference <> ''
""")

_MASK = "(m.delivered_mask | n.mask)"
_ALL_PARTS = "((1 << m.parts) - 1)"
_CLIMBED = f"""(CASE WHEN {_MASK} & {_ALL_PARTS} = {_ALL_PARTS} THEN {S.DELIVERED.value}
                     WHEN m.state / 10 < {S.UNDELIVERED.rank} THEN coalesce(n.bad, {S.ACCEPTED.value})
                     ELSE m.state END)"""
"""The mask and the state of message ``m`` after its news ``n``."""

_APPLY = text(f"""
    WITH r AS (
        SELECT * FROM unnest(CAST(:batches AS bigint[]), CAST(:seqs AS smallint[]), CAST(:parts AS smallint[]),
                             CAST(:states AS smallint[]), CAST(:errors AS text[]))
                      AS r(batch_id, seq, part, state, error)
    ), news AS (
        SELECT batch_id, seq,
               coalesce(bit_or(1 << part) FILTER (WHERE state = {S.DELIVERED.value}), 0) AS mask,
               max(state) FILTER (WHERE state / 10 = {S.UNDELIVERED.rank}) AS bad,
               max(error) FILTER (WHERE state / 10 = {S.UNDELIVERED.rank}) AS error
        FROM r GROUP BY batch_id, seq
    ), moved AS (
        UPDATE message m SET delivered_mask = {_MASK}, state = {_CLIMBED}, error = coalesce(n.error, m.error)
        FROM news n
        WHERE m.batch_id = n.batch_id AND m.seq = n.seq AND (m.delivered_mask <> {_MASK} OR m.state <> {_CLIMBED})
        RETURNING m.batch_id, old.state AS was, new.state AS now
    ), d AS (SELECT batch_id, {DELTAS} FROM moved WHERE was <> now GROUP BY batch_id)
    UPDATE batch b SET {ADD_DELTAS} FROM d WHERE b.id = d.batch_id
""")

_PARK = text("""
    INSERT INTO parked_receipt (gateway_id, reference, state, error, recipient_hash)
    SELECT :gateway, * FROM unnest(CAST(:references AS text[]), CAST(:states AS smallint[]), CAST(:errors AS text[]),
                                   CAST(:recipients AS bytea[]))
""")


def _match(session: Session, gateway_id: int, receipts: ReceiptColumns) -> tuple[_Matched, set[int]]:
    """Receipts whose reference we know, and the places (from 0) of those in ``receipts``."""
    found, places = _Matched(), set()
    rows = session.execute(_MATCH, {"references": text_array(receipts.references), "gateway": gateway_id})
    for place, batch, seq, part in rows:
        places.add(place - 1)
        found.batches.append(batch)
        found.seqs.append(seq)
        found.parts.append(part)
        found.states.append(receipts.states[place - 1])
        found.errors.append(receipts.errors[place - 1])
    return found, places


def _apply(session: Session, found: _Matched) -> None:
    if not found.batches:
        return
    lock_batches(session, set(found.batches))
    session.execute(
        _APPLY,
        {
            "batches": int_array(found.batches),
            "seqs": int_array(found.seqs),
            "parts": int_array(found.parts),
            "states": int_array(found.states),
            "errors": text_array(found.errors),
        },
    )


def apply_receipts(
    session: Session, gateway_id: int, receipts: ReceiptColumns, hash_of: Callable[[bytes], bytes]
) -> int:
    """Apply what can be matched and park the rest; returns how many were applied.

    A repeated or late receipt changes nothing: states only climb, and delivered parts are bits.
    """
    if not len(receipts):
        return 0
    found, places = _match(session, gateway_id, receipts)
    _apply(session, found)
    rest = [place for place in range(len(receipts)) if place not in places]
    if rest:
        session.execute(
            _PARK,
            {
                "gateway": gateway_id,
                "references": text_array(receipts.references[p] for p in rest),
                "states": int_array(receipts.states[p] for p in rest),
                "errors": text_array(receipts.errors[p] for p in rest),
                "recipients": [_hashed(receipts.recipients[p], hash_of) for p in rest],
            },
        )
    return len(places)


def _hashed(recipient: str | None, hash_of: Callable[[bytes], bytes]) -> bytes | None:
    return hash_of(recipient.encode()) if recipient else None


_WAITING = text("""
    SELECT id, gateway_id, reference, state, error FROM parked_receipt
    WHERE settled_at IS NULL AND received_at > now() - make_interval(secs => :young)
      AND received_at <= now() - make_interval(secs => :old)
    ORDER BY received_at DESC LIMIT :most FOR UPDATE SKIP LOCKED
""")
_SETTLE = text("UPDATE parked_receipt SET settled_at = now(), outcome = :outcome WHERE id = ANY(:ids)")


def apply_parked_receipts(session: Session, *, younger_than: float, older_than: float = 0, most: int = 5000) -> int:
    """Try parked receipts of an age in seconds again by reference; returns how many found their message."""
    rows = session.execute(_WAITING, {"young": younger_than, "old": older_than, "most": most}).all()
    settled = 0
    for gateway in sorted({row.gateway_id for row in rows}):
        mine = [row for row in rows if row.gateway_id == gateway]
        columns = ReceiptColumns()
        for row in mine:
            columns.add(row.reference, MessageState(row.state), row.error, None)
        found, places = _match(session, gateway, columns)
        _apply(session, found)
        if places:
            session.execute(_SETTLE, {"outcome": "reference", "ids": [mine[p].id for p in places]})
        settled += len(places)
    return settled


# A message whose answer we never saw has no reference of ours. When the receipt names the person and exactly one
# unknown message of that gateway went to them, it is that one: its reference is noted and the receipt applied as usual.
# `~mask & (mask + 1)` is the lowest part that has no receipt yet.
_ADOPT = text(f"""
    WITH waiting AS (
        SELECT DISTINCT ON (p.gateway_id, p.recipient_hash) p.gateway_id, p.reference, c.id AS contact_id
        FROM parked_receipt p JOIN contact c ON c.phone_hash = p.recipient_hash
        WHERE p.settled_at IS NULL AND p.received_at <= now() - make_interval(secs => :old)
          AND p.received_at > now() - make_interval(secs => :young)
          AND p.reference <> ''
          AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.reference = p.reference AND s.gateway_id = p.gateway_id)
        ORDER BY p.gateway_id, p.recipient_hash, p.id LIMIT :most
    ), fits AS (
        SELECT w.gateway_id, w.reference, m.batch_id, m.seq, m.parts,
               (SELECT coalesce(bit_or(1 << s.part), 0) FROM submission s
                WHERE s.batch_id = m.batch_id AND s.seq = m.seq AND s.gateway_id = w.gateway_id) AS taken
        FROM waiting w
        JOIN message m ON m.contact_id = w.contact_id AND m.state IN ({S.UNKNOWN.value}, {S.ACCEPTED.value})
        JOIN batch b ON b.id = m.batch_id AND b.gateway_id = w.gateway_id
    ), candidates AS (
        SELECT *, count(*) OVER (PARTITION BY gateway_id, reference) AS fitting
        FROM fits WHERE taken < (1 << parts) - 1
    )
    INSERT INTO submission (batch_id, gateway_id, seq, part, reference)
    SELECT batch_id, gateway_id, seq, round(log(2, (~taken & (taken + 1))::numeric))::smallint, reference
    FROM candidates WHERE fitting = 1
    RETURNING reference
""")


def adopt_unknown_messages(session: Session, *, older_than: float, younger_than: float, most: int = 2000) -> int:
    """Note references of receipts that can only mean one unknown message; ``apply_parked_receipts`` does the rest.

    ``older_than`` seconds have passed so that every record that was under way has been committed.
    """
    result = session.execute(_ADOPT, {"old": older_than, "young": younger_than, "most": most})
    return len(result.all())


_GIVE_UP = text("""
    UPDATE parked_receipt SET settled_at = now(), outcome = 'odd'
    WHERE settled_at IS NULL AND received_at <= now() - make_interval(secs => :old)
""")


def give_up_parked_receipts(session: Session, *, older_than: float) -> int:
    """Mark receipts nobody's message fits as odd, so that they are kept but no longer tried."""
    return session.execute(_GIVE_UP, {"old": older_than}).rowcount  # type: ignore[attr-defined,no-any-return]

"""Claiming messages for a gateway, recording what became of them, and freeing what a dead worker held.

Every function here is one or two statements over a whole batch. ``now()`` is the database's clock, so a worker
whose clock is off changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.store.arrays import int_array, text_array
from campaigns.store.counters import ADD_DELTAS, DELTAS, lock_batches
from campaigns.store.pacing import PACE_DUE
from campaigns.store.picking import INSIDE_WINDOW, pick_batch
from campaigns.store.reach import Reach

S = MessageState


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A running campaign that has something ready for a gateway."""

    campaign_id: int
    priority: int
    paced: bool
    """Whether it keeps a pace of its own, or one in each ward."""


# The one statement that every session of every worker runs twice a second: per running campaign one look into
# `ix_batch_ready`, whatever the number of batches (`tests/campaigns/store/test_scale.py`).
_MENU = text(f"""
    SELECT c.id, c.priority, c.pace_now IS NOT NULL OR c.ward_pace_now IS NOT NULL FROM campaign c
    WHERE c.state = 'running' AND {INSIDE_WINDOW}
      AND EXISTS (SELECT 1 FROM batch b WHERE b.gateway_id = :gateway AND b.campaign_id = c.id AND b.state = 'ready'
                  AND (b.not_before IS NULL OR b.not_before <= now()) AND {PACE_DUE})
    ORDER BY c.priority, c.id
""")


def list_ready_campaigns(session: Session, gateway_id: int) -> list[MenuItem]:
    """Campaigns that could use the gateway now, most urgent first."""
    return [MenuItem(*row) for row in session.execute(_MENU, {"gateway": gateway_id})]


_WITH_WORK = text(f"""
    SELECT g.name, g.binds FROM gateway g
    WHERE g.enabled
      AND NOT EXISTS (SELECT 1 FROM gateway_health h
                      WHERE h.gateway_id = g.id AND h.state <> 'closed' AND h.retry_at > now())
      AND EXISTS (SELECT 1 FROM gateway_session s
                  WHERE s.gateway_id = g.id AND s.seen_at > now() - interval '15 seconds')
      AND EXISTS (
        SELECT 1 FROM campaign c JOIN batch b ON b.campaign_id = c.id
        WHERE c.state = 'running' AND {INSIDE_WINDOW} AND b.gateway_id = g.id AND b.state = 'ready'
          AND (b.not_before IS NULL OR b.not_before <= now()) AND {PACE_DUE})
    ORDER BY g.name
""")


def list_gateways_with_work(session: Session) -> list[tuple[str, int]]:
    """(name, binds) of enabled gateways that have something ready and a session that lives, and do not rest."""
    return [(row.name, row.binds) for row in session.execute(_WITH_WORK)]


class ClaimedMessage(NamedTuple):
    """One message this worker now holds."""

    seq: int
    attempts: int
    parts: int
    phone_cipher: bytes
    full_name: str | None
    attributes: Mapping[str, Any] | None
    contact_id: int
    validity_left: float | None = None
    """Seconds until its validity ends, once it was refused for now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages of one batch held under a lease, with what it takes to render them."""

    batch_id: int
    token: UUID
    campaign_id: int
    ward_id: int | None
    carrier: str
    messages: Sequence[ClaimedMessage]


# Retries wait for their whole batch: only messages with the fewest attempts are taken, so a fresh message
# never waits behind a retry and a retry never comes before its time.
_CLAIM = f"""
    WITH due AS (
        SELECT m.seq, c.phone_cipher,
               CASE WHEN :personal THEN c.full_name END AS full_name,
               CASE WHEN :personal THEN c.attributes END AS attributes,
               {{left_out}} AS stays
        FROM message m LEFT JOIN contact c ON c.id = m.contact_id
        WHERE m.batch_id = :batch AND m.state = {S.QUEUED.value}
          AND m.attempts = (SELECT min(attempts) FROM message WHERE batch_id = :batch AND state = {S.QUEUED.value})
        ORDER BY m.seq LIMIT :take
    ), moved AS (
        UPDATE message m SET state = CASE WHEN due.stays THEN {S.SUPPRESSED.value} ELSE {S.CLAIMED.value} END
        FROM due WHERE m.batch_id = :batch AND m.seq = due.seq
        RETURNING m.seq, m.attempts, m.parts, m.contact_id, m.retry_until, old.state AS was, new.state AS now,
                  due.phone_cipher, due.full_name, due.attributes
    ), d AS (SELECT {DELTAS} FROM moved
    ), covered AS (
        SELECT coalesce(max(seq), 0) AS seq
        FROM (SELECT seq FROM moved WHERE now = {S.CLAIMED.value} ORDER BY seq LIMIT :cover) first
    ), leased AS (
        UPDATE batch b SET {ADD_DELTAS}, state = 'leased', lease_token = :token, lease_worker = :worker,
               wire_seq = covered.seq,
               lease_until = now() + make_interval(secs => :lease), not_before = NULL,
               started_at = coalesce(b.started_at, now())
        FROM d, covered WHERE b.id = :batch
    )
    SELECT seq, attempts, parts, phone_cipher, full_name, attributes, contact_id,
           CAST(extract(epoch FROM retry_until - now()) AS float8)
    FROM moved WHERE now = {S.CLAIMED.value} ORDER BY seq
"""


@lru_cache(maxsize=64)
def _claim(left_out: str) -> TextClause:
    return text(_CLAIM.format(left_out=left_out))


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a worker asks for: messages of one campaign for one gateway."""

    gateway_id: int
    campaign_id: int
    reach: Reach
    personal: bool
    """Whether the text needs the person's name or attributes."""
    budget_parts: float
    """At most about so many parts, one message at least."""
    most: int
    cover: int
    """How many of them may go out before ``advance_wire`` is asked."""
    worker: str
    lease_seconds: float
    paced: bool = False
    """The campaign keeps a pace of its own. Where that is no longer so, nothing is claimed until the menu knows."""
    probe: bool = False
    """Whether this is the one message that tries a gateway that rests; nothing else is claimed for it."""


def claim_messages(session: Session, ask: ClaimRequest, token: UUID) -> Claim | None:
    """Take the next messages of a ready batch; those whose person refused meanwhile are suppressed instead.

    Returns None where nothing is ready. The claim holds once the transaction is committed; nothing may be
    sent before. A claim may hold no message at all (everybody refused): its batch must still be released.
    """
    picked = pick_batch(
        session,
        ask.gateway_id,
        ask.campaign_id,
        ask.budget_parts,
        1 if ask.probe else ask.most,
        paced=ask.paced,
        probe=ask.probe,
    )
    if picked is None:
        return None
    rows = session.execute(
        _claim(ask.reach.left_out_now()),
        ask.reach.bind(
            batch=picked.id,
            take=picked.take,
            personal=ask.personal,
            token=token,
            worker=ask.worker,
            lease=ask.lease_seconds,
            cover=ask.cover,
        ),
    )
    messages = list(map(ClaimedMessage._make, rows))
    return Claim(picked.id, token, ask.campaign_id, picked.ward_id, picked.carrier, messages)


_ADVANCE = text("""
    UPDATE batch SET wire_seq = :seq, lease_until = now() + make_interval(secs => :lease)
    WHERE id = :batch AND lease_token = :token
""")


def advance_wire(session: Session, batch_id: int, token: UUID, seq: int, *, lease_seconds: float) -> bool:
    """Note, before they go out, that messages up to ``seq`` may be on the wire; False where the lease is lost.

    What lies beyond the mark when a worker dies was surely not sent, and is sent by another. A worker that only
    seemed dead cannot pass its last mark: the token is checked here, and nothing goes out before this commit.
    """
    result = session.execute(_ADVANCE, {"batch": batch_id, "token": token, "seq": seq, "lease": lease_seconds})
    return bool(result.rowcount)  # type: ignore[attr-defined]


@dataclass(slots=True)
class Outcomes:
    """What became of messages of one batch since the last record, column by column."""

    seqs: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)
    """1 where handing it over counted as an attempt."""
    parts: list[int | None] = field(default_factory=list)
    """Parts that went out, where they are not as many as were planned."""
    reference_seqs: list[int] = field(default_factory=list)
    reference_parts: list[int] = field(default_factory=list)
    references: list[str] = field(default_factory=list)

    def add(self, seq: int, state: MessageState, error: str | None, tried: int, parts: int | None = None) -> None:
        """Note the outcome of one message."""
        self.parts.append(parts)
        self.seqs.append(seq)
        self.states.append(state.value)
        self.errors.append(error)
        self.tries.append(tried)

    def add_references(self, seq: int, references: Iterable[tuple[int, str]]) -> None:
        """Note the (part, reference) of every part of a message that was taken."""
        for part, reference in references:
            self.reference_seqs.append(seq)
            self.reference_parts.append(part)
            self.references.append(reference)

    def extend(self, later: Outcomes) -> None:
        """Add what became known later."""
        for name in self.__slots__:
            getattr(self, name).extend(getattr(later, name))

    def __len__(self) -> int:
        return len(self.seqs)


_RECORD = text(f"""
    WITH input AS (
        SELECT * FROM unnest(CAST(:seqs AS smallint[]), CAST(:states AS smallint[]), CAST(:errors AS text[]),
                             CAST(:tries AS smallint[]), CAST(:parts AS smallint[]))
                      AS i(seq, state, error, tried, parts)
    ), noted AS (
        INSERT INTO submission (batch_id, gateway_id, seq, part, reference)
        SELECT :batch, :gateway, s.seq, s.part, s.reference
        FROM unnest(CAST(:reference_seqs AS smallint[]), CAST(:reference_parts AS smallint[]),
                    CAST(:references AS text[])) AS s(seq, part, reference)
    ), moved AS (
        UPDATE message m SET state = i.state, error = coalesce(i.error, m.error), attempts = m.attempts + i.tried,
               parts = coalesce(i.parts, m.parts),
               retry_until = CASE WHEN i.state = {S.QUEUED.value} AND i.tried > 0 THEN coalesce(m.retry_until, now() + (
                   SELECT make_interval(mins => c.validity_minutes) FROM campaign c WHERE c.id = m.campaign_id))
                   ELSE m.retry_until END
        FROM input i, batch held WHERE held.id = :batch AND m.batch_id = :batch AND m.seq = i.seq
          AND (i.state / 10 > m.state / 10 OR (i.state = {S.QUEUED.value} AND m.state = {S.CLAIMED.value}
                                               AND held.lease_token = :token))
        RETURNING old.state AS was, new.state AS now
    ), d AS (SELECT {DELTAS} FROM moved)
    UPDATE batch b SET {ADD_DELTAS},
           lease_until = CASE WHEN b.lease_token = :token THEN now() + make_interval(secs => :lease)
                              ELSE b.lease_until END
    FROM d WHERE b.id = :batch
    RETURNING b.lease_token = :token,
              (SELECT c.state = 'running' AND {INSIDE_WINDOW} FROM campaign c WHERE c.id = b.campaign_id)
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a claim stands after a record."""

    held: bool
    """The lease is still ours."""
    may_go_on: bool
    """The campaign is running and inside its hours."""


def record_outcomes(
    session: Session, batch_id: int, gateway_id: int, token: UUID, outcomes: Outcomes, *, lease_seconds: float
) -> Standing:
    """Write outcomes and references, move the counters with them, and renew the lease.

    Also right after the lease was lost: states only climb, so what we learned still counts. Only who holds the
    lease may queue a message again: somebody else may be sending it by now.
    """
    lock_batches(session, (batch_id,))
    held, may_go_on = session.execute(
        _RECORD,
        {
            "batch": batch_id,
            "gateway": gateway_id,
            "token": token,
            "lease": lease_seconds,
            "seqs": int_array(outcomes.seqs),
            "states": int_array(outcomes.states),
            "errors": text_array(outcomes.errors),
            "tries": int_array(outcomes.tries),
            "parts": int_array(outcomes.parts),
            "reference_seqs": int_array(outcomes.reference_seqs),
            "reference_parts": int_array(outcomes.reference_parts),
            "references": text_array(outcomes.references),
        },
    ).one()
    return Standing(bool(held), bool(may_go_on))


# A batch that still holds claimed messages is left to the reaper, who knows what they may have become.
_RELEASE = text(f"""
    UPDATE batch b SET
           lease_token = CASE WHEN b.claimed > 0 THEN b.lease_token END,
           lease_until = CASE WHEN b.claimed > 0 THEN now() END,
           lease_worker = CASE WHEN b.claimed > 0 THEN b.lease_worker END,
           state = CASE WHEN b.claimed > 0 THEN 'leased' WHEN b.queued > 0 THEN 'ready' ELSE 'done' END,
           (not_before, retry_until) = (
               SELECT greatest(CASE WHEN :hold > 0 AND b.queued > 0 THEN now() + make_interval(secs => :hold) END,
                               CASE WHEN min(m.attempts) > 0
                                    THEN now() + make_interval(secs => (0.9 + 0.2 * random()) * (
                                        CAST(:waits AS float8[]))[least(min(m.attempts), cardinality(:waits))]) END),
                      min(m.retry_until)
               FROM message m WHERE b.queued > 0 AND m.batch_id = b.id AND m.state = {S.QUEUED.value})
    WHERE b.id = :batch AND b.lease_token = :token
""")


def release_batch(
    session: Session, batch_id: int, token: UUID, *, waits: Sequence[float], hold_seconds: float = 0.0
) -> None:
    """End a lease: the batch is ready again where messages are left, else done.

    Where only retries are left they wait the nth of ``waits`` seconds after their nth attempt, a tenth more or less,
    so that batches refused together do not all come back together. ``hold_seconds`` keeps a batch back that could
    not be sent for a reason of ours, so that it is not claimed again at once.
    """
    session.execute(_RELEASE, {"batch": batch_id, "token": token, "waits": list(waits), "hold": float(hold_seconds)})


_LAPSED = text("""
    SELECT id FROM batch WHERE state = 'leased' AND lease_until < now()
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
""")
_REAP = text(f"""
    WITH moved AS (
        UPDATE message m
        SET state = CASE WHEN m.seq <= held.wire_seq THEN {S.UNKNOWN.value} ELSE {S.QUEUED.value} END
        FROM batch held
        WHERE held.id = ANY(:batches) AND m.batch_id = held.id AND m.state = {S.CLAIMED.value}
        RETURNING m.batch_id, old.state AS was, new.state AS now
    ), d AS (
        SELECT x.id AS batch_id, {DELTAS} FROM unnest(CAST(:batches AS bigint[])) AS x(id)
        LEFT JOIN moved ON moved.batch_id = x.id GROUP BY x.id
    )
    UPDATE batch b SET {ADD_DELTAS}, lease_token = NULL, lease_until = NULL, lease_worker = NULL,
           state = CASE WHEN b.queued + d.queued > 0 THEN 'ready' ELSE 'done' END
    FROM d WHERE b.id = d.batch_id
""")


def reap_lapsed_leases(session: Session, *, most: int = 200) -> int:
    """Free batches whose worker died: what may have been on the wire becomes unknown, the rest is queued again.

    Returns how many batches were freed.
    """
    batches = list(session.execute(_LAPSED, {"most": most}).scalars())
    if not batches:
        return 0
    session.execute(_REAP, {"batches": batches})
    return len(batches)


def _settle_queued(where: str, state: MessageState) -> str:
    """Statement that moves every queued message of the batches ``where`` picks to ``state``."""
    return f"""
        WITH picked AS (SELECT b.id FROM batch b JOIN campaign c ON c.id = b.campaign_id
                        WHERE {where} ORDER BY b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED),
        moved AS (UPDATE message m SET state = {state.value} FROM picked
                  WHERE m.batch_id = picked.id AND m.state = {S.QUEUED.value}
                  RETURNING m.batch_id, old.state AS was, new.state AS now),
        d AS (SELECT picked.id AS batch_id, {DELTAS} FROM picked LEFT JOIN moved ON moved.batch_id = picked.id
              GROUP BY picked.id)
        UPDATE batch b SET {ADD_DELTAS}, state = 'done', not_before = NULL, retry_until = NULL
        FROM d WHERE b.id = d.batch_id
        RETURNING d.{state.label}
    """


_CANCEL = text(_settle_queued("c.state = 'cancelled' AND b.state = 'ready'", S.CANCELLED))


def cancel_queued_messages(session: Session, *, most: int = 200) -> int:
    """Settle what cancelled campaigns left unsent; returns how many messages."""
    return sum(session.execute(_CANCEL, {"most": most}).scalars())


# Also while its batch waits, and whatever its campaign does: validity does not stand still in a pause.
_EXPIRE = text(f"""
    WITH picked AS (SELECT id FROM batch WHERE retry_until <= now() AND state = 'ready'
                    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED),
    moved AS (UPDATE message m SET state = {S.EXPIRED.value} FROM picked
              WHERE m.batch_id = picked.id AND m.state = {S.QUEUED.value} AND m.retry_until <= now()
              RETURNING m.batch_id, old.state AS was, new.state AS now),
    d AS (SELECT picked.id AS batch_id, {DELTAS} FROM picked LEFT JOIN moved ON moved.batch_id = picked.id
          GROUP BY picked.id)
    UPDATE batch b SET {ADD_DELTAS},
           state = CASE WHEN b.queued + d.queued > 0 THEN 'ready' ELSE 'done' END,
           not_before = CASE WHEN b.queued + d.queued > 0 THEN b.not_before END,
           retry_until = (SELECT min(m.retry_until) FROM message m
                          WHERE m.batch_id = b.id AND m.state = {S.QUEUED.value} AND m.retry_until > now())
    FROM d WHERE b.id = d.batch_id
    RETURNING d.batch_id, d.expired
""")


def expire_refused_messages(session: Session, *, most: int = 200) -> int:
    """Settle messages that were refused for now until their validity ended; returns how many batches were looked at."""
    return len(session.execute(_EXPIRE, {"most": most}).all())


_FINISH = text("""
    UPDATE campaign c SET state = 'finished', finished_at = now(), version = version + 1
    WHERE c.state = 'running' AND c.planned_at IS NOT NULL
      AND (c.standing IS NULL OR c.created_at < now() - interval '10 minutes')
      AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.campaign_id = c.id AND (b.state <> 'done' OR b.claimed > 0))
    RETURNING c.id
""")


def finish_campaigns(session: Session) -> list[int]:
    """Finish running campaigns that have nothing left to send; receipts may still come in afterwards.

    A standing campaign gets messages during its minute only; ten minutes later nothing can join it any more.
    """
    return list(session.execute(_FINISH).scalars())


_RESEND = text(f"""
    WITH picked AS (SELECT b.id FROM batch b JOIN campaign c ON c.id = b.campaign_id
                    WHERE coalesce(c.id = CAST(:campaign AS int), c.unknown_policy = 'resend')
                      AND c.state IN ('running', 'finished') AND b.state = 'done'
                      AND b.unknown > 0 AND b.started_at + make_interval(mins => c.validity_minutes) < now()
                      AND EXISTS (SELECT 1 FROM message m WHERE m.batch_id = b.id
                                  AND m.state = {S.UNKNOWN.value} AND m.attempts < :attempts)
                    ORDER BY b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED),
    moved AS (UPDATE message m SET state = {S.QUEUED.value}, attempts = m.attempts + 1 FROM picked
              WHERE m.batch_id = picked.id AND m.state = {S.UNKNOWN.value} AND m.attempts < :attempts
              RETURNING m.batch_id, m.campaign_id, old.state AS was, new.state AS now),
    d AS (SELECT batch_id, {DELTAS} FROM moved GROUP BY batch_id),
    again AS (UPDATE campaign c SET state = 'running', finished_at = NULL, version = version + 1
              WHERE c.state = 'finished' AND c.id IN (SELECT campaign_id FROM moved))
    UPDATE batch b SET {ADD_DELTAS}, state = 'ready', started_at = now() FROM d WHERE b.id = d.batch_id
    RETURNING d.queued
""")


def resend_unknown_messages(session: Session, *, attempts: int, most: int = 200, campaign_id: int | None = None) -> int:
    """Queue again what is still unknown after its validity: of ``campaign_id``, else where the policy says so."""
    told = {"most": most, "attempts": attempts, "campaign": campaign_id}
    return sum(session.execute(_RESEND, told).scalars())

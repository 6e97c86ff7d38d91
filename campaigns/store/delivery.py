"""What a gateway has to do, recording what became of messages, and freeing what a dead worker held.

Every function here is one or two statements over a whole batch. ``now()`` is the database's clock, so a worker
whose clock is off changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.store.arrays import int_array, text_array
from campaigns.store.counters import ADD_DELTAS, DELTAS, lock_batches
from campaigns.store.frequency import CROWDED, OVER_CAP, Cap
from campaigns.store.opening import INSIDE_WINDOW
from campaigns.store.pacing import PACE_DUE
from campaigns.store.unknown import VALID_UNTIL

S = MessageState


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A running campaign that has something ready for a gateway."""

    campaign_id: int
    priority: int
    paced: bool
    """Whether it keeps a pace of its own, or one in each ward."""
    crowded: bool = False
    """Whether other campaigns of its class send too, or have sent within a day: its people may have had enough."""


# The one statement that every session of every worker runs twice a second: per running campaign one look into
# `ix_batch_ready`, whatever the number of batches (`tests/campaigns/store/test_scale.py`).
_MENU = text(f"""
    SELECT c.id, c.priority, c.pace_now IS NOT NULL OR c.ward_pace_now IS NOT NULL, {CROWDED} FROM campaign c
    WHERE c.state = 'running' AND {INSIDE_WINDOW}
      AND EXISTS (SELECT 1 FROM batch b WHERE b.gateway_id = :gateway AND b.campaign_id = c.id AND b.state = 'ready'
                  AND (b.not_before IS NULL OR b.not_before <= now()) AND {PACE_DUE})
    ORDER BY c.priority, c.id
""")


def list_ready_campaigns(session: Session, gateway_id: int) -> list[MenuItem]:
    """Campaigns that could use the gateway now, most urgent first."""
    return [MenuItem(*row) for row in session.execute(_MENU, {"gateway": gateway_id})]


# Which campaigns are open is asked once for each, not once for each batch or gateway.
_WITH_WORK = text(f"""
    WITH c AS MATERIALIZED (
        SELECT c.id, c.pace_now, c.ward_pace_now FROM campaign c WHERE c.state = 'running' AND {INSIDE_WINDOW}
    )
    SELECT g.name, g.binds FROM gateway g
    WHERE g.enabled
      AND NOT EXISTS (SELECT 1 FROM gateway_health h
                      WHERE h.gateway_id = g.id AND h.state <> 'closed' AND h.retry_at > now())
      AND EXISTS (SELECT 1 FROM gateway_session s
                  WHERE s.gateway_id = g.id AND s.seen_at > now() - interval '15 seconds')
      AND EXISTS (
        SELECT 1 FROM c CROSS JOIN LATERAL (
            SELECT b.gateway_id, b.ward_id FROM batch b
            WHERE b.campaign_id = c.id AND b.gateway_id = g.id AND b.state = 'ready'
              AND (b.not_before IS NULL OR b.not_before <= now()) AND {PACE_DUE}
            LIMIT 1) work)
    ORDER BY g.name
""")


def list_gateways_with_work(session: Session) -> list[tuple[str, int]]:
    """(name, binds) of enabled gateways that have something ready and a session that lives, and do not rest."""
    return [(row.name, row.binds) for row in session.execute(_WITH_WORK)]


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
_RELEASE = f"""
    UPDATE batch b SET
           lease_token = CASE WHEN b.claimed > 0 THEN b.lease_token END,
           lease_until = now(),
           lease_worker = CASE WHEN b.claimed > 0 THEN b.lease_worker END,
           state = CASE WHEN b.claimed > 0 THEN 'leased' WHEN b.queued > 0 THEN 'ready' ELSE 'done' END,
           (not_before, retry_until) = (
               SELECT greatest(CASE WHEN :hold > 0 AND b.queued > 0 THEN now() + make_interval(secs => :hold) END,
                               CASE WHEN min(m.attempts) > 0
                                    THEN now() + make_interval(secs => (0.9 + 0.2 * random()) * (
                                        CAST(:waits AS float8[]))[least(min(m.attempts), cardinality(:waits))]) END,
                               CASE WHEN bool_and(m.error IS NOT DISTINCT FROM '{OVER_CAP}')
                                    THEN {{waits_until}} END),
                      min(m.retry_until)
               FROM message m WHERE b.queued > 0 AND m.batch_id = b.id AND m.state = {S.QUEUED.value})
    WHERE b.id = :batch AND b.lease_token = :token
"""


@lru_cache(maxsize=4)
def _release(waits_until: str) -> TextClause:
    return text(_RELEASE.format(waits_until=waits_until))


def release_batch(
    session: Session,
    batch_id: int,
    token: UUID,
    *,
    waits: Sequence[float],
    hold_seconds: float = 0.0,
    cap: Cap | None = None,
) -> None:
    """End a lease: the batch is ready again where messages are left, else done.

    Where only retries are left they wait the nth of ``waits`` seconds after their nth attempt, a tenth more or less,
    so that batches refused together do not all come back together. ``hold_seconds`` keeps a batch back that could
    not be sent for a reason of ours, so that it is not claimed again at once. Where only people are left who have had
    enough of its class, the batch waits for the next day of ``cap``.
    """
    statement = _release("NULL::timestamptz" if cap is None else cap.waits_until)
    session.execute(statement, {"batch": batch_id, "token": token, "waits": list(waits), "hold": float(hold_seconds)})


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
    UPDATE batch b SET {ADD_DELTAS}, lease_token = NULL, lease_worker = NULL,
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


_LATE = text(
    _settle_queued("c.deadline <= now() AND c.state IN ('running', 'paused') AND b.state = 'ready'", S.EXPIRED)
)


def expire_late_messages(session: Session, *, most: int = 200) -> int:
    """Settle what campaigns left unsent at their deadline; returns how many messages."""
    return sum(session.execute(_LATE, {"most": most}).scalars())


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


# Its validity begins anew with the new try. Past the campaign's deadline it would only be said to have expired, which
# is more than anybody knows.
_RESEND = text(f"""
    WITH picked AS (SELECT b.id FROM batch b JOIN campaign c ON c.id = b.campaign_id
                    WHERE coalesce(c.id = CAST(:campaign AS int), c.unknown_policy = 'resend')
                      AND c.state IN ('running', 'finished') AND b.state = 'done'
                      AND b.unknown > 0 AND {VALID_UNTIL} < now() AND (c.deadline IS NULL OR now() < c.deadline)
                      AND EXISTS (SELECT 1 FROM message m WHERE m.batch_id = b.id
                                  AND m.state = {S.UNKNOWN.value} AND m.attempts < :attempts)
                    ORDER BY b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED),
    moved AS (UPDATE message m SET state = {S.QUEUED.value}, attempts = m.attempts + 1,
                     retry_until = NULL FROM picked
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

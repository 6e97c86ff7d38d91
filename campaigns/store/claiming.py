"""Claiming: the next messages of a ready batch, but those whose person is not to be sent to after all.

One statement over a whole batch, made from whom the campaign reaches, so that it asks of people only what holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.store.counters import ADD_DELTAS, DELTAS
from campaigns.store.frequency import OVER_CAP, Cap, enter, had_enough
from campaigns.store.picking import pick_batch
from campaigns.store.reach import Reach

S = MessageState


class ClaimedMessage(NamedTuple):
    """One message this worker now holds."""

    seq: int
    attempts: int
    parts: int
    phone_cipher: bytes
    name_cipher: bytes | None
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
               CASE WHEN :personal THEN c.name_cipher END AS name_cipher,
               CASE WHEN :personal THEN c.attributes END AS attributes,
               {{left_out}} AS stays{{note}}
        FROM message m LEFT JOIN contact c ON c.id = m.contact_id
        WHERE m.batch_id = :batch AND m.state = {S.QUEUED.value}
          AND m.attempts = (SELECT min(attempts) FROM message WHERE batch_id = :batch AND state = {S.QUEUED.value})
        ORDER BY m.seq LIMIT :take
    ), moved AS (
        UPDATE message m SET state = CASE WHEN due.stays THEN {S.SUPPRESSED.value} {{noted_state}}
                                          ELSE {S.CLAIMED.value} END{{noted}}
        FROM due WHERE m.batch_id = :batch AND m.seq = due.seq
        RETURNING m.seq, m.attempts, m.parts, m.contact_id, m.retry_until, old.state AS was, new.state AS now,
                  due.phone_cipher, due.name_cipher, due.attributes
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
    SELECT seq, attempts, parts, phone_cipher, name_cipher, attributes, contact_id,
           CAST(extract(epoch FROM retry_until - now()) AS float8)
    FROM moved WHERE now = {S.CLAIMED.value} ORDER BY seq
"""


# Who has had enough of the class waits behind those who have not, as a retry does; where no other day is left to wait
# for, they are left out for good. Once they are sent to after all, the note goes, and waiting was no attempt.
_NOTED_STATE = f"""WHEN due.note = '{OVER_CAP}' AND :may_wait THEN {S.QUEUED.value}
                                          WHEN due.note IS NOT NULL THEN {S.SUPPRESSED.value}"""
_NOTED = f""",
            error = CASE WHEN due.stays THEN nullif(m.error, '{OVER_CAP}')
                         ELSE coalesce(due.note, nullif(m.error, '{OVER_CAP}')) END,
            attempts = CASE WHEN due.note = '{OVER_CAP}' AND NOT due.stays THEN m.attempts + 1
                            WHEN m.error = '{OVER_CAP}' THEN 0 ELSE m.attempts END"""


_ALONE = f""", error = nullif(m.error, '{OVER_CAP}'),
            attempts = CASE WHEN m.error = '{OVER_CAP}' THEN 0 ELSE m.attempts END"""
"""Who waited for another day while others sent is sent to also when they have ended."""


@lru_cache(maxsize=64)
def _claim(left_out: str, note: str | None, *, capped: bool = False) -> TextClause:
    """The claim of a campaign; ``note`` is the code with which a contact is not sent to, where that is to be asked."""
    if note is None:
        return text(_CLAIM.format(left_out=left_out, note="", noted_state="", noted=_ALONE if capped else ""))
    return text(_CLAIM.format(left_out=left_out, note=f", {note} AS note", noted_state=_NOTED_STATE, noted=_NOTED))


def _note(ask: ClaimRequest) -> str | None:
    noted = ask.reach.noted_now()
    if ask.cap is None or not ask.crowded:
        return noted
    over = f"CASE WHEN {had_enough(ask.cap)} THEN '{OVER_CAP}' END"
    return over if noted is None else f"coalesce({noted}, {over})"


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
    cap: Cap | None = None
    """How many messages of its class a person gets; None where the class has no cap."""
    crowded: bool = False
    """Other campaigns of its class are believed to send too. Where none is, and one does, nothing is claimed."""
    may_wait: bool = True
    """Whether the campaign may still send when somebody who has had enough may get another."""


def claim_messages(session: Session, ask: ClaimRequest, token: UUID) -> Claim | None:
    """Take the next messages of a ready batch; those whose person refused meanwhile are suppressed instead.

    Returns None where nothing is ready. The claim holds once the transaction is committed; nothing may be
    sent before. A claim may hold no message at all (everybody refused): its batch must still be released.
    """
    if ask.cap is not None:
        enter(session, ask.cap, crowded=ask.crowded)
    picked = pick_batch(
        session,
        ask.gateway_id,
        ask.campaign_id,
        ask.budget_parts,
        1 if ask.probe else ask.most,
        paced=ask.paced,
        probe=ask.probe,
        alone=ask.cap.message_class if ask.cap is not None and not ask.crowded else None,
    )
    if picked is None:
        return None
    rows = session.execute(
        _claim(ask.reach.left_out_now(), _note(ask), capped=ask.cap is not None),
        ask.reach.bind(
            **({} if ask.cap is None else ask.cap.bind()),
            campaign=ask.campaign_id,
            may_wait=ask.may_wait,
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

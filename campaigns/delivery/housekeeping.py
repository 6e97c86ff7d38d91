"""What every tick puts in order, each part in short transactions of its own: the same work found again is harmless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.store.database import Database
from campaigns.store.delivery import (
    cancel_queued_messages,
    finish_campaigns,
    reap_lapsed_leases,
    resend_unknown_messages,
    route_batches,
)
from campaigns.store.receipts import adopt_unknown_messages, apply_parked_receipts, give_up_parked_receipts

log = structlog.get_logger(__name__)

_LOCK = 0x10A_71C4

DAY = 86_400.0
RECENT = 120.0
"""Parked receipts this young (seconds) are tried at every tick, older ones once a minute."""

GIVE_UP = 7 * DAY


@dataclass(slots=True)
class Tidied:
    """What a tick put in order."""

    routed: int = 0
    reaped: int = 0
    unknown: int = 0
    cancelled: int = 0
    late_receipts: int = 0
    adopted: int = 0
    resent: int = 0
    finished: list[int] = field(default_factory=list)


def tidy(database: Database, *, lease_seconds: float, retry_attempts: int, thorough: bool) -> Tidied | None:
    """Put everything in order once; None where another tick is at it. ``thorough`` adds what a minute is enough for."""
    with database.transaction() as guard:
        if not guard.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": _LOCK}).scalar():
            return None
        done = Tidied()
        done.routed = _repeat(database, lambda s: route_batches(s))
        while True:
            with database.transaction() as session:
                batches, unknown = reap_lapsed_leases(session)
            done.reaped += batches
            done.unknown += unknown
            if not batches:
                break
        done.cancelled = _repeat(database, lambda s: cancel_queued_messages(s))
        done.late_receipts = _repeat(database, lambda s: apply_parked_receipts(s, younger_than=RECENT))
        # Adopting waits until whatever was being recorded when the receipt came has been committed or reaped.
        settled = lease_seconds + 5.0
        done.adopted = _repeat(
            database, lambda s: adopt_unknown_messages(s, older_than=settled, younger_than=DAY if thorough else RECENT)
        )
        if done.adopted or thorough:
            done.late_receipts += _repeat(database, lambda s: apply_parked_receipts(s, younger_than=GIVE_UP))
        if thorough:
            done.resent = _repeat(database, lambda s: resend_unknown_messages(s, attempts=retry_attempts))
            _repeat(database, lambda s: give_up_parked_receipts(s, older_than=GIVE_UP))
        with database.transaction() as session:
            done.finished = finish_campaigns(session)
    return done


def _repeat(database: Database, step: Callable[[Session], int], most: int = 50) -> int:
    """Run a step that does a bounded amount until it finds nothing, each time in its own transaction."""
    total = 0
    for _ in range(most):
        with database.transaction() as session:
            count = step(session)
        total += count
        if not count:
            break
    return total

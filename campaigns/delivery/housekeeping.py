"""What every tick puts in order, each part in short transactions of its own: the same work found again is harmless."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.health import note_receipts, pause_refused
from campaigns.delivery.retention import Keep, purge
from campaigns.delivery.trials import STALE_MINUTES
from campaigns.store.database import Database
from campaigns.store.delivery import (
    cancel_queued_messages,
    expire_late_messages,
    expire_refused_messages,
    finish_campaigns,
    reap_lapsed_leases,
    resend_unknown_messages,
)
from campaigns.store.receipts import adopt_unknown_messages, apply_parked_receipts, give_up_parked_receipts
from campaigns.store.routes import align_batches, lend_batches, route_batches, routes_changed
from campaigns.store.trials import cancel_stale_tests

log = structlog.get_logger(__name__)

_LOCK = 0x10A_71C4

DAY = 86_400.0
RECENT = 120.0
"""Parked receipts this young (seconds) are tried at every tick, older ones once a minute."""

CHANGED = 180.0
"""How long (seconds) after a change in the health of a gateway every tick looks for batches to move."""

GIVE_UP = 7 * DAY
PURGE_SECONDS = 2.0
"""Of each minute: some twenty thousand messages, tens of millions a day."""


@dataclass(slots=True)
class Tidied:
    """What a tick put in order."""

    routed: int = 0
    aligned: int = 0
    """Batches that went to the next gateway of their route, or came back."""
    lent: int = 0
    reaped: int = 0
    """Batches freed from dead workers."""
    abandoned: int = 0
    """Tests on numbers of staff that could not be sent in time."""
    cancelled: int = 0
    late: int = 0
    """Messages that their campaign's deadline left unsent."""
    expired: int = 0
    """Batches with messages whose validity ended while they were refused for now."""
    adopted: int = 0
    late_receipts: int = 0
    resent: int = 0
    odd: int = 0
    paused: int = 0
    """Campaigns whose receipts say that the telco rejects them."""
    finished: int = 0
    purged: int = 0
    """Messages and references that had had their time."""


def tidy(
    database: Database,
    *,
    lease_seconds: float,
    retry_attempts: int,
    thorough: bool,
    pause_window: int = 500,
    keep: Keep | None = None,
) -> Tidied | None:
    """Put everything in order once; None where another tick is at it. ``thorough`` adds what a minute is enough for.

    A step that fails is logged and the others are taken all the same.
    """
    with database.transaction() as guard:
        if not guard.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": _LOCK}).scalar():
            return None
        done = Tidied()
        # Adopting waits until whatever was being recorded when the receipt came has been committed or reaped.
        settled, young = lease_seconds + 5.0, DAY if thorough else RECENT
        _step(done, "routed", lambda: _repeat(database, route_batches))
        _step(done, "aligned", lambda: _align(database, thorough))
        _step(done, "lent", lambda: _repeat(database, lend_batches, most=1))
        _step(done, "reaped", lambda: _repeat(database, reap_lapsed_leases))
        if thorough:
            _step(
                done,
                "abandoned",
                lambda: _repeat(database, lambda s: cancel_stale_tests(s, minutes=STALE_MINUTES), most=1),
            )
        _step(done, "cancelled", lambda: _repeat(database, cancel_queued_messages))
        _step(done, "late", lambda: _repeat(database, expire_late_messages))
        _step(done, "expired", lambda: _repeat(database, expire_refused_messages))
        _step(
            done,
            "adopted",
            lambda: _repeat(database, lambda s: adopt_unknown_messages(s, older_than=settled, younger_than=young)),
        )
        reach = GIVE_UP if done.adopted or thorough else RECENT
        _step(
            done,
            "late_receipts",
            lambda: _repeat(database, lambda s: apply_parked_receipts(s, younger_than=reach)),
        )
        if thorough:
            _step(
                done,
                "resent",
                lambda: _repeat(database, lambda s: resend_unknown_messages(s, attempts=retry_attempts)),
            )
            _step(done, "paused", lambda: _pause_rejected(database, pause_window))
            _step(
                done, "odd", lambda: _repeat(database, lambda s: give_up_parked_receipts(s, older_than=GIVE_UP), most=1)
            )
        _step(done, "finished", lambda: _repeat(database, lambda s: len(finish_campaigns(s)), most=1))
        if thorough and keep is not None:
            _step(done, "purged", lambda: _purge_for_a_while(database, keep))
    return done


def _align(database: Database, thorough: bool) -> int:
    """What a demotion that ran out, or another weight, changes can wait for the thorough look."""
    with database.transaction() as session:
        if not thorough and not routes_changed(session, within=CHANGED):
            return 0
    return _repeat(database, align_batches)


def _pause_rejected(database: Database, window: int) -> int:
    with database.transaction() as session:
        found = note_receipts(session, window)
    for campaign_id, reason in found.items():
        with database.transaction() as session:
            pause_refused(session, campaign_id, reason)
    return len(found)


def _step(done: Tidied, name: str, act: Callable[[], int]) -> None:
    try:
        setattr(done, name, act())
    except Exception:
        log.exception("tidy_step_failed", step=name)


def _purge_for_a_while(database: Database, keep: Keep) -> int:
    until = time.monotonic() + PURGE_SECONDS
    gone = purge(database, keep, go_on=lambda: time.monotonic() < until)
    return gone.messages + gone.references + gone.receipts


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

"""Old messages leave: in chunks of a few batches, so that nothing that is being sent ever waits for them.

Two terms. A reference serves until its receipt can no longer come, which is days. A message says who was sent what, for
as long as the installation keeps such things, which is months. The batches stay with their counters, so no statistic
changes; ``loa reconcile`` knows a batch without messages by its mark.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from campaigns.store.audit import append_audit
from campaigns.store.database import Database
from campaigns.store.retention import (
    Gone,
    MessageTerms,
    count_due,
    count_due_receipts,
    purge_messages,
    purge_receipts,
    purge_references,
)

CHUNK_BATCHES = 4
"""Two thousand messages at most: a few hundredths of a second, after which locks and disk are free again."""
_CHUNK_RECEIPTS = 2_000
_LEAST_PAUSE, _MOST_PAUSE = 0.01, 1.0
_REST = 3
"""For each second of work so many of rest: what is being sent hardly notices."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things are kept after their campaign has ended; 0 keeps them for ever."""

    messages_months: int
    references_days: int
    by_class: Mapping[str, int] = field(default_factory=dict)
    """Months for messages of single classes, instead of ``messages_months``."""

    @property
    def messages(self) -> MessageTerms:
        """The terms of the messages themselves."""
        return MessageTerms(self.messages_months, self.by_class)


@dataclass(slots=True)
class Purged:
    """What left, or what would leave."""

    batches: int = 0
    """Batches that are left with their counters only."""
    messages: int = 0
    references: int = 0
    receipts: int = 0
    """Parked receipts that were settled long ago."""

    def to_json(self) -> dict[str, int]:
        """The document of ``loa messages purge --json``."""
        return {name: getattr(self, name) for name in self.__slots__}


def purge(database: Database, keep: Keep, *, go_on: Callable[[], bool] = lambda: True) -> Purged:
    """Delete what has had its time until nothing is left or ``go_on`` says stop. Rests more than it works."""
    done = Purged()
    steps: list[Callable[[Session], Gone | int]] = []
    if keep.messages_months or any(keep.by_class.values()):
        steps.append(lambda s: purge_messages(s, keep.messages, most=CHUNK_BATCHES))
    if keep.references_days:
        steps.append(lambda s: purge_references(s, days=keep.references_days, most=CHUNK_BATCHES))
        steps.append(lambda s: purge_receipts(s, days=keep.references_days, most=_CHUNK_RECEIPTS))
    for step in steps:
        while go_on():
            started = time.monotonic()
            with database.transaction() as session:
                gone = step(session)
            if not _note(done, gone):
                break
            worked = time.monotonic() - started
            time.sleep(min(max(_REST * worked, _LEAST_PAUSE), _MOST_PAUSE))
    if done.messages:
        with database.transaction() as session:
            append_audit(session, "system", "messages.purged", "message", "", done.to_json())
    return done


def _note(done: Purged, gone: Gone | int) -> bool:
    """Add up; whether there was anything."""
    if isinstance(gone, int):
        done.receipts += gone
        return gone > 0
    done.batches += gone.batches if gone.messages else 0
    done.messages += gone.messages
    done.references += gone.references
    return gone.batches > 0


def foresee(session: Session, keep: Keep) -> Purged:
    """What ``purge`` would delete now."""
    # A term of 0 means for ever; a thousand years are longer than any campaign is old.
    days = keep.references_days or 365_000
    due = count_due(session, keep.messages, days=days)
    return Purged(due.batches, due.messages, due.references, count_due_receipts(session, days=days))

"""Deleting what has been kept for long enough, whole batches at a time; their counters stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

REFERENCES, MESSAGES = 1, 2
"""Values of ``batch.purged``."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What was deleted, or what would be."""

    batches: int = 0
    messages: int = 0
    references: int = 0


FOR_EVER = 12_000
"""Months longer than any campaign is old."""


@dataclass(frozen=True, slots=True)
class MessageTerms:
    """Months for which messages are kept, of any class and of those that have a term of their own; 0 is for ever."""

    months: int
    by_class: Mapping[str, int] = field(default_factory=dict)

    def bind(self) -> dict[str, Any]:
        """Parameters of the statements here."""
        by_class = {name: months or FOR_EVER for name, months in self.by_class.items()}
        return {"stage": MESSAGES, "months": self.months or FOR_EVER, "days": 0, "by_class": json.dumps(by_class)}


# A campaign that may still send keeps everything, however old. The batch's own start counts as well: a campaign that
# was paused for years and cancelled yesterday has no other time of its end.
_DUE = """
    FROM campaign c JOIN batch b ON b.campaign_id = c.id AND b.purged < :stage
    WHERE c.state IN ('finished', 'cancelled') AND b.queued = 0 AND b.claimed = 0
      AND greatest(coalesce(c.finished_at, c.planned_at, c.created_at), b.started_at)
          < now() - make_interval(
                months => coalesce(CAST(CAST(:by_class AS jsonb)->>c.message_class AS integer), :months),
                days => :days)
"""

# Locked batches are left for next time, so the order of the index, which is not that of the ids, cannot deadlock.
_PICK = text(f"SELECT b.id {_DUE} AND c.id = :campaign ORDER BY b.purged, b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED")
_CAMPAIGN = text(f"SELECT c.id {_DUE} ORDER BY c.id LIMIT 1")
_MARK = text("UPDATE batch SET purged = :stage WHERE id = ANY(:ids)")
_DELETE_MESSAGES = text("DELETE FROM message WHERE batch_id = ANY(:ids)")
_DELETE_REFERENCES = text("DELETE FROM submission WHERE batch_id = ANY(:ids)")


def purge_references(session: Session, *, days: int, most: int) -> Gone:
    """Delete the references of up to ``most`` batches whose campaign ended more than ``days`` days ago."""
    return _purge(session, _of_references(days), most)


def _of_references(days: int) -> dict[str, Any]:
    return {"stage": REFERENCES, "months": 0, "days": days, "by_class": "{}"}


def purge_messages(session: Session, terms: MessageTerms, *, most: int) -> Gone:
    """Delete messages and references of up to ``most`` batches whose campaign ended longer ago than its class keeps."""
    return _purge(session, terms.bind(), most)


def _purge(session: Session, due: Mapping[str, Any], most: int) -> Gone:
    campaign = session.execute(_CAMPAIGN, due).scalar()
    ids = list(session.execute(_PICK, {**due, "campaign": campaign, "most": most}).scalars()) if campaign else []
    if not ids:
        return Gone()
    references = session.execute(_DELETE_REFERENCES, {"ids": ids}).rowcount  # type: ignore[attr-defined]
    messages = 0
    if due["stage"] == MESSAGES:
        messages = session.execute(_DELETE_MESSAGES, {"ids": ids}).rowcount  # type: ignore[attr-defined]
    session.execute(_MARK, {"ids": ids, "stage": due["stage"]})
    return Gone(len(ids), messages, references)


_COUNT_MESSAGES = text(f"SELECT count(*), coalesce(sum(b.size), 0) {_DUE}")
_COUNT_REFERENCES = text(f"SELECT count(*) FROM submission WHERE batch_id IN (SELECT b.id {_DUE})")


def count_due(session: Session, terms: MessageTerms, *, days: int) -> Gone:
    """What the two purges would delete now; ``batches`` are those that would lose their messages."""
    of_messages = terms.bind()
    batches, messages = session.execute(_COUNT_MESSAGES, of_messages).one()
    # A number of months may be shorter than the days; then the references go with their messages.
    older = session.execute(_COUNT_REFERENCES, _of_references(days)).scalar_one()
    with_messages = session.execute(_COUNT_REFERENCES, of_messages).scalar_one()
    return Gone(int(batches), int(messages), max(int(older), int(with_messages)))


# The oldest have the lowest ids: where the first are young, so are all, and nothing behind them is looked at.
_OLDEST_RECEIPTS = """
    (SELECT id, settled_at FROM parked_receipt ORDER BY id LIMIT :most) oldest
    WHERE settled_at < now() - make_interval(days => :days)
"""
_DELETE_RECEIPTS = text(f"DELETE FROM parked_receipt WHERE id IN (SELECT id FROM {_OLDEST_RECEIPTS})")
_COUNT_RECEIPTS = text("SELECT count(*) FROM parked_receipt WHERE settled_at < now() - make_interval(days => :days)")


def purge_receipts(session: Session, *, days: int, most: int) -> int:
    """Delete up to ``most`` receipts that were parked and settled, or given up, more than ``days`` days ago."""
    result = session.execute(_DELETE_RECEIPTS, {"days": days, "most": most})
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def count_due_receipts(session: Session, *, days: int) -> int:
    """How many receipts ``purge_receipts`` would delete in the end."""
    return int(session.execute(_COUNT_RECEIPTS, {"days": days}).scalar_one())

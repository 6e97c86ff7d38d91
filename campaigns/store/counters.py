"""SQL fragments that keep a batch's counters true to its messages, made from the one list of states."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MESSAGE_STATES

COLUMNS: tuple[str, ...] = tuple(state.label for state in MESSAGE_STATES)

DELTAS = ", ".join(
    f"count(*) FILTER (WHERE now = {state.value}) - count(*) FILTER (WHERE was = {state.value}) AS {state.label}"
    for state in MESSAGE_STATES
)
"""Select list over rows of (was, now): what each counter gains."""

ADD_DELTAS = ", ".join(f"{column} = b.{column} + d.{column}" for column in COLUMNS)
"""Assignments of ``UPDATE batch b … FROM d``."""

SUMS = ", ".join(f"coalesce(sum(b.{column}), 0)::bigint AS {column}" for column in COLUMNS)
"""Select list over batches ``b``: the total of each counter."""

ADDED = ", ".join(f"sum({column}) AS {column}" for column in ("size", "parts", *COLUMNS))
"""Select list over batches that are added up by what they hold first, to be named and summed (``SUMS``) afterwards."""

_LOCK = text("SELECT id FROM batch WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")


def lock_batches(session: Session, batch_ids: Collection[int]) -> None:
    """Lock batches in the order of their ids, as everybody must before touching their messages.

    One order for all is what makes a deadlock impossible; the lock is what lets counters be added to.
    """
    session.execute(_LOCK, {"ids": list(batch_ids)})

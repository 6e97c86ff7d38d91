"""Do the books balance? Recounts every counter from the messages themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from campaigns.store.stats import find_strays, recount


@dataclass(frozen=True, slots=True)
class Books:
    """The result of a recount; ``differences`` is empty where every number is true."""

    differences: list[dict[str, Any]]

    @property
    def balanced(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """The document of ``loa reconcile --json``."""
        return {"balanced": self.balanced, "differences": self.differences}


def reconcile(session: Session, campaign_id: int | None = None) -> Books:
    """Compare the counters of every batch with its messages, in one snapshot.

    A difference names the campaign, the batch, the column, what is booked and what was counted.
    """
    differences: list[dict[str, Any]] = [dict(row._mapping) for row in recount(session, campaign_id)]
    differences += [{"column_name": "stray", **row._mapping} for row in find_strays(session, campaign_id)]
    return Books(differences)

"""Letting go of what is kept about people beside messages, a bounded number of rows at a time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Heap:
    """One kind of rows that have a term: which are due, and what becomes of them."""

    due: str
    """``FROM … WHERE …`` over rows that have an ``id``, with ``:months``."""
    forget: str
    """The statement for the ids of the due rows, which it calls ``due``."""

    def count(self, session: Session, months: int) -> int:
        """How many rows are due."""
        return int(session.execute(text(f"SELECT count(*) {self.due}"), {"months": months}).scalar_one())

    def let_go(self, session: Session, months: int, most: int) -> int:
        """Let up to ``most`` rows go; how many."""
        picked = f"SELECT id {self.due} ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED"
        result = session.execute(
            text(f"WITH due AS MATERIALIZED ({picked}) {self.forget}"), {"months": months, "most": most}
        )
        return result.rowcount  # type: ignore[attr-defined,no-any-return]


_OLD = "now() - make_interval(months => :months)"

# The words that refused are the evidence of the refusal, for as long as that is in force.
INBOUND = Heap(
    f"""FROM inbound_message m WHERE body_cipher IS NOT NULL AND received_at < {_OLD}
        AND NOT EXISTS (SELECT FROM opt_out o WHERE o.phone_hash = m.sender_hash AND o.ended_at IS NULL
                        AND 'optout' IN (m.action, m.review))""",
    "UPDATE inbound_message SET body_cipher = NULL FROM due WHERE inbound_message.id = due.id",
)
IMPORTS = Heap(
    f"FROM import_job WHERE state IN ('finished', 'failed', 'discarded') AND created_at < {_OLD}",
    "DELETE FROM import_job USING due WHERE import_job.id = due.id",
)
EXPORTS = Heap(
    f"FROM export_job WHERE finished_at < {_OLD}",
    "DELETE FROM export_job USING due WHERE export_job.id = due.id",
)
REQUESTS = Heap(
    f"FROM subject_request WHERE state <> 'open' AND closed_at < {_OLD}",
    "DELETE FROM subject_request USING due WHERE subject_request.id = due.id",
)

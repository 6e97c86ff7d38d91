"""Which tables a database has: its revision, and the one this version of Loa works on."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

_VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


def expected_revision() -> str:
    """The newest migration. Revisions are the numbers their files begin with, so alembic need not be loaded."""
    return max(path.name.split("_", 1)[0] for path in _VERSIONS.glob("[0-9]*.py"))


def find_revision(session: Session) -> str | None:
    """The revision of the database; None where there is none yet."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return found

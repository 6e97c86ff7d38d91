"""Processes that read uploaded lists into the register."""

from __future__ import annotations

import structlog

from campaigns.audience.jobs import run_import
from campaigns.audience.uploads import list_of
from campaigns.store.database import Database
from campaigns.store.imports import get_import
from workers.children import run_child, start_child
from workers.context import Context

log = structlog.get_logger(__name__)


def start_reader(context: Context, job_id: int) -> bool:
    """Start a process that reads the list, where the file is on this machine and nobody here is at it."""
    with context.database.transaction() as session:
        path = list_of(context.settings.home, get_import(session, job_id))
    if not path.exists():
        log.warning("list_is_not_here", job=job_id)
        return False
    return start_child("workers.readers", job_id)


def _read(context: Context, database: Database, job_id: int) -> bool:
    return run_import(database, context.keyring, context.settings.home, job_id)


if __name__ == "__main__":
    run_child(_read, "list_read")

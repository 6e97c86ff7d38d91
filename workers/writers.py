"""Processes that write the lists people ask for into files."""

from __future__ import annotations

from campaigns.exports.jobs import run_export
from campaigns.store.database import Database
from workers.children import run_child, start_child
from workers.context import Context


def start_writer(job_id: int) -> bool:
    """Start a process that writes the file, unless one started here is at it."""
    return start_child("workers.writers", job_id)


def _write(context: Context, database: Database, job_id: int) -> bool:
    return run_export(database, context.keyring, context.settings.home, job_id)


if __name__ == "__main__":
    run_child(_write, "list_written")

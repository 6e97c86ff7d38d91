"""The process that verifies the audit: hashing a million entries takes a processor for some seconds."""

from __future__ import annotations

import os

import structlog

from campaigns.proof.chain import run_checks
from campaigns.store.database import Database
from workers.children import is_at_it, run_child, start_child
from workers.context import Context

log = structlog.get_logger(__name__)

_MODULE = "workers.watchmen"
_GIVE_WAY = 5


def are_away() -> bool:
    """Whether no process started here is verifying; then it is worth a task."""
    return not is_at_it(_MODULE)


def send_out() -> None:
    """Start the process; one at a time here, and elsewhere by a lock of the database."""
    start_child(_MODULE)


def _verify(context: Context, database: Database, _job: int) -> bool:
    """Verify, giving way to those who send; what does not fit is an error in the log too."""
    os.nice(_GIVE_WAY)
    finding = run_checks(database, context.keyring, context.settings.home)
    if finding is not None and finding.fault is not None:
        log.error("audit_broken", entry=finding.broken_id, fault=finding.fault.value)
    elif finding is not None:
        log.info("audit_intact", entries=finding.entries)
    return finding is not None


if __name__ == "__main__":
    run_child(_verify, "audit_verified")

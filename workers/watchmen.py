"""Verifies the audit for the task ``loa.verify_audit``, in a process of its own: ``python -m workers.watchmen``.

Hashing a million entries takes a processor for some seconds, which the sessions of the worker need themselves.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import structlog

from campaigns.proof.chain import run_checks
from config.logging import configure_logging
from workers.context import get_context

log = structlog.get_logger(__name__)

_GIVE_WAY = 5
_at_it = threading.Lock()


def are_away() -> bool:
    """Whether nobody of this process is verifying; then it is worth a task."""
    return not _at_it.locked()


def send_out() -> None:
    """Run the process and wait for it; one at a time here, and elsewhere by a lock of the database."""
    if not _at_it.acquire(blocking=False):
        return
    try:
        ended = subprocess.run([sys.executable, "-m", "workers.watchmen"], stdin=subprocess.DEVNULL)
        if ended.returncode:
            log.error("verifying_failed", code=ended.returncode)
    finally:
        _at_it.release()


def main() -> None:
    """Verify, as a process that gives way to those who send; what does not fit is an error in the log too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.nice(_GIVE_WAY)
    context = get_context()
    configure_logging(context.settings)
    finding = run_checks(context.database, context.keyring, context.settings.home)
    context.database.close()
    if finding is None:
        log.info("audit_is_being_verified")
    elif finding.fault is not None:
        log.error("audit_broken", entry=finding.broken_id, fault=finding.fault.value)
    else:
        log.info("audit_intact", entries=finding.entries)


if __name__ == "__main__":
    main()

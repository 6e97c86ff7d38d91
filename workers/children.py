"""A process for each long job (a list to read, a file to write, the audit to verify), so that sending need not wait."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import structlog

from campaigns.store.database import Database
from config.logging import configure_logging
from workers.context import Context, get_context

log = structlog.get_logger(__name__)

_children: dict[tuple[str, int], subprocess.Popen[bytes]] = {}
_starting = threading.Lock()
_ENDING_SECONDS = 5.0


def forget_ended() -> None:
    """Close the pipes of the processes that are over; one that failed is an error in the log."""
    for key in [key for key, child in _children.items() if child.poll() is not None]:
        child = _children.pop(key)
        if child.returncode:
            log.error("child_failed", module=key[0], job=key[1], code=child.returncode)
        if child.stdin is not None:
            child.stdin.close()


def is_at_it(module: str, job_id: int = 0) -> bool:
    """Whether a process started here still runs ``module`` for the job."""
    child = _children.get((module, job_id))
    return child is not None and child.poll() is None


def start_child(module: str, job_id: int = 0) -> bool:
    """Start a process that runs ``module`` for the job (0: the only one), unless one started here is at it."""
    with _starting:
        forget_ended()
        if (module, job_id) in _children:
            return False
        # It ends with this process: the pipe closes, however we end.
        _children[module, job_id] = subprocess.Popen([sys.executable, "-m", module, str(job_id)], stdin=subprocess.PIPE)
    return True


def end_children() -> None:
    """End the processes started here and see them end, before this one does: afterwards nobody would."""
    with _starting:
        for child in _children.values():
            if child.stdin is not None:
                child.stdin.close()
        for child in _children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_ENDING_SECONDS)
        _children.clear()


def _end_with_parent() -> None:
    # Not through sys.stdin: its lock, held by this thread, aborts an interpreter that is about to end well.
    while os.read(0, 1024):
        pass
    os._exit(1)


def run_child(work: Callable[[Context, Database, int], bool], done: str) -> None:
    """Do ``work`` for the job named on the command line; ``done`` goes to the log where there was something to do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches it too where a worker runs in the foreground
    job_id = int(sys.argv[1])
    context = get_context()
    configure_logging(context.settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    database = Database(
        context.database.url, keyring=lambda: context.keyring, pool_size=4, application=f"loa {done}"
    )
    try:
        did = work(context, database, job_id)
    finally:
        database.close()
    log.info(done if did else "nothing_to_do", job=job_id)

"""A process for each long job, a list to read or a file to write: it takes a processor, and sending must not wait."""

from __future__ import annotations

import os
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


def forget_ended() -> None:
    """Close the pipes of the processes that are over."""
    for key in [key for key, child in _children.items() if child.poll() is not None]:
        pipe = _children.pop(key).stdin
        if pipe is not None:
            pipe.close()


def start_child(module: str, job_id: int) -> bool:
    """Start a process that runs ``module`` for the job, unless one started here is at it."""
    with _starting:
        forget_ended()
        if (module, job_id) in _children:
            return False
        # It ends with this process: the pipe closes, however we end.
        _children[module, job_id] = subprocess.Popen([sys.executable, "-m", module, str(job_id)], stdin=subprocess.PIPE)
    return True


def _end_with_parent() -> None:
    # Not through sys.stdin: its lock, held by this thread, aborts an interpreter that is about to end well.
    while os.read(0, 1024):
        pass
    os._exit(1)


def run_child(work: Callable[[Context, Database, int], bool], done: str) -> None:
    """Do ``work`` for the job named on the command line; ``done`` goes to the log where there was something to do."""
    job_id = int(sys.argv[1])
    context = get_context()
    configure_logging(context.settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    database = Database(context.database.url, pool_size=4, application=f"loa {done}")
    try:
        did = work(context, database, job_id)
    finally:
        database.close()
    log.info(done if did else "nothing_to_do", job=job_id)

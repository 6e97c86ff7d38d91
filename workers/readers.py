"""Processes that read uploaded lists, one for each list: reading takes a whole processor, and sending must not wait."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import structlog

from campaigns.audience.jobs import run_import
from campaigns.audience.uploads import list_of
from campaigns.store.database import Database
from campaigns.store.imports import get_import
from config.logging import configure_logging
from workers.context import Context, get_context

log = structlog.get_logger(__name__)

_readers: dict[int, subprocess.Popen[bytes]] = {}
_starting = threading.Lock()


def start_reader(context: Context, job_id: int) -> bool:
    """Start a process that reads the list, where the file is on this machine and nobody here is at it."""
    with context.database.transaction() as session:
        path = list_of(context.settings.home, get_import(session, job_id))
    if not path.exists():
        log.warning("list_is_not_here", job=job_id)
        return False
    with _starting:
        for ended in [job for job, reader in _readers.items() if reader.poll() is not None]:
            del _readers[ended]
        if job_id in _readers:
            return False
        # It ends with this process: the pipe closes, however we end.
        _readers[job_id] = subprocess.Popen(
            [sys.executable, "-m", "workers.readers", str(job_id)], stdin=subprocess.PIPE
        )
    return True


def _end_with_parent() -> None:
    # Not through sys.stdin: its lock, held by this thread, aborts an interpreter that is about to end well.
    while os.read(0, 1024):
        pass
    os._exit(1)


def main(job_id: int) -> None:
    """Read one list in this process."""
    context = get_context()
    configure_logging(context.settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    database = Database(context.database.url, pool_size=4, application="loa import")
    try:
        read = run_import(database, context.keyring, context.settings.home, job_id)
    finally:
        database.close()
    log.info("list_read" if read else "nothing_to_read", job=job_id)


if __name__ == "__main__":
    main(int(sys.argv[1]))

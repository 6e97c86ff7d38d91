"""Keeps the processes of ``loa up``: starts them, starts them again when they end, and ends them all.

Every child leads a process group of its own, so that Ctrl-C reaches only ``loa up``, which then ends them in
order; and is tethered, so that it ends also when ``loa up`` is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from admin.cli.programs import GRACE_SECONDS, tethered
from config.embedded.processes import Identity, end_process, read_identities, write_identities

LOG_BYTES = 10 * 2**20
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
STEADY_SECONDS = 60.0
"""A child that ran for so long is started again at once; one that ends sooner waits longer each time."""
LOOK_SECONDS = 0.25
END_STEPS = ((signal.SIGTERM, float(GRACE_SECONDS)), (signal.SIGKILL, 5.0))


@dataclass
class Child:
    """One process and what became of it."""

    name: str
    program: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    descriptors: tuple[int, ...] = ()
    """Open files it inherits, such as the console's listening socket."""
    keep: tuple[object, ...] = ()
    """What must not be closed while the child may be started again."""
    process: subprocess.Popen[bytes] | None = None
    identity: Identity | None = None
    began: float = 0.0
    wait: float = FIRST_WAIT
    next_start: float = 0.0
    endings: int = 0

    def start(self) -> None:
        """Start it; what it says is appended to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                tethered(list(self.program)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment),
                pass_fds=self.descriptors,
                process_group=0,
            )
        self.identity = Identity.of(self.process.pid)
        self.began = time.monotonic()

    def trim_log(self) -> None:
        """Keep one older log beside the current one. The child appends, so it goes on at the new beginning."""
        with suppress(OSError):
            if self.log.stat().st_size > LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)


class Supervisor:
    """Children by name. ``notice(name, code, wait)`` is called when one ended and will be started again."""

    def __init__(self, record: Path, notice: Callable[[str, int, float], None]) -> None:
        self._record = record
        self._notice = notice
        self._children: list[Child] = []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, child: Child) -> None:
        """Start a child and keep it running."""
        with self._lock:
            self._children.append(child)
        if self._thread is None:
            # The kernel ties a child to the thread that started it: one thread starts them all, and stays.
            self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
            self._thread.start()

    def endings(self, name: str) -> int:
        """How often a child ended by itself."""
        with self._lock:
            return sum(child.endings for child in self._children if child.name == name)

    def kill(self) -> None:
        """End all at once, unfinished work or not."""
        for child in self._children:
            if child.process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End all, the last first; those that do not listen are killed."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            children = [child for child in reversed(self._children) if child.process is not None]
        for child in children:
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGTERM)  # type: ignore[union-attr]
        for child in children:
            if child.identity is not None:
                end_process(child.identity, END_STEPS, group=True)
            # What it started itself and left behind.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
            child.process.wait()  # type: ignore[union-attr]
        self._record.unlink(missing_ok=True)

    def _watch(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            with self._lock:
                children = list(self._children)
            started = [self._look_after(child) for child in children]
            if any(started):
                self._write_record(children)

    def _look_after(self, child: Child) -> bool:
        """Start what should run and does not. Returns whether something was started."""
        now = time.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                child.trim_log()
                return False
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.wait = FIRST_WAIT if now - child.began > STEADY_SECONDS else min(child.wait * 2, LONGEST_WAIT)
            child.process, child.identity = None, None
            child.endings += 1
            child.next_start = now + child.wait
            self._notice(child.name, code, child.wait)
        if now < child.next_start or self._ending.is_set():
            return False
        child.start()
        return True

    def _write_record(self, children: Sequence[Child]) -> None:
        write_identities(self._record, {c.name: c.identity for c in children if c.identity is not None})


def end_leftovers(record: Path) -> list[str]:
    """End the children of a run that was killed, as far as they still live; their names."""
    left = {name: found for name, found in read_identities(record).items() if found.alive()}
    for found in left.values():
        end_process(found, END_STEPS, group=True)
    record.unlink(missing_ok=True)
    return sorted(left)

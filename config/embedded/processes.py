"""Finding and ending processes of an earlier run without ever touching somebody else's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Identity:
    """A process as it was recorded: a number alone may belong to another process by now."""

    pid: int
    created: float
    """Seconds since the epoch, as the system tells it."""

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has this number now; None when nobody has it or it is only waiting to be reaped."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, process.create_time())
        except psutil.Error:
            return None

    def alive(self) -> bool:
        """Whether the very same process still runs. A clock set anew moves start times, hence the slack."""
        now = Identity.of(self.pid)
        return now is not None and abs(now.created - self.created) < 2.0

    def mentions(self, words: str) -> bool:
        """Whether the command line of the process holds ``words``, such as its data folder."""
        try:
            return any(words in part for part in psutil.Process(self.pid).cmdline())
        except psutil.Error:
            return False


def read_identities(path: Path) -> dict[str, Identity]:
    """Processes recorded in ``path`` by name; nothing when the file is missing or damaged."""
    try:
        raw = json.loads(path.read_text())
        return {name: Identity(int(found["pid"]), float(found["created"])) for name, found in raw.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_identities(path: Path, identities: dict[str, Identity]) -> None:
    """Record processes by name, replacing what was recorded."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({name: asdict(identity) for name, identity in identities.items()}))
    temporary.replace(path)


def end_process(identity: Identity, steps: Sequence[tuple[signal.Signals, float]], *, group: bool = False) -> bool:
    """Send each signal in turn until the process is gone, waiting the given seconds after each.

    ``group`` signals the process group the process leads. Returns whether it is gone.
    """
    for number, patience in steps:
        if not identity.alive():
            return True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if group and os.getpgid(identity.pid) == identity.pid:
                os.killpg(identity.pid, number)
            else:
                os.kill(identity.pid, number)
        wait_until_gone(identity, patience)
    return not identity.alive()


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Forget a server that is meant to outlive us; Python would warn that nobody waited for it."""
    process.returncode = 0


def reap(pid: int) -> None:
    """Let a dead child of ours go; until then its number looks taken to others."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def wait_until_gone(identity: Identity, seconds: float) -> bool:
    """Whether the process ended within ``seconds``. Reaps it when it is our child."""
    deadline = time.monotonic() + seconds
    while identity.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    reap(identity.pid)
    return True

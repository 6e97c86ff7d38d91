"""Children of ``loa up``: restarted when they end, ended with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from admin.cli import supervisor as module
from admin.cli.supervisor import Child, Supervisor, end_leftovers
from config.embedded.processes import Identity, read_identities, write_identities

SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT_OF_ONE = (
    "import os, subprocess, sys, time; "
    f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); print(os.getpid(), flush=True); time.sleep(60)"
)


def eventually(true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def said(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


@pytest.fixture
def endings() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, endings: list[tuple[str, int]]) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "up.json", lambda name, code, wait: endings.append((name, code)))
    yield made
    made.stop()


def child(tmp_path: Path, code: str, name: str = "one") -> Child:
    return Child(name, [sys.executable, "-c", code], dict(os.environ), tmp_path / f"{name}.log")


def test_a_child_that_ends_is_started_again(
    supervisor: Supervisor, tmp_path: Path, endings: list[tuple[str, int]]
) -> None:
    supervisor.add(child(tmp_path, SLEEPER))
    log = tmp_path / "one.log"
    eventually(lambda: len(said(log)) == 1)
    os.kill(said(log)[0], signal.SIGKILL)
    eventually(lambda: len(said(log)) == 2)
    assert endings == [("one", -signal.SIGKILL)]
    assert supervisor.endings("one") == 1
    assert Identity.of(said(log)[1])


def test_a_child_that_always_ends_is_started_less_and_less_often(supervisor: Supervisor, tmp_path: Path) -> None:
    made = child(tmp_path, "raise SystemExit(3)")
    supervisor.add(made)
    eventually(lambda: made.endings >= 2)
    assert made.wait >= 2.0


def test_stopping_ends_every_child_and_what_it_started(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(child(tmp_path, PARENT_OF_ONE))
    log = tmp_path / "one.log"
    eventually(lambda: len(said(log)) == 2)
    supervisor.stop()
    eventually(lambda: not any(Identity.of(pid) for pid in said(log)))
    assert not (tmp_path / "up.json").exists()


def test_a_child_that_does_not_listen_is_killed(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "END_STEPS", ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0)))
    supervisor.add(child(tmp_path, STUBBORN))
    log = tmp_path / "one.log"
    eventually(lambda: len(said(log)) == 1)
    supervisor.stop()
    assert Identity.of(said(log)[0]) is None


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from admin.cli.supervisor import Child, Supervisor
made = Supervisor(Path({str(tmp_path)!r}) / "up.json", print)
made.add(Child("one", [sys.executable, "-c", {SLEEPER!r}], dict(os.environ), Path({str(tmp_path)!r}) / "one.log"))
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    log = tmp_path / "one.log"
    eventually(lambda: len(said(log)) == 1)
    parent.kill()
    parent.wait()
    eventually(lambda: Identity.of(said(log)[0]) is None)


def test_what_a_killed_run_left_is_ended_and_nobody_else(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
    record = tmp_path / "up.json"
    ours, theirs = Identity.of(left.pid), Identity.of(other.pid)
    assert ours
    assert theirs
    # The number of the second was recorded for a process that began an hour earlier: not this one.
    write_identities(record, {"worker": ours, "web": Identity(other.pid, theirs.created - 3600)})
    try:
        assert end_leftovers(record) == ["worker"]
        assert not ours.alive()
        assert theirs.alive()
        assert read_identities(record) == {}
    finally:
        for process in (left, other):
            process.kill()
            process.wait()


def test_a_long_log_is_turned_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_BYTES", 100)
    made = child(tmp_path, SLEEPER)
    made.log.write_text("x" * 200)
    made.trim_log()
    assert made.log.read_text() == ""
    assert (tmp_path / "one.log.1").read_text() == "x" * 200

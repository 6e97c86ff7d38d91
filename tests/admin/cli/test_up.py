"""``loa up`` as a process: the first link, one per home, everything ended at the end and found after a kill."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from config.embedded import EmbeddedServices
from config.embedded.processes import Identity, read_identities

pytestmark = pytest.mark.journey
PATIENCE = 120.0
T = TypeVar("T")


@dataclass
class Running:
    """A ``loa up`` and what it said so far."""

    home: Path
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern: str) -> str:
        def found() -> str | None:
            match = re.search(pattern, self.said())
            return match[0] if match else None

        return eventually(found, lambda: f"no {pattern} in: {self.said()}")

    def children(self) -> dict[str, Identity]:
        return read_identities(self.home / "up.json")

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def eventually(ask: Callable[[], T | None], why: Callable[[], str] = lambda: "") -> T:
    deadline = time.monotonic() + PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)
    return answer


@contextmanager
def loa_up(home: Path, *words: str) -> Iterator[Running]:
    descriptor, said = tempfile.mkstemp(prefix="loa-up-")
    log = Path(said)
    environment = {**os.environ, "LOA_HOME": str(home), "LOA_WEB_WORKERS": "1", "PYTHONUNBUFFERED": "1"}
    with os.fdopen(descriptor, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "admin.cli", "up", *words], env=environment, stdout=out, stderr=out
        )
    running = Running(home, process, log)
    try:
        yield running
    finally:
        if process.poll() is None:
            running.end()
        log.unlink()


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def status_of(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


def test_the_first_start_invites_an_administrator_and_the_end_leaves_nothing_behind(loa_home: Path) -> None:
    with loa_up(loa_home, "--port", free_port()) as loa:
        link = loa.wait_for(r"http://\S+/setup/\S+")
        assert status_of(link) == 200
        assert status_of(f"{link.split('/setup/')[0]}/healthz") == 200
        for name in ("keyring.json", "secret_key", "setup_token"):
            assert (loa_home / name).stat().st_mode & 0o777 == 0o600
        assert link.rsplit("/", 1)[1] not in (loa_home / "setup_token").read_text()

        with loa_up(loa_home) as second:
            assert second.process.wait(PATIENCE) == 1
            assert str(loa.process.pid) in second.said()
            assert link.split("/setup/")[0] in second.said()

        started = eventually(lambda: loa.children() if len(loa.children()) == 3 else None)
        family = psutil.Process(loa.process.pid).children(recursive=True)
        assert {"web", "worker", "beat"} == set(started)
        assert loa.end() == 0
    assert [process for process in family if process.is_running() and "postgres" not in process.name()] == []
    assert not EmbeddedServices(loa_home).alive()


def test_killed_it_takes_its_processes_along_and_the_next_start_goes_on_where_a_port_is_free(loa_home: Path) -> None:
    with loa_up(loa_home, "--port", free_port()) as loa:
        loa.wait_for(r"http://\S+/setup/\S+")
        children = eventually(lambda: loa.children() if len(loa.children()) == 3 else None)
        os.kill(children["worker"].pid, signal.SIGKILL)
        again = eventually(
            lambda: loa.children() if loa.children().get("worker") not in (None, children["worker"]) else None
        )
        assert again["worker"].alive()
        loa.end(signal.SIGKILL)
        eventually(lambda: not any(child.alive() for child in again.values()))
    assert EmbeddedServices(loa_home).alive(), "the services outlive a killed run"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with loa_up(loa_home, "--port", str(port)) as loa:
            link = loa.wait_for(r"http://\S+/setup/\S+")
            assert f":{port}/" not in link
            assert str(port) in loa.said()
            assert status_of(link) == 200
            assert loa.end(signal.SIGTERM) == 0
    assert not EmbeddedServices(loa_home).alive()

"""A whole installation for a journey: its commands, its processes, its telcos."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from campaigns.gateways.smpp.sandbox.process import SandboxProcess

ROOT = Path(__file__).resolve().parents[2]
LOA = Path(sys.executable).with_name("loa")
PATIENCE = 120.0
PASSWORD = "cau rong phun lua 2026"


@dataclass
class City:
    """Commands and processes of one LOA_HOME, on the services of the test run."""

    home: Path
    database_url: str
    redis_url: str
    public_url: str = ""
    repeat_days: str = "0"
    """One text to the same people again and again, unless a journey is about that."""

    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("LOA_")}
        return kept | {
            "LOA_HOME": str(self.home),
            "LOA_DATABASE_URL": self.database_url,
            "LOA_REDIS_URL": self.redis_url,
            "LOA_ANY_HOUR": os.environ.get("LOA_ANY_HOUR", "true"),
            "LOA_CLASS_RULES": os.environ.get("LOA_CLASS_RULES", '{"thong-bao": {"cap": null}}'),
            "LOA_REPEAT_DAYS": self.repeat_days,
            "LOA_LEASE_SECONDS": "4",
            "LOA_RETRY_SECONDS": "1",
            "LOA_REST_SECONDS": "2",
            "LOA_PUBLIC_URL": self.public_url,
        }

    def loa(self, *arguments: object, by: str | None = None, stdin: str | None = None, fails: bool = False) -> Any:
        """Run a command with ``--json`` where it has it; its document, or its words when it should fail."""
        words = [str(argument) for argument in arguments] + (["--as", by] if by else [])
        done = subprocess.run(
            [LOA, *words], env=self.environment(), cwd=ROOT, capture_output=True, text=True, input=stdin, timeout=240
        )
        if fails:
            assert done.returncode == 1, (words, done.returncode, done.stdout, done.stderr)
            return done.stderr
        assert done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout) if "--json" in words or "json" in words else done.stdout

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A long-running command; it and its children are ended by their ids."""
        log = (self.home / f"{arguments[0]}.log").open("ab")
        process = subprocess.Popen([LOA, *arguments], env=self.environment(), cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            end(process)
            log.close()

    def log_of(self, command: str) -> str:
        return (self.home / f"{command}.log").read_text(errors="replace")

    def users(self) -> tuple[str, str]:
        """An officer and an approver."""
        for role in ("officer", "approver", "operator"):
            email = f"{role}@danang.example"
            self.loa("users", "add", email, "--role", role, "--password-stdin", stdin=f"{PASSWORD}\n")
        return "officer@danang.example", "approver@danang.example"

    def gateway(self, name: str, telco: SandboxProcess, *, tps: float, carriers: str = "*", **settings: object) -> None:
        """An SMPP account at a simulated telco."""
        sets = {"host": "127.0.0.1", "port": telco.port, "system_id": "loa", "password": "secret"} | settings
        pairs = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
        self.loa(
            "gateways",
            "add",
            name,
            "--adapter",
            "smpp",
            *pairs,
            "--tps",
            tps,
            "--carriers",
            carriers,
            by="operator@danang.example",
        )

    def campaign(self, officer: str, approver: str, *more: object, slug: str = "hk07-0-tong-quan") -> int:
        """A campaign that may start at once at any hour, approved."""
        made = self.loa(
            "campaigns",
            "create",
            "--name",
            "Bảy cách",
            "--template",
            slug,
            "--window",
            "00:00-24:00",
            *more,
            "--json",
            by=officer,
        )["id"]
        self.loa("campaigns", "submit", made, by=officer)
        self.loa("campaigns", "approve", made, by=approver)
        return int(made)

    def show(self, campaign: int) -> dict[str, Any]:
        found: dict[str, Any] = self.loa("campaigns", "show", campaign, "--json")
        assert sum(found["totals"].values()) == found["planned"]
        return found

    def wait(self, what: str, true: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Until something is so; says what it waited for when it never is."""
        until = time.monotonic() + patience
        while not true():
            assert time.monotonic() < until, f"waited {patience:g} s for: {what}"
            time.sleep(0.2)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, politely first."""
    if process.poll() is not None:
        return
    family = [psutil.Process(process.pid)]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += family[0].children(recursive=True)
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for left in family[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a process and all its children at once."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()

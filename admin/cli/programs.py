"""The command lines of Loa's processes, and running one of them in the foreground."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from admin.cli.base import Loa
from config.settings import Settings, get_settings

GRACE_SECONDS = 20
"""How long a process may take to finish what it is doing."""


def web_program(settings: Settings, bind: str | None = None) -> list[str]:
    """The console under gunicorn; ``bind`` is an address or ``fd://N``."""
    return [
        *(sys.executable, "-m", "gunicorn", "admin.console:create_app()"),
        *("--bind", bind or f"{settings.web_host}:{settings.web_port}"),
        *("--workers", str(settings.web_workers), "--worker-class", "gthread", "--threads", "8"),
        *("--timeout", "60", "--graceful-timeout", "10", "--name", "loa-web"),
        # Nobody manages these processes through a socket; one less thing to guard.
        *("--no-control-socket", "--log-level", "warning"),
    ]


def worker_program(gateway: str | None = None, concurrency: int | None = None) -> list[str]:
    """A worker: threads for tasks, an event loop for gateway sessions."""
    extra = ["--gateway", gateway] if gateway else []
    name = f"loa-{gateway or 'all'}-{os.getpid()}@%h"
    return [
        *(sys.executable, "-m", "celery", "-q", "-A", "workers.app", "worker", "-P", "threads", "-n", name),
        *("--concurrency", str(concurrency or 4), "--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
        # A tick a second has piled up while nobody worked; the next one finds everything anyway.
        "--purge",
        *extra,
    ]


def beat_program() -> list[str]:
    """The beat: one tick a second, no file of its own."""
    celery = (sys.executable, "-m", "celery", "-q", "-A", "workers.app")
    return [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]


def program_environment(loa: Loa) -> dict[str, str]:
    """The environment of a process that uses the same services; ``LOA_HOME`` no longer depends on the folder."""
    return {
        **os.environ,
        "LOA_HOME": str(loa.home.expanduser().absolute()),
        "LOA_DATABASE_URL": loa.database_url,
        "LOA_REDIS_URL": loa.redis_url,
    }


def run_in_foreground(loa: Loa, program: list[str]) -> int:
    """Run a process instead of this command.

    With servers of their own this process becomes it. With the embedded services this one stays, for it is a user
    of them: signals go on to the child, and the services end after it.
    """
    environment = program_environment(loa)
    if loa.settings.database_url and loa.settings.redis_url:
        loa.close()
        sys.stdout.flush()
        os.execve(program[0], program, environment)  # noqa: S606
    return _run_child(program, environment)


def tethered(program: list[str]) -> list[str]:
    """``program``, ending with this process."""
    tether = str(Path(__file__).with_name("tether.py").resolve())
    return [sys.executable, "-S", "-E", tether, str(os.getpid()), *program]


def _run_child(program: list[str], environment: Mapping[str, str]) -> int:
    child = subprocess.Popen(tethered(program), env=environment, process_group=0)

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(signal.SIGTERM if number == signal.SIGHUP else number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    code = child.wait()
    return 0 if code in (0, -signal.SIGINT, -signal.SIGTERM) else abs(code)


def rehearse() -> None:
    """Let this run and its processes send at any hour, and people take part in several campaigns of a day.

    Nobody but simulated telcos is there to be disturbed. What the environment says of it already stays.
    """
    os.environ.setdefault("LOA_ANY_HOUR", "true")
    os.environ.setdefault("LOA_CLASS_RULES", '{"thong-bao": {"cap": 3}}')
    get_settings.cache_clear()

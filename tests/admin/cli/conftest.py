"""Commands in this process, on a fresh database."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest

from admin.cli import main
from config.settings import get_settings


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What ``--json`` printed: one document and nothing else."""
        return json.loads(self.out)


Run = Callable[..., Ended]


@contextmanager
def keyboard(typed: str) -> Iterator[TextIO]:
    """A terminal's standard input at which somebody typed."""
    master, slave = os.openpty()
    try:
        os.write(master, typed.encode())
        with os.fdopen(slave, encoding="utf-8") as source:
            yield source
    finally:
        os.close(master)


@pytest.fixture
def loa(
    database_url: str,
    redis_url: str,
    loa_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command: ``loa("users", "list", "--json")``; ``stdin`` is what it reads, ``typed`` what a terminal's is."""
    for name, value in {"HOME": loa_home, "DATABASE_URL": database_url, "REDIS_URL": redis_url}.items():
        monkeypatch.setenv(f"LOA_{name}", str(value))

    def run(*words: object, stdin: str = "", typed: str | None = None, **environment: str) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        with keyboard(typed) if typed is not None else io.StringIO(stdin) as source:
            monkeypatch.setattr("sys.stdin", source)
            capsys.readouterr()
            code = main([str(word) for word in words])
            printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run

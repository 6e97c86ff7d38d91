"""Commands in this process, on a fresh database."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@pytest.fixture
def loa(
    database_url: str,
    redis_url: str,
    loa_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command: ``loa("users", "list", "--json")``; ``stdin`` is what it reads."""
    for name, value in {"HOME": loa_home, "DATABASE_URL": database_url, "REDIS_URL": redis_url}.items():
        monkeypatch.setenv(f"LOA_{name}", str(value))

    def run(*words: object, stdin: str = "", **environment: str) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run

"""Where the embedded services keep their data and their sockets."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from config.embedded.account import Account
from config.errors import ConfigError

SOCKET_LIMIT = 100
"""Bytes. A socket's path may have 107 on Linux and 103 on macOS."""

_PLAIN = re.compile(r"[A-Za-z0-9/._+~-]+")


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one ``LOA_HOME``."""

    home: Path
    run: Path
    """Sockets and records of processes; mode 0700."""

    @property
    def postgres_data(self) -> Path:
        """The cluster."""
        return self.home / "postgres"

    @property
    def redis_data(self) -> Path:
        """Redis' working folder; it saves nothing there."""
        return self.home / "redis"

    @property
    def logs(self) -> Path:
        """What the processes wrote."""
        return self.home / "logs"

    @property
    def postgres_socket(self) -> Path:
        """The socket PostgreSQL makes for port 5432."""
        return self.run / ".s.PGSQL.5432"

    @property
    def redis_socket(self) -> Path:
        """Redis' socket."""
        return self.run / "redis.sock"

    @property
    def record(self) -> Path:
        """Who was started: names, process numbers, start times."""
        return self.home / "services.json"


def find_places(home: Path, account: Account) -> Places:
    """The folders of ``home``, made where missing.

    Raises:
        ConfigError: the folder for the sockets belongs to somebody else, or ``home`` cannot be written.
    """
    home = home.expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        home = home.resolve()
        (home / "logs").mkdir(exist_ok=True)
        run = home / "run"
        if len(os.fsencode(run / ".s.PGSQL.5432")) > SOCKET_LIMIT or not _PLAIN.fullmatch(str(run)):
            run = _short_folder(home)
            _refuse_foreign(run, account)
        account.own_folder(run)
    except OSError as error:
        raise ConfigError(
            "Không ghi được vào thư mục {home}: {why}. Hãy chọn thư mục khác bằng LOA_HOME.",
            "The folder {home} cannot be written: {why}. Choose another with LOA_HOME.",
            home=str(home),
            why=error.strerror or str(error),
        ) from error
    return Places(home, run)


def _short_folder(home: Path) -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    key = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    run = Path(base) / f"loa-{os.geteuid()}-{key}"
    if len(os.fsencode(run / ".s.PGSQL.5432")) <= SOCKET_LIMIT:
        return run
    # A name nobody can guess is not needed: a folder that belongs to somebody else is refused.
    return Path("/tmp") / run.name  # noqa: S108


def _refuse_foreign(run: Path, account: Account) -> None:
    """Anybody may make folders in the shared temporary folder; only one that is ours will do."""
    try:
        found = run.lstat()
    except FileNotFoundError:
        run.mkdir(mode=0o700)
        return
    owner = os.geteuid() if account.user is None else account.user
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise ConfigError(
            "{run} thuộc về người khác nên không dùng làm thư mục socket được. Hãy xoá nó hoặc đặt LOA_HOME ngắn hơn.",
            "{run} belongs to somebody else and cannot hold our sockets. Remove it, or choose a shorter LOA_HOME.",
            run=str(run),
        )

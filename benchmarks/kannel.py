"""Kannel, as Debian ships it: HTTP ``sendsms`` in, SMPP to the same simulated telco, receipts out to a ``dlr-url``.

Nothing here depends on it: where ``bearerbox`` and ``smsbox`` are not installed the benchmark says so and goes on.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

import uvloop

from benchmarks import way
from benchmarks.watch import Watch
from benchmarks.world import report
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

SIZE = 10_000
CONNECTIONS = 32
WINDOW = 500
PATIENCE = 120.0
TEXT = "Thong bao: cong dan co the tra cuu thong tin cu tru khong can so ho khau. Tu choi: TC gui 1022."

_CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = benchmark
admin-allow-ip = 127.0.0.1
smsbox-port = {box}
box-allow-ip = 127.0.0.1
log-file = {home}/bearerbox.log
log-level = 3
dlr-storage = internal
{store}

group = smsc
smsc = smpp
smsc-id = telco
host = 127.0.0.1
port = {telco}
smsc-username = loa
smsc-password = x
system-type = ""
transceiver-mode = true
max-pending-submits = {window}
enquire-link-interval = 30

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {http}
log-file = {home}/smsbox.log
log-level = 3
global-sender = 1022

group = sendsms-user
username = city
password = benchmark
concatenation = false
"""


def programs() -> list[str] | None:
    """Paths of bearerbox and smsbox; None where Kannel is not installed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    found = [shutil.which(name, path=path) for name in ("bearerbox", "smsbox")]
    return [program for program in found if program] if all(found) else None


def _version(bearerbox: str) -> str:
    told = subprocess.run([bearerbox, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version [`']?([^'\s]+)", told.stdout + told.stderr)
    return found[1] if found else "unknown"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(command: list[str], home: Path) -> Iterator[int]:
    with (home / "out.log").open("a") as out:
        process = subprocess.Popen(command, cwd=home, stdout=out, stderr=out)
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Sink:
    """Where Kannel reports what became of messages: counts the last word about each."""

    def __init__(self, expected: int) -> None:
        self._left = expected
        self.done = asyncio.Event()

    def heard(self, request: bytes) -> None:
        if b"type=1 " in request.split(b"\r\n", 1)[0]:
            self._left -= 1
            if self._left == 0:
                self.done.set()


class SinkConnection(asyncio.Protocol):
    """Answers every request at once."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for request in requests:
            self._sink.heard(request)
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * len(requests))


async def _submit(http: int, numbers: Iterator[int], sink: int) -> None:
    """Hand over numbers one after the other on a connection that stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http)
    said = {"username": "city", "password": "benchmark", "from": "1022", "text": TEXT, "dlr-mask": "3"}
    told = quote(f"http://127.0.0.1:{sink}/?type=", safe="") + "%25d"
    for number in numbers:
        path = f"/cgi-bin/sendsms?{urlencode(said)}&to=84{900_000_000 + number}&dlr-url={told}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), head
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
    writer.close()


async def _send(http: int, size: int) -> float:
    sink = Sink(size)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SinkConnection(sink), "127.0.0.1", 0)
    numbers = iter(range(size))
    started = time.perf_counter()
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(_submit(http, numbers, port) for _ in range(CONNECTIONS)))
    async with asyncio.timeout(PATIENCE):
        await sink.done.wait()
    seconds = time.perf_counter() - started
    server.close()
    return seconds


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < until, f"nothing listens at {port}"
        time.sleep(0.1)


def measure(size: int, *, on_disk: bool) -> dict[str, Any]:
    """So many messages by HTTP, each with a receipt."""
    found = programs()
    kept = "its store on disk" if on_disk else "its store in memory"
    way_in = f"HTTP sendsms on {CONNECTIONS} connections"
    load = f"{size} messages by {way_in}, window {WINDOW}, receipts to a dlr-url, {kept}"
    if found is None:
        return report("kannel", load=load, skipped="Kannel is not installed (on Debian: apt install kannel)")
    home = Path(tempfile.mkdtemp(prefix="loa-bench-kannel-"))
    try:
        with SandboxProcess(way.telco_options()) as telco, ExitStack() as stack:
            ports = {"admin": _free_port(), "box": _free_port(), "http": _free_port(), "telco": telco.port}
            store = f"store-type = spool\nstore-location = {home}/spool" if on_disk else ""
            (home / "spool").mkdir()
            file = home / "kannel.conf"
            file.write_text(_CONFIGURATION.format(home=home, store=store, window=WINDOW, **ports))
            boxes = [stack.enter_context(_process([found[0], str(file)], home))]
            _wait_for(ports["box"])
            boxes.append(stack.enter_context(_process([found[1], str(file)], home)))
            _wait_for(ports["http"])
            while not telco.do("stats")["sessions"]:
                time.sleep(0.1)
            watch = Watch({"kannel": boxes, "telco": [telco.pid]})
            seconds = uvloop.run(_send(ports["http"], size))
            cpu = watch.per_message(size)
            told = telco.do("stats")
        steady = seconds - way.RECEIPT_DELAY
        return report(
            "kannel",
            load=load,
            version=_version(found[0]),
            messages=size,
            seconds=round(seconds, 2),
            steady_per_second=round(size / steady),
            cpu_us=cpu,
            lost=size - told["destinations"],
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)

"""A sandbox as a process of its own: running one, starting one, talking to one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvloop

from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.server import Sandbox


def run_sandbox(options: SandboxOptions, ready: Callable[[Sandbox], None], *, until_eof: bool = False) -> None:
    """Run until SIGINT, SIGTERM or, if wanted, the end of stdin; ``ready`` is called once the port listens.

    Raises:
        OSError: the port is taken, or the log cannot be written.
    """

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def read_on() -> None:
            if not os.read(sys.stdin.fileno(), 4096):
                ended.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        if until_eof:
            loop.add_reader(sys.stdin.fileno(), read_on)
        async with Sandbox(options) as sandbox:
            ready(sandbox)
            await ended.wait()

    uvloop.run(serve())


class SandboxProcess:
    """``with SandboxProcess(SandboxOptions(tps=50)) as telco: telco.port, telco.do("stats")``

    The process ends with the block, and with this process however that ends.
    """

    def __init__(self, options: SandboxOptions | None = None) -> None:
        chosen = options or SandboxOptions()
        self._options = chosen if chosen.control is not None else chosen.model_copy(update={"control": "0"})
        self._process: subprocess.Popen[str] | None = None
        self._connection: socket.socket | None = None
        self._where = ""
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it listens.

        Raises:
            RuntimeError: it ended before it listened; its reason is on stderr.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "campaigns.gateways.smpp.sandbox", self._options.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox ended at once with {self._process.wait()}")
        ready = json.loads(line)
        self.port, self._where = ready["port"], ready["control"]

    def do(self, action: str, **values: Any) -> dict[str, Any]:
        """One command of ``campaigns.gateways.smpp.sandbox.control.execute``, and its answer.

        Raises:
            RuntimeError: it cannot be done.
        """
        connection = self._connect()
        connection.sendall(json.dumps({"do": action, **values}).encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            more = connection.recv(1 << 16)
            if not more:
                raise RuntimeError("the sandbox hung up")
            data += more
        answer: dict[str, Any] = json.loads(data)
        if not answer.pop("ok"):
            raise RuntimeError(answer["error"])
        return answer

    def stop(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _connect(self) -> socket.socket:
        if self._connection is None:
            host, colon, port = self._where.rpartition(":")
            if colon and port.isdigit():
                self._connection = socket.create_connection((host, int(port)), timeout=10)
            else:
                self._connection = socket.socket(socket.AF_UNIX)
                self._connection.settimeout(10)
                self._connection.connect(self._where)
        return self._connection

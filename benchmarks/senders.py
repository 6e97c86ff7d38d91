"""A process that sends without end over one session for each of some gateway accounts, at the pace Redis allows.

What a worker process does, without the database: adapter, pacer and lanes are the workers' own. It says on stdout
that it is bound, begins to send with the first line on stdin, and ends with stdin.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import uvloop
from redis.asyncio import Redis

from benchmarks.world import ROOT
from campaigns.content.encoding import encode
from campaigns.gateways.contract import Answer, Hooks, Outbound, Verdict
from campaigns.gateways.smpp import SmppAdapter, SmppSettings
from workers.limiter import RedisPacer

LANES = 3
_TEXT = encode("Thong bao cua phuong: ngay mai lam can cuoc tai nha van hoa.").parts
_numbers = count()


async def _lane(adapter: SmppAdapter, pacer: RedisPacer, size: int, settle: Any) -> None:
    while True:
        numbers = [f"84{900_000_000 + next(_numbers) % 99_000_000}" for _ in range(size)]
        messages = [Outbound(n, number, "LOA", _TEXT, timedelta(hours=1)) for n, number in enumerate(numbers)]
        await adapter.submit(messages, pacer, settle)


class _Sender:
    """One session of one account."""

    def __init__(self, redis: Redis, name: str, port: int, tps: float) -> None:
        settings = SmppSettings.model_validate(
            {"host": "127.0.0.1", "port": port, "system_id": "loa", "password": "x", "window": 500}
        )
        self.adapter = SmppAdapter(settings, Hooks(lambda _events, safe: safe(True), lambda _reason: None))
        self.pacer = RedisPacer(redis, name, tps)
        self.size = max(1, min(500, int(tps)))
        self._accepted = 0

    def settle(self, _key: int, answer: Answer) -> None:
        if answer.verdict is Verdict.ACCEPTED:
            self._accepted += 1
        elif answer.verdict is Verdict.THROTTLED:
            self.pacer.throttled()

    async def run(self) -> None:
        with self.pacer.counting(lambda: self._accepted):
            await asyncio.gather(*(_lane(self.adapter, self.pacer, self.size, self.settle) for _ in range(LANES)))


async def _serve(redis_url: str, accounts: Sequence[tuple[str, int, float]]) -> None:
    redis = Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=5)
    senders = [_Sender(redis, *account) for account in accounts]
    for sender in senders:
        await sender.adapter.open()
    print("bound", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    sending = [asyncio.create_task(sender.run()) for sender in senders]
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait((ended, *sending), return_when=asyncio.FIRST_COMPLETED)
    for task in sending:
        task.cancel()
    for trouble in await asyncio.gather(*sending, return_exceptions=True):
        if isinstance(trouble, Exception):
            raise trouble


@contextmanager
def senders(processes: int, redis_url: str, *accounts: tuple[str, int, float]) -> Iterator[list[subprocess.Popen[str]]]:
    """So many processes with a session for every (account, port of its telco, parts per second), all bound."""
    command = [sys.executable, "-m", "benchmarks.senders", json.dumps([redis_url, accounts])]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(processes)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "bound\n", "a sender did not bind"
        yield started
    finally:
        told = [process.communicate(timeout=30)[1] for process in started]
        assert not any(process.returncode for process in started), told


def go(started: Sequence[subprocess.Popen[str]]) -> None:
    """Begin to send."""
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


if __name__ == "__main__":
    uvloop.run(_serve(*json.loads(sys.argv[1])))

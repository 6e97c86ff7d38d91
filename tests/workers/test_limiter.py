"""The rate limit: never above it in any sliding second, whatever becomes of Redis."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis

from config.embedded.account import service_account
from config.embedded.places import find_places
from config.embedded.processes import Identity
from config.embedded.redis import RedisServer
from tests.campaigns.gateways.support import asynchronous
from workers.limiter import RedisPacer

FORGOTTEN = 1.1
"""Seconds that an empty Redis counts as full, and a little."""


def most_in_a_second(times: Sequence[float], second: float = 1.0) -> int:
    """The most moments within any window of a second, its end excluded."""
    most = first = 0
    ordered = sorted(times)
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - second:
            first += 1
        most = max(most, last - first + 1)
    return most


@asynccontextmanager
async def pacers(url: str, *accounts: tuple[str, float]) -> AsyncIterator[list[RedisPacer]]:
    """A pacer on a connection of its own for each (account, limit)."""
    clients = [Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) for _ in accounts]
    opened = [RedisPacer(client, *account) for client, account in zip(clients, accounts, strict=True)]
    try:
        yield opened
    finally:
        for pacer, client in zip(opened, clients, strict=True):
            await pacer.close()
            await client.aclose()


@asynccontextmanager
async def taking(*paced: RedisPacer, lanes: int = 2) -> AsyncIterator[list[float]]:
    """Take leave as fast as it is given, on several lanes of each; the moments it was given."""
    taken: list[float] = []

    async def lane(pacer: RedisPacer) -> None:
        while True:
            if not pacer.try_take():
                await pacer()
            taken.append(time.monotonic())

    tasks = [asyncio.create_task(lane(pacer)) for pacer in paced for _ in range(lanes)]
    try:
        yield taken
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_the_window_counts_right() -> None:
    assert most_in_a_second([0, 0.5, 0.999, 1.0, 1.5]) == 3
    assert most_in_a_second([]) == 0


def test_two_workers_of_one_account_keep_its_limit_together(redis_url: str) -> None:
    @asynchronous
    async def check() -> None:
        viettel, slow_ones = ("viettel", 40.0), (("slow", 2.0), ("slower", 0.8), ("odd", 7.5))
        async with (
            pacers(redis_url, viettel, viettel, *slow_ones, ("fast", 400.0)) as (one, two, slow, slower, odd, fast),
            taking(one) as first,
            taking(two) as second,
            taking(slow) as two_a_second,
            taking(slower) as one_in_125,
            taking(odd) as fifteen_in_two,
            taking(fast) as many,
        ):
            await asyncio.sleep(4.5)
        assert most_in_a_second(first + second) <= 40
        assert most_in_a_second(two_a_second) <= 2
        assert most_in_a_second(one_in_125, 1.25) <= 1
        assert most_in_a_second(fifteen_in_two, 8 / 7.5) <= 8, "the shortest time that allows a whole number"
        assert most_in_a_second(many) <= 400
        assert len(first + second) > 60, "and most of it is used, also on a slow machine"
        assert len(first) > 5
        assert len(second) > 5
        assert 3 <= len(two_a_second) <= 8
        assert 1 <= len(one_in_125) <= 4
        assert 8 < len(fifteen_in_two) <= 40

    check()


def test_a_redis_that_forgot_lets_nobody_send_more(redis_url: str) -> None:
    @asynchronous
    async def check() -> None:
        admin = Redis.from_url(redis_url)
        async with pacers(redis_url, ("viettel", 50.0), ("viettel", 50.0)) as both, taking(*both) as taken:
            await asyncio.sleep(FORGOTTEN + 0.8)
            before = len(taken)
            for _ in range(2):
                await admin.flushall()
                await asyncio.sleep(0.3)
            silent = len(taken)
            await asyncio.sleep(FORGOTTEN + 0.7)
            after = len(taken)
        await admin.aclose()
        assert before > 10
        assert silent <= before + 4, "only what was granted already"
        assert after > silent + 10
        assert most_in_a_second(taken) <= 50

    check()


def test_a_redis_that_is_killed_and_started_while_sending_lets_nobody_send_more(loa_home: Path) -> None:
    account = service_account()
    server = RedisServer(find_places(loa_home, account), account)

    async def again(running: Identity) -> Identity:
        os.kill(running.pid, signal.SIGKILL)
        await asyncio.sleep(0.1)
        return await asyncio.to_thread(server.start, None)

    @asynchronous
    async def check() -> None:
        running = await asyncio.to_thread(server.start, None)
        try:
            async with pacers(server.url(), ("viettel", 50.0), ("viettel", 50.0)) as both, taking(*both) as taken:
                await asyncio.sleep(FORGOTTEN + 0.6)
                before = len(taken)
                for _ in range(2):
                    running = await again(running)
                    await asyncio.sleep(FORGOTTEN + 1.2)
        finally:
            server.stop(running)
        assert before > 10
        assert len(taken) > before + 10, "and it goes on by itself"
        assert most_in_a_second(taken) <= 50

    check()


class Road:
    """The way to Redis, which can be closed: a relay of bytes on a socket of its own."""

    def __init__(self, redis_url: str, path: str) -> None:
        self._to = redis_url.removeprefix("unix://").partition("?")[0]
        self.url = f"unix://{path}"
        self._path = path
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._relay, self._path)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await asyncio.sleep(0)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_unix_connection(self._to)
        self._open |= {writer, forth}
        await asyncio.gather(self._copy(reader, forth), self._copy(back, writer))
        self._open -= {writer, forth}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


def test_without_redis_nothing_goes_out(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    if not redis_url.startswith("unix://"):
        pytest.fail("the relay expects Redis on a socket")

    @asynchronous
    async def check() -> None:
        road = Road(redis_url, str(tmp_path_factory.mktemp("r") / "r.sock"))
        await road.open()
        async with pacers(road.url, ("viettel", 50.0)) as [pacer], taking(pacer) as taken:
            await asyncio.sleep(FORGOTTEN + 0.7)
            await road.close()
            at = time.monotonic()
            await asyncio.sleep(1.2)
            assert len(taken) > 10
            assert [moment for moment in taken if moment > at + 0.1] == [], "it fails closed"
            before = len(taken)
            await road.open()
            await asyncio.sleep(2.0)
            assert len(taken) > before + 10, "and goes on by itself"
            await road.close()
        assert most_in_a_second(taken) <= 50

    check()


def hold(pacer: RedisPacer, seconds: float) -> float:
    """Let the telco refuse a part, which must hold the account for so long; until when."""
    before = time.monotonic()
    pacer.throttled()
    assert before + seconds <= pacer.held_until <= time.monotonic() + seconds
    return pacer.held_until


def test_when_the_telco_says_slow_down_every_worker_waits_and_longer_each_time(redis_url: str) -> None:
    @asynchronous
    async def check() -> None:
        accounts = ("viettel", 50.0), ("viettel", 50.0), ("other", 50.0)
        async with (
            pacers(redis_url, *accounts) as (told, untold, other),
            taking(told, untold) as taken,
            taking(other) as unheld,
        ):
            await asyncio.sleep(FORGOTTEN + 0.3)
            for seconds in (0.06, 0.12, 0.24, 0.48, 0.96):
                until = hold(told, seconds)
                told.throttled()
                assert told.held_until == until, "one hold for what comes at once"
                at = time.monotonic()
                await asyncio.sleep(max(0.0, until - time.monotonic()))
                assert [moment for moment in taken if at + 0.1 < moment < until - 0.05] == []
                await asyncio.sleep(0.05)
            last = len(taken)
            await asyncio.sleep(1.0)
            assert len(taken) > last + 10
            assert len(unheld) > 60, "another account is not held"
        assert most_in_a_second(taken) <= 50

    check()


def test_a_hold_is_short_while_the_telco_accepts_something_in_between(redis_url: str) -> None:
    @asynchronous
    async def check() -> None:
        accepted = 0
        async with pacers(redis_url, ("viettel", 50.0)) as [pacer]:
            with pacer.counting(lambda: accepted), pacer.counting(lambda: 7):
                for accepted in range(1, 4):  # noqa: B007  # read by the pacer
                    hold(pacer, 0.06)
                    await asyncio.sleep(0.07)
            assert not pacer.slowed, "the hold is over, and nothing was learned about the rate"

    check()


def test_after_a_stall_nothing_comes_in_a_bunch(redis_url: str) -> None:
    @asynchronous
    async def check() -> None:
        async with pacers(redis_url, ("viettel", 50.0)) as [pacer], taking(pacer, lanes=3) as taken:
            await asyncio.sleep(FORGOTTEN + 0.5)
            for _ in range(2):
                time.sleep(0.6)  # noqa: ASYNC251  # the loop hangs, as on a machine with too much to do
                at = time.monotonic()
                await asyncio.sleep(0.5)
                burst = [moment for moment in taken if at <= moment < at + 0.1]
                assert len(burst) <= 11, "a tenth of a second, at the pace of catching up, and what may be late"
            await asyncio.sleep(0.8)
        assert len(taken) > 40
        assert most_in_a_second(taken) <= 50

    check()


def test_leave_that_was_not_taken_in_time_is_given_back(redis_url: str) -> None:
    @asynchronous
    async def check() -> None:
        async with pacers(redis_url, ("viettel", 400.0)) as [pacer]:
            await asyncio.sleep(0)
            await asyncio.wait_for(pacer(), 5)
            time.sleep(0.05)  # noqa: ASYNC251  # nobody takes what is left of the grant
            assert not pacer.try_take(), "old leave is no leave"
            await asyncio.wait_for(pacer(), 1)

    check()


def test_who_is_cancelled_while_waiting_ends_at_once(redis_url: str) -> None:
    @asynchronous
    async def check() -> None:
        async with pacers(redis_url, ("viettel", 1000.0), ("viettel", 1000.0)) as both:
            await asyncio.sleep(0)
            await both[0]()
            for round in range(60):

                async def lane(pacer: RedisPacer) -> None:
                    while True:
                        await pacer()

                tasks = [asyncio.create_task(lane(pacer)) for pacer in both for _ in range(3)]
                await asyncio.sleep(round % 10 / 1000)
                for task in tasks:
                    task.cancel()
                _, pending = await asyncio.wait(tasks, timeout=2)
                for task in pending:
                    task.cancel()
                assert not pending

    check()

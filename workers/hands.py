"""The event loop of a worker process, in a thread of its own, and the sessions that live in it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import structlog
import uvloop
from redis.asyncio import Redis

from campaigns.models import Gateway
from campaigns.store.database import Database, on_loop
from campaigns.store.gateways import list_gateways
from workers.context import Context
from workers.limiter import RedisPacer
from workers.sessions import GatewaySession
from workers.slots import BindSlots

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
"""How often gateways are compared with the sessions that are open."""

CONNECTIONS = 12
"""Of all sessions together, kept; twice as many where that many are busy at once."""


def _loop_database(url: str) -> Database:
    return Database(url, pool_size=CONNECTIONS, application="loa sender", by_index=True, on_loop=True)


class Hands:
    """Keeps a session for every gateway this worker serves, as far as bind slots are free."""

    def __init__(self, context: Context, only: str | None, on_bound: Callable[[str], None]) -> None:
        self._context = context
        self._sending = replace(context, database=_loop_database(context.database.url))
        """What sessions use: their database waits in the loop they live in."""
        self._only = only
        self._on_bound = on_bound
        self._sessions: dict[int, list[GatewaySession]] = {}
        self._pacers: dict[int, RedisPacer] = {}
        """One for each account, whatever the number of its sessions here."""
        self._slots = BindSlots(context.database)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="gateways")
        self._loop = uvloop.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="gateway sessions", daemon=True)

    def start(self) -> None:
        """Start the loop's thread."""
        # The loop shares the interpreter with the threads of tasks; 5 ms, the default, is long for a pacer.
        sys.setswitchinterval(0.001)
        # What was imported stays; to look through it for garbage held every session up for 90 ms, every few seconds.
        gc.collect()
        gc.freeze()
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish what is on the wire, record it, and end; called from another thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout)

    def kick(self, gateway_name: str) -> bool:
        """Tell this process's sessions of a gateway that there may be work; False where it has none."""
        sessions = [s for held in list(self._sessions.values()) for s in held if s.gateway.name == gateway_name]
        for session in sessions:
            self._loop.call_soon_threadsafe(session.kick)
        return bool(sessions)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except Exception:
            log.exception("sessions_ended")

    async def _main(self) -> None:
        redis = Redis.from_url(self._context.redis_url, socket_timeout=5, socket_connect_timeout=5)
        try:
            while not self._stop.is_set():
                try:
                    await self._compare(redis)
                except Exception:
                    log.warning("gateways_unreadable", exc_info=True)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), LOOK_SECONDS)
        finally:
            everyone = [session for held in self._sessions.values() for session in held]
            await asyncio.gather(*(session.stop() for session in everyone))
            await asyncio.gather(*(pacer.close() for pacer in self._pacers.values()))
            await self._in_thread(self._slots.close)
            await on_loop(self._sending.database.close)
            await redis.aclose()
            self._threads.shutdown(wait=False)

    async def _in_thread(self, function: Callable[..., object], *args: object) -> object:
        return await self._loop.run_in_executor(self._threads, function, *args)

    async def _compare(self, redis: Redis) -> None:
        if not await self._in_thread(self._slots.still_held):
            await self._close_all()
        wanted = {gateway.id: gateway for gateway in self._read_wanted(await self._in_thread(self._read))}
        for gateway_id, held in list(self._sessions.items()):
            current = wanted.get(gateway_id)
            if current is None or any(session.gateway.version != current.version for session in held):
                await self._close(gateway_id)
        for gateway in wanted.values():
            await self._open_more(gateway, redis)

    def _read(self) -> list[Gateway]:
        with self._context.database.transaction() as session:
            gateways = list(list_gateways(session, enabled_only=True))
            session.expunge_all()
            return gateways

    def _read_wanted(self, gateways: object) -> list[Gateway]:
        assert isinstance(gateways, list)
        return [g for g in gateways if self._only is None or g.name == self._only]

    async def _open_more(self, gateway: Gateway, redis: Redis) -> None:
        held = self._sessions.setdefault(gateway.id, [])
        while len(held) < gateway.binds:
            slot = await self._in_thread(self._slots.take, gateway.id, gateway.binds)
            if not isinstance(slot, int):
                return
            if gateway.id not in self._pacers:
                self._pacers[gateway.id] = RedisPacer(redis, gateway.name, float(gateway.tps))
            session = GatewaySession(self._sending, gateway, slot, self._pacers[gateway.id], self._on_bound)
            held.append(session)
            session.start()

    async def _close(self, gateway_id: int) -> None:
        sessions = self._sessions.pop(gateway_id, [])
        await asyncio.gather(*(session.stop() for session in sessions))
        if gateway_id in self._pacers:
            await self._pacers.pop(gateway_id).close()
        for session in sessions:
            await self._in_thread(self._slots.give_back, gateway_id, session.slot)

    async def _close_all(self) -> None:
        await asyncio.gather(*(self._close(gateway_id) for gateway_id in list(self._sessions)))

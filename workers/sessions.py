"""Gateway sessions of one worker process: opening, keeping, draining, taking in, closing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from campaigns.delivery.consignment import Account, Line, Policy, Tally
from campaigns.delivery.drain import Drain
from campaigns.delivery.menu import Menu
from campaigns.errors import LoaError
from campaigns.gateways.backoff import backoff
from campaigns.gateways.contract import Adapter, Event, GatewayUnavailable, Hooks
from campaigns.gateways.registry import build_adapter
from campaigns.models import Gateway
from campaigns.receipts.events import take_in
from campaigns.store.database import on_loop
from campaigns.store.gateways import forget_session, note_session
from workers.context import Context
from workers.inbox import Inbox
from workers.limiter import RedisPacer
from workers.watch import Watch

log = structlog.get_logger(__name__)

SIGN_OF_LIFE_SECONDS = 5.0
DRAIN_SECONDS = 30.0
"""A drain is begun anew this often at the latest, so that it reads rates and routes again."""


class GatewaySession:
    """One bind of one gateway account, and everything that happens over it."""

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        slot: int,
        pacer: RedisPacer,
        on_bound: Callable[[str], None],
    ) -> None:
        self.gateway = gateway
        self.slot = slot
        self._context = context
        self._menu = Menu(context.database, gateway.id)
        self._on_bound = on_bound
        self._pacer = pacer
        self._unrecorded: set[str] = set()
        self._adapter: Adapter[Any] | None = None
        self._lost = asyncio.Event()
        self._kicked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._state = ("connecting", "")
        self._task: asyncio.Task[None] | None = None
        self._watch = Watch(context, gateway.id, slot)

    def start(self) -> None:
        """Begin to open and keep the session."""
        self._task = asyncio.create_task(self._run(), name=f"gateway {self.gateway.name}/{self.slot}")

    def kick(self) -> None:
        """There may be something to send."""
        self._kicked.set()

    async def stop(self) -> None:
        """Finish what is on the wire, record it, unbind."""
        self._stopping.set()
        self._kicked.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        beside = [asyncio.create_task(self._signs_of_life()), asyncio.create_task(self._watch.run())]
        try:
            failures = 0
            while not self._stopping.is_set():
                opened = await self._open_safely()
                failures = 0 if opened else failures + 1
                await self._pause(backoff(failures + 1))
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(on_loop(self._forget), return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _open_safely(self) -> bool:
        """``_open_once``, whatever an adapter does: a session that ended for good would need a person."""
        try:
            return await self._open_once()
        except Exception as error:
            log.exception("session_failed", gateway=self.gateway.name)
            reason = type(error).__name__ if not isinstance(error, LoaError) else str(error)
            await self._note("down", reason)
            await self._watch.refused(reason, permanent=isinstance(error, LoaError))
            return False

    async def _open_once(self) -> bool:
        """Open the adapter and stay until it is lost or we stop; whether it was bound at all."""
        self._lost.clear()
        await self._note("connecting", "")
        inbox = Inbox(self._take_in, self._unrecorded)
        adapter = build_adapter(self._context.keyring, self.gateway, Hooks(inbox.deliver, self._on_lost))
        taking_in = asyncio.create_task(inbox.run())
        try:
            if not await self._opened(adapter):
                return False
            self._adapter = adapter
            await self._note("bound", "")
            await self._watch.bound()
            self._on_bound(self.gateway.name)
            try:
                await self._send_until_lost()
            finally:
                await adapter.close()
                self._adapter = None
            return True
        except GatewayUnavailable as error:
            await self._note("down", error.reason)
            await self._watch.refused(error.reason, permanent=error.permanent)
            return False
        finally:
            await self._end_inbox(inbox, taking_in)

    async def _opened(self, adapter: Adapter[Any]) -> bool:
        """Open the adapter; False where we are told to stop before a slow telco has answered."""
        opening = asyncio.create_task(adapter.open())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((opening, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if opening.done():
            await opening
            return True
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        return False

    async def _end_inbox(self, inbox: Inbox, taking_in: asyncio.Task[None]) -> None:
        inbox.close()
        await asyncio.gather(taking_in, return_exceptions=True)

    def _on_lost(self, reason: str) -> None:
        self._state = ("down", reason)
        self._watch.pulse.failed(reason)
        self._lost.set()
        self._kicked.set()

    async def _send_until_lost(self) -> None:
        self._kicked.set()
        while not self._halted():
            await self._kicked.wait()
            self._kicked.clear()
            if not self._halted():
                await self._drain_once()
        if self._lost.is_set():
            await self._note(*self._state)

    def _halted(self) -> bool:
        return self._stopping.is_set() or self._lost.is_set()

    async def _drain_once(self) -> None:
        settings, adapter = self._context.settings, self._adapter
        assert adapter is not None
        line = Line(
            database=self._context.database,
            keyring=self._context.keyring,
            account=Account(self.gateway.id, self.gateway.name, float(self.gateway.tps)),
            adapter=adapter,
            pacer=self._pacer,
            policy=Policy(settings.lease_seconds, settings.retry_seconds, settings.batch_size),
            aside=on_loop,
            on_throttled=self._pacer.throttled,
            unrecorded=self._unrecorded,
            pulse=self._watch.pulse,
        )
        drain = Drain(line, self._menu, self._context.worker)
        try:
            with self._pacer.counting(lambda: line.tally.accepted):
                tally = await self._send(drain)
        except Exception as error:
            # The database is away, most likely. Nothing is lost: the next tick kicks again.
            log.warning("drain_failed", gateway=self.gateway.name, error=type(error).__name__)
            return
        if tally.claimed:
            log.info(
                "drained",
                gateway=self.gateway.name,
                claimed=tally.claimed,
                accepted=tally.accepted,
                throttled=tally.throttled,
                unknown=tally.unknown,
            )
            self._kicked.set()

    async def _send(self, drain: Drain) -> Tally:
        """All that is ready; one message where the gateway rested and its time has come, none before."""
        if not self._watch.resting:
            return await drain.run(DRAIN_SECONDS, lambda: self._halted() or self._watch.resting)
        if not await self._watch.may_try():
            return Tally()
        try:
            return await drain.probe(self._halted)
        finally:
            await self._watch.tried()

    async def _take_in(self, events: Sequence[Event]) -> None:
        await on_loop(self._write_events, events)

    def _write_events(self, events: Sequence[Event]) -> None:
        with self._context.database.transaction() as session:
            take_in(session, self._context.keyring, self.gateway.id, events)

    async def _signs_of_life(self) -> None:
        while True:
            await asyncio.sleep(SIGN_OF_LIFE_SECONDS)
            throttled = self._state[0] == "bound" and self._pacer.slowed
            await self._note("throttled" if throttled else self._state[0], self._state[1], remember=False)

    async def _note(self, state: str, reason: str, *, remember: bool = True) -> None:
        if remember:
            self._state = (state, reason)
            log.info("gateway_session", gateway=self.gateway.name, slot=self.slot, state=state, reason=reason)
        await asyncio.gather(on_loop(self._write_note, state, reason), return_exceptions=True)

    def _write_note(self, state: str, reason: str) -> None:
        with self._context.database.transaction() as session:
            note_session(session, self.gateway.id, self.slot, self._context.worker, state, reason)

    def _forget(self) -> None:
        with self._context.database.transaction() as session:
            forget_session(session, self.gateway.id, self.slot, self._context.worker)

"""The simulated telco as a server: takes parts, answers, sends receipts when they are due."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Self

from campaigns.gateways.smpp.assembly import split_header
from campaigns.gateways.smpp.codec import Malformed, Message
from campaigns.gateways.smpp.constants import ESME_RTHROTTLED, ESME_RX_P_APPN, status_code, status_name
from campaigns.gateways.smpp.sandbox.accounts import Account
from campaigns.gateways.smpp.sandbox.control import start_control
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.session import Session
from campaigns.gateways.smpp.sandbox.tally import Tally
from campaigns.gateways.smpp.sandbox.telco import (
    PLAIN_FATE,
    Limit,
    build_receipt,
    build_stray,
    decide,
    parts_of,
    write_ids,
)
from campaigns.gateways.smpp.sandbox.wheel import Wheel

_TICK = 0.02
_FLUSH_EVERY = 25
"""Ticks between two writes of the log."""


class Sandbox:
    """A telco on a port. ``async with Sandbox(options) as sandbox: sandbox.port``"""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self.tally = Tally(self.options.log)
        self.port = 0
        self.control: str | None = None
        """Where commands are taken: ``127.0.0.1:port`` or a path."""
        self._accounts: dict[str, Account] = {}
        self._sessions: set[Session] = set()
        self._later: Wheel[tuple[Account, bytes]] = Wheel(_TICK)
        # Never again an id of an earlier run: receipts of that may still be awaited.
        self._number = time.time_ns() // 1_000_000 << 20
        self._reference = 0
        self._longest_stall = 0.0
        self._limit = Limit(0, 0, 0.0)
        self._servers: list[asyncio.Server] = []
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken, or the log cannot be written.
        """
        loop = asyncio.get_running_loop()
        self._limit = Limit(self.options.tps, self.options.burst, loop.time())
        server = await loop.create_server(lambda: Session(self), self.options.host, self.options.port, backlog=128)
        self._servers.append(server)
        self.port = server.sockets[0].getsockname()[1]
        if self.options.control is not None:
            control, self.control = await start_control(self, self.options.control)
            self._servers.append(control)
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Unbind everybody, and end."""
        for server in self._servers:
            server.close()
        for session in list(self._sessions):
            session.unbind()
        await asyncio.sleep(0)
        for session in list(self._sessions):
            session.drop()
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait([self._ticking])
        self.tally.close()

    def set(self, **changes: Any) -> None:
        """Behave otherwise from now on.

        Raises:
            pydantic.ValidationError: no such option, or not that value.
        """
        self.options = SandboxOptions.model_validate(self.options.model_dump() | changes)
        self._limit = Limit(self.options.tps, self.options.burst, asyncio.get_running_loop().time())

    def stats(self) -> dict[str, Any]:
        """Everything counted, and what is under way.

        ``longest_stall`` is the longest time in seconds that this process could not read what had arrived: on a busy
        machine parts of so much more than a second are counted as of one.
        """
        return {
            "sessions": sum(1 for session in self._sessions if session.account is not None),
            "receipts_due_later": len(self._later),
            "receipts_waiting": sum(len(account.waiting) for account in self._accounts.values()),
            "receipts_unanswered": sum(len(session.outstanding) for session in self._sessions),
            "longest_stall": round(self._longest_stall, 3),
            **self.tally.summary(),
        }

    def send(self, bodies: list[bytes], system_id: str | None = None) -> None:
        """Send bodies of deliver_sm to an account, or to all of them.

        Raises:
            KeyError: that account was never bound.
        """
        accounts = list(self._accounts.values()) if system_id is None else [self._accounts[system_id]]
        for account in accounts:
            account.waiting.extend(bodies)
            self.pump(account)

    def next_reference(self) -> int:
        """For the parts of one inbound message."""
        self._reference = self._reference + 1 & 0xFFFF
        return self._reference

    def drop(self) -> int:
        """Break every connection; how many there were."""
        sessions = list(self._sessions)
        for session in sessions:
            session.drop()
        return len(sessions)

    def unbind(self) -> int:
        """Say goodbye on every connection; how many there were."""
        sessions = list(self._sessions)
        for session in sessions:
            session.unbind()
        return len(sessions)

    # What sessions say

    def connected(self, session: Session) -> None:
        """A client connected."""
        self._sessions.add(session)
        self.tally.counts["connections"] += 1

    def join(self, system_id: str, session: Session) -> Account:
        """A client bound to its account."""
        account = self._accounts.setdefault(system_id, Account())
        account.sessions.append(session)
        self.tally.counts["binds"] += 1
        # After the answer to the bind, which is written as soon as this returns.
        asyncio.get_running_loop().call_soon(self.pump, account)
        return account

    def disconnected(self, session: Session) -> None:
        """A client is gone."""
        self._sessions.discard(session)
        if session.account is not None:
            session.account.leave(session)

    def note_malformed(self, error: Malformed) -> None:
        """A client sent what is no SMPP."""
        self.tally.counts["malformed"] += 1

    def ignored(self, parts: int, now: float) -> None:
        """Parts were read and neither taken nor answered."""
        self.tally.counts["ignored"] += parts
        self.tally.arrived(now, parts)

    def take(self, account: Account, message: Message, now: float) -> tuple[int, int, str]:
        """Decide about a submit_sm: (parts, status, id for the answer); without an id there is to be no answer."""
        parts = parts_of(message)
        tally, options = self.tally, self.options
        tally.counts["parts"] += parts
        if not self._limit.take(parts, now):
            tally.counts["throttled"] += parts
            return parts, ESME_RTHROTTLED, ""
        fate = PLAIN_FATE
        if options.undecided:
            fate = decide(options, message.destination, tally.tries(message.destination))
        if fate.refused is not None:
            tally.counts["refused"] += parts
            tally.statuses[fate.refused] += 1
            return parts, status_code(fate.refused), ""
        self._number += 1
        answer_id, receipt_id = write_ids(self._number, options.ids)
        segment, content = split_header(message)
        tally.counts["taken"] += parts
        where = f"{segment.number}/{segment.total}" if segment else "1/1"
        tally.took(message.destination, parts, where, answer_id, content)
        if message.registered_delivery & 3 and not fate.missing:
            body = build_receipt(message, answer_id, receipt_id, fate.outcome, options.receipts, time.time())
            due = now if fate.early else now + options.receipt_delay + fate.later
            for _ in range(2 if fate.duplicate else 1):
                self._plan(account, body, now, due)
        if fate.stray:
            account.waiting.append(build_stray(message, self._number, options, time.time()))
        if fate.mute:
            tally.counts["muted"] += parts
            return parts, 0, ""
        return parts, 0, answer_id

    def answered(self, session: Session, body: bytes, status: int) -> None:
        """A deliver_sm was answered: refused for now, it goes again later."""
        if status == 0:
            self.tally.counts["delivers_taken"] += 1
            return
        self.tally.counts["delivers_refused"] += 1
        self.tally.statuses[f"deliver_sm {status_name(status)}"] += 1
        if status == ESME_RX_P_APPN or session.account is None:
            return
        now = asyncio.get_running_loop().time()
        self._later.add(now + self.options.receipt_retry, (session.account, body))

    def pump(self, account: Account) -> None:
        """Send what waits for an account."""
        if account.waiting:
            self.tally.counts["delivers_sent"] += account.pump(self.options.receipt_window)

    # Inside

    def _plan(self, account: Account, body: bytes, now: float, due: float) -> None:
        if due <= now:
            account.waiting.append(body)
        else:
            self._later.add(due, (account, body))

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        count = 0
        while True:
            slept_at = loop.time()
            await asyncio.sleep(_TICK)
            self._longest_stall = max(self._longest_stall, loop.time() - slept_at - _TICK)
            for account, body in self._later.due(loop.time()):
                account.waiting.append(body)
            for account in self._accounts.values():
                self.pump(account)
            count += 1
            if count % _FLUSH_EVERY == 0:
                self.tally.flush()

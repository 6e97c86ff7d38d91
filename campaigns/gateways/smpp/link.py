"""One SMPP connection of ours: requests and their answers, the window, keeping the link alive, saying goodbye."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, cast

from campaigns.gateways.smpp.codec import Frame, Frames, Malformed, is_response, pdu
from campaigns.gateways.smpp.constants import (
    ALERT_NOTIFICATION,
    DATA_SM,
    DELIVER_SM,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    ESME_RINVCMDID,
    ESME_RINVCMDLEN,
    GENERIC_NACK,
    MAX_SEQUENCE,
    OUTBIND,
    SUBMIT_SM_RESP,
    UNBIND,
    UNBIND_RESP,
    status_name,
)

log = logging.getLogger(__name__)

_WRITE_HIGH = 4 << 20
"""Octets a telco may leave unread before we stop reading it, so that it cannot fill our memory."""
_FLUSH_AT = 64
_GRACE_SECONDS = 2.0
"""How long answers may still come after the telco said goodbye."""


class Sender(Protocol):
    """Who put a part on the wire and is told what became of it."""

    def answered(self, place: int, part: int, status: int, body: bytes) -> None:
        """The telco answered with ``status``."""

    def unanswered(self, place: int, part: int, error: str) -> None:
        """No answer will come."""


Slot = tuple[Sender, int, int, float]
"""Who, its place, its part, and when it was written."""


class Link(asyncio.Protocol):
    """One connection. Nothing is waited for with the transport's buffer unflushed, so ``written`` means written."""

    def __init__(
        self,
        *,
        window: int,
        response_timeout: float,
        enquire_link: float,
        on_messages: Callable[[Link, list[Frame]], None],
        on_lost: Callable[[str], None],
        on_tick: Callable[[float], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = window
        self._timeout = response_timeout
        self._enquire_seconds = enquire_link
        self._on_messages = on_messages
        self._on_lost = on_lost
        self._on_tick = on_tick
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._sequence = 0
        self._window: dict[int, Slot] = {}
        self._reserved = 0
        self._requests: dict[int, asyncio.Future[Frame]] = {}
        self._rooms: deque[asyncio.Future[None]] = deque()
        self._out: list[bytes] = []
        self._paused = False
        self._heard = self._loop.time()
        self._enquired: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.reason: str | None = None
        """Why nothing may be sent any more; None while it may."""
        self._closed = self._loop.create_future()

    # What senders use

    @property
    def has_room(self) -> bool:
        """Whether one more part may be written now."""
        return len(self._window) + self._reserved < self._limit and not self._paused and self.reason is None

    async def wait_for_room(self) -> None:
        """Return when there is room, or when the link is gone."""
        while not self.has_room and self.reason is None:
            room = self._loop.create_future()
            self._rooms.append(room)
            await room

    def reserve(self) -> None:
        """Keep a place of the window while something else is waited for."""
        self._reserved += 1

    def release(self) -> None:
        """Give a reserved place back."""
        self._reserved -= 1

    def next_sequence(self) -> int:
        """1 … 0x7FFFFFFF and again from 1, leaving out numbers still in the window."""
        self._sequence = sequence = self._sequence % MAX_SEQUENCE + 1
        return sequence if sequence not in self._window else self.next_sequence()

    def submit(self, sequence: int, data: bytes, sender: Sender, place: int, part: int) -> None:
        """Put a submit_sm on the wire (``flush`` before anything is waited for)."""
        self._window[sequence] = (sender, place, part, self._loop.time())
        self._out.append(data)
        if len(self._out) >= _FLUSH_AT:
            self.flush()

    def give_up(self, sender: Sender) -> None:
        """Wait no longer for the answers to what ``sender`` put on the wire."""
        self.flush()
        for sequence, (who, place, part, _at) in list(self._window.items()):
            if who is sender:
                del self._window[sequence]
                sender.unanswered(place, part, "LOA_NO_ANSWER")

    def flush(self) -> None:
        """Write what is ready."""
        if self._out:
            data, self._out = b"".join(self._out), []
            self.write(data)

    def write(self, data: bytes) -> None:
        """Write at once; nothing happens when the connection is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def request(self, data: Callable[[int], bytes], seconds: float) -> Frame:
        """Send a request of the session itself and return its answer.

        Raises:
            TimeoutError: no answer came in time.
            ConnectionError: the connection went away first.
        """
        sequence = self.next_sequence()
        answer: asyncio.Future[Frame] = self._loop.create_future()
        self._requests[sequence] = answer
        self.write(data(sequence))
        try:
            async with asyncio.timeout(seconds):
                return await answer
        finally:
            self._requests.pop(sequence, None)

    async def close(self) -> None:
        """Wait for what is on the wire, unbind, and hang up; never raises but for cancelling."""
        self.stop("closed by us")
        if self._transport is None:
            return
        deadline = self._loop.time() + self._timeout
        while self._window and not self._closed.done() and self._loop.time() < deadline:
            await asyncio.wait([self._closed], timeout=0.02)
        if not self._closed.done():
            with suppress(TimeoutError, ConnectionError):
                await self.request(lambda sequence: pdu(UNBIND, 0, sequence), min(self._timeout, 5.0))
        self._transport.close()
        await asyncio.wait([self._closed], timeout=1.0)
        self._transport.abort()

    def stop(self, reason: str) -> None:
        """Let nothing more be sent."""
        if self.reason is None:
            self.reason = reason
        self._wake()

    def abort(self, reason: str) -> None:
        """Hang up at once."""
        self.stop(reason)
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)
        self._heard = self._loop.time()
        self._schedule()

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        window = self._window
        messages: list[Frame] = []
        try:
            for frame in self._frames.feed(data):
                command, status, sequence, body = frame
                if command == SUBMIT_SM_RESP:
                    slot = window.pop(sequence, None)
                    if slot is not None:
                        slot[0].answered(slot[1], slot[2], status, body)
                elif command in (DELIVER_SM, DATA_SM):
                    messages.append(frame)
                else:
                    self._other(frame)
        except Malformed as error:
            self.write(pdu(GENERIC_NACK, ESME_RINVCMDLEN, 0))
            self._lose(f"the telco sent what is no SMPP: {error.reason}")
        if messages:
            self._on_messages(self, messages)
        self._wake()

    def pause_writing(self) -> None:
        self._paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        reason = self.reason or (f"the connection broke: {error}" if error else "the telco hung up")
        self.stop(reason)
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(ConnectionError(reason))
        window, self._window = self._window, {}
        for sender, place, part, _at in window.values():
            sender.unanswered(place, part, "LOA_CONNECTION_LOST")
        if not self._closed.done():
            self._closed.set_result(None)
        self._on_lost(reason)

    # Inside

    def _other(self, frame: Frame) -> None:
        command, _status, sequence, _body = frame
        if command == ENQUIRE_LINK:
            self.write(pdu(ENQUIRE_LINK_RESP, 0, sequence))
        elif command == UNBIND:
            self.write(pdu(UNBIND_RESP, 0, sequence))
            self.stop("the telco unbound us")
            self._loop.call_later(min(_GRACE_SECONDS, self._timeout), self._lose, "the telco unbound us")
        elif is_response(command):
            self._response(frame)
        elif command not in (ALERT_NOTIFICATION, OUTBIND):
            self.write(pdu(GENERIC_NACK, ESME_RINVCMDID, sequence))

    def _response(self, frame: Frame) -> None:
        """The answer to a request of the session, or a generic_nack (4.3) to anything we sent."""
        slot = self._window.pop(frame.sequence, None) if frame.command == GENERIC_NACK else None
        if slot is not None:
            slot[0].answered(slot[1], slot[2], frame.status or ESME_RINVCMDID, b"")
            return
        answer = self._requests.get(frame.sequence)
        if answer is not None and not answer.done():
            answer.set_result(frame)
        elif frame.command == GENERIC_NACK and frame.sequence == 0:
            log.warning("the telco could not read us: %s", status_name(frame.status))

    def _lose(self, reason: str) -> None:
        """Hang up, having written what is to be written."""
        self.stop(reason)
        if self._transport is not None:
            self._transport.close()
            # close() waits for a buffer that nobody may be reading.
            self._loop.call_later(1.0, self._transport.abort)

    def _wake(self) -> None:
        """Tell those who wait for room; each looks again, for another may have taken it."""
        if self._rooms and (self.has_room or self.reason is not None):
            while self._rooms:
                room = self._rooms.popleft()
                if not room.done():
                    room.set_result(None)

    def _schedule(self) -> None:
        seconds = min(1.0, self._timeout / 4, self._enquire_seconds / 4)
        self._timer = self._loop.call_later(seconds, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        self._expire(now)
        self._keep_alive(now)
        self._on_tick(now)
        self._wake()
        self._schedule()

    def _expire(self, now: float) -> None:
        # Every part has the same time-out, so the oldest stands first.
        while self._window:
            sequence, (sender, place, part, at) = next(iter(self._window.items()))
            if now - at < self._timeout:
                break
            del self._window[sequence]
            sender.unanswered(place, part, "LOA_NO_ANSWER")

    def _keep_alive(self, now: float) -> None:
        if self._enquired is not None:
            if self._heard >= self._enquired:
                self._enquired = None
            elif now - self._enquired >= self._timeout:
                self.abort("the telco does not answer enquire_link")
        elif now - self._heard >= self._enquire_seconds:
            self._enquired = now
            self.write(pdu(ENQUIRE_LINK, 0, self.next_sequence()))

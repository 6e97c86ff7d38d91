"""One connection to a simulated telco."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, cast

from campaigns.gateways.smpp.codec import (
    Bind,
    Frames,
    Malformed,
    c_string,
    is_response,
    pack_header,
    pdu,
    read_bind,
    read_message,
    tlv,
)
from campaigns.gateways.smpp.constants import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    BINDS,
    DELIVER_SM_RESP,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    ESME_RALYBND,
    ESME_RBINDFAIL,
    ESME_RINVBNDSTS,
    ESME_RINVCMDID,
    ESME_RINVCMDLEN,
    ESME_RINVMSGLEN,
    ESME_RINVPASWD,
    ESME_RINVSYSID,
    GENERIC_NACK,
    HEADER_SIZE,
    INTERFACE_VERSION,
    MAX_SEQUENCE,
    RESPONSE,
    SUBMIT_SM,
    SUBMIT_SM_RESP,
    TAG_SC_INTERFACE_VERSION,
    UNBIND,
    UNBIND_RESP,
)

if TYPE_CHECKING:
    from campaigns.gateways.smpp.sandbox.accounts import Account
    from campaigns.gateways.smpp.sandbox.server import Sandbox

_BIND_SECONDS = 10.0
_WRITE_HIGH = 4 << 20


class Session(asyncio.Protocol):
    """Reads many PDUs in one go and answers them in one write."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._sequence = 0
        self._answers: list[bytes] = []
        self._taken = 0
        self._dropped = False
        self._heard = self._loop.time()
        self._enquired = False
        self._timer: asyncio.TimerHandle | None = None
        self.account: Account | None = None
        self.transmits = False
        self.receives = False
        self.paused = False
        self.outstanding: dict[int, bytes] = {}
        """Bodies of deliver_sm without an answer, by sequence number."""

    def next_sequence(self) -> int:
        """1 … 0x7FFFFFFF and again from 1."""
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        return self._sequence

    def write(self, data: bytes) -> None:
        """Write at once, unless the connection is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def unbind(self) -> None:
        """Say goodbye to the client."""
        self.write(pdu(UNBIND, 0, self.next_sequence()))

    def drop(self) -> None:
        """Break the connection: nothing more is written, not even what is ready."""
        self._dropped = True
        self.receives = False
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)
        self._sandbox.connected(self)
        self._timer = self._loop.call_later(_BIND_SECONDS, self._tick)

    def connection_lost(self, error: Exception | None) -> None:
        self._dropped = True
        self.receives = self.transmits = False
        if self._timer is not None:
            self._timer.cancel()
        self._sandbox.disconnected(self)

    def pause_writing(self) -> None:
        self.paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        if self.account is not None:
            self._sandbox.pump(self.account)

    def data_received(self, data: bytes) -> None:
        self._heard = now = self._loop.time()
        self._enquired = False
        if self._sandbox.options.hang and self.account is not None:
            self._count_only(data, now)
            return
        answered = False
        arrived = 0
        try:
            for command, status, sequence, body in self._frames.feed(data):
                if self._dropped:
                    return
                if command == SUBMIT_SM:
                    arrived += self._submit(sequence, body, now)
                elif command == DELIVER_SM_RESP:
                    answered = True
                    self._delivered(sequence, status)
                else:
                    self._other(command, sequence, body)
        except Malformed as error:
            self._answers.append(pdu(GENERIC_NACK, ESME_RINVCMDLEN, 0))
            self._sandbox.note_malformed(error)
            self._flush()
            if self._transport is not None:
                self._transport.close()
        finally:
            if arrived:
                self._sandbox.tally.arrived(now, arrived)
        if answered or self._answers:
            self._flush()

    # Inside

    def _count_only(self, data: bytes, now: float) -> None:
        """Hanging: read on, so that the other end waits for answers and not for us to read."""
        submits = 0
        try:
            for command, status, sequence, _body in self._frames.feed(data):
                if command == SUBMIT_SM:
                    submits += 1
                elif command == DELIVER_SM_RESP:
                    self._delivered(sequence, status)
        except Malformed:
            return
        if submits:
            self._sandbox.ignored(submits, now)

    def _delivered(self, sequence: int, status: int) -> None:
        """A deliver_sm was answered."""
        sent = self.outstanding.pop(sequence, None)
        if sent is not None:
            self._sandbox.answered(self, sent, status)

    def _submit(self, sequence: int, body: bytes, now: float) -> int:
        """Take or refuse one part; how many parts it counts."""
        if not self.transmits or self.account is None:
            self._answers.append(pack_header(HEADER_SIZE, SUBMIT_SM_RESP, ESME_RINVBNDSTS, sequence))
            return 0
        try:
            message = read_message(body)
        except Malformed as error:
            self._sandbox.note_malformed(error)
            self._answers.append(pack_header(HEADER_SIZE, SUBMIT_SM_RESP, ESME_RINVMSGLEN, sequence))
            return 1
        parts, status, reference = self._sandbox.take(self.account, message, now)
        if status:
            self._answers.append(pack_header(HEADER_SIZE, SUBMIT_SM_RESP, status, sequence))
            return parts
        if reference:
            raw = reference.encode() + b"\0"
            self._answers.append(pack_header(HEADER_SIZE + len(raw), SUBMIT_SM_RESP, 0, sequence) + raw)
        self._taken += parts
        if self._sandbox.options.drop_after and self._taken >= self._sandbox.options.drop_after:
            self.drop()
        return parts

    def _flush(self) -> None:
        """Receipts that are to be early first, then the answers, now or after the telco's delay."""
        if self.account is not None:
            self._sandbox.pump(self.account)
        answers, self._answers = self._answers, []
        if not answers or self._dropped:
            return
        delay = self._sandbox.options.delay
        if delay:
            self._loop.call_later(delay, self.write, b"".join(answers))
        else:
            self.write(b"".join(answers))

    def _other(self, command: int, sequence: int, body: bytes) -> None:
        if command in BINDS:
            self._bind(command, sequence, body)
        elif command == ENQUIRE_LINK:
            self._answers.append(pdu(ENQUIRE_LINK_RESP, 0, sequence))
        elif command == UNBIND:
            self._answers.append(pdu(UNBIND_RESP, 0, sequence))
            self.transmits = self.receives = False
        elif command == UNBIND_RESP:
            self._loop.call_soon(self._hang_up)
        elif not is_response(command):
            self._answers.append(pdu(GENERIC_NACK, ESME_RINVCMDID, sequence))

    def _bind(self, command: int, sequence: int, body: bytes) -> None:
        bind = read_bind(body)
        status = ESME_RALYBND if self.account is not None else self._check(bind)
        answer = c_string("loa-sandbox", 16, "system_id") if status == 0 else b""
        if status == 0:
            answer += tlv(TAG_SC_INTERFACE_VERSION, bytes((INTERFACE_VERSION,)))
            self.transmits = command != BIND_RECEIVER
            self.receives = command != BIND_TRANSMITTER
            self.account = self._sandbox.join(bind.system_id, self)
        # Written at once: nothing may reach the client before it knows that it is bound.
        self.write(pdu(command | RESPONSE, status, sequence, answer))

    def _check(self, bind: Bind) -> int:
        options = self._sandbox.options
        if options.refuse_binds:
            return ESME_RBINDFAIL
        if options.system_id is not None and bind.system_id != options.system_id:
            return ESME_RINVSYSID
        if options.password is not None and not hmac.compare_digest(bind.password.encode(), options.password.encode()):
            return ESME_RINVPASWD
        return 0

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _tick(self) -> None:
        """Hang up on who does not bind, and check links that are silent."""
        seconds = self._sandbox.options.enquire_link
        if self.account is None:
            self._hang_up()
            return
        if seconds and self._loop.time() - self._heard >= seconds and not self._sandbox.options.hang:
            if self._enquired:
                self.drop()
                return
            self._enquired = True
            self.write(pdu(ENQUIRE_LINK, 0, self.next_sequence()))
        self._timer = self._loop.call_later(max(0.05, seconds / 2) if seconds else _BIND_SECONDS, self._tick)

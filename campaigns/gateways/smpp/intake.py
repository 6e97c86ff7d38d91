"""What the telco sends us: receipts and inbound messages to events, answered once they are safe."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from campaigns.gateways.contract import Event, Hooks, Inbound
from campaigns.gateways.smpp.assembly import Assembler, Key, split_header
from campaigns.gateways.smpp.charsets import decode_text
from campaigns.gateways.smpp.codec import Frame, Malformed, Message, pack_header, read_data_sm, read_message
from campaigns.gateways.smpp.constants import (
    DATA_SM,
    ESME_ROK,
    ESME_RX_P_APPN,
    ESME_RX_T_APPN,
    HEADER_SIZE,
    RESPONSE,
)
from campaigns.gateways.smpp.link import Link
from campaigns.gateways.smpp.receipts import is_receipt, read_receipt
from campaigns.gateways.smpp.settings import SmppSettings

log = logging.getLogger(__name__)

MAX_UNSAVED = 20_000
"""Events handed over and not yet safe; above it the telco is asked to send again later."""
MAX_TEXT = 40_000

Request = tuple[int, int]
"""Command and sequence number of what is to be answered."""


class Intake:
    """Of one session. Counts what it cannot use, by reason, in ``odd``."""

    def __init__(self, settings: SmppSettings, hooks: Hooks) -> None:
        self._settings = settings
        self._hooks = hooks
        self._assembler = Assembler(self._decode)
        self._unsaved = 0
        self._saved = asyncio.Event()
        self.odd: Counter[str] = Counter()

    def take(self, link: Link, frames: list[Frame], now: float) -> None:
        """Read what came in one go, hand it over in one go, and answer in one go."""
        events: list[Event] = []
        requests: list[Request] = []
        completed: list[tuple[Key, int]] = []
        at_once: list[bytes] = []
        room = MAX_UNSAVED - self._unsaved
        for command, _status, sequence, body in frames:
            if len(events) >= room:
                at_once.append(_answer(command, sequence, ESME_RX_T_APPN))
                continue
            try:
                message = read_data_sm(body) if command == DATA_SM else read_message(body)
            except Malformed as error:
                self._note("malformed", error.reason)
                at_once.append(_answer(command, sequence, ESME_RX_P_APPN))
                continue
            event = self._event(message, completed, now)
            if event is None:
                at_once.append(_answer(command, sequence, ESME_ROK))
            else:
                events.append(event)
                requests.append((command, sequence))
        if at_once:
            link.write(b"".join(at_once))
        if events:
            self._hand_over(events, self._answering(link, requests, completed))

    def expire(self, now: float) -> None:
        """Hand over what came of messages whose other parts never did."""
        events: list[Event] = [Inbound(key[0], key[1], text) for key, text in self._assembler.expire(now)]
        if events:
            self.odd["incomplete"] += len(events)
            self._hand_over(events, _ignore)

    async def wait_until_saved(self, seconds: float) -> None:
        """Return once everything handed over has been answered, or after ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._unsaved:
                    self._saved.clear()
                    await self._saved.wait()

    def end(self) -> None:
        """The session is over: hand over what is incomplete too."""
        self.expire(float("inf"))

    def _event(self, message: Message, completed: list[tuple[Key, int]], now: float) -> Event | None:
        if is_receipt(message):
            receipt = read_receipt(
                message,
                self._settings.reference_style,
                international(message.source, message.source_ton, self._settings.country_code) or None,
            )
            if receipt is None:
                # Asking for it again would bring the same once more.
                self._note("receipt", "a receipt without id and state")
            return receipt
        return self._inbound(message, completed, now)

    def _inbound(self, message: Message, completed: list[tuple[Key, int]], now: float) -> Inbound | None:
        """The message, whole; None for a part that is kept until the others come.

        Such a part is answered at once: telcos with a window of one send the next only then.
        """
        sender = international(message.source, message.source_ton, self._settings.country_code)
        segment, content = split_header(message)
        if segment is None:
            return Inbound(sender, message.destination, self._decode(content, message.data_coding)[:MAX_TEXT])
        key = (sender, message.destination, segment.reference, segment.total)
        text = self._assembler.add(key, segment.number, (message.data_coding, content), now)
        if text is None:
            return None
        completed.append((key, segment.number))
        return Inbound(sender, message.destination, text[:MAX_TEXT])

    def _decode(self, content: bytes, coding: int) -> str:
        # PostgreSQL has no place for a NUL in a text, and a handset no sign for it.
        return decode_text(content, coding, self._settings.charset).replace("\0", "")

    def _hand_over(self, events: list[Event], done: Callable[[bool], None]) -> None:
        self._unsaved += len(events)
        called = False

        def answer(safe: bool) -> None:
            nonlocal called
            if not called:
                called = True
                self._unsaved -= len(events)
                self._saved.set()
                done(safe)

        try:
            self._hooks.deliver(events, answer)
        except Exception:
            log.exception("events could not be handed over")
            answer(False)

    def _answering(
        self, link: Link, requests: list[Request], completed: list[tuple[Key, int]]
    ) -> Callable[[bool], None]:
        def done(safe: bool) -> None:
            status = ESME_ROK if safe else ESME_RX_T_APPN
            for key, number in completed:
                self._assembler.settle(key, number, safe)
            link.write(b"".join([_answer(command, sequence, status) for command, sequence in requests]))

        return done

    def _note(self, kind: str, reason: str) -> None:
        self.odd[kind] += 1
        if self.odd[kind] == 1:
            log.warning("the telco sent what cannot be used: %s", reason)


def _answer(command: int, sequence: int, status: int) -> bytes:
    """deliver_sm_resp or data_sm_resp, whose message_id is empty (4.6.2)."""
    return pack_header(HEADER_SIZE + 1, command | RESPONSE, status, sequence) + b"\0"


def _ignore(safe: bool) -> None:
    """Nobody waits for an answer."""


def international(address: str, ton: int, country_code: str) -> str:
    """A number as E.164 without the plus; what is no number stays as it is.

    >>> international("0905123456", 2, "84"), international("+84905123456", 1, "84")
    ('84905123456', '84905123456')
    """
    number = address.removeprefix("+")
    if not number.isdigit() or ton == 1:
        return number
    if number.startswith("00"):
        return number[2:]
    return country_code + number[1:] if number.startswith("0") else number

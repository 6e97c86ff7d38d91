"""A small telco whose PDUs are read and written by ``smpplib``: an independent peer that does as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from smpplib import smpp

Answer = tuple[str, dict[str, Any]] | None
"""Command and fields of an answer; None says nothing."""


class _Numbers:
    """What smpplib asks for sequence numbers."""

    def __init__(self) -> None:
        self.sequence = 0

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


class PeerTelco:
    """Binds anybody. ``on_submit(pdu, nth)`` decides each answer; what came is in ``seen``."""

    def __init__(
        self, on_submit: Callable[[Any, int], Answer] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.on_submit = on_submit or take
        self._tls = tls
        self.on_bind: Answer = None
        self.quiet: set[str] = set()
        """Commands that are never answered."""
        self.seen: list[Any] = []
        self.port = 0
        self._numbers = _Numbers()
        self._writers: list[asyncio.StreamWriter] = []
        self._submits = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0.01)

    def commands(self, name: str) -> list[Any]:
        """What came, of one command."""
        return [pdu for pdu in self.seen if pdu.command == name]

    def send(self, command: str, **fields: Any) -> int:
        """A PDU of our own on the newest connection; its sequence number."""
        pdu = smpp.make_pdu(command, client=self._numbers, **fields)
        self.raw(pdu.generate())
        return int(pdu.sequence)

    def raw(self, data: bytes) -> None:
        """Any bytes on the newest connection."""
        self._writers[-1].write(data)

    def hang_up(self) -> None:
        """Close the newest connection."""
        self._writers[-1].close()

    def reply(self, to: Any, command: str, **fields: Any) -> None:
        """Answer a PDU."""
        pdu = smpp.make_pdu(command, client=self._numbers, **fields)
        pdu.sequence = to.sequence
        self.raw(pdu.generate())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                length = await reader.readexactly(4)
                raw = length + await reader.readexactly(int.from_bytes(length, "big") - 4)
                pdu = smpp.parse_pdu(raw, client=self._numbers, allow_unknown_opt_params=True)
                self.seen.append(pdu)
                self._react(pdu)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _react(self, pdu: Any) -> None:
        if pdu.command in self.quiet or pdu.is_response():
            return
        if pdu.command == "submit_sm":
            self._submits += 1
            answer = self.on_submit(pdu, self._submits)
        elif pdu.command.startswith("bind_"):
            answer = self.on_bind or (f"{pdu.command}_resp", {"system_id": "peer"})
        else:
            answer = (f"{pdu.command}_resp", {})
        if answer is not None:
            self.reply(pdu, answer[0], **answer[1])


def take(pdu: Any, nth: int) -> Answer:
    """Every part is taken, the nth under the id ``m<n>``."""
    return "submit_sm_resp", {"message_id": f"m{nth}"}


def refuse(status: int) -> Answer:
    """An answer with a status."""
    return "submit_sm_resp", {"status": status}

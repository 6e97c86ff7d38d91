"""Inbound messages of several parts put together, in bounded memory; the parts may come in any order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from campaigns.gateways.smpp.codec import Message
from campaigns.gateways.smpp.constants import (
    ESM_UDHI,
    TAG_SAR_MSG_REF_NUM,
    TAG_SAR_SEGMENT_SEQNUM,
    TAG_SAR_TOTAL_SEGMENTS,
)

GAP = " … "
"""Stands in a text for parts that never came."""


class Segment(NamedTuple):
    """Where a part belongs: of message ``reference``, number ``number`` of ``total``, counted from 1."""

    reference: int
    total: int
    number: int


def split_header(message: Message) -> tuple[Segment | None, bytes]:
    """The segment a message is, if it is one, and its content without the user data header.

    A header that makes no sense (its length, a number above the total) is no segment; the content stays whole
    where not even the length fits.
    """
    content = message.content
    segment = None
    if message.esm_class & ESM_UDHI and content and content[0] < len(content):
        segment = _from_header(content[1 : content[0] + 1])
        content = content[content[0] + 1 :]
    elif TAG_SAR_MSG_REF_NUM in message.tlvs:
        tlvs = message.tlvs
        segment = Segment(
            int.from_bytes(tlvs[TAG_SAR_MSG_REF_NUM][:2], "big"),
            int.from_bytes(tlvs.get(TAG_SAR_TOTAL_SEGMENTS, b"")[:1], "big"),
            int.from_bytes(tlvs.get(TAG_SAR_SEGMENT_SEQNUM, b"")[:1], "big"),
        )
    if segment and not (segment.total > 1 and 1 <= segment.number <= segment.total):
        segment = None
    return segment, content


def _from_header(header: bytes) -> Segment | None:
    """Information elements 0x00 (8-bit reference) and 0x08 (16-bit) of 3GPP TS 23.040, 9.2.3.24."""
    position = 0
    while position + 2 <= len(header):
        element, length = header[position], header[position + 1]
        value = header[position + 2 : position + 2 + length]
        if element == 0x00 and length == len(value) == 3:
            return Segment(value[0], value[1], value[2])
        if element == 0x08 and length == len(value) == 4:
            return Segment(value[0] << 8 | value[1], value[2], value[3])
        position += 2 + length
    return None


Key = tuple[str, str, int, int]
"""Sender, recipient, reference, total."""


Piece = tuple[int, bytes]
"""``data_coding`` and octets of one part."""


@dataclass(slots=True)
class _Group:
    started: float
    pieces: dict[int, Piece] = field(default_factory=dict)

    def octets(self) -> int:
        return sum(len(content) for _coding, content in self.pieces.values())


class Assembler:
    """Holds incomplete messages: at most ``limit`` of them and ``octets`` of text, each for ``seconds``.

    A message that is complete stays held until ``settle`` says that it is safe, so that its last part, answered
    with an error and sent again by the telco, still finds the others.
    """

    def __init__(
        self,
        decode: Callable[[bytes, int], str],
        *,
        limit: int = 1000,
        octets: int = 1 << 20,
        seconds: float = 600.0,
    ) -> None:
        self._decode = decode
        self._limit = limit
        self._most_octets = octets
        self._seconds = seconds
        self._octets = 0
        self._groups: OrderedDict[Key, _Group] = OrderedDict()

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, key: Key, number: int, piece: Piece, now: float) -> str | None:
        """The whole text when this part completes it; a part that came before replaces itself."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(now)
        self._octets += len(piece[1]) - len(group.pieces.get(number, (0, b""))[1])
        group.pieces[number] = piece
        return self._text(group, key) if len(group.pieces) == key[3] else None

    def settle(self, key: Key, number: int, safe: bool) -> None:
        """Forget a complete message that is safe; of one that is not, only the part that will come again."""
        group = self._groups.get(key)
        if group is None:
            return
        if safe:
            self._forget(key)
        else:
            self._octets -= len(group.pieces.pop(number, (0, b""))[1])

    def expire(self, now: float) -> list[tuple[Key, str]]:
        """Give up what is too old or too much, oldest first: what did come, with ``GAP`` for what did not.

        Half a message may hold the refusal that it began with, so it is handed over, not dropped.
        """
        given_up: list[tuple[Key, str]] = []
        while self._groups:
            key, group = next(iter(self._groups.items()))
            full = len(self._groups) > self._limit or self._octets > self._most_octets
            if now - group.started < self._seconds and not full:
                break
            if 0 < len(group.pieces) < key[3]:
                given_up.append((key, self._text(group, key)))
            self._forget(key)
        return given_up

    def _forget(self, key: Key) -> None:
        self._octets -= self._groups.pop(key).octets()

    def _text(self, group: _Group, key: Key) -> str:
        """Neighbours of one coding are decoded together: phones cut between the halves of a pair."""
        text: list[str] = []
        run, run_coding = b"", -1
        for number in range(1, key[3] + 1):
            coding, content = group.pieces.get(number, (-1, b""))
            if coding != run_coding:
                text.append(self._decode(run, run_coding) if run_coding >= 0 else GAP if number > 1 else "")
                run, run_coding = b"", coding
            run += content
        text.append(self._decode(run, run_coding) if run_coding >= 0 else GAP)
        return "".join(text).strip()

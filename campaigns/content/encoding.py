"""How a text goes over the air: its alphabet, its parts, and what it costs. Nothing is ever replaced in silence.

GSM 7 bit default alphabet and its extension table: 3GPP TS 23.038, 6.2.1 and 6.2.1.1. Lengths of concatenated
messages: 3GPP TS 23.040, 9.2.3.24.1 (a header of six octets, at most 255 parts).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from campaigns.errors import InvalidInput

GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Place = septet. 0x1B is the escape to the extension table and stands for no character of its own."""

ESCAPE = 0x1B
GSM_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""Characters written as escape + septet, so they cost two."""

MAX_PARTS = 255

_SEPTETS = {ord(char): chr(code) for code, char in enumerate(GSM_BASIC) if code != ESCAPE} | {
    ord(char): chr(ESCAPE) + chr(code) for char, code in GSM_EXTENSION.items()
}
_GSM_CHARACTERS = frozenset(map(chr, _SEPTETS))
_PLAIN_ASCII = bytes(code for code in _SEPTETS if code < 128 and len(_SEPTETS[code]) == 1)
_ASCII_SEPTETS = bytes(ord(_SEPTETS[code]) if code in _PLAIN_ASCII else code for code in range(256))
_EXTENSION_RUN = re.compile("[" + re.escape("".join(GSM_EXTENSION)) + "]")
_ASTRAL_RUN = re.compile("[\U00010000-\U0010ffff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Alphabet(StrEnum):
    """What the characters are written in."""

    GSM7 = "gsm7"
    """One unit is a septet; 160 fit one part, 153 each of several."""
    UCS2 = "ucs2"
    """One unit is a UTF-16 code unit; 70 fit one part, 67 each of several."""

    @property
    def single(self) -> int:
        """Units of a message of one part."""
        return 160 if self is Alphabet.GSM7 else 70

    @property
    def several(self) -> int:
        """Units of each part of a longer message."""
        return 153 if self is Alphabet.GSM7 else 67


@dataclass(frozen=True, slots=True)
class Part:
    """One part as it is handed to an adapter, without any header."""

    alphabet: Alphabet
    text: str
    payload: bytes
    """GSM-7: one septet per octet, escapes included; UCS-2: UTF-16 big endian."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text ready for the air."""

    alphabet: Alphabet
    parts: tuple[Part, ...]
    units: int
    """Septets or UTF-16 code units of the whole text."""
    room: int
    """Units still free before one part more is needed."""


class UnsendableText(InvalidInput):
    """The text is no text (half a surrogate pair), or longer than any message can be."""


def normalise(text: str) -> str:
    """The text in NFC: one code point per Vietnamese letter, as telcos count."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def encode(text: str) -> Encoded:
    """Encode a text: NFC, then GSM-7 if it fits unchanged, else UCS-2 unchanged.

    No extension pair, no surrogate pair and no letter with a mark of its own is cut by the border of a part,
    so a part may hold less than 153 or 67 units. An empty text has no parts.

    Raises:
        UnsendableText: it holds half a surrogate pair, or needs more than 255 parts.
    """
    text = normalise(text)
    alphabet = alphabet_of(text)
    edges = _edges(text, alphabet)
    parts = tuple(
        Part(alphabet, text[start:end], _payload(text[start:end], alphabet))
        for start, end in _borders(text, edges, alphabet)
    )
    if len(parts) > MAX_PARTS:
        raise UnsendableText(
            "Tin dài {parts} phần; một tin chỉ được nhiều nhất {most} phần. Hãy rút ngắn.",
            "The text needs {parts} parts; a message has at most {most}. Shorten it.",
            parts=len(parts),
            most=MAX_PARTS,
        )
    limit = alphabet.single if len(parts) < 2 else alphabet.several
    last = len(parts[-1].text) if parts else 0
    return Encoded(alphabet, parts, edges[-1], limit - (edges[-1] - edges[len(text) - last]))


def count_parts(text: str) -> int:
    """How many parts the text needs, as ``encode`` would cut it; the limits of gateways are kept in these."""
    if text.isascii():
        raw = text.encode("ascii")
        beyond = raw.translate(None, _PLAIN_ASCII)
        if not beyond and len(raw) <= Alphabet.GSM7.single:
            return 1 if raw else 0
    text = normalise(text)
    alphabet = alphabet_of(text)
    return sum(1 for _ in _borders(text, _edges(text, alphabet), alphabet))


def alphabet_of(text: str) -> Alphabet:
    """The alphabet a normalised text needs.

    Raises:
        UnsendableText: it holds half a surrogate pair.
    """
    if _GSM_CHARACTERS.issuperset(text):
        return Alphabet.GSM7
    if torn := _LONE_SURROGATE.search(text):
        raise UnsendableText(
            "Ký tự thứ {position} là một nửa ký tự bị hỏng (có thể do cắt emoji). Hãy xoá và gõ lại.",
            "Character {position} is half of a broken character (a cut emoji?). Delete it and type it again.",
            position=torn.start() + 1,
        )
    return Alphabet.UCS2


def forces_unicode(character: str) -> bool:
    """Whether this character alone makes the whole text Unicode."""
    return character not in _GSM_CHARACTERS


def units_of(text: str, alphabet: Alphabet) -> int:
    """What a normalised text costs in units of ``alphabet``."""
    return _edges(text, alphabet)[-1]


def _edges(text: str, alphabet: Alphabet) -> Sequence[int]:
    """Units before each character, and the total; a plain range where every character costs one."""
    wide = _EXTENSION_RUN if alphabet is Alphabet.GSM7 else _ASTRAL_RUN
    if not wide.search(text):
        return range(len(text) + 1)
    return tuple(accumulate((2 if wide.match(char) else 1 for char in text), initial=0))


def _borders(text: str, edges: Sequence[int], alphabet: Alphabet) -> Iterator[tuple[int, int]]:
    """From and to (in characters) of each part."""
    if not text:
        return
    if edges[-1] <= alphabet.single:
        yield 0, len(text)
        return
    start = 0
    while start < len(text):
        end = bisect_right(edges, edges[start] + alphabet.several) - 1
        yield start, (end := _before_marks(text, start, end))
        start = end


def _before_marks(text: str, start: int, end: int) -> int:
    """The border moved in front of a letter whose marks would begin the next part, unless nothing would be left."""
    moved = end
    while moved < len(text) and moved > start and unicodedata.combining(text[moved]):
        moved -= 1
    return moved if moved > start else end


def _payload(text: str, alphabet: Alphabet) -> bytes:
    if alphabet is Alphabet.UCS2:
        return text.encode("utf-16-be")
    if text.isascii():
        raw = text.encode("ascii")
        if not raw.translate(None, _PLAIN_ASCII):
            return raw.translate(_ASCII_SEPTETS)
    return text.translate(_SEPTETS).encode("latin-1")


class _Unmarked(dict[int, str]):
    """Characters to their ASCII letter, filled as they come; what has none raises and so stays as it is."""

    def __missing__(self, code: int) -> str:
        bare = "".join(char for char in unicodedata.normalize("NFD", chr(code)) if not 0x300 <= ord(char) < 0x370)
        if not bare.isascii():
            raise LookupError(code)
        self[code] = bare
        return bare


# đ has no decomposition; eth (Ð) and ƌ are what old converters leave in its place.
_UNMARKED = _Unmarked({ord(char): "d" for char in "đƌ"} | {ord(char): "D" for char in "ĐÐƋ"})


def strip_marks(text: str) -> str:
    """The text without Vietnamese marks ("không dấu"): đ → d, each marked letter → its ASCII letter.

    Vietnamese text comes out in pure ASCII. A character without an ASCII letter (quotes of Word, emoji, other
    scripts) stays as it is: ``campaigns.content.findings`` reports it.
    """
    return text if text.isascii() else normalise(text).translate(_UNMARKED)

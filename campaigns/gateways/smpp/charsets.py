"""Texts on the wire: which octets go out for a part, and which text came in."""

from __future__ import annotations

from enum import StrEnum

from campaigns.content.encoding import Alphabet, Part
from campaigns.gateways.smpp import gsm7
from campaigns.gateways.smpp.constants import (
    CODING_ASCII,
    CODING_DEFAULT,
    CODING_LATIN1,
    CODING_UCS2,
)


class Charset(StrEnum):
    """What a telco means by ``data_coding`` 0, its own default alphabet (5.2.19)."""

    GSM7 = "gsm7"
    ASCII = "ascii"
    LATIN1 = "latin1"


_CODECS = {Charset.ASCII: "ascii", Charset.LATIN1: "latin-1"}


def encode_part(part: Part, default: Charset) -> tuple[int, bytes]:
    """``(data_coding, octets)`` of a part.

    Raises:
        UnicodeEncodeError: the telco's default alphabet lacks a character; nothing is replaced.
    """
    if part.alphabet is Alphabet.UCS2:
        return CODING_UCS2, part.payload
    if default is Charset.GSM7:
        return CODING_DEFAULT, part.payload
    return CODING_DEFAULT, part.text.encode(_CODECS[default])


def decode_text(content: bytes, coding: int, default: Charset) -> str:
    """The text of an inbound message; octets that mean nothing become U+FFFD."""
    # 5.2.19; from 0x10 to 0x3F the general groups of 3GPP TS 23.038, 4, with the alphabet in bits 3 and 2.
    if coding == CODING_UCS2 or (0x10 <= coding < 0x40 and coding & 0x0C == 0x08):
        return content.decode("utf-16-be", "replace")
    if coding == CODING_LATIN1:
        return content.decode("latin-1")
    if coding == CODING_ASCII:
        return content.decode("ascii", "replace")
    if default is Charset.GSM7 or coding >= 0x10:
        return gsm7.decode(content)
    return content.decode(_CODECS[default], "replace")

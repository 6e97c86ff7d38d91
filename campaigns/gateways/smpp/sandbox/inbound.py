"""Messages from people to us, as a simulated telco sends them: bodies of deliver_sm, one for each part."""

from __future__ import annotations

from enum import StrEnum

from campaigns.content.encoding import Alphabet, encode
from campaigns.gateways.smpp.codec import message_head, tlv
from campaigns.gateways.smpp.constants import (
    CODING_DEFAULT,
    CODING_LATIN1,
    CODING_UCS2,
    ESM_UDHI,
    TAG_MESSAGE_PAYLOAD,
    TAG_SAR_MSG_REF_NUM,
    TAG_SAR_SEGMENT_SEQNUM,
    TAG_SAR_TOTAL_SEGMENTS,
)


class Cut(StrEnum):
    """How several parts are written."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"
    PAYLOAD = "payload"


def build_inbound(
    sender: str, recipient: str, text: str, *, cut: Cut = Cut.UDH8, latin1: bool = False, reference: int = 0
) -> list[bytes]:
    """Bodies of deliver_sm with ``text`` from ``sender``, in its parts.

    Raises:
        UnicodeEncodeError: ``latin1`` was asked for and cannot write the text.
        UnsendableText: the text is none.
        ValueError: an address does not fit.
    """
    head = message_head("", 1, 1, sender, 0, 1) + recipient.encode("ascii") + b"\0"
    encoded = encode(text)
    coding = CODING_UCS2 if encoded.alphabet is Alphabet.UCS2 else CODING_DEFAULT
    contents = [part.payload for part in encoded.parts] or [b""]
    if latin1:
        coding = CODING_LATIN1
        raw = text.encode("latin-1")
        contents = [raw] if len(raw) <= 140 else [raw[start : start + 134] for start in range(0, len(raw), 134)]
    if cut is Cut.PAYLOAD:
        return [_body(head, 0, coding, b"", tlv(TAG_MESSAGE_PAYLOAD, b"".join(contents)))]
    if len(contents) == 1:
        return [_body(head, 0, coding, contents[0])]
    return [
        _segment(head, coding, content, cut, reference, len(contents), number)
        for number, content in enumerate(contents, 1)
    ]


def _segment(head: bytes, coding: int, content: bytes, cut: Cut, reference: int, total: int, number: int) -> bytes:
    if cut is Cut.SAR:
        tlvs = (
            tlv(TAG_SAR_MSG_REF_NUM, (reference & 0xFFFF).to_bytes(2, "big"))
            + tlv(TAG_SAR_TOTAL_SEGMENTS, bytes((total,)))
            + tlv(TAG_SAR_SEGMENT_SEQNUM, bytes((number,)))
        )
        return _body(head, 0, coding, content, tlvs)
    if cut is Cut.UDH16:
        header = bytes((6, 8, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number))
    else:
        header = bytes((5, 0, 3, reference & 0xFF, total, number))
    return _body(head, ESM_UDHI, coding, header + content)


def _body(head: bytes, esm_class: int, coding: int, content: bytes, tlvs: bytes = b"") -> bytes:
    return head + bytes((esm_class, 0, 0, 0, 0, 0, 0, coding, 0, len(content))) + content + tlvs

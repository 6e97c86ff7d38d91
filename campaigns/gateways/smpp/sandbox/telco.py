"""What a simulated telco decides about each part: its limit, the part's fate, ids, receipts."""

from __future__ import annotations

import time
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple

from campaigns.gateways.smpp.codec import Message, tlv
from campaigns.gateways.smpp.constants import (
    TAG_MESSAGE_STATE,
    TAG_NETWORK_ERROR_CODE,
    TAG_RECEIPTED_MESSAGE_ID,
)
from campaigns.gateways.smpp.references import ReferenceStyle
from campaigns.gateways.smpp.sandbox.options import ReceiptStyle, SandboxOptions

_ROLLS = Struct(">8H").unpack
_CERTAIN = 65536

STRAY_NUMBER = "84000000000"
"""Whom a stray receipt names: no number of anybody."""
_STRAY_IDS = 1 << 62
"""Far above every id that is given out."""

DELIVERED = ("DELIVRD", 2, "000")
FAILURES = (
    (0.5, ("UNDELIV", 5, "001")),
    (0.7, ("UNDELIV", 5, "027")),
    (0.9, ("EXPIRED", 3, "030")),
    (1.0, ("REJECTD", 8, "034")),
)
"""How failing receipts divide: (up to this share, word, message_state, error)."""


class Fate(NamedTuple):
    """What chance has in store for one part."""

    refused: str | None = None
    mute: bool = False
    early: bool = False
    missing: bool = False
    duplicate: bool = False
    stray: bool = False
    later: float = 0.0
    outcome: tuple[str, int, str] = DELIVERED


PLAIN_FATE = Fate()


def decide(options: SandboxOptions, destination: str, nth: int) -> Fate:
    """The fate of the ``nth`` part to a number: the same for the same seed, whatever the order of arrival."""
    digest = blake2b(f"{options.seed} {destination} {nth}".encode(), digest_size=16).digest()
    refuse, reason, mute, fail, kind, early, fate, later = (roll / _CERTAIN for roll in _ROLLS(digest))
    outcome = DELIVERED
    if fail < options.fail_share:
        outcome = next(outcome for share, outcome in FAILURES if kind < share)
    return Fate(
        refused=options.refuse_with[int(reason * len(options.refuse_with))] if refuse < options.refuse_share else None,
        mute=mute < options.mute_share,
        early=early < options.early_share,
        missing=fate < options.missing_share,
        duplicate=fate >= 1 - options.duplicate_share,
        stray=mute >= 1 - options.stray_share,
        later=later * options.shuffle,
        outcome=outcome,
    )


class Limit:
    """The telco's own limit: a bucket of ``burst`` parts that fills at ``tps``. What it refuses costs nothing."""

    def __init__(self, tps: float, burst: int, now: float) -> None:
        self._tps = tps
        self._size = float(burst or max(1, round(tps)))
        self._left = self._size
        self._at = now

    def take(self, parts: int, now: float) -> bool:
        """Whether ``parts`` are within the limit now."""
        if not self._tps:
            return True
        self._left = min(self._size, self._left + (now - self._at) * self._tps)
        self._at = now
        # A message longer than the bucket is taken from a full one, or it never would be.
        if self._left < min(parts, self._size):
            return False
        self._left -= parts
        return True


def parts_of(message: Message) -> int:
    """Parts the telco counts for a submit_sm: more than one where it has to cut ``message_payload`` itself."""
    if len(message.content) <= 140:
        return 1
    single, several = (140, 134) if message.data_coding == 8 else (160, 153)
    size = len(message.content)
    return 1 if size <= single or message.esm_class & 0x40 else -(-size // several)


def write_ids(number: int, style: ReferenceStyle) -> tuple[str, str]:
    """One id as the answer and as the receipt write it."""
    if style is ReferenceStyle.AS_IS:
        written = f"{number:016d}"
        return written, written
    match style:
        case ReferenceStyle.CASE:
            return f"{number:016X}", f"{number:016x}"
        case ReferenceStyle.ZEROS:
            return f"{number:020d}", str(number)
        case ReferenceStyle.HEX_ANSWER:
            return f"{number:X}", str(number)
        case ReferenceStyle.HEX_RECEIPT:
            return str(number), f"{number:X}"


def build_stray(message: Message, number: int, options: SandboxOptions, at: float) -> bytes:
    """A receipt as another customer's message would get it: an id never given out, to nobody we know."""
    answer_id, receipt_id = write_ids(_STRAY_IDS + number, options.ids)
    foreign = message._replace(destination=STRAY_NUMBER)
    return build_receipt(foreign, answer_id, receipt_id, DELIVERED, options.receipts, at)


_minute = (0, b"")


def _stamp(at: float) -> bytes:
    """``YYMMDDhhmm`` in UTC; made once a minute."""
    global _minute
    if _minute[0] != int(at // 60):
        _minute = (int(at // 60), time.strftime("%y%m%d%H%M", time.gmtime(at)).encode())
    return _minute[1]


@lru_cache(maxsize=16)
def _report(outcome: tuple[str, int, str], stamp: bytes) -> bytes:
    """What a receipt's text says after the id: the same for all of a minute."""
    word, state, error = outcome
    return b" sub:001 dlvrd:%b submit date:%b done date:%b stat:%b err:%b text:" % (
        b"001" if state == 2 else b"000",
        stamp,
        stamp,
        word.encode(),
        error.encode(),
    )


def build_receipt(
    message: Message, answer_id: str, receipt_id: str, outcome: tuple[str, int, str], style: ReceiptStyle, at: float
) -> bytes:
    """The body of the deliver_sm that carries a receipt (SMPP 3.4, Appendix B)."""
    text = tlvs = b""
    if style is not ReceiptStyle.TLV:
        text = b"id:" + receipt_id.encode() + _report(outcome, _stamp(at))
    if style is not ReceiptStyle.TEXT:
        _word, state, error = outcome
        tlvs = tlv(TAG_RECEIPTED_MESSAGE_ID, answer_id.encode() + b"\0") + tlv(TAG_MESSAGE_STATE, bytes((state,)))
        if state != 2:
            tlvs += tlv(TAG_NETWORK_ERROR_CODE, b"\x03" + int(error).to_bytes(2, "big"))
    return b"".join(
        (
            b"\0\x01\x01",
            message.destination.encode("latin-1"),
            b"\0\x05\0",
            message.source.encode("latin-1"),
            b"\0\x04\0\0\0\0\0\0\0\0",
            bytes((len(text),)),
            text,
            tlvs,
        )
    )

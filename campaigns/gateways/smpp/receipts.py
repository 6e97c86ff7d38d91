"""Delivery receipts out of deliver_sm, by text and by optional parameters.

SMPP 3.4: Appendix B (the text), 5.2.28 (message_state), 5.3.2.12 (receipted_message_id), 5.3.2.35 (its state).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Receipt
from campaigns.gateways.smpp.codec import Message
from campaigns.gateways.smpp.constants import (
    ESM_INTERMEDIATE,
    ESM_RECEIPT,
    ESM_TYPE,
    MESSAGE_STATES,
    TAG_MESSAGE_STATE,
    TAG_NETWORK_ERROR_CODE,
    TAG_RECEIPTED_MESSAGE_ID,
)
from campaigns.gateways.smpp.references import ReferenceStyle, from_answer, from_receipt

STATES: Mapping[str, MessageState] = {
    "DELIVRD": MessageState.DELIVERED,
    "EXPIRED": MessageState.EXPIRED,
    "DELETED": MessageState.UNDELIVERED,
    "UNDELIV": MessageState.UNDELIVERED,
    "SKIPPED": MessageState.UNDELIVERED,
    "REJECTD": MessageState.REJECTED,
    "ENROUTE": MessageState.ACCEPTED,
    "ACCEPTD": MessageState.ACCEPTED,
    "UNKNOWN": MessageState.ACCEPTED,
}
"""What the telco's words mean. ``UNKNOWN`` says that the telco does not know: no news, so nothing changes."""

_TEXT_LIMIT = 1024
_WHOLE = re.compile(
    rb"id:([^\s\0]{1,64}) sub:\d+ dlvrd:\d+ submit date:\d+ done date:\d+ stat:([A-Z]{1,16}) err:([0-9A-Za-z]{1,16})"
)
"""The text just as Appendix B shows it, which most telcos write; read in one go."""
_ID = re.compile(rb"\bid:\s*([^\s\0]{1,64})", re.IGNORECASE)
_STAT = re.compile(rb"\bstat:\s*([A-Za-z_]{1,16})", re.IGNORECASE)
_ERR = re.compile(rb"\berr:\s*([0-9A-Za-z]{1,16})", re.IGNORECASE)


def is_receipt(message: Message) -> bool:
    """Whether a deliver_sm is the telco's news about a message of ours.

    Only the telco can set the type or the parameter; a text in the form of a receipt can be typed by anybody.
    """
    return message.esm_class & ESM_TYPE in (ESM_RECEIPT, ESM_INTERMEDIATE) or TAG_RECEIPTED_MESSAGE_ID in message.tlvs


def read_receipt(message: Message, style: ReferenceStyle, recipient: str | None) -> Receipt | None:
    """The receipt in a deliver_sm; None when it names neither a message nor what became of it.

    Without an id the reference is empty: the recipient may still tell which message is meant.
    """
    tlvs = message.tlvs
    reference_text, stat_text, error_text = _read_text(message.content[:_TEXT_LIMIT])
    stat = _state(stat_text, tlvs)
    if stat is None:
        return None
    reference = _reference(reference_text, tlvs, style)
    if not reference and not recipient:
        return None
    state = STATES.get(stat, MessageState.ACCEPTED)
    if message.esm_class & ESM_TYPE == ESM_INTERMEDIATE:
        state = MessageState.ACCEPTED
    error = None if state is MessageState.DELIVERED else _error(stat, error_text, tlvs)
    return Receipt(reference, state, recipient, error)


def _read_text(text: bytes) -> Sequence[bytes | None]:
    """The values of ``id``, ``stat`` and ``err``."""
    whole = _WHOLE.match(text)
    if whole:
        return whole.groups()
    return [found[1] if found else None for found in (_ID.search(text), _STAT.search(text), _ERR.search(text))]


def _state(stat: bytes | None, tlvs: Mapping[int, bytes]) -> str | None:
    value = tlvs.get(TAG_MESSAGE_STATE)
    if value:
        return MESSAGE_STATES.get(value[0], f"STATE_{value[0]}")
    return stat.decode("ascii").upper() if stat else None


def _reference(identity: bytes | None, tlvs: Mapping[int, bytes], style: ReferenceStyle) -> str:
    # The parameter holds the id of the answer, whole; the text may cut it to ten characters, but where the
    # bases differ it is the text whose base the contract with the telco tells.
    value = tlvs.get(TAG_RECEIPTED_MESSAGE_ID, b"").partition(b"\0")[0]
    if identity and (style.two_bases or not value):
        return from_receipt(identity.decode("latin-1"), style)
    return from_answer(value[:64].decode("latin-1"), style) if value else ""


def _error(stat: str, error: bytes | None, tlvs: Mapping[int, bytes]) -> str:
    if error and error.strip(b"0"):
        return f"{stat}:{error.decode('ascii')}"
    network = tlvs.get(TAG_NETWORK_ERROR_CODE)
    if network and len(network) == 3 and any(network[1:]):
        return f"{stat}:{int.from_bytes(network[1:], 'big'):03d}"
    return stat

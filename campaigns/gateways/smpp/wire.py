"""Messages to submit_sm: addresses, coding, validity and the three ways to write several parts."""

from __future__ import annotations

from datetime import timedelta

from campaigns.content.encoding import Alphabet, Part
from campaigns.gateways.contract import Outbound
from campaigns.gateways.smpp.charsets import Charset, encode_part
from campaigns.gateways.smpp.codec import build_message, message_head, message_middle, relative_validity, tlv
from campaigns.gateways.smpp.constants import (
    ESM_UDHI,
    SUBMIT_SM,
    TAG_MESSAGE_PAYLOAD,
    TAG_SAR_MSG_REF_NUM,
    TAG_SAR_SEGMENT_SEQNUM,
    TAG_SAR_TOTAL_SEGMENTS,
)
from campaigns.gateways.smpp.settings import Concatenation, SmppSettings

_CACHED = 256
MAX_PAYLOAD = 0xFFFF


class Unwritable(Exception):
    """The message cannot be written for this telco; ``code`` says why, for statistics."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Writer:
    """Builds the submit_sm of one account; what is the same for many messages is built once and kept."""

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        self._heads: dict[str, bytes] = {}
        self._middles: dict[tuple[int, int, timedelta], bytes] = {}
        self.as_payload = settings.concatenation is Concatenation.PAYLOAD
        self._as_is = settings.charset is Charset.GSM7

    def single(self, sequence: int, message: Outbound) -> bytes:
        """The submit_sm of a message of one part.

        Raises:
            Unwritable: sender, recipient or text do not fit this telco.
        """
        part = message.parts[0]
        if self._as_is:
            coding = 0 if part.alphabet is Alphabet.GSM7 else 8
            content = part.payload
        else:
            coding, content = self._encode(part)
        return self._build(sequence, message, 0, coding, content)

    def payload(self, sequence: int, message: Outbound) -> bytes:
        """One submit_sm that carries all parts in ``message_payload`` (5.3.2.32).

        Raises:
            Unwritable: as ``single``, or longer than the parameter can be.
        """
        coded = [self._encode(part) for part in message.parts]
        content = b"".join(content for _coding, content in coded)
        if len(content) > MAX_PAYLOAD:
            raise Unwritable("LOA_TOO_LONG")
        return self._build(sequence, message, 0, coded[0][0], b"", tlv(TAG_MESSAGE_PAYLOAD, content))

    def part(self, sequence: int, message: Outbound, number: int, reference: int) -> bytes:
        """The submit_sm of part ``number`` (from 0) of several, under the concatenation ``reference`` (one octet).

        Raises:
            Unwritable: as ``single``.
        """
        coding, content = self._encode(message.parts[number])
        total = len(message.parts)
        if self._settings.concatenation is Concatenation.SAR:
            tlvs = (
                tlv(TAG_SAR_MSG_REF_NUM, bytes((0, reference)))
                + tlv(TAG_SAR_TOTAL_SEGMENTS, bytes((total,)))
                + tlv(TAG_SAR_SEGMENT_SEQNUM, bytes((number + 1,)))
            )
            return self._build(sequence, message, 0, coding, content, tlvs)
        header = bytes((5, 0, 3, reference, total, number + 1))
        return self._build(sequence, message, ESM_UDHI, coding, header + content)

    def _encode(self, part: Part) -> tuple[int, bytes]:
        try:
            return encode_part(part, self._settings.charset)
        except UnicodeEncodeError:
            raise Unwritable("LOA_NOT_IN_CHARSET") from None

    def _build(
        self, sequence: int, message: Outbound, esm_class: int, coding: int, content: bytes, tlvs: bytes = b""
    ) -> bytes:
        recipient = message.recipient
        if not (recipient.isascii() and recipient.isdigit() and len(recipient) <= 20):
            raise Unwritable("LOA_INVALID_RECIPIENT")
        if len(content) > 254:
            raise Unwritable("LOA_TOO_LONG")
        head = self._heads.get(message.sender) or self._head(message.sender)
        validity = message.validity
        middle = self._middles.get((esm_class, coding, validity)) or self._middle(esm_class, coding, validity)
        return build_message(SUBMIT_SM, sequence, head, recipient.encode("ascii"), middle, content, tlvs)

    def _head(self, sender: str) -> bytes:
        chosen = self._settings
        try:
            head = message_head(
                chosen.service_type,
                chosen.source_ton,
                chosen.source_npi,
                sender or chosen.sender,
                chosen.destination_ton,
                chosen.destination_npi,
            )
        except ValueError:
            raise Unwritable("LOA_INVALID_SENDER") from None
        if len(self._heads) >= _CACHED:
            self._heads.clear()
        self._heads[sender] = head
        return head

    def _middle(self, esm_class: int, coding: int, validity: timedelta) -> bytes:
        middle = message_middle(
            esm_class, relative_validity(validity.total_seconds()), self._settings.registered_delivery, coding
        )
        if len(self._middles) >= _CACHED:
            self._middles.clear()
        self._middles[esm_class, coding, validity] = middle
        return middle

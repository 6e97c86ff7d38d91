"""The SMPP 3.4 wire format: frames out of a stream of bytes, PDUs built and read.

Every length is checked before it is used, and whatever the bytes are the answer is a value or ``Malformed``.
Nothing here waits or keeps more than one unfinished PDU. The four PDUs of the hot path (``submit_sm`` and
``deliver_sm`` with their answers) are built by joining bytes and read by position: no object per field.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from campaigns.gateways.smpp.constants import (
    HEADER_SIZE,
    INTERFACE_VERSION,
    MAX_PDU,
    RESPONSE,
    TAG_MESSAGE_PAYLOAD,
)

_HEADER = Struct(">LLLL")
_TLV = Struct(">HH")
_LENGTH = Struct(">L")
pack_header = _HEADER.pack

MAX_TLVS = 64
"""Optional parameters read from one PDU; more is no message but an attack."""


class Malformed(Exception):
    """Bytes that are no SMPP PDU. ``fatal`` when the place where the next PDU begins is lost with it."""

    def __init__(self, reason: str, *, fatal: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fatal = fatal


class Frame(NamedTuple):
    """One PDU as it came: the header's fields and the body's bytes."""

    command: int
    status: int
    sequence: int
    body: bytes


class Frames:
    """Cuts a stream into PDUs, holding at most one unfinished PDU (``limit`` octets)."""

    __slots__ = ("_limit", "_rest")

    def __init__(self, limit: int = MAX_PDU) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The PDUs completed by ``data``, to be taken to the end; what follows an error is dropped.

        Raises:
            Malformed: fatal, a length below 16 or above the limit; the stream cannot be read any further.
        """
        buffer = self._rest + data if self._rest else bytes(data)
        self._rest = b""
        position, size = 0, len(buffer)
        unpack, limit = _HEADER.unpack_from, self._limit
        while size - position >= HEADER_SIZE:
            length, command, status, sequence = unpack(buffer, position)
            if not HEADER_SIZE <= length <= limit:
                raise Malformed(f"a PDU of {length} octets", fatal=True)
            end = position + length
            if end > size:
                break
            yield Frame(command, status, sequence, buffer[position + HEADER_SIZE : end])
            position = end
        if size - position >= 4 and not HEADER_SIZE <= _LENGTH.unpack_from(buffer, position)[0] <= limit:
            raise Malformed("a PDU with a length that cannot be", fatal=True)
        self._rest = buffer[position:]


def pdu(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """One whole PDU."""
    return pack_header(HEADER_SIZE + len(body), command, status, sequence) + body


def c_string(value: str, limit: int, field: str) -> bytes:
    """A C-octet string with its NUL; ``limit`` counts the NUL, as the specification does.

    Raises:
        ValueError: not ASCII, holds a NUL, or too long; names the field.
    """
    try:
        raw = value.encode("ascii")
    except UnicodeEncodeError:
        raise ValueError(f"{field} is not plain ASCII") from None
    if b"\0" in raw or len(raw) >= limit:
        raise ValueError(f"{field} takes at most {limit - 1} characters")
    return raw + b"\0"


def read_c_string(body: bytes, position: int, limit: int) -> tuple[bytes, int]:
    """The C-octet string at ``position`` without its NUL, and the position after it.

    Raises:
        Malformed: there is no NUL within ``limit`` octets.
    """
    end = body.find(b"\0", position, position + limit)
    if end < 0:
        raise Malformed("a string without an end, or too long")
    return body[position:end], end + 1


def tlv(tag: int, value: bytes) -> bytes:
    """One optional parameter (5.3)."""
    return _TLV.pack(tag, len(value)) + value


def read_tlvs(body: bytes, position: int) -> dict[int, bytes]:
    """The optional parameters from ``position`` to the end; the first of a tag counts.

    Raises:
        Malformed: one is cut short, or there are more than ``MAX_TLVS``.
    """
    found: dict[int, bytes] = {}
    size = len(body)
    while position < size:
        if size - position < 4 or len(found) >= MAX_TLVS:
            raise Malformed("optional parameters cut short, or too many")
        tag, length = _TLV.unpack_from(body, position)
        position += 4
        if length > size - position:
            raise Malformed(f"optional parameter 0x{tag:04X} cut short")
        found.setdefault(tag, body[position : position + length])
        position += length
    return found


class Bind(NamedTuple):
    """The body of a bind (4.1.1), less its address range."""

    system_id: str
    password: str
    system_type: str
    version: int


def build_bind(
    command: int,
    sequence: int,
    *,
    system_id: str,
    password: str,
    system_type: str = "",
    ton: int = 0,
    npi: int = 0,
    address_range: str = "",
) -> bytes:
    """bind_transmitter, bind_receiver or bind_transceiver (4.1).

    Raises:
        ValueError: a field does not fit; names it, never its value.
    """
    body = (
        c_string(system_id, 16, "system_id")
        + c_string(password, 9, "password")
        + c_string(system_type, 13, "system_type")
        + bytes((INTERFACE_VERSION, ton, npi))
        + c_string(address_range, 41, "address_range")
    )
    return pdu(command, 0, sequence, body)


def read_bind(body: bytes) -> Bind:
    """Raises Malformed."""
    system_id, position = read_c_string(body, 0, 16)
    # The specification allows 8 characters of password, telcos hand out longer ones.
    password, position = read_c_string(body, position, 65)
    system_type, position = read_c_string(body, position, 13)
    if len(body) - position < 4:
        raise Malformed("a bind cut short")
    return Bind(system_id.decode("latin-1"), password.decode("latin-1"), system_type.decode("latin-1"), body[position])


def read_message_id(body: bytes) -> str:
    """The ``message_id`` of a submit_sm_resp (4.4.2); empty when there is none, as in refusals.

    Raises:
        Malformed: longer than 64 characters or without an end.
    """
    if not body:
        return ""
    end = body.find(b"\0", 0, 65)
    if end < 0:
        # Seen in the field: the NUL left out at the end of the PDU.
        if len(body) <= 64:
            return body.decode("latin-1")
        raise Malformed("a message_id without an end")
    return body[:end].decode("latin-1")


class Message(NamedTuple):
    """The fields of a submit_sm, deliver_sm or data_sm that matter to either end."""

    source_ton: int
    source: str
    destination: str
    esm_class: int
    registered_delivery: int
    data_coding: int
    content: bytes
    """``short_message``, or ``message_payload`` where that is used."""
    tlvs: dict[int, bytes]
    validity: bytes


_NO_TLVS: dict[int, bytes] = {}


def read_message(body: bytes) -> Message:
    """The body of a submit_sm (4.4.1) or deliver_sm (4.6.1).

    Raises:
        Malformed: cut short, or a field longer than the specification allows.
    """
    find = body.find
    end = find(b"\0", 0, 6)
    # Addresses may be longer than the 20 characters of 3.4: some telcos send names with them.
    source_end = find(b"\0", end + 3, end + 3 + 65)
    destination_end = find(b"\0", source_end + 3, source_end + 3 + 65)
    if end < 0 or source_end < 0 or destination_end < 0:
        raise Malformed("addresses without an end, or too long")
    schedule_end = find(b"\0", destination_end + 4, destination_end + 4 + 17)
    validity_end = find(b"\0", schedule_end + 1, schedule_end + 1 + 17)
    position = validity_end + 6
    if schedule_end < 0 or validity_end < 0 or position > len(body):
        raise Malformed("a message cut short")
    registered, _replace, coding, _default, length = body[validity_end + 1 : position]
    content_end = position + length
    content = body[position:content_end]
    if len(content) != length:
        raise Malformed("a short_message cut short")
    tlvs = _NO_TLVS
    if content_end < len(body):
        tlvs = read_tlvs(body, content_end)
        if not content and TAG_MESSAGE_PAYLOAD in tlvs:
            content = tlvs[TAG_MESSAGE_PAYLOAD]
    return Message(
        body[end + 1],
        body[end + 3 : source_end].decode("latin-1"),
        body[source_end + 3 : destination_end].decode("latin-1"),
        body[destination_end + 1],
        registered,
        coding,
        content,
        tlvs,
        body[schedule_end + 1 : validity_end],
    )


def read_data_sm(body: bytes) -> Message:
    """The body of a data_sm (4.7.1), which carries its text in ``message_payload`` only.

    Raises:
        Malformed: cut short, or a field longer than the specification allows.
    """
    _service, position = read_c_string(body, 0, 6)
    source, after_source = read_c_string(body, position + 2, 65)
    destination, after = read_c_string(body, after_source + 2, 65)
    if len(body) - after < 3:
        raise Malformed("a data_sm cut short")
    tlvs = read_tlvs(body, after + 3)
    esm_class, registered, coding = body[after : after + 3]
    return Message(
        body[position],
        source.decode("latin-1"),
        destination.decode("latin-1"),
        esm_class,
        registered,
        coding,
        tlvs.get(TAG_MESSAGE_PAYLOAD, b""),
        tlvs,
        b"",
    )


def message_head(service_type: str, source_ton: int, source_npi: int, source: str, ton: int, npi: int) -> bytes:
    """The beginning of a message's body, up to the destination; the same for everybody, so built once.

    Raises:
        ValueError: a field does not fit.
    """
    return (
        c_string(service_type, 6, "service_type")
        + bytes((source_ton, source_npi))
        + c_string(source, 21, "source_addr")
        + bytes((ton, npi))
    )


def message_middle(esm_class: int, validity: bytes, registered_delivery: int, data_coding: int) -> bytes:
    """What stands between the destination and the length of the text, with the destination's NUL in front."""
    # protocol_id, priority_flag, schedule_delivery_time; then replace_if_present, data_coding, sm_default_msg_id
    return bytes((0, esm_class, 0, 0, 0)) + validity + bytes((0, registered_delivery, 0, data_coding, 0))


def build_message(
    command: int, sequence: int, head: bytes, destination: bytes, middle: bytes, content: bytes, tlvs: bytes = b""
) -> bytes:
    """A submit_sm or deliver_sm from its prepared pieces; ``content`` has at most 254 octets."""
    return b"".join(
        (
            pack_header(
                17 + len(head) + len(destination) + len(middle) + len(content) + len(tlvs), command, 0, sequence
            ),
            head,
            destination,
            middle,
            len(content).to_bytes(1, "big"),
            content,
            tlvs,
        )
    )


def relative_validity(seconds: float) -> bytes:
    """A relative time of SMPP (7.1.1.2), ``YYMMDDhhmmss000R``: years of 365 and months of 30 days.

    At least one second; more than 63 weeks, the most that GSM knows, are cut to that.
    """
    left = min(max(int(seconds), 1), 63 * 7 * 86400)
    days, left = divmod(left, 86400)
    years, days = divmod(days, 365)
    months, days = divmod(days, 30)
    hours, left = divmod(left, 3600)
    minutes, left = divmod(left, 60)
    return b"%02d%02d%02d%02d%02d%02d000R" % (years, months, days, hours, minutes, left)


def is_response(command: int) -> bool:
    """Whether a command answers another."""
    return command & RESPONSE != 0

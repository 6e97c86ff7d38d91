"""The wire format against bytes written out by hand from SMPP 3.4, and its edges."""

from __future__ import annotations

import pytest

from campaigns.gateways.smpp import codec
from campaigns.gateways.smpp.codec import Frames, Malformed, Message
from campaigns.gateways.smpp.constants import (
    BIND_TRANSMITTER,
    DELIVER_SM,
    ENQUIRE_LINK,
    SUBMIT_SM,
    TAG_MESSAGE_PAYLOAD,
    TAG_RECEIPTED_MESSAGE_ID,
)

# 3.2.2: the specification's own example of a bind_transmitter, but for the version of the interface.
BIND = bytes.fromhex(
    "0000002F 00000002 00000000 00000001"
    "534D50503354455354 00"  # SMPP3TEST
    "7365637265743038 00"  # secret08
    "5355424D495431 00"  # SUBMIT1
    "34 01 01 00"  # 3.4, international, ISDN, no range
)
SUBMIT = bytes.fromhex(
    "00000049 00000004 00000000 00000007"
    "00"  # service_type
    "05 00 554224444E 00"  # UB$DN, alphanumeric
    "01 01 3834393035313233343536 00"  # 84905123456, international, ISDN
    "40 00 00 00"  # esm_class with a header, protocol, priority, schedule
    "30303030303130303030303030303052 00"  # 000001000000000R
    "01 00 00 00"  # registered_delivery, replace, data_coding, default message
    "08 050003AB0201 4142"  # a header and AB
)


def test_a_bind_is_written_as_in_the_specification() -> None:
    built = codec.build_bind(
        BIND_TRANSMITTER, 1, system_id="SMPP3TEST", password="secret08", system_type="SUBMIT1", ton=1, npi=1
    )
    assert built == BIND
    assert codec.read_bind(BIND[16:]) == ("SMPP3TEST", "secret08", "SUBMIT1", 0x34)


def test_a_submit_sm_is_written_field_by_field() -> None:
    head = codec.message_head("", 5, 0, "UB$DN", 1, 1)
    middle = codec.message_middle(0x40, b"000001000000000R", 1, 0)
    built = codec.build_message(SUBMIT_SM, 7, head, b"84905123456", middle, bytes.fromhex("050003AB02014142"))
    assert built == SUBMIT


def test_a_submit_sm_is_read_field_by_field() -> None:
    assert codec.read_message(SUBMIT[16:]) == Message(
        5, "UB$DN", "84905123456", 0x40, 1, 0, bytes.fromhex("050003AB02014142"), {}, b"000001000000000R"
    )


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        (b"4A1B\0", "4A1B"),
        (b"\0", ""),
        (b"", ""),
        (b"without-nul", "without-nul"),
        (b"x" * 64 + b"\0", "x" * 64),
        (b"id\0" + bytes.fromhex("001D0003616263"), "id"),
    ],
)
def test_a_message_id_is_read(body: bytes, message_id: str) -> None:
    assert codec.read_message_id(body) == message_id


def test_a_message_id_without_an_end_is_refused() -> None:
    with pytest.raises(Malformed):
        codec.read_message_id(b"x" * 65)


def test_message_payload_takes_the_place_of_an_empty_short_message() -> None:
    body = SUBMIT[16:-9] + b"\0" + codec.tlv(TAG_MESSAGE_PAYLOAD, b"long" * 100)
    assert codec.read_message(body).content == b"long" * 100


def test_a_data_sm_is_read() -> None:
    body = b"\0\x01\x0184905\0\x00\x001022\0\x04\x00\x00" + codec.tlv(TAG_RECEIPTED_MESSAGE_ID, b"77\0")
    message = codec.read_data_sm(body)
    assert (message.source, message.destination, message.esm_class) == ("84905", "1022", 4)
    assert message.tlvs == {TAG_RECEIPTED_MESSAGE_ID: b"77\0"}


@pytest.mark.parametrize("cut", range(len(SUBMIT) - 16))
def test_a_message_cut_anywhere_is_malformed(cut: int) -> None:
    with pytest.raises(Malformed):
        codec.read_message(SUBMIT[16 : 16 + cut])


@pytest.mark.parametrize("tail", ["00", "0424", "042400", "04240002 61", "0424FFFF 6162"])
def test_optional_parameters_cut_short_are_malformed(tail: str) -> None:
    with pytest.raises(Malformed):
        codec.read_message(SUBMIT[16:] + bytes.fromhex(tail))


def test_more_optional_parameters_than_a_message_has_are_malformed() -> None:
    with pytest.raises(Malformed):
        codec.read_tlvs(b"".join(codec.tlv(tag, b"") for tag in range(65)), 0)


@pytest.mark.parametrize("size", [1, 2, 7, 15, 16, 17, 1000])
def test_frames_come_whole_however_the_stream_is_cut(size: int) -> None:
    stream = BIND + SUBMIT + codec.pdu(ENQUIRE_LINK, 0, 9) * 3
    frames = Frames()
    found = [frame for start in range(0, len(stream), size) for frame in frames.feed(stream[start : start + size])]
    assert [frame.command for frame in found] == [BIND_TRANSMITTER, SUBMIT_SM, *[ENQUIRE_LINK] * 3]
    assert found[1].body == SUBMIT[16:]


@pytest.mark.parametrize("length", [0, 1, 15, 70_001, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_cannot_be_ends_the_stream_at_once(length: int) -> None:
    frames = Frames()
    good = codec.pdu(ENQUIRE_LINK, 0, 1)
    got: list[codec.Frame] = []
    with pytest.raises(Malformed) as error:
        got.extend(frames.feed(good + length.to_bytes(4, "big")))
    assert error.value.fatal
    assert len(got) == 1


def test_the_largest_message_payload_fits() -> None:
    body = SUBMIT[16:-9] + b"\0" + codec.tlv(TAG_MESSAGE_PAYLOAD, b"x" * 0xFFFF)
    (frame,) = Frames().feed(codec.pdu(DELIVER_SM, 0, 1, body))
    assert len(codec.read_message(frame.body).content) == 0xFFFF


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, b"000000000001000R"),
        (59.9, b"000000000059000R"),
        (3600, b"000000010000000R"),
        (86400, b"000001000000000R"),
        (2 * 86400 + 3 * 3600 + 4 * 60 + 5, b"000002030405000R"),
        (45 * 86400, b"000115000000000R"),
        (10**9, b"010216000000000R"),
    ],
)
def test_validity_is_relative(seconds: float, written: bytes) -> None:
    assert codec.relative_validity(seconds) == written


@pytest.mark.parametrize("value", ["x" * 16, "ô", "a\0b"])
def test_a_string_that_does_not_fit_names_its_field_and_not_its_value(value: str) -> None:
    with pytest.raises(ValueError, match="password") as error:
        codec.c_string(value, 16, "password")
    assert value not in str(error.value)

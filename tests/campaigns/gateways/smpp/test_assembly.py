"""Inbound messages of several parts: any order, repeated, incomplete, too many."""

from __future__ import annotations

import itertools

import pytest

from campaigns.gateways.smpp.assembly import Assembler, Key, Segment, split_header
from campaigns.gateways.smpp.codec import Message

KEY: Key = ("84905123456", "1022", 7, 3)


def decode(content: bytes, coding: int) -> str:
    return content.decode("utf-16-be" if coding == 8 else "ascii", "replace")


def message(content: bytes, esm_class: int = 0x40, tlvs: dict[int, bytes] | None = None) -> Message:
    return Message(1, "84905123456", "1022", esm_class, 0, 0, content, tlvs or {}, b"")


@pytest.mark.parametrize(
    ("content", "segment", "rest"),
    [
        (b"\x05\x00\x03\x07\x03\x02AB", Segment(7, 3, 2), b"AB"),
        (b"\x06\x08\x04\x01\x07\x03\x02AB", Segment(263, 3, 2), b"AB"),
        (b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x07\x02\x01AB", Segment(7, 2, 1), b"AB"),
        (b"\x05\x00\x03\x07\x03\x04AB", None, b"AB"),
        (b"\x05\x00\x03\x07\x03\x00AB", None, b"AB"),
        (b"\x05\x00\x03\x07\x01\x01AB", None, b"AB"),
        (b"\x05\x00\xff\x07\x03\x02AB", None, b"AB"),
        (b"\x00AB", None, b"AB"),
        (b"\xffAB", None, b"\xffAB"),
        (b"", None, b""),
    ],
)
def test_the_header_says_where_a_part_belongs(content: bytes, segment: Segment | None, rest: bytes) -> None:
    assert split_header(message(content)) == (segment, rest)


def test_parameters_say_where_a_part_belongs() -> None:
    tlvs = {0x20C: b"\x01\x07", 0x20E: b"\x03", 0x20F: b"\x02"}
    assert split_header(message(b"AB", 0, tlvs)) == (Segment(263, 3, 2), b"AB")
    assert split_header(message(b"AB", 0, {0x20C: b""})) == (None, b"AB")


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_parts_come_in_any_order(order: tuple[int, ...]) -> None:
    assembler = Assembler(decode)
    texts = [assembler.add(KEY, number, (0, b"abc"[number - 1 : number]), 0) for number in order]
    assert texts == [None, None, "abc"]


def test_a_part_that_comes_twice_is_one_part() -> None:
    assembler = Assembler(decode)
    assert assembler.add(KEY, 1, (0, b"a"), 0) is None
    assert assembler.add(KEY, 1, (0, b"a"), 0) is None
    assert assembler.add(KEY, 2, (0, b"b"), 0) is None
    assert assembler.add(KEY, 3, (0, b"c"), 0) == "abc"


def test_a_pair_cut_between_parts_is_whole_again() -> None:
    assembler = Assembler(decode)
    octets = "a👍b".encode("utf-16-be")
    key = (*KEY[:3], 2)
    assembler.add(key, 1, (8, octets[:4]), 0)
    assert assembler.add(key, 2, (8, octets[4:]), 0) == "a👍b"


def test_a_last_part_that_was_not_safe_comes_again_and_finds_the_others() -> None:
    assembler = Assembler(decode)
    assembler.add(KEY, 1, (0, b"a"), 0)
    assembler.add(KEY, 3, (0, b"c"), 0)
    assert assembler.add(KEY, 2, (0, b"b"), 0) == "abc"
    assembler.settle(KEY, 2, False)
    assert assembler.add(KEY, 2, (0, b"b"), 0) == "abc"
    assembler.settle(KEY, 2, True)
    assert len(assembler) == 0


def test_what_never_became_whole_is_handed_over_with_its_gaps() -> None:
    assembler = Assembler(decode, seconds=10)
    assembler.add(("84905123456", "1022", 7, 5), 1, (0, b"TC "), 0)
    assembler.add(("84905123456", "1022", 7, 5), 4, (0, b"xong"), 3)
    assert assembler.expire(9.9) == []
    assert assembler.expire(10) == [(("84905123456", "1022", 7, 5), "TC  … xong …")]
    assert assembler.expire(100) == []


def test_memory_is_bounded_by_messages_and_by_octets() -> None:
    assembler = Assembler(decode, limit=3, octets=1000, seconds=1e9)
    for reference in range(5):
        assembler.add((*KEY[:2], reference, 3), 1, (0, b"x"), 0)
    assert [key[2] for key, _text in assembler.expire(0)] == [0, 1]
    assembler.add((*KEY[:2], 9, 3), 1, (0, b"x" * 2000), 0)
    assembler.expire(0)
    assert len(assembler) == 0

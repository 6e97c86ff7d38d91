"""Alphabets, parts and marks, against the specification's tables and the letters of Vietnamese."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.content.encoding import (
    GSM_BASIC,
    GSM_EXTENSION,
    Alphabet,
    UnsendableText,
    count_parts,
    encode,
    normalise,
    strip_marks,
)

LOWER = (
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
)
BARE = "a" * 17 + "e" * 11 + "i" * 5 + "o" * 17 + "u" * 11 + "y" * 5 + "d"
LETTERS = [*zip(LOWER, BARE, strict=True), *zip(LOWER.upper(), BARE.upper(), strict=True)]
IN_GSM = set("àèéìòùÉ")


def decode_gsm(payload: bytes) -> str:
    """The text of septets, read from the specification's table the other way round."""
    extension = {code: char for char, code in GSM_EXTENSION.items()}
    text, escaped = "", False
    for code in payload:
        if escaped:
            text += extension[code]
        elif code != 0x1B:
            text += GSM_BASIC[code]
        escaped = code == 0x1B and not escaped
    assert not escaped
    return text


def test_vietnamese_has_134_letters_with_marks() -> None:
    assert len({letter for letter, _ in LETTERS}) == 134


@pytest.mark.parametrize(("letter", "bare"), LETTERS)
def test_every_vietnamese_letter_has_its_alphabet_its_ascii_letter_and_one_unit(letter: str, bare: str) -> None:
    encoded = encode(letter)
    assert encoded.alphabet is (Alphabet.GSM7 if letter in IN_GSM else Alphabet.UCS2)
    assert encoded.units == 1
    assert strip_marks(letter) == bare
    assert strip_marks(unicodedata.normalize("NFD", letter)) == bare


@pytest.mark.parametrize("letter", [letter for letter, _ in LETTERS])
def test_a_decomposed_letter_is_sent_as_the_same_bytes_as_the_composed_one(letter: str) -> None:
    assert encode(unicodedata.normalize("NFD", letter)) == encode(letter)


def test_a_decomposed_sentence_costs_no_more_than_a_composed_one() -> None:
    sentence = "Sử dụng thẻ Căn cước công dân gắn chíp điện tử"
    decomposed = unicodedata.normalize("NFD", sentence)
    assert len(decomposed) == 63
    assert encode(decomposed).units == 46
    assert normalise(decomposed) == sentence


@pytest.mark.parametrize(
    ("character", "septet"),
    [("@", 0x00), ("$", 0x02), ("é", 0x05), ("\n", 0x0A), ("_", 0x11), ("Ξ", 0x1A), ("É", 0x1F), ("A", 0x41),
     ("à", 0x7F)],
)  # fmt: skip
def test_a_basic_character_is_one_septet_of_the_specification(character: str, septet: int) -> None:
    encoded = encode(character)
    assert (encoded.alphabet, encoded.parts[0].payload) == (Alphabet.GSM7, bytes([septet]))


@pytest.mark.parametrize(
    ("character", "septet"),
    [("\f", 0x0A), ("^", 0x14), ("{", 0x28), ("}", 0x29), ("\\", 0x2F), ("[", 0x3C), ("~", 0x3D), ("]", 0x3E),
     ("|", 0x40), ("€", 0x65)],
)  # fmt: skip
def test_an_extension_character_is_an_escape_and_a_septet_and_costs_two(character: str, septet: int) -> None:
    encoded = encode(character)
    assert (encoded.alphabet, encoded.units, encoded.room) == (Alphabet.GSM7, 2, 158)
    assert encoded.parts[0].payload == bytes([0x1B, septet])


@pytest.mark.parametrize(
    "character",
    ["`", "\x1b", "\t", "\x00", "“", "”", "‘", "’", "–", "—", "…", "\u00a0", "\u200b", "\ufeff", "₫", "№", "ç", "À"],
)
def test_a_character_outside_both_tables_makes_the_text_unicode_and_is_not_replaced(character: str) -> None:
    encoded = encode(f"a{character}b")
    assert encoded.alphabet is Alphabet.UCS2
    assert encoded.parts[0].payload.decode("utf-16-be") == f"a{character}b"


@pytest.mark.parametrize(
    ("text", "parts", "units", "room"),
    [
        ("", 0, 0, 160),
        ("a" * 160, 1, 160, 0),
        ("a" * 161, 2, 161, 145),
        ("a" * 306, 2, 306, 0),
        ("a" * 307, 3, 307, 152),
        ("ă" * 70, 1, 70, 0),
        ("ă" * 71, 2, 71, 63),
        ("ă" * 134, 2, 134, 0),
        ("ă" * 135, 3, 135, 66),
        ("€" * 80, 1, 160, 0),
        ("€" * 81, 2, 162, 153 - 10),
        ("[TB] " + "a" * 153, 1, 160, 0),
        ("[TB] " + "a" * 154, 2, 161, 145),
        ("😀" * 35, 1, 70, 0),
        ("😀" * 36, 2, 72, 67 - 6),
    ],
)
def test_parts_units_and_room_follow_the_limits(text: str, parts: int, units: int, room: int) -> None:
    encoded = encode(text)
    assert (len(encoded.parts), encoded.units, encoded.room) == (parts, units, room)
    assert count_parts(text) == parts


def test_an_escape_pair_at_the_border_moves_whole_into_the_next_part() -> None:
    first, second = encode("a" * 152 + "€" + "b" * 20).parts
    assert len(first.payload) == 152
    assert second.payload == b"\x1b\x65" + b"b" * 20


def test_an_escape_pair_that_just_fits_stays_in_its_part() -> None:
    first, second = encode("a" * 151 + "€" + "b" * 20).parts
    assert first.payload.endswith(b"\x1b\x65")
    assert len(first.payload) == 153
    assert second.payload == b"b" * 20


def test_a_surrogate_pair_at_the_border_moves_whole_into_the_next_part() -> None:
    first, second = encode("ă" * 66 + "😀" + "b" * 10).parts
    assert first.text == "ă" * 66
    assert second.payload.decode("utf-16-be") == "😀" + "b" * 10


def test_a_letter_whose_mark_has_no_composed_form_stays_with_its_mark() -> None:
    first, second = encode("ă" * 66 + "x\u0323" + "b" * 10).parts
    assert first.text == "ă" * 66
    assert second.text.startswith("x\u0323")


def test_nothing_but_marks_is_still_cut_into_parts() -> None:
    assert count_parts("x" + "\u0323" * 200) == 3


def test_half_a_surrogate_pair_is_refused_with_its_place() -> None:
    with pytest.raises(UnsendableText) as refusal:
        encode("ab\ud83d")
    assert refusal.value.detail == {"position": 3}


def test_a_text_of_more_than_255_parts_is_refused() -> None:
    assert len(encode("a" * 153 * 255).parts) == 255
    with pytest.raises(UnsendableText):
        encode("a" * (153 * 255 + 1))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_the_parts_of_any_text_hold_it_whole_and_are_counted_alike(text: str) -> None:
    encoded = encode(text)
    limit = encoded.alphabet.single if len(encoded.parts) < 2 else encoded.alphabet.several
    decode = decode_gsm if encoded.alphabet is Alphabet.GSM7 else lambda payload: payload.decode("utf-16-be")
    assert "".join(decode(part.payload) for part in encoded.parts) == normalise(text)
    assert all(decode(part.payload) == part.text for part in encoded.parts)
    width = 1 if encoded.alphabet is Alphabet.GSM7 else 2
    assert all(0 < len(part.payload) <= limit * width for part in encoded.parts)
    assert encoded.units == sum(len(part.payload) for part in encoded.parts) // width
    assert count_parts(text) == len(encoded.parts)


@given(st.text(alphabet=GSM_BASIC.replace("\x1b", "") + "".join(GSM_EXTENSION), min_size=1, max_size=500))
def test_any_text_of_the_gsm_tables_stays_gsm_and_comes_back(text: str) -> None:
    encoded = encode(text)
    assert encoded.alphabet is Alphabet.GSM7
    assert "".join(decode_gsm(part.payload) for part in encoded.parts) == text
    assert encoded.room == (160 if len(encoded.parts) == 1 else 153) - len(encoded.parts[-1].payload)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Đường Đỗ Quang, quận Thanh Khê", "Duong Do Quang, quan Thanh Khe"),
        ("Ðà Nẵng", "Da Nang"),
        ("ƌường", "duong"),
        ("PHƯỜNG HOÀ KHÁNH NAM", "PHUONG HOA KHANH NAM"),
        ("đã có “ngoặc” – 5₫", "da co “ngoac” – 5₫"),
        ("Київ, 한국, 😀", "Київ, 한국, 😀"),
    ],
)
def test_marks_come_off_and_what_has_no_ascii_letter_stays(text: str, expected: str) -> None:
    assert strip_marks(text) == expected

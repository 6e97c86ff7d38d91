"""What the editor points out, and what it mends only when asked."""

from __future__ import annotations

import unicodedata

import pytest

from campaigns.content.findings import Kind, findings, gateway_parts, hints, repair


@pytest.mark.parametrize(
    ("character", "kind", "replacement"),
    [
        ("“", Kind.TYPOGRAPHY, '"'),
        ("”", Kind.TYPOGRAPHY, '"'),
        ("‘", Kind.TYPOGRAPHY, "'"),
        ("’", Kind.TYPOGRAPHY, "'"),
        ("–", Kind.TYPOGRAPHY, "-"),
        ("—", Kind.TYPOGRAPHY, "-"),
        ("…", Kind.TYPOGRAPHY, "..."),
        ("•", Kind.TYPOGRAPHY, "-"),
        ("₫", Kind.TYPOGRAPHY, "đ"),
        ("№", Kind.TYPOGRAPHY, "No."),
        ("`", Kind.TYPOGRAPHY, "'"),
        ("\u00a0", Kind.SPACE, " "),
        ("\u202f", Kind.SPACE, " "),
        ("\t", Kind.SPACE, " "),
        ("\u200b", Kind.INVISIBLE, ""),
        ("\ufeff", Kind.INVISIBLE, ""),
        ("\u00ad", Kind.INVISIBLE, ""),
        ("😀", Kind.UNICODE, None),
        ("中", Kind.UNICODE, None),
        ("à", Kind.GATEWAY, None),
    ],
)
def test_a_character_is_pointed_out_with_its_kind_place_and_repair(
    character: str, kind: Kind, replacement: str | None
) -> None:
    (found,) = findings(f"ab{character}")
    assert (found.position, found.character, found.kind, found.replacement) == (2, character, kind, replacement)
    assert found.suggestion.vi != found.suggestion.en
    assert repair(f"ab{character}") == f"ab{character if replacement is None else replacement}"


def test_ordinary_vietnamese_gives_no_findings() -> None:
    assert findings("Từ 01/01/2023, Sổ hộ khẩu, Sổ tạm trú giấy hết giá trị. Đà Nẵng") == []


def test_a_decomposed_text_is_pointed_out_letter_by_letter_and_merged() -> None:
    decomposed = unicodedata.normalize("NFD", "Sổ hộ khẩu")
    found = findings(decomposed)
    assert [finding.kind for finding in found] == [Kind.DECOMPOSED] * 3
    assert [finding.replacement for finding in found] == ["ổ", "ộ", "ẩ"]
    assert repair(decomposed) == "Sổ hộ khẩu"


def test_characters_a_gateway_does_not_take_come_from_its_list() -> None:
    (found,) = findings("x@y", forbidden="@")
    assert (found.position, found.kind, found.replacement) == (1, Kind.FORBIDDEN, None)
    assert findings("x@y") == []


def test_hints_name_what_makes_a_text_unicode_and_how_much_to_cut() -> None:
    seen = hints("Đà Nẵng, Đà Nẵng" + " x" * 30)
    assert seen.unicode_characters == ("Đ", "ẵ")
    assert len(seen.encoded.parts) == 2
    assert seen.cut_for_one_less == 6
    assert seen.plain_parts == 1


def test_a_text_of_one_part_has_nothing_to_cut() -> None:
    assert hints("a").cut_for_one_less == 0
    assert hints("").cut_for_one_less == 0


def test_cutting_what_the_hint_says_is_enough_and_less_is_not() -> None:
    text = "ă" * 66 + "😀" * 40
    seen = hints(text)
    assert len(hints(text[: -seen.cut_for_one_less]).encoded.parts) == len(seen.encoded.parts) - 1
    assert len(hints(text[: -seen.cut_for_one_less + 1]).encoded.parts) == len(seen.encoded.parts)


@pytest.mark.parametrize(
    ("text", "standard", "gateway"),
    [("a" * 160, 1, 1), ("à" + "a" * 159, 1, 3), ("à" + "a" * 69, 1, 1), ("ă" * 71, 2, 2), ("", 0, 0)],
)
def test_a_gateway_that_splits_on_ascii_counts_gsm_letters_as_unicode(text: str, standard: int, gateway: int) -> None:
    assert len(hints(text).encoded.parts) == standard
    assert gateway_parts(text) == gateway

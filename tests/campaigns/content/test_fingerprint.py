"""Which texts are the same."""

from __future__ import annotations

import pytest

from campaigns.content.fingerprint import text_fingerprint

BODY = "Chào {{ ho_ten }}, sổ hộ khẩu giấy đã hết giá trị. Hỏi 1022."


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("Chao {{ho_ten}}, so ho khau giay da het gia tri. Hoi 1022", True),
        ("  CHÀO {{ ho_ten }} - sổ hộ khẩu giấy: đã hết giá trị! Hỏi 1022…", True),
        ("Chào {{ ho_ten }}, sổ hộ khẩu giấy đã hết giá trị. Hỏi 1023.", False),
        ("Chào bạn, sổ hộ khẩu giấy đã hết giá trị. Hỏi 1022.", False),
    ],
)
def test_case_marks_blanks_and_stops_make_no_other_text(other: str, same: bool) -> None:
    assert (text_fingerprint(BODY, {}) == text_fingerprint(other, {})) is same


def test_values_that_all_share_are_part_of_what_is_said() -> None:
    body = "Họp tại {{ dia_diem }}"
    there = text_fingerprint(body, {"dia_diem": "UBND quận Hải Châu"})
    assert there == text_fingerprint(body, {"dia_diem": "ubnd quan hai chau", "khac": "x"})
    assert there != text_fingerprint(body, {"dia_diem": "UBND quận Sơn Trà"})


def test_what_everybody_is_told_of_their_own_is_never_the_same_text() -> None:
    assert text_fingerprint("Hồ sơ {{ ma_ho_so }} đã xong", {}) is None
    assert text_fingerprint("Hồ sơ {{ ma_ho_so }} đã xong", {"ma_ho_so": "12"}) is not None

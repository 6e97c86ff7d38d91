"""Names of places as people write them."""

from __future__ import annotations

import unicodedata

import pytest

from campaigns.areas.names import agrees, fold, place_tones, spelled, strip_prefix, tidy


@pytest.mark.parametrize(
    ("written", "placed"),
    [
        ("Hoà", "Hòa"),
        ("HOÀ", "HÒA"),
        ("Hòa", "Hòa"),
        ("Hoà Khánh", "Hòa Khánh"),
        ("Hoè", "Hòe"),
        ("Thuỷ", "Thủy"),
        ("Hoàng Sa", "Hoàng Sa"),
        ("Toán", "Toán"),
        ("khuỷu", "khuỷu"),
        ("Quý", "Quý"),
        ("Hoà Quý", "Hòa Quý"),
        ("Qúy", "Quý"),
        ("quà", "quà"),
        (unicodedata.normalize("NFD", "Hoà Quý"), "Hòa Quý"),
    ],
)
def test_tones_go_to_the_first_vowel_of_an_open_pair_but_not_after_q(written: str, placed: str) -> None:
    assert place_tones(written) == placed


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("Phường Hòa Minh", "hòa minh"),
        ("P. Hòa Minh", "hòa minh"),
        ("P.Hòa Minh", "hòa minh"),
        ("P Hòa Minh", "hòa minh"),
        ("phuong Hoa Minh", "hoa minh"),
        ("Xã Hòa Bắc", "hòa bắc"),
        ("X.Hòa Bắc", "hòa bắc"),
        ("Đặc khu Hoàng Sa", "hoàng sa"),
        ("Phước Ninh", "phước ninh"),
        ("Xuân Hà", "xuân hà"),
        ("phường 5", "5"),
        ("P5", "5"),
        ("Phường", "phường"),
        ("Quận Hải Châu", "quận hải châu"),
    ],
)
def test_a_ward_loses_its_prefix_and_nothing_else(written: str, bare: str) -> None:
    assert strip_prefix(spelled(written)) == bare


@pytest.mark.parametrize(
    ("written", "bare"),
    [("Quận Hải Châu", "hải châu"), ("Q.Hải Châu", "hải châu"), ("H. Hòa Vang", "hòa vang"), ("TP. Hội An", "hội an")],
)
def test_a_district_loses_its_prefix(written: str, bare: str) -> None:
    assert strip_prefix(spelled(written), "district") == bare


def test_folding_takes_every_mark_and_the_stroke_of_d() -> None:
    assert fold("Đặng Thùy Trâm – Ưỡn Ẹo Ðà") == "dang thuy tram – uon eo da"


def test_tidying_leaves_single_blanks_and_nothing_that_cannot_be_seen() -> None:
    assert tidy(" Hải\u00a0Châu  \t I\x00\u200b\n") == "Hải Châu I"
    assert tidy(unicodedata.normalize("NFD", "Nguyễn")) == "Nguyễn"


@pytest.mark.parametrize(
    ("written", "name", "whether"),
    [
        ("hoa minh", "hòa minh", True),
        ("hoa khánh bac", "hòa khánh bắc", True),
        ("tân chinh", "tân chính", True),
        ("hóa minh", "hòa minh", False),
        ("hoa min", "hòa minh", False),
        ("tam dan", "tam đàn", True),
    ],
)
def test_marks_may_be_left_out_but_not_contradict(written: str, name: str, whether: bool) -> None:
    assert agrees(written, name) is whether

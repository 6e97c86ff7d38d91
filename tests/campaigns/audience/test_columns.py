"""Headers, Vietnamese and English."""

from __future__ import annotations

import unicodedata

import pytest

from campaigns.audience.columns import MAX_ATTRIBUTES, MAX_COLUMNS, attribute_key, read_header
from campaigns.errors import InvalidInput


@pytest.mark.parametrize(
    "phone",
    [
        "Số điện thoại", "SỐ ĐIỆN THOẠI", "so dien thoai", "Số điện thoại (*)", "SĐT", "sdt", "SDT ", "Di động", "ĐTDĐ",
        "Phone", "phone_number", "Mobile", "MOBILE PHONE", "Điện thoại di động",
        unicodedata.normalize("NFD", "Số điện thoại"),
        "Số\u00a0điện\nthoại", "\ufeffSĐT",
    ],
)
def test_number_columns_are_known_in_both_languages(phone: str) -> None:
    assert read_header(["Họ tên", phone]).phone == 1


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Phường/Xã", "ward"), ("Phường, xã", "ward"), ("phuong xa", "ward"), ("Xã/Phường", "ward"), ("Ward", "ward"),
        ("Mã phường", "ward_code"), ("Mã phường/xã", "ward_code"), ("ward_code", "ward_code"),
        ("Quận/Huyện", "district"), ("Quận huyện", "district"), ("District", "district"),
        ("Họ tên", "full_name"), ("Họ và tên", "full_name"), ("HỌ VÀ TÊN", "full_name"), ("Tên", "full_name"),
        ("Full name", "full_name"), ("name", "full_name"),
        ("Ngôn ngữ", "language"), ("Language", "language"), ("lang", "language"),
    ],
)
def test_known_fields_are_found(header: str, field: str) -> None:
    assert getattr(read_header(["SĐT", header]), field) == 1


def test_other_columns_become_attributes_with_plain_keys() -> None:
    columns = read_header(["STT", "SĐT", "Mã hồ sơ", "Ngày hẹn (dd/mm)", "2023", "", "Mã hồ sơ", "Đối tượng"])
    assert columns.attributes == (
        ("ma_ho_so", 2), ("ngay_hen_dd_mm", 3), ("cot_2023", 4), ("ma_ho_so_2", 6), ("doi_tuong", 7),
    )


def test_a_second_number_column_is_not_kept_in_the_clear() -> None:
    columns = read_header(["Điện thoại", "Di động", "Zalo", "ĐT cơ quan", "Số điện thoại người thân"])
    assert columns.phone == 1
    assert columns.attributes == ()
    assert set(columns.ignored) == {"Điện thoại", "Zalo", "ĐT cơ quan", "Số điện thoại người thân"}


def test_a_table_without_a_number_column_says_what_was_found() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_header(["Họ tên", "Địa chỉ"])
    assert "“Họ tên”, “Địa chỉ”" in str(refused.value)


def test_there_are_limits() -> None:
    with pytest.raises(InvalidInput):
        read_header(["SĐT", *(f"c{i}" for i in range(MAX_COLUMNS))])
    with pytest.raises(InvalidInput):
        read_header(["SĐT", *(f"c{i}" for i in range(MAX_ATTRIBUTES + 1))])
    assert len(attribute_key("Rất dài " * 50)) <= 40
    assert attribute_key("…") == ""

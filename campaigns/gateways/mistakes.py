"""What is wrong with a setting, in both languages and without showing its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.i18n import Text

MISTAKES: Mapping[str, Text] = {
    "missing": Text("bắt buộc phải có", "is required"),
    "string_too_short": Text("bắt buộc phải có", "is required"),
    "string_too_long": Text("dài quá {max_length} ký tự", "is longer than {max_length} characters"),
    "too_long": Text("dài quá {max_length} ký tự", "is longer than {max_length} characters"),
    "int_parsing": Text("phải là số nguyên", "must be a whole number"),
    "int_from_float": Text("phải là số nguyên", "must be a whole number"),
    "float_parsing": Text("phải là một số", "must be a number"),
    "greater_than": Text("phải lớn hơn {gt:g}", "must be more than {gt:g}"),
    "greater_than_equal": Text("phải từ {ge:g} trở lên", "must be {ge:g} or more"),
    "less_than": Text("phải nhỏ hơn {lt:g}", "must be less than {lt:g}"),
    "less_than_equal": Text("không được quá {le:g}", "must be {le:g} or less"),
    "enum": Text("chỉ nhận một trong: {expected}", "must be one of: {expected}"),
    "bool_parsing": Text("chỉ nhận có hoặc không", "must be yes or no"),
    "extra_forbidden": Text("không có thiết lập này", "is no setting of this adapter"),
    "string_pattern_mismatch": Text("không đúng dạng", "is not written as it must be"),
    "plain_ascii": Text("chỉ dùng chữ không dấu, số và ký hiệu thường", "plain ASCII only"),
}
"""By pydantic's name of the mistake."""


def in_both(kind: str, context: Mapping[str, Any], otherwise: str) -> Text:
    """The mistake in words; ``otherwise`` where nobody put this one in words, such as a check of an adapter's own."""
    known = MISTAKES.get(kind)
    if known is None:
        return Text(otherwise, otherwise)
    return Text(known.vi.format(**context), known.en.format(**context))

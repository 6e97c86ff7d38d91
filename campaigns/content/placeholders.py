"""The placeholders a text may use: what they mean, where their values come from, and a sample for previews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from campaigns.content.links import PATH, SAMPLE_ADDRESS, SAMPLE_TOKEN
from campaigns.content.shortlinks import SAMPLE_CODE, SAMPLE_SHORT_ADDRESS, SHORT_PATH
from config.i18n import Text

Source = Literal["contact", "campaign", "system"]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One name that may stand in ``{{ }}``."""

    name: str
    title: Text
    source: Source
    """``contact``: differs per recipient; ``campaign``: set once (``--set``); ``system``: filled by Loa."""
    sample: str


_ALL = (
    Placeholder("ho_ten", Text("Họ và tên", "Full name"), "contact", "Nguyễn Thị Hồng Nhung"),
    Placeholder("phuong", Text("Phường, xã", "Ward"), "contact", "Phường Hòa Cường Bắc"),
    Placeholder("quan", Text("Quận, huyện", "District"), "contact", "Quận Hải Châu"),
    Placeholder("ngay", Text("Ngày", "Date"), "campaign", "18/03/2023"),
    Placeholder("gio_bat_dau", Text("Giờ bắt đầu", "Starting hour"), "campaign", "7:30"),
    Placeholder("dia_diem", Text("Địa điểm", "Place"), "campaign", "UBND quận Hải Châu"),
    Placeholder("han_nop", Text("Hạn nộp", "Due date"), "campaign", "10/03/2023"),
    Placeholder("nam", Text("Năm", "Year"), "campaign", "2023"),
    Placeholder(
        "lien_ket",
        Text("Liên kết ngắn (tên ngắn ở mục Liên kết)", "Short link (its short name)"),
        "campaign",
        SAMPLE_SHORT_ADDRESS + SHORT_PATH + SAMPLE_CODE,
    ),
    Placeholder(
        "lien_ket_tu_choi",
        Text("Liên kết từ chối của từng người", "Each person's link to refuse"),
        "contact",
        SAMPLE_ADDRESS + PATH + SAMPLE_TOKEN,
    ),
    Placeholder("chu_de", Text("Chủ đề bị từ chối", "Topic refused"), "system", ""),
    Placeholder("nhan_luc", Text("Thời điểm nhận yêu cầu", "When the request came"), "system", "09:15 12/03/2023"),
    Placeholder("noi_dung", Text("Nội dung gửi thử", "Text that is tried"), "system", "[THU] Noi dung gui thu."),
    Placeholder("ngung_tu", Text("Thời điểm ngừng gửi", "When sending stops"), "system", "09:15 12/03/2023"),
)

PLACEHOLDERS: Mapping[str, Placeholder] = {placeholder.name: placeholder for placeholder in _ALL}
"""The chips of the editor. A column of an imported file that is none of these can be named as well."""


def title_of(name: str) -> str:
    """What a placeholder is called on screens; a column of a list under its own name."""
    known = PLACEHOLDERS.get(name)
    return str(known.title) if known else name


SAMPLES: Mapping[str, str] = {placeholder.name: placeholder.sample for placeholder in _ALL}

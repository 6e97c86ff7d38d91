"""What texts are about; a person may refuse one topic and keep the others."""

from __future__ import annotations

from collections.abc import Mapping

from config.i18n import Text

TOPICS: Mapping[str, Text] = {
    "cu-tru": Text("Cư trú, thay sổ hộ khẩu", "Residence without the paper household book"),
    "dich-vu-cong": Text("Dịch vụ công trực tuyến", "Online public services"),
    "can-cuoc": Text("Căn cước, định danh điện tử", "Identity card and electronic identity"),
    "ho-tich": Text("Hộ tịch", "Civil status"),
    "y-te": Text("Y tế", "Health"),
    "giao-duc": Text("Giáo dục", "Education"),
    "an-sinh": Text("An sinh xã hội", "Social security"),
    "giao-thong": Text("Giao thông", "Road traffic"),
    "luu-tru": Text("Thông báo lưu trú", "Notice of lodging"),
    "de-an-06": Text("Đề án 06", "Project 06"),
    "quang-cao": Text("Quảng cáo", "Advertising"),
    "noi-bo": Text("Nội bộ cơ quan", "Internal, to staff"),
    "he-thong": Text("Trả lời của hệ thống", "Replies of the system"),
}
"""In the order people choose from."""


def topic_title(slug: str) -> str:
    """What a text is about, in words."""
    return str(TOPICS.get(slug, slug))

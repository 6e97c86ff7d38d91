"""What carriers, roles and sources of refusals are called, in words that lists, pages and files share."""

from __future__ import annotations

from collections.abc import Mapping

from config.i18n import Text, t

CARRIER_TITLES: Mapping[str, str] = {
    "viettel": "Viettel",
    "vinaphone": "VinaPhone",
    "mobifone": "MobiFone",
    "vietnamobile": "Vietnamobile",
    "gmobile": "Gmobile",
    "itel": "iTel",
    "wintel": "Wintel",
}

_FORMER = {"reddi": "wintel"}
"""Carriers that changed their name, and what they are called since."""

SOURCE_TITLES: Mapping[str, Text] = {
    "keyword": Text("Nhắn tin từ khoá", "Keyword"),
    "hotline": Text("Tổng đài 1022", "Hotline 1022"),
    "web": Text("Trang web", "Web page"),
    "staff": Text("Cán bộ ghi nhận", "Staff"),
    "import": Text("Nhập danh sách", "Import"),
    "telco": Text("Nhà mạng báo", "Telco"),
}

ROLE_TITLES: Mapping[str, Text] = {
    "officer": Text("Cán bộ truyền thông", "Officer"),
    "approver": Text("Người duyệt", "Approver"),
    "analyst": Text("Người xem số liệu", "Analyst"),
    "operator": Text("Người vận hành", "Operator"),
    "administrator": Text("Quản trị", "Administrator"),
}


def carrier_key(name: str) -> str:
    """What a carrier is called in the database today, also for who still writes its former name."""
    return _FORMER.get(name, name)


def carrier(name: str) -> str:
    """A carrier's name as it writes itself."""
    return CARRIER_TITLES.get(carrier_key(name)) or (t("Chưa rõ", "Unknown") if name in {"", "unknown"} else name)


def routed(name: str) -> str:
    """What a route carries: one carrier, or all that have no route of their own."""
    return t("mọi nhà mạng khác", "any other carrier") if name == "*" else carrier(name)

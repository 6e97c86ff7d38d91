"""Contacts: the register of people, with their numbers masked."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from flask import flash
from markupsafe import Markup
from sqlalchemy.orm import Query

from admin.console import formats, words
from admin.console.context import console, reading
from admin.console.frame import Choice, ChoiceFilter, ListScreen, shown
from campaigns.audience.phone import PhoneResult, carriers, normalise_phone
from campaigns.models import Contact
from campaigns.store import console as store
from campaigns.store.places import load_areas_of, load_places
from config.i18n import Text, t

_LOOKS_LIKE_NUMBER = re.compile(r"\+?[\d\s.()-]{7,20}")


def area_choices() -> list[Choice]:
    """Districts with their wards, of the default edition, by ``area.id``."""
    areas = load_areas_of(reading(), console().settings.default_edition)
    wards = sorted((a for a in areas if a.kind == "ward"), key=lambda a: a.code)
    chosen = []
    for district in (a for a in areas if a.kind == "district"):
        chosen.append(Choice(str(district.id), f"{district.prefix} {district.name}"))
        chosen += [Choice(str(w.id), f"{w.prefix} {w.name}", 1) for w in wards if w.parent_code == district.code]
    return chosen or [Choice(str(w.id), f"{w.prefix} {w.name}") for w in wards]


def carrier_choices() -> list[Choice]:
    """Every carrier of the number plan, and the unknown one."""
    return [Choice(name, words.carrier(name)) for name in [*dict.fromkeys(carriers().values()), "unknown"]]


def show_masked(cipher: bytes | None) -> Markup:
    """A number as lists show it."""
    number = console().keyring.decrypt(cipher) if cipher else None
    return Markup("<span class='phone'>{}</span>").format(formats.masked(number))


def _ward(_view: Any, context: Any, contact: Contact, _column: str) -> str:
    ward, district = context["places"].get(contact.ward_id, ("", ""))
    return ", ".join(filter(None, (ward, district))) or "–"


def _usable(_view: Any, _context: Any, contact: Contact, _column: str) -> str:
    reasons = {"erased": t("Đã xoá dữ liệu", "Erased"), "dead": t("Số không còn dùng", "Dead number")}
    return reasons.get(contact.unusable, contact.unusable) if contact.unusable else t("Dùng được", "Usable")


class ContactScreen(ListScreen):
    """Found by full number through its hash, by name with or without accents, by area and by carrier."""

    rules: ClassVar[dict[str, str]] = {"index_view": "contact.view"}
    lead = Text(
        "Số điện thoại được mã hoá và luôn che ở giữa. Nhập danh bạ bằng lệnh: loa contacts import TỆP.",
        "Numbers are encrypted and always masked. Import with the command: loa contacts import FILE.",
    )
    column_list = ("phone_cipher", "full_name", "ward_id", "carrier", "unusable", "updated_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "phone_cipher": Text("Số điện thoại", "Number"),
        "full_name": Text("Họ và tên", "Name"),
        "ward_id": Text("Địa bàn", "Area"),
        "carrier": Text("Nhà mạng", "Carrier"),
        "unusable": Text("Tình trạng", "Condition"),
        "updated_at": Text("Cập nhật", "Updated"),
    }
    column_sortable_list = ()
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("id", True)]
    column_formatters: ClassVar[dict[str, Any]] = {
        "phone_cipher": shown(lambda contact: show_masked(contact.phone_cipher)),
        "full_name": shown(lambda contact: contact.full_name or "–"),
        "ward_id": _ward,
        "carrier": shown(lambda contact: words.carrier(contact.carrier)),
        "unusable": _usable,
        "updated_at": shown(lambda contact: formats.moment(contact.updated_at)),
    }
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter("area", Text("Địa bàn", "Area"), area_choices, lambda q, v: store.narrow_to_area(q, int(v))),
        ChoiceFilter(
            "carrier", Text("Nhà mạng", "Carrier"), carrier_choices, lambda q, v: q.filter(Contact.carrier == v)
        ),
    ]
    search_title = Text("Tìm theo số đầy đủ hoặc họ tên", "Search by full number or by name")
    empty = Text("Không tìm thấy ai.", "Nobody was found.")

    def init_search(self) -> bool:
        """Searching is by full number or by name."""
        return True

    def _apply_search(self, query: Query[Any], count: Any, joins: Any, count_joins: Any, search: str) -> Any:
        if _LOOKS_LIKE_NUMBER.fullmatch(search):
            found = normalise_phone(search)
            if isinstance(found, PhoneResult):
                query = query.filter(Contact.phone_hash == console().keyring.hash(found.number.encode()))
            else:
                flash(f"{found.reason}. {found.suggestion}", "error")
                query = query.filter(Contact.id < 0)
        else:
            query = store.narrow_to_name(query, search)
        return query, count, joins, count_joins

    def render(self, template: str, /, **values: Any) -> str:
        """With the names of the places."""
        return super().render(template, places=load_places(reading()), **values)

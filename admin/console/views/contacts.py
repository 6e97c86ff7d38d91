"""Contacts: the register of people, with their numbers masked."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from flask import flash, g, url_for
from markupsafe import Markup
from sqlalchemy.orm import Query

from admin.console import formats, words
from admin.console.context import actor, console, reading
from admin.console.frame import PAGE_SIZE, Choice, ChoiceFilter, shown
from admin.console.keyset import KeysetList, bound
from admin.console.private_search import PrivateSearch
from admin.console.views.imports import ImportPages
from admin.console.views.people import PersonPages, area_choices, condition
from campaigns.audience.person import name_of
from campaigns.audience.phone import PhoneResult, carriers, normalise_phone
from campaigns.audience.sealing import Words
from campaigns.content.prices import in_known_order
from campaigns.models import Contact
from campaigns.store import console as store
from campaigns.store.people import in_order, narrow_to_name, narrow_to_window
from campaigns.store.places import load_places
from campaigns.store.scope import contacts_within
from config.i18n import Text, t

_LOOKS_LIKE_NUMBER = re.compile(r"\+?[\d\s.()-]{7,20}")


def carrier_choices() -> list[Choice]:
    """Every carrier of the number plan, and the unknown one."""
    known = dict.fromkeys([*carriers().values(), "unknown"], 0)
    return [Choice(name, words.carrier(name)) for name, _ in in_known_order(known)]


def show_masked(cipher: bytes | None) -> Markup:
    """A number as lists show it."""
    number = console().keyring.decrypt(cipher) if cipher else None
    return Markup("<span class='phone'>{}</span>").format(formats.masked(number))


def _ward(_view: Any, context: Any, contact: Contact, _column: str) -> str:
    ward, district = context["places"].get(contact.ward_id, ("", ""))
    return ", ".join(filter(None, (ward, district))) or "–"


def _usable(_view: Any, _context: Any, contact: Contact, _column: str) -> str:
    return condition(contact)


def _name(_view: Any, _context: Any, contact: Contact, _column: str) -> Markup:
    return Markup("<a href='{}'>{}</a>").format(
        url_for(".show", contact_id=contact.id),
        name_of(console().keyring, contact) or t("(không tên)", "(no name)"),
    )


class ContactScreen(ImportPages, PersonPages, KeysetList, PrivateSearch):
    """Found by full number through its hash, by name with or without accents, by area and by carrier."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "contact.view",
        "find": "contact.view",
        **PersonPages.person_rules,
        **ImportPages.import_rules,
    }
    list_template = "console/contacts.html"
    lead = Text(
        "Số điện thoại được mã hoá và luôn che ở giữa.",
        "Numbers are encrypted and always masked.",
    )
    column_list = ("phone_cipher", "name_cipher", "ward_id", "carrier", "unusable", "updated_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "phone_cipher": Text("Số điện thoại", "Number"),
        "name_cipher": Text("Họ và tên", "Name"),
        "ward_id": Text("Địa bàn", "Area"),
        "carrier": Text("Nhà mạng", "Carrier"),
        "unusable": Text("Tình trạng", "Condition"),
        "updated_at": Text("Cập nhật", "Updated"),
    }
    column_formatters: ClassVar[dict[str, Any]] = {
        "phone_cipher": shown(lambda contact: show_masked(contact.phone_cipher)),
        "name_cipher": _name,
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
    search_title = Text(
        "Tìm theo số đầy đủ, hoặc các từ trọn vẹn của họ tên (có dấu hay không)",
        "Search by full number, or by whole words of the name, with or without accents",
    )
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
            query = narrow_to_name(query, Words(console().keyring).of(search), by_list=g.by_list)
            if g.by_list:
                query = narrow_to_window(query, before=bound("before"), after=bound("after"))
        return query, count, joins, count_joins

    def get_query(self) -> Query[Any]:
        """People of the scope."""
        query: Query[Any] = super().get_query()
        return query.filter(contacts_within(actor().scope))

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        """A page, newest first. A name is looked for among the nearest people, then, unless they fill it, among all."""
        search = self.searched()
        by_name = bool(search) and not _LOOKS_LIKE_NUMBER.fullmatch(search)
        g.by_list = True
        count, rows = super().get_list(*args, **kwargs)
        if by_name and len(rows) < PAGE_SIZE:
            g.by_list = False
            count, rows = super().get_list(*args, **kwargs)
        return count, rows

    def _apply_sorting(self, query: Query[Any], joins: Any, sort_column: Any, sort_desc: bool) -> Any:
        return in_order(query, ascending=bound("after") is not None, by_list=g.by_list), joins

    def render(self, template: str, /, **values: Any) -> str:
        """With the names of the places."""
        return super().render(template, places=load_places(reading()), **values)

"""Lists of what is known of numbers, by their hash: refusals, consents. Searched by full number, shown masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash
from markupsafe import Markup
from sqlalchemy.orm import Query

from admin.console import formats
from admin.console.context import actor, console, reading
from admin.console.guard import may
from admin.console.keyset import KeysetList
from admin.console.private_search import PrivateSearch
from campaigns.audience.phone import PhoneResult, normalise_phone
from campaigns.store import console as store
from campaigns.store.scope import numbers_within
from config.i18n import t


def number_cell(_view: Any, context: Any, row: Any, _column: str) -> Markup:
    """The masked number of a row that holds its hash; ``context["ciphers"]`` are those of the page."""
    return shown_number(row.phone_hash, context["ciphers"])


def narrow_to_number(query: Query[Any], model: Any, search: str) -> Query[Any]:
    """Only the rows of one full number; none, and the reason, where it is no number."""
    found = normalise_phone(search)
    if isinstance(found, PhoneResult):
        return query.filter(model.phone_hash == console().keyring.hash(found.number.encode()))
    flash(f"{found.reason}. {found.suggestion}", "error")
    return query.filter(model.id < 0)


def shown_number(phone_hash: bytes, ciphers: Mapping[bytes, bytes]) -> Markup:
    """The masked number where the person is in the register, else the beginning of its hash."""
    cipher = ciphers.get(bytes(phone_hash))
    if cipher:
        return Markup("<span class='phone'>{}</span>").format(formats.masked(console().keyring.decrypt(cipher)))
    return Markup("<span class='mono' title='{}'>#{}</span>").format(
        t("Số không có trong danh bạ; chỉ lưu mã băm", "Not in the register; only its hash is kept"),
        phone_hash.hex()[:8],
    )


class NumberRegister(KeysetList, PrivateSearch):
    """A list on a table with a column ``phone_hash``: only numbers inside the person's scope."""

    def get_query(self) -> Query[Any]:
        """Rows of people inside the scope."""
        query: Query[Any] = super().get_query()
        return query.filter(numbers_within(actor().scope, self.model.phone_hash))

    def init_search(self) -> bool:
        """Searching is by full number, through its hash."""
        return True

    def _apply_search(self, query: Query[Any], count: Any, joins: Any, count_joins: Any, search: str) -> Any:
        return narrow_to_number(query, self.model, search), count, joins, count_joins

    def render(self, template: str, /, **values: Any) -> str:
        """With the numbers of those on the page who are in the register of people."""
        rows = values.get("data", [])
        if rows and may(self.rules["index_view"]):
            values["ciphers"] = store.find_ciphers(reading(), [row.phone_hash for row in rows])
        return super().render(template, **values)

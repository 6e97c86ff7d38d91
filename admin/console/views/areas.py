"""Areas: the districts and wards of each edition."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import request
from markupsafe import Markup, escape
from sqlalchemy.orm import Query

from admin.console import formats, words
from admin.console.context import console, reading
from admin.console.frame import Choice, ChoiceFilter, ListScreen, shown
from campaigns.models import Area
from campaigns.store import console as store
from config.i18n import Text


def _edition_choices() -> list[Choice]:
    names = {
        "2023": Text("2023: 8 quận huyện, 56 phường xã", "2023: 8 districts, 56 wards"),
        "2025": Text("2025: 94 phường, xã, đặc khu", "2025: 94 wards, no districts"),
    }
    return [Choice(edition, str(names.get(edition, edition))) for edition in store.list_editions(reading())]


def _kind_choices() -> list[Choice]:
    return [Choice(kind, str(title)) for kind, title in words.KIND_TITLES.items()]


def _name(_view: Any, _context: Any, area: Area, _column: str) -> Markup:
    title = escape(f"{area.prefix} {area.name}")
    return (
        Markup("<span class='level-1'>{}</span>").format(title)
        if area.kind == "ward"
        else Markup("<strong>{}</strong>").format(title)
    )


class AreaScreen(ListScreen):
    """Read-only: the editions are the project's own data."""

    rules: ClassVar[dict[str, str]] = {"index_view": "area.view"}
    lead = Text(
        "Mã địa bàn chỉ có nghĩa cùng với danh mục: hai danh mục dùng lại cùng một mã cho nơi khác nhau.",
        "A code means something only together with its edition: the editions reuse codes for other places.",
    )
    column_list = ("name", "kind", "code", "edition", "population")
    column_labels: ClassVar[dict[str, Any]] = {
        "name": Text("Tên", "Name"),
        "kind": Text("Cấp", "Level"),
        "code": Text("Mã", "Code"),
        "edition": Text("Danh mục", "Edition"),
        "population": Text("Dân số", "Population"),
    }
    column_sortable_list = ("code", "name", "population")
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("id", False)]
    numeric_columns = frozenset({"population"})
    column_formatters: ClassVar[dict[str, Any]] = {
        "name": _name,
        "kind": shown(lambda area: words.KIND_TITLES.get(area.kind, area.kind)),
        "population": shown(lambda area: formats.number(area.population)),
    }
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter(
            "edition", Text("Danh mục", "Edition"), _edition_choices, lambda q, v: q.filter(Area.edition == v)
        ),
        ChoiceFilter("kind", Text("Cấp", "Level"), _kind_choices, lambda q, v: q.filter(Area.kind == v)),
    ]
    search_title = Text("Tìm theo tên hoặc mã", "Search by name or code")
    page_size = 100

    def init_search(self) -> bool:
        """Areas are found by name, with or without accents, and by code."""
        return True

    def _apply_search(self, query: Query[Any], count: Any, joins: Any, count_joins: Any, search: str) -> Any:
        return store.narrow_areas(query, search), count, joins, count_joins

    def get_query(self) -> Query[Any]:
        """The default edition, unless another was chosen."""

        query: Query[Any] = super().get_query()
        if not request.args.get("edition"):
            query = query.filter(Area.edition == console().settings.default_edition)
        return query

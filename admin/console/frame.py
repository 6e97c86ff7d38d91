"""The two kinds of screen: a list on a table, and a page of its own; only what they name a rule for is reachable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask_admin import Admin, BaseView
from flask_admin import expose as flask_admin_expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from flask_admin.model.base import ViewArgs
from markupsafe import Markup
from sqlalchemy import desc
from sqlalchemy.orm import Query
from werkzeug.wrappers import Response

from admin.console.context import actor
from campaigns.errors import LoaError
from campaigns.store.sorting import alphabetically
from config.i18n import Text, t

PAGE_SIZE = 50
NAMES = frozenset({"name", "title"})
"""Columns that hold names."""
View = TypeVar("View", bound=Callable[..., Any])


def expose(url: str, methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """Give a method of a screen an address; without a rule of its own it is not reachable all the same."""
    exposed: Callable[[View], View] = flask_admin_expose(url, methods)
    return exposed


def shown(cell: Callable[[Any], Any]) -> Callable[..., Any]:
    """How a column is shown, worked out from the row alone."""
    return lambda _view, _context, row, _column: cell(row)


def drawn(template: str, **values: Any) -> Markup:
    """A small template as part of a list."""
    return Markup(render_template(template, **values))  # noqa: S704  # templates escape what they are given


class Screen(BaseView):  # type: ignore[misc]
    """What every screen shares. ``rules`` says what each of its addresses takes; those it leaves out do not exist."""

    rules: ClassVar[Mapping[str, str]] = {}

    _urls: Sequence[tuple[str, str, Sequence[str]]]

    def create_blueprint(self, admin: Admin) -> Any:
        """Register the addresses that have a rule, and their rules."""
        self._urls = [(url, name, methods) for url, name, methods in self._urls if name in self.rules]
        admin.app.extensions["loa"].rules.update({f"{self.endpoint}.{name}": rule for name, rule in self.rules.items()})
        return super().create_blueprint(admin)

    def is_accessible(self) -> bool:
        """Whether the person may see the screen at all; each address is checked at the door (``guard``)."""
        return actor().may(self.rules[str(self._default_view)])

    def render(self, template: str, /, **values: Any) -> str:
        """A page of this screen."""
        page: str = super().render(template, **values)
        return page

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Flask-Admin calls a view again with other arguments when it raises TypeError, which hides mistakes.
        return fn(self, *args, **kwargs)


@dataclass(frozen=True)
class Choice:
    """One choice of a list's filter: value in the address, words on the screen, level for indentation."""

    value: str
    title: str
    level: int = 0


_ALL = Text("Tất cả", "All")


class ChoiceFilter(BaseSQLAFilter):  # type: ignore[misc]
    """A filter that people pick from a list: ``?ward=20194``."""

    def __init__(
        self,
        key: str,
        title: Text,
        choices: Callable[[], Sequence[Choice]],
        narrow: Callable[[Query[Any], str], Query[Any]],
        *,
        none: Text = _ALL,
    ) -> None:
        super().__init__(None, key)
        self.key = key
        self.title = title
        self.choices = choices
        self.none = none
        self._narrow = narrow

    def validate(self, value: str) -> bool:
        """Whether the value is one of the choices."""
        return any(choice.value == value for choice in self.choices())

    def apply(self, query: Query[Any], value: str, alias: Any = None) -> Query[Any]:
        """Keep the rows of the choice."""
        return self._narrow(query, value)

    def operation(self) -> str:
        """Filters are by equality; they need no word."""
        return ""


class ListScreen(Screen, ModelView):  # type: ignore[misc]
    """A list on a table: read-only, a page at a time, never counted, filters in the address under their own names."""

    can_create = can_edit = can_delete = can_export = can_view_details = False
    can_set_page_size = False
    column_display_actions = False
    simple_list_pager = True
    page_size = PAGE_SIZE
    list_template = "console/list.html"
    column_auto_select_related = False
    lead: ClassVar[Text | None] = None
    private_search: ClassVar[bool] = False
    """Whether what is searched for must not stand in the address (``admin.console.private_search``)."""
    search_title: ClassVar[Text] = Text("Tìm", "Search")
    empty: ClassVar[Text] = Text("Không có dòng nào.", "There is nothing here.")
    numeric_columns: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, model: type[Any], reading: Any, name: Text, **kwargs: Any) -> None:
        super().__init__(model, reading, name=name, **kwargs)

    def get_empty_list_message(self) -> str:
        """What an empty list says."""
        return str(self.empty)

    def get_filter_arg(self, index: int, flt: Any) -> str:
        """A filter is called in the address what it filters by."""
        return str(flt.key)

    def _get_list_filter_args(self) -> list[Any]:
        chosen = []
        for index, each in enumerate(self._filters or ()):
            value = request.args.get(each.key, "")
            if value and each.validate(value):
                chosen.append((index, each.key, value))
            elif value:
                flash(t("Bộ lọc không có giá trị “{v}”.", "The filter has no value “{v}”.", v=value[:50]), "error")
        return chosen

    def _get_list_extra_args(self) -> ViewArgs:
        arguments = super()._get_list_extra_args()
        arguments.page = max(0, arguments.page or 0)
        arguments.search = (arguments.search or "").strip()[:100] or None
        arguments.extra_args = {}
        return arguments

    def _order_by(self, query: Any, joins: Any, sort_joins: Any, sort_field: Any, sort_desc: bool) -> Any:
        # Names in the order of the Vietnamese alphabet, which the database does not know by itself.
        if getattr(sort_field, "key", None) in NAMES:
            keys = [*alphabetically(sort_field), sort_field]
            return query.order_by(*(desc(key) for key in keys) if sort_desc else keys), joins
        return super()._order_by(query, joins, sort_joins, sort_field, sort_desc)

    def _get_filters(self, filters: Sequence[Any] | None) -> dict[str, Any]:
        return {key: value for _, key, value in filters or ()}

    def is_valid_filter(self, filter: Any) -> bool:
        """Only our own filters."""
        return isinstance(filter, ChoiceFilter)


def back_to(endpoint: str, **values: Any) -> Response:
    """Go to another page after a form did its work."""
    return redirect(url_for(endpoint, **values), code=303)


def told(work: Callable[[], Any], done: str) -> bool:
    """Do a use case and tell the person what came of it; whether it worked."""
    try:
        work()
    except LoaError as refusal:
        flash(str(refusal), "error")
        return False
    flash(done, "success")
    return True


class Page(Screen):
    """A page of its own in the frame."""

"""Pages of a list beside a row instead of behind a count: deep in a million rows they cost no more than the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request, url_for
from sqlalchemy.orm import Query

from admin.console.frame import ListScreen

if TYPE_CHECKING:
    from flask_admin.model.base import ViewArgs


def bound(name: str) -> int | None:
    """An end of the page in the address (``before`` or ``after``): the id beside which it begins."""
    value = request.args.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 18 else None


def page_at(**beside: int) -> str:
    """The address of the same list, from the row named ``before=`` or ``after=``, or from its beginning."""
    kept = {key: value for key, value in request.args.items() if key not in ("before", "after", "page")}
    address: dict[str, Any] = {**kept, **beside}
    return url_for(".index_view", **address)


class KeysetList(ListScreen):
    """A list by ``id``, newest first, with ``console/keyset_pager.html`` under it."""

    column_sortable_list = ()

    def _get_list_extra_args(self) -> ViewArgs:
        arguments = super()._get_list_extra_args()
        arguments.page = 0  # a number in the address would be rows to read and throw away
        return arguments

    def get_query(self) -> Query[Any]:
        """The page beside the row the address names."""
        query: Query[Any] = super().get_query()
        before, after = bound("before"), bound("after")
        if after is not None:
            return query.filter(self.model.id > after)
        return query.filter(self.model.id < before) if before is not None else query

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        """A page, newest first."""
        count, rows = super().get_list(*args, **kwargs)
        return count, rows[::-1] if bound("after") is not None else rows

    def _apply_sorting(self, query: Query[Any], joins: Any, sort_column: Any, sort_desc: bool) -> Any:
        by = self.model.id.asc() if bound("after") is not None else self.model.id.desc()
        return query.order_by(by), joins

    def render(self, template: str, /, **values: Any) -> str:
        """With the neighbouring pages' addresses."""
        return super().render(template, page_at=page_at, **values)

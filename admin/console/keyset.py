"""Pages of a list beside a row instead of behind a count: deep in a million rows they cost no more than the first."""

from __future__ import annotations

from typing import Any

from flask import request, url_for


def bound(name: str) -> int | None:
    """An end of the page in the address (``before`` or ``after``): the id beside which it begins."""
    value = request.args.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 18 else None


def page_at(**beside: int) -> str:
    """The address of the same list, from the row named ``before=`` or ``after=``, or from its beginning."""
    kept = {key: value for key, value in request.args.items() if key not in ("before", "after", "page")}
    address: dict[str, Any] = {**kept, **beside}
    return url_for(".index_view", **address)

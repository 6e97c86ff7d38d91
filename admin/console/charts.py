"""Charts drawn on the server: figures in, SVG out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import vl_convert

from admin.console.words import GROUPS
from campaigns.stats import StatsRow
from config.i18n import t

FONT = "Be Vietnam Pro, Noto Sans, Segoe UI, Roboto, Helvetica Neue, Arial, DejaVu Sans, sans-serif"
WIDTH, NARROW = 640, 150

# One hue per group, apart in lightness too, so that the order can be told without colour.
_COLOURS = {
    "light": {
        "delivered": "#1f7a4d",
        "accepted": "#5aa9c9",
        "sending": "#2b6cb0",
        "waiting": "#b9c7ca",
        "failed": "#c2410c",
        "unknown": "#8b5fbf",
        "left": "#6b7c80",
        "ink": "#12262a",
        "line": "#d3dfe1",
        "paper": "#ffffff",
    },
    "dark": {
        "delivered": "#4fbf86",
        "accepted": "#6db7d6",
        "sending": "#7aaef0",
        "waiting": "#4a5e63",
        "failed": "#f08a4b",
        "unknown": "#b79be6",
        "left": "#8c9da1",
        "ink": "#e7eff0",
        "line": "#2a4046",
        "paper": "#142428",
    },
}
THEMES = tuple(_COLOURS)


def delivery_chart(rows: Sequence[StatsRow], *, theme: str = "light", compact: bool = False) -> str:
    """A stacked bar for each row, as SVG; groups that are empty everywhere have no place in the legend."""
    values = [
        {"name": row.name, "group": str(group.title), "place": place, "count": group.count(row.totals)}
        for row in rows
        for place, group in enumerate(GROUPS)
        if group.count(row.totals)
    ]
    return _draw(json.dumps(_specification(rows, values, _COLOURS[theme], compact), ensure_ascii=False))


def _specification(
    rows: Sequence[StatsRow], values: list[dict[str, Any]], colours: dict[str, str], compact: bool
) -> dict[str, Any]:
    used = [group for group in GROUPS if any(group.count(row.totals) for row in rows)]
    size = 13
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": NARROW if compact else WIDTH,
        "height": {"step": 26},
        "padding": 4 if compact else 8,
        "background": colours["paper"],
        "data": {"values": values},
        "mark": {"type": "bar", "height": 18},
        "encoding": {
            "y": {
                "field": "name",
                "type": "nominal",
                "sort": [row.name for row in rows],
                "scale": {"domain": [row.name for row in rows]},
                "axis": {"title": None, "labelLimit": 150 if compact else 240, "ticks": False, "domain": False},
            },
            "x": {
                "field": "count",
                "type": "quantitative",
                "axis": {
                    "title": t("số tin", "messages"),
                    "format": ",d",
                    "tickMinStep": 1,
                    "tickCount": 3 if compact else 6,
                    "gridColor": colours["line"],
                    "domain": False,
                },
            },
            "color": {
                "field": "group",
                "type": "nominal",
                "scale": {
                    "domain": [str(group.title) for group in used],
                    "range": [colours[group.key] for group in used],
                },
                "legend": {
                    "title": None,
                    "orient": "top",
                    "columns": 2 if compact else 4,
                    "symbolType": "square",
                    "labelLimit": 200,
                },
            },
            "order": {"field": "place", "type": "quantitative"},
        },
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": colours["ink"],
                "titleColor": colours["ink"],
                "labelFontSize": size,
                "titleFontSize": size,
            },
            "legend": {"labelColor": colours["ink"], "labelFontSize": size},
            "locale": {"number": _number_format()},
        },
    }


def _number_format() -> dict[str, Any]:
    thousands, decimal = t(". ,", ", .").split()
    return {"decimal": decimal, "thousands": thousands, "grouping": [3], "currency": ["", " ₫"]}


@lru_cache(maxsize=128)
def _draw(specification: str) -> str:
    return vl_convert.vegalite_to_svg(specification)

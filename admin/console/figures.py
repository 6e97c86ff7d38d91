"""What the pages of delivery share: the total, the sentence that says the picture, the file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from admin.console.charts import delivery_chart
from admin.console.formats import number, percent
from admin.console.sheets import write_sheet
from admin.console.words import DIMENSION_TITLES
from campaigns.delivery.states import MESSAGE_STATES, STATE_TITLES
from campaigns.stats import STATE_LABELS, StatsRow
from campaigns.stats.delivery import added
from config.i18n import t

LEAST_COMPARED = 30
"""Rows of fewer messages are not called the best or the worst."""


def total_of(rows: Sequence[StatsRow]) -> StatsRow:
    """All rows added up."""
    return added(rows, "", t("Cộng", "Total"))


def sentence(dimension: str, rows: Sequence[StatsRow], total: StatsRow) -> str:
    """What the picture says, in one breath."""
    if not total.planned:
        return t("Chưa có tin nào được lập kế hoạch.", "No messages have been planned yet.")
    delivered = total.totals["delivered"]
    said = t(
        "{a} trong {b} tin đã tới máy ({p}).",
        "{a} of {b} messages were delivered ({p}).",
        a=number(delivered),
        b=number(total.planned),
        p=percent(delivered, total.planned),
    )
    compared = [row for row in rows if row.key and row.planned >= LEAST_COMPARED]
    if dimension == "state" or len(compared) < 2:
        return said
    best = max(compared, key=lambda row: row.totals["delivered"] / row.planned)
    worst = min(compared, key=lambda row: row.totals["delivered"] / row.planned)
    if percent(*_share(best)) == percent(*_share(worst)):
        return said
    return (
        said
        + " "
        + t(
            "Cao nhất: {best} ({p}); thấp nhất: {worst} ({q}).",
            "Highest: {best} ({p}); lowest: {worst} ({q}).",
            best=best.name,
            p=percent(*_share(best)),
            worst=worst.name,
            q=percent(*_share(worst)),
        )
    )


def _share(row: StatsRow) -> tuple[int, int]:
    return row.totals["delivered"], row.planned


def picture(rows: Sequence[StatsRow], theme: str) -> AnyResponse:
    """The chart of the rows as SVG; 304 while nothing moved."""
    svg = delivery_chart(rows, theme=theme, compact=request.args.get("size") == "small")
    response = Response(svg, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def sheet(rows: Sequence[StatsRow], dimension: str, name: str) -> Response:
    """The table as a file for spreadsheets, with every state in its own column; ``name`` is plain ASCII."""
    header = [
        t("Mã", "Key"),
        str(DIMENSION_TITLES[dimension]),
        t("Tổng số tin", "Planned"),
        *(str(STATE_TITLES[state]) for state in MESSAGE_STATES),
    ]
    lines = [[row.key, row.name, row.planned, *(row.totals[label] for label in STATE_LABELS)] for row in rows]
    response = Response(write_sheet(header, lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def slug(title: str) -> str:
    """``bay-phuong-thuc``: a title as part of a file's name."""
    plain = unicodedata.normalize("NFD", title.replace("đ", "d").replace("Đ", "D"))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain.lower() if c.isascii())).strip("-")[:40]

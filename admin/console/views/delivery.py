"""Delivery by district, ward, carrier, gateway, hour and state: a picture, the table it was made of, and a file."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, ClassVar, cast

from flask import Response, abort, request, url_for

from admin.console import words
from admin.console.charts import THEMES, delivery_chart
from admin.console.context import actor, console, reading
from admin.console.formats import number, percent
from admin.console.frame import expose
from admin.console.sheets import write_sheet
from admin.console.words import DIMENSION_TITLES, GROUPS
from campaigns.delivery.states import MESSAGE_STATES, STATE_TITLES
from campaigns.models import Campaign
from campaigns.stats import STATE_LABELS, StatsRow, stats_by
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now, get_campaign
from config.i18n import t


def _dimension() -> str:
    chosen = request.args.get("by", "district")
    if chosen not in DIMENSION_TITLES:
        abort(404)
    return chosen


def _rows(campaign_id: int, dimension: str) -> list[StatsRow]:
    rows = stats_by(reading(), campaign_id, dimension)
    if dimension == "carrier":
        return [StatsRow(row.key, words.carrier(row.key), row.planned, row.parts, row.totals) for row in rows]
    return [row for row in rows if row.planned] if dimension == "state" else rows


def total_of(rows: list[StatsRow]) -> StatsRow:
    """All rows added up."""
    return StatsRow(
        key="",
        name=t("Cộng", "Total"),
        planned=sum(row.planned for row in rows),
        parts=sum(row.parts for row in rows),
        totals={label: sum(row.totals[label] for row in rows) for label in STATE_LABELS},
    )


def sentence(dimension: str, rows: list[StatsRow], total: StatsRow) -> str:
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
    compared = [row for row in rows if row.planned >= 30]
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


def file_name(campaign: Campaign, dimension: str) -> str:
    """``loa-3-bay-phuong-thuc-district.csv``"""
    plain = unicodedata.normalize("NFD", campaign.name.replace("đ", "d").replace("Đ", "D"))
    slug = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain.lower() if c.isascii())).strip("-")[:40]
    return f"loa-{campaign.id}-{slug}-{dimension}.csv"


class DeliveryPages:
    """Three addresses of a campaign; what they show is chosen in the address: ``?by=ward``."""

    delivery_rules: ClassVar[dict[str, str]] = {
        "delivery": "stats.view",
        "delivery_chart": "stats.view",
        "delivery_sheet": "stats.view",
    }

    @expose("/<int:campaign_id>/delivery")
    def delivery(self, campaign_id: int) -> str:
        """The page."""
        campaign, dimension = get_campaign(reading(), campaign_id), _dimension()
        rows = _rows(campaign_id, dimension)
        total = total_of(rows)
        page: str = cast(Any, self).render(
            "console/delivery.html",
            campaign=campaign,
            dimension=dimension,
            rows=rows,
            total=total,
            groups=[group for group in GROUPS if group.count(total.totals)],
            sentence=sentence(dimension, rows, total),
            updated=database_now(reading()),
            chart=lambda **more: url_for(".delivery_chart", campaign_id=campaign_id, by=dimension, **more),
        )
        return page

    @expose("/<int:campaign_id>/delivery.svg")
    def delivery_chart(self, campaign_id: int) -> Any:
        """The picture; 304 while nothing moved."""
        get_campaign(reading(), campaign_id)
        theme = request.args.get("theme", "light")
        if theme not in THEMES:
            abort(404)
        svg = delivery_chart(_rows(campaign_id, _dimension()), theme=theme, compact=request.args.get("size") == "small")
        response = Response(svg, mimetype="image/svg+xml")
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        return response.make_conditional(request)

    @expose("/<int:campaign_id>/delivery.csv")
    def delivery_sheet(self, campaign_id: int) -> Response:
        """The table as a file for spreadsheets, with every state in its own column."""
        campaign, dimension = get_campaign(reading(), campaign_id), _dimension()
        rows = _rows(campaign_id, dimension)
        header = [
            t("Mã", "Key"),
            str(DIMENSION_TITLES[dimension]),
            t("Tổng số tin", "Planned"),
            *(str(STATE_TITLES[state]) for state in MESSAGE_STATES),
        ]
        lines = [[row.key, row.name, row.planned, *(row.totals[label] for label in STATE_LABELS)] for row in rows]
        with console().database.transaction() as work:
            append_audit(work, actor().email, "campaign.exported", "campaign", campaign_id, {"by": dimension})
        response = Response(write_sheet(header, lines), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name(campaign, dimension)}"'
        return response

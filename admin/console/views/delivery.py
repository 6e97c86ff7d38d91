"""Delivery of one campaign by district, ward, carrier, gateway, hour and state: picture, table, file."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from flask import Response, abort, request, url_for

from admin.console import words
from admin.console.charts import THEMES
from admin.console.context import actor, console, reading
from admin.console.figures import picture, sentence, sheet, slug, total_of
from admin.console.frame import expose
from admin.console.words import DIMENSION_TITLES, GROUPS
from campaigns.models import Campaign
from campaigns.stats import StatsRow, stats_by
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now, get_campaign


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


def file_name(campaign: Campaign, dimension: str) -> str:
    """``loa-3-bay-phuong-thuc-district.csv``"""
    return f"loa-{campaign.id}-{slug(campaign.name)}-{dimension}.csv"


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
        return picture(_rows(campaign_id, _dimension()), theme)

    @expose("/<int:campaign_id>/delivery.csv")
    def delivery_sheet(self, campaign_id: int) -> Response:
        """The table as a file for spreadsheets, with every state in its own column."""
        campaign, dimension = get_campaign(reading(), campaign_id), _dimension()
        with console().database.transaction() as work:
            append_audit(work, actor().email, "campaign.exported", "campaign", campaign_id, {"by": dimension})
        return sheet(_rows(campaign_id, dimension), dimension, file_name(campaign, dimension))

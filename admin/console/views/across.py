"""Delivery over all campaigns: what is looked at stands in the address, so it can be kept and passed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

from flask import Response, abort, request, url_for

from admin.console import words
from admin.console.charts import THEMES
from admin.console.context import actor, console, reading
from admin.console.figures import picture, sentence, sheet, total_of
from admin.console.formats import day
from admin.console.frame import Choice, Page, expose
from admin.console.views.contacts import carrier_choices
from admin.console.words import DIMENSION_TITLES, GROUPS
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.topics import TOPICS
from campaigns.scope import sees
from campaigns.stats.delivery import DeliveryQuery, delivery
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.console import list_editions
from campaigns.store.gateways import list_gateways
from campaigns.store.narrowed import list_planned_campaigns
from campaigns.store.places import load_areas_of, within_scope
from config.i18n import t
from config.zone import CITY_TIME

DAYS = 30
"""How far back the page looks when the address says nothing."""

_TEXTS = {"topic": "topic", "class": "message_class", "district": "district", "ward": "ward"} | {
    "carrier": "carrier",
    "gateway": "gateway",
}
"""Name in the address → field of the query."""


def _day(name: str, missing: date | None) -> date | None:
    given = request.args.get(name)
    if given is None:
        return missing
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        abort(400, t("Ngày “{v}” không đọc được; ví dụ 2026-11-25.", "The day “{v}” cannot be read.", v=given[:20]))


def read_query(today: date) -> DeliveryQuery:
    """What the address asks for; without days, the last ``DAYS``, unless it names a campaign.

    Raises:
        BadRequest: a day cannot be read.
        NotFound: a dimension or edition that does not exist.
    """
    campaign = request.args.get("campaign", "")
    if campaign and not (campaign.isascii() and campaign.isdecimal() and len(campaign) < 10):
        abort(404)
    if campaign and not sees(reading(), actor(), "campaign", int(campaign)):
        abort(404)
    edition = request.args.get("edition") or console().settings.default_edition
    by = request.args.get("by") or ("district" if edition == "2023" else "ward")
    if by not in DIMENSION_TITLES or edition not in list_editions(reading()):
        abort(404)
    texts: dict[str, Any] = {field: request.args.get(name, "")[:100] or None for name, field in _TEXTS.items()}
    query = DeliveryQuery(
        by="ward" if by == "district" and edition != "2023" else by,
        edition=edition,
        campaign_id=int(campaign) if campaign else None,
        since=_day("since", None if campaign else today - timedelta(days=DAYS)),
        until=_day("until", None),
        **texts,
    )
    # Codes mean other places in another edition: what was chosen there is not kept.
    known = {area.code for area in load_areas_of(reading(), edition)}
    return replace(
        query,
        district=query.district if query.district in known else None,
        ward=query.ward if query.ward in known else None,
    )


def _iso(value: date | None) -> str:
    return value.isoformat() if value else ""


def address_of(query: DeliveryQuery, endpoint: str = ".index", **other: Any) -> str:
    """The address that asks for this."""
    fields = {name: getattr(query, field) for name, field in _TEXTS.items()}
    days = {"since": _iso(query.since), "until": _iso(query.until)}
    kept = {"by": query.by, "edition": query.edition, "campaign": query.campaign_id, **fields, **days, **other}
    return url_for(endpoint, **{name: value for name, value in kept.items() if value is not None})


class DeliveryScreen(Page):
    """One table and its picture, narrowed by a form that only changes the address."""

    rules: ClassVar[dict[str, str]] = {"index": "stats.view", "chart": "stats.view", "table": "stats.view"}

    @staticmethod
    def _asked() -> tuple[DeliveryQuery, Any]:
        now = database_now(reading())
        query = read_query(now.astimezone(CITY_TIME).date())
        return query, [row for row in delivery(reading(), query, scope=actor().scope) if row.planned]

    @expose("/")
    def index(self) -> str:
        """The page."""
        query, found = self._asked()
        rows = _said(query, found)
        total = total_of(rows)
        return self.render(
            "console/across.html",
            query=query,
            dimension=query.by,
            dimensions={k: v for k, v in DIMENSION_TITLES.items() if k != "district" or query.edition == "2023"},
            rows=rows,
            total=total,
            groups=[group for group in GROUPS if group.count(total.totals)],
            sentence=sentence(query.by, rows, total),
            span=_span(query),
            updated=database_now(reading()),
            fields=_fields(query),
            editions=list_editions(reading()),
            address=lambda **other: address_of(query, **other),
            chart=lambda **more: address_of(query, ".chart", **more),
        )

    @expose("/chart.svg")
    def chart(self) -> Any:
        """The picture."""
        theme = request.args.get("theme", "light")
        if theme not in THEMES:
            abort(404)
        query, rows = self._asked()
        return picture(_said(query, rows), theme)

    @expose("/table.csv")
    def table(self) -> Response:
        """The table as a file."""
        query, rows = self._asked()
        with console().database.transaction() as work:
            append_audit(work, actor().email, "stats.exported", "stats", "*", {"by": query.by})
        return sheet(_said(query, rows), query.by, f"loa-{query.by}-{query.edition}.csv")


def _said(query: DeliveryQuery, rows: Any) -> Any:
    return [replace(row, name=words.carrier(row.key)) for row in rows] if query.by == "carrier" else rows


def _span(query: DeliveryQuery) -> str:
    if query.since and query.until:
        return t("Chiến dịch từ {a} đến {b}", "Campaigns from {a} to {b}", a=day(query.since), b=day(query.until))
    if query.since:
        return t("Chiến dịch từ {a}", "Campaigns since {a}", a=day(query.since))
    if query.until:
        return t("Chiến dịch đến {b}", "Campaigns until {b}", b=day(query.until))
    return t("Mọi ngày", "All days")


def _fields(query: DeliveryQuery) -> list[tuple[str, str, list[Choice], str]]:
    """(name in the address, label, choices, what is chosen) of the form's lists."""
    areas = within_scope(load_areas_of(reading(), query.edition), actor().scope)
    gateways = [Choice(gateway.name, gateway.name) for gateway in list_gateways(reading())]
    campaigns = [Choice(str(row.id), row.name) for row in list_planned_campaigns(reading(), scope=actor().scope)]
    kinds: Mapping[str, list[Choice]] = {
        kind: [Choice(a.code, f"{a.prefix} {a.name}") for a in areas if a.kind == kind] for kind in ("district", "ward")
    }
    lists = [
        ("campaign", t("Chiến dịch", "Campaign"), campaigns, str(query.campaign_id or "")),
        ("topic", t("Chủ đề", "Topic"), [Choice(k, str(v)) for k, v in TOPICS.items()], query.topic),
        (
            "class",
            t("Loại tin", "Class"),
            [Choice(k, str(v.title)) for k, v in MESSAGE_CLASSES.items() if v.chosen_by_people],
            query.message_class,
        ),
        ("district", t("Quận, huyện", "District"), kinds["district"], query.district),
        ("ward", t("Phường, xã", "Ward"), kinds["ward"], query.ward),
        ("carrier", t("Nhà mạng", "Carrier"), carrier_choices(), query.carrier),
        ("gateway", t("Cổng viễn thông", "Gateway"), gateways, query.gateway),
    ]
    return [(name, label, choices, chosen or "") for name, label, choices, chosen in lists if choices]

"""Everything about a campaign that maker and approver should have seen before it goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.approving import approvals_needed
from campaigns.audience.reach import reach_of
from campaigns.audience.selection import Audience
from campaigns.calendar import calendar_gaps
from campaigns.content.classes import class_rules
from campaigns.content.prices import Prices, in_known_order, read_prices
from campaigns.content.rules import Level, validate_body
from campaigns.delivery.preflight import refuse_unsendable
from campaigns.errors import LoaError
from campaigns.lawful import duties_of, refuse_unlawful
from campaigns.models import Campaign, TemplateVersion
from campaigns.stats.forecast import Carried, Forecast, carried_by, forecast
from campaigns.stats.samples import Sample, samples_of
from campaigns.stats.waterfall import Waterfall, waterfall_of
from campaigns.store.campaigns import database_now
from campaigns.store.making import count_over_cap, list_same_text
from campaigns.store.reach import count_stages
from campaigns.store.templates import get_version
from config.i18n import t
from config.settings import get_settings
from config.zone import CITY_TIME

SAME_TEXT_DAYS = 90
"""How far back an earlier campaign with the same wording is spoken of."""


@dataclass(frozen=True, slots=True)
class CarrierCost:
    """What the messages to one carrier's people cost, in đồng."""

    carrier: str
    parts: int
    each: Decimal
    """The price of a part; ``LOA_PART_PRICE`` where nobody wrote one down."""
    assumed: bool

    @property
    def cost(self) -> Decimal:
        """Of all its parts."""
        return self.each * self.parts


@dataclass(frozen=True)
class Review:
    """The facts of one campaign at a moment. ``counted`` is None where it cannot be counted; ``hindrance`` says why."""

    campaign: Campaign
    at: datetime
    audience: Audience
    newest: TemplateVersion
    samples: Sequence[Sample]
    counted: Waterfall | None
    costs: Sequence[CarrierCost]
    gateways: Sequence[Carried]
    ahead: Forecast | None
    same_text: Sequence[Row[Any]]
    over_cap: int = 0
    """Of those who will be sent to, how many have had all their class allows and wait for another day."""
    hindrance: str = ""
    """Why it could not be submitted as it is; empty where it can."""
    warnings: Sequence[str] = field(default_factory=list)

    @property
    def cost(self) -> Decimal | None:
        """All of it in đồng; None where nothing was counted."""
        return sum((each.cost for each in self.costs), Decimal(0)) if self.counted else None

    @property
    def over_budget(self) -> bool:
        """Whether it costs more than its makers may spend."""
        return self.cost is not None and self.campaign.budget is not None and self.cost > self.campaign.budget

    @property
    def approvals(self) -> int:
        """How many people must approve, by its class and its cost."""
        above = get_settings().two_approvers_above
        return approvals_needed(self.campaign.message_class, round(self.cost or 0), above)


def price_list(session: Session) -> Prices:
    """Prices of a part that hold today, on the clocks of Da Nang."""
    return read_prices(session, database_now(session).astimezone(CITY_TIME).date())


def priced_part(prices: Prices, carrier: str, campaign: Campaign) -> tuple[Decimal, bool]:
    """What a part to a carrier costs, and whether that is only assumed."""
    known = prices.of(carrier, campaign.message_class)
    return (Decimal(get_settings().part_price), True) if known is None else (known, False)


def review_of(session: Session, campaign: Campaign, *, scope: Scope = WHOLE_CITY) -> Review:
    """Gather the facts, of other campaigns those inside the scope.

    Only reads; a register of a million people takes about a second.
    """
    newest = get_version(session, campaign.template_version.template.slug)
    counted, hindrance = _counted(session, campaign)
    parts = (counted.steps[-1].parts_by_carrier or {}) if counted else {}
    prices = price_list(session)
    costs = [CarrierCost(name, count, *priced_part(prices, name, campaign)) for name, count in in_known_order(parts)]
    gathered = Review(
        campaign=campaign,
        at=database_now(session),
        audience=Audience.model_validate(campaign.audience),
        newest=newest,
        samples=samples_of(session, campaign, counted.by_ward) if counted else [],
        counted=counted,
        costs=costs,
        gateways=carried_by(session, campaign, parts),
        ahead=forecast(session, campaign, counted) if counted else None,
        same_text=list_same_text(session, campaign, SAME_TEXT_DAYS, reach_of(session, campaign), scope=scope),
        over_cap=count_over_cap(session, reach_of(session, campaign)) if counted else 0,
        hindrance=hindrance,
    )
    duties = [str(duty) for duty in duties_of(session, campaign)]
    warnings = [*duties, *_warnings(gathered), *calendar_gaps(session, campaign)]
    return Review(**{**gathered.__dict__, "warnings": warnings})


def _counted(session: Session, campaign: Campaign) -> tuple[Waterfall | None, str]:
    if not Audience.model_validate(campaign.audience).is_chosen:
        return None, t("Chưa chọn đối tượng.", "The audience is not chosen yet.")
    counted, hindrance = None, ""
    try:
        found = count_stages(session, reach_of(session, campaign))
    except LoaError as refusal:
        return None, str(refusal)
    try:
        refuse_unlawful(session, campaign)
        refuse_unsendable(session, campaign, found)
    except LoaError as refusal:
        hindrance = str(refusal)
    try:
        counted = waterfall_of(session, campaign, found)
    except LoaError as refusal:
        hindrance = hindrance or str(refusal)
    return counted, hindrance


def _warnings(seen: Review) -> list[str]:
    campaign = seen.campaign
    found = [said for said in (_newer(seen), _over_budget(seen), _unpriced(seen), _late(seen)) if said]
    found += [
        t(
            "Cổng {name} đang nghỉ vì lỗi; tin của cổng này sẽ chờ.",
            "Gateway {name} is resting after failures; its messages will wait.",
            name=gateway.name,
        )
        for gateway in seen.gateways
        if not gateway.works
    ]
    body = campaign.template_version.body(campaign.variant)
    problems = validate_body(body, plain=campaign.variant == "plain", kind=class_rules(campaign.message_class))
    return found + [str(problem.text) for problem in problems if problem.level is Level.WARNING]


def _newer(seen: Review) -> str | None:
    pinned = seen.campaign.template_version
    if seen.newest.number <= pinned.number:
        return None
    return t(
        "Mẫu tin đã có phiên bản {new}; chiến dịch vẫn dùng phiên bản {old}.",
        "The template has a version {new}; the campaign stays with version {old}.",
        new=seen.newest.number,
        old=pinned.number,
    )


def _over_budget(seen: Review) -> str | None:
    return t("Chi phí vượt kinh phí được duyệt.", "It costs more than its budget.") if seen.over_budget else None


def _unpriced(seen: Review) -> str | None:
    if not any(each.assumed for each in seen.costs):
        return None
    return t(
        "Có nhà mạng chưa có đơn giá nên tạm tính {n} đồng một phần tin; người vận hành khai giá ở trang Bảng giá.",
        "A carrier has no price, so {n} đồng a part is assumed; the operator sets prices on the page of prices.",
        n=get_settings().part_price,
    )


def _late(seen: Review) -> str | None:
    if seen.ahead is None or not seen.ahead.is_late:
        return None
    return t("Sẽ không kịp trước hạn.", "It will not be done by its deadline.")

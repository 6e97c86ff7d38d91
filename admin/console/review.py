"""The review of a campaign as a page shows it: the maker before submitting, the approver before approving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from admin.console import formats, words
from admin.console.area_tree import AreaNode, places_of
from admin.console.campaign_form import starts_at_once
from admin.console.context import actor
from admin.console.differences import outcomes_words
from campaigns.content.classes import class_rules
from campaigns.content.prices import Prices
from campaigns.content.topics import topic_title
from campaigns.delivery.hours import EVERY_DAY, WEEKDAY_NAMES
from campaigns.delivery.pace import format_span
from campaigns.lawful import legal_basis_of
from campaigns.models import Campaign
from campaigns.stats.review import Review, price_list, priced_part, review_of
from campaigns.stats.waterfall import Waterfall
from campaigns.store.making import list_sent_campaigns
from config.i18n import Text, t

PLACES_MOST = 14
"""Districts and wards that are named; more are counted, or the review would not fit on its page."""

LANGUAGE_TITLES: Mapping[str, Text] = {"vi": Text("Tiếng Việt", "Vietnamese"), "en": Text("Tiếng Anh", "English")}

Fact = tuple[str, str]
"""What is told, and what is told of it."""


@dataclass(frozen=True)
class ReviewPage:
    """The facts, and the same in words; ``console/review.html`` wants nothing else."""

    facts: Review
    about: Sequence[Fact]
    audience: Sequence[Fact]
    schedule: Sequence[Fact]
    people: Sequence[Fact]
    prices: Mapping[str, Decimal]

    @property
    def campaign(self) -> Campaign:
        """What is reviewed."""
        return self.facts.campaign


def review_page(session: Session, campaign: Campaign) -> ReviewPage:
    """Gather everything for the review of one campaign."""
    facts = review_of(session, campaign, scope=actor().scope)
    return ReviewPage(
        facts=facts,
        about=about_words(campaign),
        audience=audience_words(session, facts),
        schedule=schedule_words(campaign),
        people=people_words(campaign),
        prices=prices_of(price_list(session), campaign, facts.counted),
    )


def prices_of(prices: Prices, campaign: Campaign, counted: Waterfall | None) -> dict[str, Decimal]:
    """Price of a part for each carrier of the audience, known or assumed."""
    carriers = {carrier for step in (counted.steps if counted else ()) for carrier in step.parts_by_carrier or ()}
    return {carrier: priced_part(prices, carrier, campaign)[0] for carrier in carriers}


def about_words(campaign: Campaign) -> list[Fact]:
    """The text, its class, and what it rests on."""
    version, kind = campaign.template_version, class_rules(campaign.message_class)
    basis = legal_basis_of(campaign) or t("chưa ghi", "not given")
    numbered = t("{title}, phiên bản {n}", "{title}, version {n}", title=version.template.title, n=version.number)
    return [
        (t("Mẫu tin", "Template"), numbered),
        (t("Loại tin, chủ đề", "Class, topic"), f"{kind.title} · {topic_title(campaign.topic)}"),
        (t("Căn cứ", "Legal basis"), str(basis)),
        (t("Người gửi", "Sender"), campaign.sender or t("tên mặc định của cổng", "the gateway's own")),
        (t("Kiểu chữ", "Spelling"), str(words.VARIANT_TITLES[campaign.variant])),
    ]


def audience_words(session: Session, facts: Review) -> list[Fact]:
    """Whom it is for, and whom not."""
    audience = facts.audience
    found = [(t("Nơi nhận", "Where"), _places(places_of(session, audience)) if not audience.everybody else _ALL())]
    if audience.outcomes:
        found.append((t("Chỉ gửi lại cho", "Only again to"), outcomes_words(audience.outcomes.model_dump())))
    if audience.carriers:
        found.append((t("Nhà mạng", "Carriers"), ", ".join(map(words.carrier, audience.carriers))))
    if audience.languages:
        titles = [str(LANGUAGE_TITLES.get(code, code)) for code in audience.languages]
        found.append((t("Ngôn ngữ", "Language"), ", ".join(titles)))
    if audience.tags:
        found.append((t("Nhãn", "Tags"), ", ".join(audience.tags)))
    if audience.not_within_days:
        said = t("người đã nhận tin trong {n} ngày qua", "got a message in {n} days", n=audience.not_within_days)
        found.append((t("Trừ", "Except"), said))
    if audience.not_campaigns:
        named = {campaign.id: campaign.name for campaign in list_sent_campaigns(session, audience.not_campaigns)}
        listed = ", ".join(named.get(number, str(number)) for number in audience.not_campaigns)
        found.append((t("Trừ người của chiến dịch", "Except people of"), listed))
    if facts.campaign.repeat_reason:
        found.append((t("Gửi lại cùng nội dung vì", "Same text again because"), facts.campaign.repeat_reason))
    return found


def _ALL() -> str:  # reads as the constant it would be, were there one language
    return t("Toàn bộ danh bạ", "Everybody in the register")


def _places(nodes: Sequence[AreaNode]) -> str:
    named = [node.title for node in nodes if node.chosen]
    named += [ward.title for node in nodes if not node.chosen for ward in node.wards if ward.chosen]
    if not named:
        return t("chưa chọn", "not chosen")
    more = len(named) - PLACES_MOST
    if more <= 0:
        return ", ".join(named)
    return t("{some} và {n} nơi nữa", "{some} and {n} more", some=", ".join(named[:PLACES_MOST]), n=more)


def schedule_words(campaign: Campaign) -> list[Fact]:
    """When it goes and how fast."""
    found = [
        (t("Bắt đầu", "Start"), start_words(campaign)),
        (t("Khung giờ", "Hours"), window_words(campaign)),
        (t("Ngày gửi", "Days"), days_words(campaign)),
        (t("Nhịp gửi", "Pace"), pace_words(campaign)),
    ]
    if campaign.ward_pace_per_hour:
        limit = t("tối đa {n} người mỗi giờ", "{n} people an hour", n=formats.number(campaign.ward_pace_per_hour))
        found.append((t("Mỗi phường, xã", "In one ward"), limit))
    if campaign.deadline:
        found.append((t("Hạn chót", "Deadline"), formats.moment(campaign.deadline)))
    return found


def start_words(campaign: Campaign) -> str:
    """When it begins."""
    if campaign.scheduled_for is not None:
        return formats.moment(campaign.scheduled_for)
    if campaign.start_at is None:
        return t("đặt giờ sau khi duyệt", "set after the approval")
    return t("ngay khi được duyệt", "once approved") if starts_at_once(campaign) else formats.moment(campaign.start_at)


def window_words(campaign: Campaign) -> str:
    """``07:00–21:00``."""
    if campaign.window_start == campaign.window_end:
        return t("cả ngày", "all day")
    return f"{formats.clock(campaign.window_start)}–{formats.clock(campaign.window_end)}"


def days_words(campaign: Campaign) -> str:
    """Which days of the week, and whether on holidays: its own wish within what its class allows."""
    names = [str(name) for day, name in enumerate(WEEKDAY_NAMES) if campaign.weekdays >> day & 1]
    days = t("mọi ngày", "every day") if campaign.weekdays == EVERY_DAY else ", ".join(names)
    if not campaign.rest_days:
        return t("{days}, trừ thứ Bảy, Chủ nhật, ngày lễ", "{days}, not on weekends and holidays", days=days)
    return t("{days}, trừ ngày lễ", "{days}, not on holidays", days=days) if campaign.skip_holidays else days


def pace_words(campaign: Campaign) -> str:
    """How fast, as it was set."""
    if campaign.over_minutes:
        return t("trải đều trong {x}", "spread over {x}", x=format_span(campaign.over_minutes))
    if campaign.pace_per_hour:
        return t("{n} phần tin mỗi giờ", "{n} parts an hour", n=formats.number(campaign.pace_per_hour))
    return t("nhanh nhất mà nhà mạng cho phép", "as fast as the telcos allow")


def people_words(campaign: Campaign) -> list[Fact]:
    """Who answers for it so far."""
    found = [(t("Người soạn", "Made by"), campaign.created_by)]
    if campaign.edited_by != campaign.created_by:
        found.append((t("Người sửa cuối", "Last edited by"), campaign.edited_by))
    if campaign.submitted_by:
        found.append((t("Người trình", "Submitted by"), campaign.submitted_by))
    if campaign.approved_by:
        found.append((t("Người duyệt", "Approved by"), campaign.approved_by))
    return found

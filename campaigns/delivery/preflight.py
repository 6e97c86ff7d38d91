"""What is checked before anything is sent, so that nothing has to be refused half-way."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from campaigns.audience.reach import reach_of
from campaigns.content.links import SAMPLE_TOKEN, link_of
from campaigns.content.placeholders import title_of
from campaigns.delivery.rendering import SHORT_LINK, CampaignText, Place
from campaigns.errors import InvalidInput
from campaigns.links.register import check_chosen
from campaigns.models import Campaign
from campaigns.store.places import load_places
from campaigns.store.preflight import carriers_without_route, count_missing_values
from campaigns.store.reach import Counted, Reach, count_stages
from campaigns.titles import carrier
from config.i18n import Count, in_every_language, t


def campaign_text(campaign: Campaign) -> CampaignText:
    """The campaign's text."""
    return CampaignText.of(campaign.template_version.body(campaign.variant), campaign.values, campaign.variant)


def refuse_unsendable(session: Session, campaign: Campaign, counted: Sequence[Counted] | None = None) -> None:
    """Raise where the campaign could not be sent to its whole audience as it is.

    ``counted`` is the audience where the caller has counted it: over a million people that takes a second.

    Raises:
        InvalidInput: nobody is left to send to; a placeholder has no value for some people; a carrier of the
            audience has no enabled gateway; or the text carries a link and there is no address for it.
    """
    reach = reach_of(session, campaign)
    carriers = carriers_without_route(session, count_stages(session, reach) if counted is None else counted)
    if not carriers.reachable:
        raise InvalidInput(
            "Không còn ai để gửi trong đối tượng đã chọn.",
            "Nobody in the chosen audience can be sent to.",
        )
    if carriers.without_route:
        listed = ", ".join(f"{carrier(name)}: {Count(count)}" for name, count in sorted(carriers.without_route.items()))
        raise InvalidInput(
            "Chưa có cổng nào chở các nhà mạng: {listed} (số người). Thêm tuyến cho cổng, hoặc một cổng nhận “*”.",
            "No enabled gateway carries these carriers: {listed} (people). Add a route, or a gateway for “*”.",
            listed=listed,
        )
    _refuse_missing(session, campaign, reach)


def _refuse_missing(session: Session, campaign: Campaign, reach: Reach) -> None:
    text = campaign_text(campaign)
    if text.has_short_link:
        check_chosen(session, str(campaign.values.get(SHORT_LINK, "")))
    if text.has_link and not link_of(SAMPLE_TOKEN):
        raise InvalidInput(
            "Mẫu tin có liên kết từ chối nhưng hệ thống chưa có địa chỉ công khai (LOA_PUBLIC_URL).",
            "The text carries the link to refuse, but this installation has no public address (LOA_PUBLIC_URL).",
        )
    missing = count_missing_values(session, reach, sorted(text.must_have))
    if missing:
        listed = in_every_language(lambda: "; ".join(_lacking(name, count) for name, count in missing.items()))
        raise InvalidInput(
            "Mẫu tin cần những giá trị chưa có: {listed_vi}. Hãy ghi giá trị chung cho cả chiến dịch, hoặc bổ sung vào "
            "danh bạ.",
            "The text needs values that are missing: {listed}. Give one for the whole campaign, or add them to the "
            "register.",
            listed_vi=listed["vi"],
            listed=listed["en"],
            placeholders=list(missing),
        )
    if not text.is_personal:
        places = load_places(session) if text.names_places else {}
        text.for_place(Place(*max(places.values(), key=_length, default=("", ""))))


def _lacking(name: str, count: int) -> str:
    people = "{title} (1 person)" if count == 1 else "{title} ({n} people)"
    return t("{title} ({n} người)", people, title=title_of(name), n=Count(count))


def _length(place: tuple[str, str]) -> int:
    return sum(map(len, place))

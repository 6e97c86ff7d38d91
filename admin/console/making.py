"""Behind the steps of making a campaign: the draft a form means, the campaign it would be, whom it would reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session

from admin.console import preview
from admin.console.campaign_form import VALUE_PREFIX, read_audience, read_text
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.review import prices_of
from campaigns.areas.names import fold
from campaigns.audience.reach import reach_of
from campaigns.audience.selection import Audience
from campaigns.content.classes import class_title
from campaigns.content.rendering import compile_template
from campaigns.content.topics import topic_title
from campaigns.draft import CampaignDraft, read_draft, write_draft
from campaigns.errors import LoaError
from campaigns.models import Campaign, TemplateVersion
from campaigns.scope import require_inside
from campaigns.stats.review import price_list
from campaigns.stats.waterfall import Waterfall, waterfall_of
from campaigns.store.links import list_usable_links
from campaigns.store.making import count_over_cap
from campaigns.store.places import load_areas_of
from campaigns.store.templates import list_versions
from config.i18n import t

AUDIENCE_MOST = 4000
"""Characters of an audience in an address."""


def chosen_version(session: Session, form: Form) -> tuple[TemplateVersion | None, list[TemplateVersion]]:
    """The wording a form means, and every one of its template, newest first."""
    slug = form.get("template")
    if not slug:
        return None, []
    try:
        require_inside(session, actor(), "template", slug)
        versions = list(list_versions(session, slug))
    except LoaError as refusal:
        form.errors["template"] = str(refusal)
        return None, []
    wanted = form.get("version_id")
    return next((each for each in versions if str(each.id) == wanted), versions[0]), versions


def text_draft(form: Form, base: Campaign | None) -> CampaignDraft | None:
    """The draft with what step 1 says of it, or None with the reasons beside the fields."""
    session = reading()
    chosen, _ = chosen_version(session, form)
    if chosen is None:
        why = form.errors.pop("template", t("Hãy chọn mẫu tin.", "Choose a template."))
        if not form.get("name").strip():
            form.errors["name"] = t("Hãy đặt tên chiến dịch (tối đa 200 ký tự).", "Name the campaign.")
        form.errors["template"] = why
        return None
    return read_text(form, chosen, base, console().settings.default_edition)


def audience_draft(form: Form, base: Campaign) -> CampaignDraft | None:
    """What step 2 says; wards of a district that is taken whole are not named beside it."""
    edition = form.get("edition") or base.audience["edition"]
    within = {area.code: area.parent_code for area in load_areas_of(reading(), edition)}
    whole = set(form.list("district"))
    form.lists["ward"] = [code for code in form.list("ward") if within.get(code) not in whole]
    draft = read_audience(form, base)
    if draft is None:
        return None
    try:
        draft.audience.ward_ids(reading())
    except LoaError as refusal:
        form.errors["audience"] = str(refusal)
        return None
    if not draft.audience.is_chosen and form.get("go") in {"next", ""}:
        form.errors["audience"] = t(
            "Hãy chọn ít nhất một quận, huyện hoặc phường, xã, hoặc toàn bộ danh bạ.",
            "Choose at least one district or ward, or everybody.",
        )
        return None
    return draft


def placeholders_of(version: TemplateVersion) -> list[str]:
    """Names that either spelling of a text uses."""
    bodies = (version.body_marked, version.body_plain)
    return sorted(set().union(*(compile_template(body).placeholders for body in bodies)))


def previews_of(form: Form, version: TemplateVersion, names: list[str]) -> dict[str, preview.Preview]:
    """Both spellings with the values typed so far."""
    values = {name: form.get(VALUE_PREFIX + name) for name in names}
    return preview.both(version.body_marked, version.body_plain, version.template.message_class, values)


def usual_price(session: Session, version: TemplateVersion) -> Any:
    """Đồng for one part of a carrier without a price of its own, known or assumed."""
    return price_list(session).of("*", version.template.message_class) or console().settings.part_price


def found_templates(rows: list[Any], find: str, chosen: str) -> list[tuple[Any, bool]]:
    """Templates, each with whether it is among what was searched for; the chosen one is, and comes first."""
    wanted = fold(find).split()[:5]

    def fits(row: Any) -> bool:
        said = fold(f"{row.title} {row.slug} {class_title(row.message_class)} {topic_title(row.topic)}")
        return row.slug == chosen or all(word in said for word in wanted)

    return [(row, fits(row)) for row in sorted(rows, key=lambda row: row.slug != chosen)]


def fields_of(draft: CampaignDraft) -> dict[str, Any]:
    """The draft's fields as they are, not as JSON."""
    return {name: getattr(draft, name) for name in CampaignDraft.model_fields}


def imagine(campaign: Campaign, changes: dict[str, Any]) -> Campaign:
    """The campaign as it would be; in no session, so that nothing of it is ever written."""
    session = reading()
    if campaign in session:
        session.expunge(campaign)
    draft = CampaignDraft(**{**fields_of(read_draft(campaign)), **changes})
    write_draft(campaign, draft, campaign.template_version)
    campaign.scheduled_for = None
    return campaign


def audience_in(given: str) -> Audience:
    """The audience an address names."""
    try:
        return Audience.model_validate_json(given[:AUDIENCE_MOST])
    except ValidationError:
        abort(400)


def count_reached(session: Session, campaign: Campaign, draft: CampaignDraft) -> dict[str, Any]:
    """What the living parts of step 2 show of an audience that is not saved yet."""
    if not draft.audience.is_chosen:
        return {"figures": None, "reason": t("Chưa chọn đối tượng.", "Nobody is chosen yet.")}
    imagined = imagine(campaign, {"audience": draft.audience})
    try:
        figures = waterfall_of(session, imagined)
    except LoaError as refusal:
        return {"figures": None, "reason": str(refusal)}
    return {"figures": figures, **priced(session, imagined, figures), "list_url": lists_of(campaign, draft.audience)}


def priced(session: Session, campaign: Campaign, figures: Waterfall) -> dict[str, Any]:
    """Prices for the waterfall, what it comes to in all, and how many would wait for another day."""
    prices = prices_of(price_list(session), campaign, figures)
    waiting = count_over_cap(session, reach_of(session, campaign))
    return {"prices": prices, "over_cap": waiting, "cost": figures.steps[-1].cost(prices) if prices else None}  # type: ignore[arg-type]


def asks_for_count() -> bool:
    """Whether the request is for what takes a count of the audience, which may take a second or two.

    A page comes without it; its script then asks for the same address, and who has no script follows a link.
    """
    return "X-Requested-With" in request.headers or request.args.get("counted") == "1"


def lists_of(campaign: Campaign, audience: Audience | None) -> Callable[[str], str] | None:
    """Where a number's list is; None for who may not see people."""
    if not actor().may("contact.view"):
        return None
    given = audience.model_dump_json(exclude_defaults=True) if audience else None
    return lambda stage: url_for("campaigns.reached", campaign_id=campaign.id, stage=stage, audience=given)


def link_choices(session: Session) -> list[tuple[str, str]]:
    """(short name, title) of the links a campaign may carry, after the choice of none."""
    none = ("", t("Chưa chọn liên kết", "No link chosen"))
    usable = list_usable_links(session, scope=actor().scope)
    return [none, *((link.name, f"{link.title} ({link.name})") for link in usable)]

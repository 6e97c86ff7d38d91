"""Between the campaign form and the draft that use cases take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from admin.console.context import actor
from admin.console.formats import local
from admin.console.forms import Form
from campaigns.audience.selection import Audience
from campaigns.delivery.pace import Pace, format_span, parse_span
from campaigns.draft import CampaignDraft
from campaigns.errors import InvalidInput, LoaError
from campaigns.models import Area, Campaign, TemplateVersion
from campaigns.store.places import load_areas_of, within_scope
from campaigns.store.templates import get_version
from config.i18n import Text, t

VALUE_PREFIX = "value-"


@dataclass(frozen=True, slots=True)
class WardNode:
    """One ward of the tree."""

    code: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class AreaNode:
    """One district with its wards; ``chosen`` is the whole district, ``some`` a part of it."""

    code: str
    title: str
    wards: tuple[WardNode, ...]
    chosen: bool

    @property
    def some(self) -> bool:
        """Whether single wards are chosen."""
        return not self.chosen and any(ward.chosen for ward in self.wards)


def area_tree(session: Session, edition: str, form: Form) -> list[AreaNode]:
    """Districts with wards, ticked as the form has them; an edition without districts is one list of wards."""
    everywhere = load_areas_of(session, edition)
    areas = within_scope(everywhere, actor().scope)
    whole_districts = {a.code for a in everywhere} - {a.parent_code for a in everywhere if a not in areas}
    districts = [area for area in areas if area.kind == "district"]
    wards = [area for area in areas if area.kind == "ward"]
    whole, single = set(form.list("district")), set(form.list("ward"))
    tree = [_node(d, [w for w in wards if w.parent_code == d.code], whole, single) for d in districts]
    # A district that lies partly outside the person's scope cannot be chosen as a whole.
    tree = [node if node.code in whole_districts else replace(node, code="") for node in tree]
    orphans = [w for w in wards if w.parent_code not in {d.code for d in districts}]
    if orphans:
        tree.append(AreaNode("", t("Phường, xã, đặc khu", "Wards"), _wards(orphans, False, single), False))
    return tree


def _node(district: Area, wards: Sequence[Area], whole: set[str], single: set[str]) -> AreaNode:
    chosen = district.code in whole
    return AreaNode(district.code, f"{district.prefix} {district.name}", _wards(wards, chosen, single), chosen)


def _wards(wards: Sequence[Area], all_of_them: bool, single: set[str]) -> tuple[WardNode, ...]:
    return tuple(WardNode(w.code, f"{w.prefix} {w.name}", all_of_them or w.code in single) for w in wards)


def filled_form(campaign: Campaign | None) -> dict[str, str]:
    """The form's values for a campaign, or for a new one."""
    if campaign is None:
        return {
            "variant": "plain",
            "whom": "areas",
            "when": "later",
            "window_start": "07:00",
            "window_end": "21:00",
            "pacing": "none",
        }
    audience = Audience.model_validate(campaign.audience)
    values = {
        "name": campaign.name,
        "template": campaign.template_version.template.slug,
        "version_id": str(campaign.template_version_id),
        "variant": campaign.variant,
        "sender": campaign.sender,
        "legal_basis": campaign.legal_basis or "",
        "whom": "all" if audience.everybody else "areas",
        "when": "at" if campaign.start_at else "later",
        "start_at": local(campaign.start_at).strftime("%Y-%m-%dT%H:%M") if campaign.start_at else "",
        "window_start": campaign.window_start.strftime("%H:%M"),
        "window_end": campaign.window_end.strftime("%H:%M"),
        "version": str(campaign.version),
        **_filled_pace(campaign),
    }
    return values | {VALUE_PREFIX + name: str(value) for name, value in campaign.values.items()}


def _filled_pace(campaign: Campaign) -> dict[str, str]:
    over, parts, ward = campaign.over_minutes, campaign.pace_per_hour, campaign.ward_pace_per_hour
    return {
        "pacing": "over" if over else "rate" if parts else "none",
        "over": format_span(over) if over else "",
        "pace": str(parts or ""),
        "ward_pace": str(ward or ""),
    }


def pace_of(form: Form) -> Pace:
    """The pace a form describes; what cannot be read is among its errors then."""
    over, parts = None, None
    if form.get("pacing") == "over":
        try:
            over = parse_span(form.get("over"))
        except InvalidInput as refusal:
            form.errors["over"] = str(refusal)
    elif form.get("pacing") == "rate":
        parts = form.number("pace") or None
        if parts is None and "pace" not in form.errors:
            form.errors["pace"] = t("Hãy ghi số phần tin mỗi giờ.", "Give the number of parts an hour.")
    return Pace(over, parts, form.number("ward_pace") or None)


_MESSAGES: dict[str, Text] = {
    "over_minutes": Text("Gửi trải đều từ 5 phút tới 30 ngày.", "Spread over five minutes to thirty days."),
    "name": Text("Hãy đặt tên chiến dịch (tối đa 200 ký tự).", "Name the campaign (200 characters at most)."),
    "sender": Text(
        "Tên người gửi tối đa 11 ký tự: chữ không dấu, số, dấu cách, - _ .",
        "A sender name has 11 characters at most: plain letters, digits, space, - _ .",
    ),
    "legal_basis": Text("Căn cứ dài quá 500 ký tự.", "The legal basis has more than 500 characters."),
    "audience": Text("Hãy chọn ít nhất một quận, huyện hoặc phường, xã.", "Choose at least one district or ward."),
    "values": Text("Giá trị dài quá 500 ký tự.", "A value is longer than 500 characters."),
}


_FIELDS = {"over_minutes": "over", "pace_per_hour": "pace", "ward_pace_per_hour": "ward_pace"}
"""Fields of the draft whose input has another name."""


def draft_of(form: Form, session: Session, edition: str) -> CampaignDraft | None:
    """The draft a form describes, or None with the form's errors filled in."""
    start_at = form.moment("start_at") if form.get("when") == "at" else None
    if form.get("when") == "at" and start_at is None and "start_at" not in form.errors:
        form.errors["start_at"] = t("Hãy chọn ngày giờ bắt đầu.", "Give the date and time of the start.")
    window = form.clock("window_start", time(7)), form.clock("window_end", time(21))
    pace = pace_of(form)
    version_id = _version_id(form, session)
    audience = _audience(form, edition)
    if form.errors or version_id is None or audience is None:
        return None
    given: dict[str, Any] = {
        "name": form.get("name"),
        "template_version_id": version_id,
        "variant": form.get("variant"),
        "sender": form.get("sender").strip(),
        "legal_basis": form.get("legal_basis"),
        "values": {
            name.removeprefix(VALUE_PREFIX): value.strip()
            for name, value in form.values.items()
            if name.startswith(VALUE_PREFIX) and value.strip()
        },
        "audience": audience,
        "start_at": start_at,
        "window_start": window[0],
        "window_end": window[1],
        "over_minutes": pace.over_minutes,
        "pace_per_hour": pace.parts_per_hour,
        "ward_pace_per_hour": pace.ward_people_per_hour,
    }
    try:
        return CampaignDraft(**given)
    except ValidationError as error:
        for problem in error.errors(include_input=False):
            name = str(problem["loc"][0]) if problem["loc"] else "name"
            form.errors[_FIELDS.get(name, name)] = str(
                _MESSAGES.get(name, Text("Giá trị không hợp lệ.", "This value cannot be used."))
            )
        return None


def _version_id(form: Form, session: Session) -> int | None:
    """The latest version of the template chosen; an edit that keeps its template keeps its version."""
    slug = form.get("template")
    if not slug:
        form.errors["template"] = t("Hãy chọn mẫu tin.", "Choose a template.")
        return None
    try:
        latest = get_version(session, slug)
    except LoaError as refusal:
        form.errors["template"] = str(refusal)
        return None
    kept = form.number("version_id")
    if kept is not None and not form.get("latest") and _template_of(session, kept) == latest.template_id:
        return kept
    return latest.id


def _template_of(session: Session, version_id: int) -> int | None:
    """The template a version belongs to."""
    version = session.get(TemplateVersion, version_id)
    return version.template_id if version else None


def _audience(form: Form, edition: str) -> Audience | None:
    districts, wards = form.list("district"), form.list("ward")
    try:
        if form.get("whom") == "all":
            return Audience(edition=edition, everybody=True)
        return Audience(edition=edition, districts=tuple(districts), wards=tuple(wards))
    except ValidationError:
        form.errors["audience"] = str(_MESSAGES["audience"])
        return None

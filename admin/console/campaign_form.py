"""Between the three forms a campaign is made with and the draft that use cases take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from pydantic import ValidationError

from admin.console.formats import local
from admin.console.forms import Form
from campaigns.audience.selection import Audience
from campaigns.content.classes import class_rules
from campaigns.delivery.pace import Pace, format_span, parse_span
from campaigns.draft import CampaignDraft, read_draft
from campaigns.errors import InvalidInput
from campaigns.models import Campaign, TemplateVersion
from campaigns.titles import carrier_key
from config.i18n import Text, t

VALUE_PREFIX = "value-"
Fields = dict[str, Any]


def text_form(campaign: Campaign) -> Form:
    """What the form of step 1 holds of a campaign."""
    usual = class_rules(campaign.message_class).priority
    values = {
        "name": campaign.name,
        "template": campaign.template_version.template.slug,
        "version_id": str(campaign.template_version_id),
        "variant": campaign.variant,
        "sender": campaign.sender,
        "legal_basis": campaign.legal_basis or "",
        "validity": str(campaign.validity_minutes),
        "unknown_policy": campaign.unknown_policy,
        "priority": "" if campaign.priority == usual else str(campaign.priority),
        "budget": str(campaign.budget if campaign.budget is not None else ""),
    }
    return Form(values | {VALUE_PREFIX + name: str(value) for name, value in campaign.values.items()})


def new_text_form(slug: str, token: str) -> Form:
    """The form of step 1 for a campaign that is not there yet."""
    return Form(
        {
            "template": slug,
            "variant": "plain",
            "validity": "1440",
            "unknown_policy": "never",
            "token": token,
        }
    )


def audience_form(campaign: Campaign) -> Form:
    """What the form of step 2 holds of a campaign."""
    audience = Audience.model_validate(campaign.audience)
    values = {
        "whom": "all" if audience.everybody else "areas",
        "edition": audience.edition,
        "was_edition": audience.edition,
        "within_days": str(audience.not_within_days or ""),
        "repeat_reason": campaign.repeat_reason or "",
    }
    lists = {
        "district": list(audience.districts),
        "ward": list(audience.wards),
        "carrier": [carrier_key(name) for name in audience.carriers],
        "language": list(audience.languages),
        "tag": list(audience.tags),
        "not_campaign": [str(number) for number in audience.not_campaigns],
    }
    return Form(values, lists)


def schedule_form(campaign: Campaign) -> Form:
    """What the form of step 3 holds of a campaign."""
    return Form(
        {
            "when": "now" if starts_at_once(campaign) else "at" if campaign.start_at else "later",
            "start_at": "" if starts_at_once(campaign) else _written(campaign.start_at),
            "window_start": campaign.window_start.strftime("%H:%M"),
            "window_end": campaign.window_end.strftime("%H:%M"),
            "skip_holidays": "1" if campaign.skip_holidays else "",
            "deadline": _written(campaign.deadline),
            **_filled_pace(campaign),
        },
        {"weekday": [str(day) for day in range(7) if campaign.weekdays >> day & 1]},
    )


def starts_at_once(campaign: Campaign) -> bool:
    """Whether its start is set and past, so that nothing but the approval is waited for."""
    return campaign.start_at is not None and campaign.start_at <= datetime.now(UTC)


def _written(moment: datetime | None) -> str:
    return local(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


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


def read_text(form: Form, version: TemplateVersion, base: Campaign | None, edition: str) -> CampaignDraft | None:
    """The draft with what step 1 says of it, or None with the form's errors filled in."""
    given: Fields = {
        "name": form.get("name"),
        "template_version_id": version.id,
        "variant": form.get("variant"),
        "sender": form.get("sender").strip(),
        "legal_basis": form.get("legal_basis"),
        "values": {
            name.removeprefix(VALUE_PREFIX): value.strip()
            for name, value in form.values.items()
            if name.startswith(VALUE_PREFIX) and value.strip()
        },
        "validity_minutes": form.number("validity", 1440),
        "unknown_policy": form.get("unknown_policy") or "never",
        "priority": form.number("priority"),
        "budget": _money(form, "budget"),
    }
    if base is None or base.message_class != version.template.message_class:
        given["window_start"], given["window_end"] = usual_window(version.template.message_class)
    if base is None:
        given["audience"] = Audience(edition=edition)
    return _checked(form, base, given)


def usual_window(message_class: str) -> tuple[time, time]:
    """From seven to nine in the evening, or what the class allows of it; the whole day where it allows that."""
    start, end = class_rules(message_class).hours
    return (start, end) if start == end else (max(start, time(7)), min(end, time(21)))


def _money(form: Form, name: str) -> int | None:
    """``12.500.000`` or ``12500000``: đồng."""
    plain = form.get(name).replace(".", "").replace(",", "").replace(" ", "").replace("₫", "")
    if not plain:
        return None
    if not plain.isascii() or not plain.isdecimal() or len(plain) > 13:
        form.errors[name] = t(
            "Hãy ghi số tiền bằng đồng, ví dụ 12.500.000.", "Give an amount in đồng, such as 12,500,000."
        )
        return None
    return int(plain)


def read_audience(form: Form, base: Campaign) -> CampaignDraft | None:
    """The draft with what step 2 says of it; whom it is for may still be open then."""
    edition = form.get("edition") or base.audience.get("edition", "2023")
    stays = form.get("was_edition") in {"", edition}
    whole = form.list("district") if stays else []
    given: Fields = {
        "edition": edition,
        "everybody": form.get("whom") == "all",
        "carriers": form.list("carrier"),
        "languages": form.list("language"),
        "tags": form.list("tag"),
        "not_within_days": form.number("within_days") or None,
        "not_campaigns": [number for number in form.list("not_campaign") if number.isdecimal()],
        "outcomes": base.audience.get("outcomes"),
    }
    if not given["everybody"]:
        # A form without script names the wards of a ticked district too; the district says it all.
        given |= {"districts": whole, "wards": form.list("ward") if stays else []}
    try:
        audience = Audience(**given)
    except ValidationError as error:
        _tell(form, error)
        return None
    return _checked(form, base, {"audience": audience, "repeat_reason": form.get("repeat_reason").strip() or None})


def read_schedule(form: Form, base: Campaign) -> CampaignDraft | None:
    """The draft with what step 3 says of it."""
    start_at = form.moment("start_at") if form.get("when") == "at" else None
    if form.get("when") == "now":
        # As it stands, where it says so already: looking at the step is no change.
        start_at = base.start_at if starts_at_once(base) else datetime.now(UTC)
    if form.get("when") == "at" and start_at is None and "start_at" not in form.errors:
        form.errors["start_at"] = t("Hãy chọn ngày giờ bắt đầu.", "Give the date and time of the start.")
    pace = pace_of(form)
    given: Fields = {
        "start_at": start_at,
        "window_start": form.clock("window_start", time(7)),
        "window_end": form.clock("window_end", time(21)),
        "weekdays": sum({1 << int(day) for day in form.list("weekday") if day in set("0123456")}),
        "skip_holidays": bool(form.get("skip_holidays")),
        "deadline": form.moment("deadline"),
        "over_minutes": pace.over_minutes,
        "pace_per_hour": pace.parts_per_hour,
        "ward_pace_per_hour": pace.ward_people_per_hour,
    }
    if not given["weekdays"]:
        form.errors["weekday"] = t("Hãy chọn ít nhất một ngày trong tuần.", "Choose at least one day of the week.")
    if start_at and given["deadline"] and given["deadline"] <= start_at:
        form.errors["deadline"] = t("Hạn phải sau lúc bắt đầu.", "The deadline must come after the start.")
    return _checked(form, base, given)


def _checked(form: Form, base: Campaign | None, given: Fields) -> CampaignDraft | None:
    kept: Mapping[str, Any] = {}
    if base is not None:
        before = read_draft(base)
        kept = {name: getattr(before, name) for name in CampaignDraft.model_fields}
    draft = None
    try:
        draft = CampaignDraft(**{**kept, **given})
    except ValidationError as error:
        # Beside what could not be read at all: everything that is wrong is said at once.
        _tell(form, error, only_known=bool(form.errors))
    return None if form.errors else draft


_MESSAGES: dict[str, Text] = {
    "over_minutes": Text("Gửi trải đều từ 5 phút tới 30 ngày.", "Spread over five minutes to thirty days."),
    "name": Text("Hãy đặt tên chiến dịch (tối đa 200 ký tự).", "Name the campaign (200 characters at most)."),
    "sender": Text(
        "Tên người gửi tối đa 11 ký tự: chữ không dấu, số, dấu cách, - _ .",
        "A sender name has 11 characters at most: plain letters, digits, space, - _ .",
    ),
    "legal_basis": Text("Căn cứ dài quá 500 ký tự.", "The legal basis has more than 500 characters."),
    "values": Text("Giá trị dài quá 500 ký tự.", "A value is longer than 500 characters."),
    "validity_minutes": Text("Hiệu lực từ 5 phút tới 3 ngày.", "Validity is five minutes to three days."),
    "priority": Text("Mức ưu tiên từ 0 tới 9.", "Priority goes from 0 to 9."),
    "not_within_days": Text("Từ 1 tới 365 ngày.", "From 1 to 365 days."),
    "not_campaigns": Text("Nhiều nhất 50 chiến dịch.", "50 campaigns at most."),
    "budget": Text("Số tiền quá lớn.", "The amount is too large."),
    "repeat_reason": Text("Lý do từ 3 tới 500 ký tự.", "A reason has 3 to 500 characters."),
}

_FIELDS = {
    "over_minutes": "over",
    "pace_per_hour": "pace",
    "ward_pace_per_hour": "ward_pace",
    "validity_minutes": "validity",
    "not_within_days": "within_days",
    "not_campaigns": "not_campaign",
}
"""Fields of the draft whose input has another name."""


def _tell(form: Form, error: ValidationError, *, only_known: bool = False) -> None:
    for problem in error.errors(include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else "name"
        if only_known and (name not in _MESSAGES or not problem["loc"]):
            continue
        form.errors.setdefault(
            _FIELDS.get(name, name), str(_MESSAGES.get(name, Text("Giá trị không hợp lệ.", "This cannot be used.")))
        )

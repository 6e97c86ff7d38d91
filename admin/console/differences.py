"""What changed between two versions of a campaign, field by field in words; the text has ``content.diff``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from admin.console import formats, words
from campaigns.content.classes import class_rules
from campaigns.content.placeholders import title_of
from campaigns.content.topics import topic_title
from campaigns.delivery.hours import WEEKDAY_NAMES
from campaigns.delivery.pace import format_span
from campaigns.delivery.states import STATE_TITLES, MessageState
from config.i18n import Text, t

Snapshot = Mapping[str, Any]
"""``campaigns.draft.snapshot``."""
NameArea = Callable[[str, str], str]
"""A unit's name from its edition and code."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that reads otherwise now."""

    label: str
    before: str
    after: str


def _parts_an_hour(rate: int) -> str:
    return t("{n} phần tin mỗi giờ", "{n} parts an hour", n=formats.number(rate))


def _weekdays(bits: int) -> str:
    return ", ".join(str(name) for day, name in enumerate(WEEKDAY_NAMES) if bits >> day & 1)


def _people_an_hour(rate: int) -> str:
    return t("{n} người mỗi giờ", "{n} people an hour", n=formats.number(rate))


_FIELDS: Mapping[str, tuple[Text, Callable[[Any], str]]] = {
    "name": (Text("Tên chiến dịch", "Name"), str),
    "template": (Text("Mẫu tin", "Template"), str),
    "template_version": (Text("Phiên bản mẫu tin", "Version of the template"), str),
    "message_class": (Text("Loại tin", "Class"), lambda slug: str(class_rules(slug).title)),
    "legal_basis": (Text("Căn cứ pháp lý", "Legal basis"), str),
    "topic": (Text("Chủ đề", "Topic"), topic_title),
    "variant": (Text("Kiểu chữ", "Spelling"), lambda variant: str(words.VARIANT_TITLES[variant])),
    "sender": (Text("Tên người gửi", "Sender name"), str),
    "start_at": (
        Text("Bắt đầu", "Start"),
        lambda at: formats.moment(datetime.fromisoformat(at)),
    ),
    "window_start": (Text("Gửi từ", "Hours from"), lambda at: at[:5]),
    "window_end": (Text("Gửi đến", "Hours to"), lambda at: at[:5]),
    "validity_minutes": (Text("Nhà mạng cố gửi trong", "The telco tries for"), format_span),
    "unknown_policy": (
        Text("Tin chưa rõ kết quả", "Unknown messages"),
        lambda policy: t("gửi lại", "sent again") if policy == "resend" else t("không gửi lại", "never sent again"),
    ),
    "priority": (Text("Mức ưu tiên", "Priority"), str),
    "weekdays": (Text("Ngày trong tuần", "Days of the week"), lambda bits: _weekdays(bits)),
    "skip_holidays": (Text("Nghỉ ngày lễ", "Not on holidays"), lambda skips: _plain(skips)),
    "deadline": (Text("Hạn xong", "Deadline"), lambda at: formats.moment(datetime.fromisoformat(at))),
    "repeat_reason": (Text("Lý do gửi lại cùng nội dung", "Why the same text goes out again"), str),
    "budget": (Text("Kinh phí được duyệt", "Budget"), lambda dong: f"{formats.number(dong)} ₫"),
    "over_minutes": (Text("Trải đều trong", "Spread over"), format_span),
    "pace_per_hour": (Text("Nhịp gửi", "Pace"), _parts_an_hour),
    "ward_pace_per_hour": (Text("Ở mỗi phường, xã", "In each ward"), _people_an_hour),
}
"""Labels and wording, in the order people read them; a field that is missing here is shown under its own name."""

_ABSENT: Mapping[str, Text] = {"start_at": Text("đặt giờ sau khi duyệt", "set after the approval")}
_NOT_SHOWN = frozenset({"body", "template_version_id", "audience", "values"})


def changes(before: Snapshot, after: Snapshot, name_area: NameArea) -> list[Change]:
    """Every field but the text that reads otherwise."""
    found = list(_field_changes(before, after))
    found += _audience_changes(before.get("audience") or {}, after.get("audience") or {}, name_area)
    found += _value_changes(before.get("values") or {}, after.get("values") or {})
    return found


def _field_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    label: Text | str
    unknown = sorted((before.keys() | after.keys()) - _FIELDS.keys() - _NOT_SHOWN)
    for name in (*_FIELDS, *unknown):
        label, say = _FIELDS.get(name, (name, _plain))
        old, new = (_said(name, say, snapshot.get(name)) for snapshot in (before, after))
        if old != new:  # as people read it: seconds of a start that the form cut off are no change
            yield Change(str(label), old, new)


def _said(name: str, say: Callable[[Any], str], value: Any) -> str:
    if value is None or value == "":
        return str(_ABSENT.get(name, ""))
    return say(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return t("có", "yes") if value else t("không", "no")
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_plain(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return "" if value is None else str(value)


_AUDIENCE: Mapping[str, Text] = {
    "edition": Text("Danh mục địa bàn", "Edition of areas"),
    "everybody": Text("Toàn bộ danh bạ", "Everybody in the register"),
    "districts": Text("Quận, huyện", "Districts"),
    "wards": Text("Phường, xã", "Wards"),
    "carriers": Text("Nhà mạng", "Carriers"),
    "languages": Text("Ngôn ngữ", "Languages"),
    "tags": Text("Nhãn", "Tags"),
    "not_within_days": Text("Trừ người đã nhận tin trong số ngày", "Except who got a message within days"),
    "not_campaigns": Text("Trừ người của chiến dịch số", "Except people of campaigns"),
    "outcomes": Text("Chỉ gửi lại cho", "Only again to"),
}


def _audience_changes(before: Snapshot, after: Snapshot, name_area: NameArea) -> Iterator[Change]:
    for name in (*_AUDIENCE, *sorted((before.keys() | after.keys()) - _AUDIENCE.keys())):
        old, new = before.get(name), after.get(name)
        if old != new:
            label = t("Đối tượng: {what}", "Audience: {what}", what=str(_AUDIENCE.get(name, name)).lower())
            yield Change(label, _whom(name, old, before, name_area), _whom(name, new, after, name_area))


def _whom(name: str, value: Any, audience: Snapshot, name_area: NameArea) -> str:
    if name in {"districts", "wards"}:
        return ", ".join(name_area(str(audience.get("edition", "")), code) for code in value or ())
    if name == "outcomes" and value:
        return outcomes_words(value)
    return _plain(value)


def outcomes_words(outcomes: Mapping[str, Any]) -> str:
    """``người của chiến dịch 12 có kết quả: không tới, hết hạn``"""
    titles = {state.label: str(STATE_TITLES[state]).lower() for state in MessageState}
    return t(
        "người của chiến dịch {id} có kết quả: {states}",
        "people of campaign {id} whose outcome was: {states}",
        id=outcomes["campaign"],
        states=", ".join(titles.get(state, state) for state in outcomes["states"]),
    )


def _value_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Change(
                t("Giá trị “{name}”", "Value “{name}”", name=title_of(name)),
                str(before.get(name, "")),
                str(after.get(name, "")),
            )

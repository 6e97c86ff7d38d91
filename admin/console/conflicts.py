"""Two people at one draft or template: who was quicker and when, and where their words differ from those typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from admin.console import formats
from admin.console.context import actor
from admin.console.forms import Form
from campaigns.content.placeholders import title_of
from campaigns.models import Campaign, Template
from campaigns.store.audit import find_last_deed
from campaigns.store.console import list_audit_of
from config.i18n import Text, t

TITLES: Mapping[str, Text] = {
    "name": Text("Tên chiến dịch", "Name"),
    "template": Text("Mẫu tin", "Template"),
    "version_id": Text("Phiên bản mẫu tin", "Version of the template"),
    "variant": Text("Kiểu chữ", "Spelling"),
    "sender": Text("Tên người gửi", "Sender name"),
    "legal_basis": Text("Căn cứ pháp lý", "Legal basis"),
    "validity": Text("Hiệu lực", "Validity"),
    "unknown_policy": Text("Tin chưa rõ kết quả", "Unknown messages"),
    "priority": Text("Mức ưu tiên", "Priority"),
    "budget": Text("Kinh phí", "Budget"),
    "whom": Text("Gửi tới", "Send to"),
    "edition": Text("Danh mục địa bàn", "Edition of areas"),
    "district": Text("Quận, huyện", "Districts"),
    "ward": Text("Phường, xã", "Wards"),
    "carrier": Text("Nhà mạng", "Carriers"),
    "language": Text("Ngôn ngữ", "Languages"),
    "tag": Text("Nhãn", "Tags"),
    "within_days": Text("Trừ người đã nhận tin trong số ngày", "Except who got a message in so many days"),
    "not_campaign": Text("Trừ người của chiến dịch", "Except people of campaigns"),
    "when": Text("Bắt đầu", "Start"),
    "start_at": Text("Ngày giờ bắt đầu", "Date and time of the start"),
    "window_start": Text("Gửi từ", "Send from"),
    "window_end": Text("Đến trước", "Until"),
    "weekday": Text("Ngày gửi", "Days"),
    "skip_holidays": Text("Không gửi ngày lễ", "Not on holidays"),
    "deadline": Text("Hạn chót", "Deadline"),
    "repeat_reason": Text("Lý do gửi lại cùng nội dung", "Why the same text again"),
    "pacing": Text("Nhịp gửi", "Pace"),
    "over": Text("Trải đều trong", "Spread over"),
    "pace": Text("Phần tin mỗi giờ", "Parts an hour"),
    "ward_pace": Text("Số người mỗi giờ ở một phường, xã", "People an hour in one ward"),
}
"""Fields that are compared; a value of a placeholder bears the placeholder's title."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field as the two have it."""

    title: str
    theirs: str
    mine: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody saved while this person was typing. ``where`` is empty where only other steps were touched."""

    told: str
    where: Sequence[Difference]


def find_conflict(session: Session, campaign: Campaign, form: Form, theirs: Form) -> Conflict | None:
    """What to tell, and from now on the form overwrites; None where its version is that of the campaign."""
    if form.get("version") == str(campaign.version):
        return None
    last = next(iter(list_audit_of(session, "campaign", campaign.id, limit=1)), None)
    form.values["version"] = str(campaign.version)
    who, when = (last.actor, formats.moment(last.at)) if last else (campaign.edited_by, "–")
    return Conflict(_told(who, when), _where(form, theirs))


FACT_TITLES: Mapping[str, Text] = {
    "title": Text("Tên mẫu tin", "Title"),
    "topic": Text("Chủ đề", "Topic"),
    "message_class": Text("Loại tin", "Class"),
    "plan_task": Text("Nhiệm vụ của Kế hoạch 52", "Task of Plan 52"),
    "audience": Text("Dành cho", "For"),
}
"""Facts of a template that are compared."""


def facts_conflict(session: Session, template: Template, form: Form, theirs: Form) -> Conflict:
    """What to tell of a template whose facts somebody else changed; from now on the form overwrites."""
    last = find_last_deed(session, "template.changed", "template", template.id)
    form.values["seen"] = theirs.get("seen")
    where = [
        Difference(str(title), theirs.get("shown-" + name) or "–", form.get("shown-" + name) or "–")
        for name, title in FACT_TITLES.items()
        if theirs.get(name) != form.get(name).strip()
    ]
    who, when = (last.actor, formats.moment(last.at)) if last else ("–", "–")
    return Conflict(_facts_told(who, when), where)


def _facts_told(who: str, when: str) -> str:
    if who == actor().email:
        return t(
            "Bạn đã sửa thông tin mẫu tin này ở một trang khác lúc {when}. Những gì bạn vừa ghi ở đây chưa được lưu: "
            "xem lại rồi bấm lưu lần nữa để ghi đè.",
            "You changed this template's facts on another page at {when}. What you typed here is not saved yet: look "
            "at it, and save once more to overwrite.",
            when=when,
        )
    return t(
        "{who} đã sửa thông tin mẫu tin này lúc {when}, trong khi bạn đang sửa. Những gì bạn vừa ghi vẫn còn đây nhưng "
        "chưa được lưu: xem lại rồi bấm lưu lần nữa để ghi đè.",
        "{who} changed this template's facts at {when} while you were writing. What you typed is still here but not "
        "saved: look at it, and save once more to overwrite.",
        who=who,
        when=when,
    )


def _told(who: str, when: str) -> str:
    if who == actor().email:
        return t(
            "Bạn đã lưu chiến dịch này ở một trang khác lúc {when}. Những gì bạn vừa ghi ở đây chưa được lưu: "
            "xem lại rồi bấm lưu lần nữa để ghi đè.",
            "You saved this campaign on another page at {when}. What you typed here is not saved yet: look at it, "
            "and save once more to overwrite.",
            when=when,
        )
    return t(
        "{who} đã thay đổi chiến dịch này lúc {when}, trong khi bạn đang soạn. Những gì bạn vừa ghi vẫn còn đây nhưng "
        "chưa được lưu: xem lại rồi bấm lưu lần nữa để ghi đè.",
        "{who} changed this campaign at {when} while you were writing. What you typed is still here but not saved: "
        "look at it, and save once more to overwrite.",
        who=who,
        when=when,
    )


def _where(form: Form, theirs: Form) -> list[Difference]:
    names = [*theirs.values, *theirs.lists]
    names += [name for name in form.values if name.startswith("value-") and name not in names]
    found = []
    for name in names:
        one, other = _said(theirs, name), _said(form, name)
        if one != other and (name in TITLES or name.startswith("value-")):
            title = str(TITLES[name]) if name in TITLES else title_of(name.removeprefix("value-"))
            found.append(Difference(title, one or "–", other or "–"))
    return found


def _said(form: Form, name: str) -> str:
    many = form.lists.get(name)
    if many and (len(many) > 1 or name not in form.values):
        return ", ".join(sorted(many))[:300]
    return form.get(name).strip()[:300]

"""The worksheet of a breach: its 72 hours from discovery, and what the notice has to contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.hiding import hide_numbers
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import Breach
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.registers import lock_breach
from config.i18n import Text

NOTICE_WITHIN = timedelta(hours=72)
"""From discovery: Law 91/2025/QH15, Article 23.1."""

FIELD_MOST = 4000
TITLE_MOST = 200


@dataclass(frozen=True, slots=True)
class Field:
    """One thing the notice has to say (the list of Decree 13/2023/NĐ-CP, Article 23.3)."""

    title: Text
    hint: Text
    required: bool = True
    """Whether the notice is incomplete without it."""


FIELDS: Mapping[str, Field] = {
    "when_where": Field(
        Text("Thời gian, địa điểm xảy ra", "When and where it happened"),
        Text("Hệ thống, máy chủ, nơi làm việc; từ lúc nào tới lúc nào.", "System, server, office; from when to when."),
    ),
    "act": Field(
        Text("Hành vi vi phạm", "What was done"),
        Text("Truy cập trái phép, gửi nhầm, mất thiết bị…", "Access without right, sent to the wrong people, a loss…"),
    ),
    "involved": Field(
        Text("Tổ chức, cá nhân liên quan", "Organisations and people involved"),
        Text("Ghi chức danh, đơn vị; không ghi số điện thoại.", "Give offices and units; no telephone numbers."),
    ),
    "data_kinds": Field(
        Text("Loại dữ liệu cá nhân", "Kinds of personal data"),
        Text("Số điện thoại, họ tên, địa bàn, nội dung tin…", "Numbers, names, areas, contents of messages…"),
    ),
    "amount": Field(
        Text("Số lượng dữ liệu, số người bị ảnh hưởng", "How much data, how many people"),
        Text("Ước tính nếu chưa rõ.", "An estimate where it is not known."),
    ),
    "contact": Field(
        Text("Đầu mối liên hệ", "Whom to contact"),
        Text("Bộ phận bảo vệ dữ liệu cá nhân của thành phố.", "The city's office for the protection of personal data."),
    ),
    "consequences": Field(
        Text("Hậu quả, thiệt hại có thể xảy ra", "Consequences and damage that may follow"),
        Text("Đối với người dân, trật tự, an ninh.", "For people, order and security."),
    ),
    "measures": Field(
        Text("Biện pháp đã và sẽ thực hiện", "Measures taken and to be taken"),
        Text("Ngăn chặn, khắc phục, giảm thiểu tác hại.", "To stop it, mend it and lessen the harm."),
    ),
    "late_reason": Field(
        Text("Lý do thông báo chậm", "Why the notice is late"),
        Text("Bắt buộc khi thông báo sau 72 giờ.", "Needed where the notice comes after 72 hours."),
        required=False,
    ),
}


def notice_due(breach: Breach) -> datetime:
    """By when the authority has to be told."""
    return breach.discovered_at + NOTICE_WITHIN


def missing(breach: Breach) -> list[str]:
    """Fields the notice needs and the worksheet lacks."""
    return [name for name, field in FIELDS.items() if field.required and not breach.fields.get(name, "").strip()]


def open_breach(session: Session, actor: Actor, *, title: str, discovered_at: datetime) -> Breach:
    """Begin a worksheet; the clock runs from the discovery.

    Raises:
        InvalidInput: no title, or discovered in time to come.
    """
    actor.require("breach.manage")
    now = database_now(session)
    if discovered_at > now:
        raise InvalidInput("Thời điểm phát hiện không thể sau lúc này.", "It cannot be discovered after now.")
    made = Breach(title=_title(title), discovered_at=discovered_at, created_by=actor.email)
    session.add(made)
    session.flush()
    append_audit(session, actor.email, "breach.opened", "breach", made.id, {"discovered": discovered_at.isoformat()})
    return made


def write_breach(
    session: Session, actor: Actor, breach_id: int, *, title: str, fields: Mapping[str, str], seen: int
) -> Breach:
    """Keep what is known so far; a notice may be completed later. The audit says which fields changed.

    Raises:
        InvalidInput: no title, or a field is too long.
        WrongState: somebody changed it since ``seen``.
    """
    actor.require("breach.manage")
    found = lock_breach(session, breach_id)
    if found.version != seen:
        raise WrongState(
            "Người khác vừa sửa hồ sơ này. Hãy tải lại trang rồi sửa.",
            "Somebody has just changed this worksheet. Reload the page, then change it.",
        )
    new = {name: hide_numbers(fields.get(name, "").strip()) for name in FIELDS}
    if any(len(value) > FIELD_MOST for value in new.values()):
        raise InvalidInput("Dài quá {n} ký tự.", "Longer than {n} characters.", n=FIELD_MOST)
    changed = [name for name, value in new.items() if value != found.fields.get(name, "")]
    found.title, found.fields = _title(title), new
    _changed(session, actor, found, "breach.written", fields=changed)
    return found


def notify(session: Session, actor: Actor, breach_id: int, *, reference: str, at: datetime) -> Breach:
    """Note that the authority was told.

    Raises:
        InvalidInput: something it has to say is missing, also why it is late; or the moment cannot be.
        WrongState: it was told before.
    """
    actor.require("breach.manage")
    found = lock_breach(session, breach_id)
    if found.notified_at is not None:
        raise WrongState("Đã ghi nhận thông báo trước đó.", "The notice was noted before.")
    if not found.discovered_at <= at <= database_now(session):
        raise InvalidInput(
            "Thời điểm thông báo phải sau lúc phát hiện và không sau lúc này.",
            "The notice comes after the discovery and not after now.",
        )
    late = at > notice_due(found) and not found.fields.get("late_reason", "").strip()
    lacks = [*missing(found), *(["late_reason"] if late else [])]
    if lacks:
        raise InvalidInput(
            "Hồ sơ còn thiếu: {what}.",
            "The worksheet lacks: {what}.",
            what="; ".join(str(FIELDS[name].title) for name in lacks),
        )
    found.notified_at, found.notice_reference = at, reference.strip()[:TITLE_MOST] or None
    _changed(session, actor, found, "breach.notified", at=at.isoformat(), reference=found.notice_reference)
    return found


def close_breach(session: Session, actor: Actor, breach_id: int) -> Breach:
    """Close a worksheet.

    Raises:
        WrongState: it is closed.
    """
    actor.require("breach.manage")
    found = lock_breach(session, breach_id)
    if found.closed_at is not None:
        raise WrongState("Hồ sơ này đã đóng.", "This worksheet is closed.")
    found.closed_at = database_now(session)
    _changed(session, actor, found, "breach.closed")
    return found


def _title(title: str) -> str:
    cleaned = hide_numbers(title.strip()[:TITLE_MOST])
    if not cleaned:
        raise InvalidInput("Hãy đặt tên cho hồ sơ.", "Give the worksheet a title.")
    return cleaned


def _changed(session: Session, actor: Actor, found: Breach, action: str, **detail: object) -> None:
    found.version += 1
    found.updated_at = database_now(session)
    session.flush()
    append_audit(session, actor.email, action, "breach", found.id, detail)

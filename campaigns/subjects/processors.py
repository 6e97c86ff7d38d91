"""The register of who processes personal data for the city, by which agreement: Decree 356/2025, Article 7.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import Processor
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.registers import find_processor, lock_processor
from config.i18n import Text

TEXT_MOST = 1000

FIELDS: Mapping[str, Text] = {
    "name": Text("Bên xử lý", "Processor"),
    "purpose": Text("Mục đích", "Purpose"),
    "data": Text("Dữ liệu được giao", "Data handed over"),
    "retention": Text("Thời hạn giữ và cách xoá, trả", "How long it is kept, how deleted or returned"),
    "basis": Text("Cơ sở pháp lý", "Legal basis"),
    "contract_number": Text("Số hợp đồng, thoả thuận", "Number of the agreement"),
    "contact_office": Text("Đầu mối liên hệ", "Office to contact"),
}
"""Texts of one entry; contact by office, never by a person's number."""
REQUIRED = ("name", "purpose", "data", "retention", "basis")
DATES: Mapping[str, Text] = {
    "contract_date": Text("Ngày ký", "Date of the agreement"),
    "checked_on": Text("Kiểm tra gần nhất", "Last check"),
    "ended_on": Text("Ngày chấm dứt", "Ended on"),
}
CHECK_EVERY_DAYS = 365
"""A check older than this is due again (Law 91/2025, Article 19.2: compliance is checked regularly)."""

_FROM_GATEWAY = {
    "purpose": Text(
        "Chuyển tin nhắn của thành phố tới thuê bao và báo kết quả gửi",
        "Hand the city's messages to subscribers and report what became of them",
    ),
    "data": Text("Số điện thoại, nội dung tin, thời điểm và kết quả gửi", "Number, text, time and outcome of messages"),
    "retention": Text(
        "Theo hợp đồng; xoá hoặc trả khi chấm dứt", "As the agreement says; deleted or returned when it ends"
    ),
    "basis": Text(
        "Điểm c khoản 1 Điều 19 Luật 91/2025: phục vụ hoạt động của cơ quan nhà nước",
        "Law 91/2025, Article 19.1(c): serving the duty of a state agency",
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What one entry says."""

    texts: Mapping[str, str]
    dates: Mapping[str, date | None]


def prefilled(gateway: str) -> dict[str, str]:
    """What is known of a telco from the gateway over which it gets messages."""
    return {"name": gateway, **{name: str(text) for name, text in _FROM_GATEWAY.items()}}


def add_processor(session: Session, actor: Actor, entry: Entry) -> Processor:
    """Enter a processor.

    Raises:
        InvalidInput: something is missing or too long, or the name is entered already.
    """
    actor.require("processor.manage")
    texts = _checked(session, entry, None)
    made = Processor(**texts, **entry.dates, updated_by=actor.email)
    session.add(made)
    session.flush()
    append_audit(session, actor.email, "processor.added", "processor", made.id, {"name": made.name})
    return made


def change_processor(session: Session, actor: Actor, processor_id: int, entry: Entry, *, seen: int) -> Processor:
    """Change an entry; who stopped processing gets an end and stays.

    Raises:
        InvalidInput: something is missing or too long, or another has the name.
        WrongState: somebody changed it since ``seen``.
    """
    actor.require("processor.manage")
    found = lock_processor(session, processor_id)
    if found.version != seen:
        raise WrongState(
            "Người khác vừa sửa mục này. Hãy tải lại trang rồi sửa.",
            "Somebody has just changed this entry. Reload the page, then change it.",
        )
    new = {**_checked(session, entry, found.id), **entry.dates}
    changed = sorted(name for name, value in new.items() if getattr(found, name) != value)
    if not changed:
        return found
    for name in changed:
        setattr(found, name, new[name])
    found.version, found.updated_by, found.updated_at = found.version + 1, actor.email, database_now(session)
    session.flush()
    append_audit(session, actor.email, "processor.changed", "processor", found.id, {"fields": changed})
    return found


def check_is_due(processor: Processor, today: date) -> bool:
    """Whether it is time to look again whether the agreement is kept."""
    if processor.ended_on is not None:
        return False
    return processor.checked_on is None or (today - processor.checked_on).days > CHECK_EVERY_DAYS


def _checked(session: Session, entry: Entry, own_id: int | None) -> dict[str, str]:
    texts = {name: entry.texts.get(name, "").strip() for name in FIELDS}
    for name, value in texts.items():
        if not value and name in REQUIRED:
            raise InvalidInput("Hãy nhập: {what}.", "Fill in: {what}.", what=str(FIELDS[name]), field=name)
        if len(value) > TEXT_MOST:
            raise InvalidInput(
                "“{what}” dài quá {n} ký tự.",
                "“{what}” has more than {n} characters.",
                what=str(FIELDS[name]),
                n=TEXT_MOST,
                field=name,
            )
    known = find_processor(session, texts["name"])
    if known is not None and known.id != own_id:
        raise InvalidInput("“{name}” đã có trong sổ.", "“{name}” is entered already.", name=known.name, field="name")
    return texts

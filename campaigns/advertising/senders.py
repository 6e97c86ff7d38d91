"""Sender names: whose each is, which carriers registered it, until when (Decree 91/2020/NĐ-CP, Articles 23–31)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.phone import carriers
from campaigns.errors import InvalidInput, NotFound
from campaigns.models import SenderName
from campaigns.store.audit import append_audit
from campaigns.store.senders import find_sender
from campaigns.titles import carrier_key
from config.i18n import Text

OWNER_KINDS: Mapping[str, Text] = {
    "authority": Text("Cơ quan nhà nước", "Authority"),
    "commercial": Text("Thương mại", "Commercial"),
}
STATUSES: Mapping[str, Text] = {
    "registered": Text("Đã đăng ký", "Registered"),
    "waiting": Text("Đang chờ", "Waiting"),
    "refused": Text("Bị từ chối", "Refused"),
}
_NAME = re.compile(r"(?=.*[A-Za-z._ -])[A-Za-z0-9._ -]{1,11}")


def check_name(name: str) -> str:
    """A sender name as Article 23 allows it: at most 11 Latin letters, digits, ``- _ .`` or space, not digits only.

    Raises:
        InvalidInput: it is none.
    """
    cleaned = name.strip()
    if not _NAME.fullmatch(cleaned):
        raise InvalidInput(
            "Tên người gửi “{name}” không đúng quy định: tối đa 11 ký tự, chữ không dấu, số, dấu cách, - _ . và không "
            "chỉ gồm chữ số (Nghị định 91/2020/NĐ-CP, Điều 23).",
            "The sender name “{name}” is not allowed: at most 11 plain letters, digits, space, - _ . and not digits "
            "only (Decree 91/2020/NĐ-CP, Article 23).",
            name=cleaned[:40],
        )
    return cleaned


def save_sender(
    session: Session,
    actor: Actor,
    name: str,
    *,
    owner: str,
    owner_kind: str,
    carriers_status: Mapping[str, str],
    expires_on: date | None = None,
) -> SenderName:
    """Put a sender name on the list, or change what is known of it.

    Raises:
        InvalidInput: the name, its kind of owner, a carrier or a status is none, or the owner is missing.
    """
    actor.require("sender.edit")
    cleaned = check_name(name)
    if not owner.strip():
        raise InvalidInput("Hãy ghi cơ quan, đơn vị có tên này.", "Give the owner of this name.")
    if owner_kind not in OWNER_KINDS:
        raise InvalidInput(
            "Loại chủ sở hữu là: {known}.", "The kind of owner is one of: {known}.", known=", ".join(OWNER_KINDS)
        )
    carriers_status = {carrier_key(carrier): status for carrier, status in carriers_status.items()}
    _check_carriers(carriers_status)
    sender = find_sender(session, cleaned)
    if sender is None:
        sender = SenderName(name=cleaned, created_by=actor.email)
        session.add(sender)
    sender.owner, sender.owner_kind = owner.strip()[:200], owner_kind
    sender.carriers, sender.expires_on = dict(carriers_status), expires_on
    session.flush()
    detail = {"name": cleaned, "owner_kind": owner_kind, "carriers": dict(carriers_status)}
    append_audit(session, actor.email, "sender.saved", "sender", sender.id, detail)
    return sender


def _check_carriers(given: Mapping[str, str]) -> None:
    known = set(carriers().values())
    for carrier, status in given.items():
        if carrier not in known:
            raise InvalidInput(
                "Không có nhà mạng “{carrier}”. Các nhà mạng: {known}.",
                "There is no carrier “{carrier}”. Carriers: {known}.",
                carrier=carrier,
                known=", ".join(sorted(known)),
            )
        if status not in STATUSES:
            raise InvalidInput(
                "Tình trạng đăng ký là: {known}.",
                "The status of a registration is one of: {known}.",
                known=", ".join(STATUSES),
            )


def remove_sender(session: Session, actor: Actor, name: str) -> None:
    """Take a sender name off the list.

    Raises:
        NotFound: it is not there.
    """
    actor.require("sender.edit")
    sender = find_sender(session, name.strip())
    if sender is None:
        raise NotFound("Không có tên người gửi “{name}”.", "There is no sender name “{name}”.", name=name)
    append_audit(session, actor.email, "sender.removed", "sender", sender.id, {"name": sender.name})
    session.delete(sender)

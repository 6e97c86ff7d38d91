"""Which lists can be had as a file, who may have them, and what their columns hold. Numbers stay masked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import Scope
from campaigns.audience.phone import mask_phone
from campaigns.audience.sealing import open_name
from campaigns.content.topics import topic_title
from campaigns.errors import InvalidInput
from campaigns.models import AuditEntry, Contact, OptOut
from campaigns.proof.deeds import deed, kind_title
from campaigns.store.audit import FILTERS
from campaigns.store.console import find_ciphers
from campaigns.store.exports import read_audit_rows, read_contact_rows, read_optout_rows
from campaigns.store.places import load_places
from campaigns.titles import SOURCE_TITLES, carrier
from config.i18n import Text, t
from config.keys import Keyring
from config.zone import CITY_TIME

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One list."""

    title: Text
    permission: str
    filters: frozenset[str]
    """Names of filters it understands; an export with others is refused, so that no file holds more than was shown."""
    columns: tuple[Text, ...]
    read: Callable[[Session, Mapping[str, str], int, int, Scope], Sequence[Any]]
    """(session, filters, after id, how many, scope of who asked) → the next rows by id."""
    cells: Callable[[Session, Keyring, Sequence[Any]], list[Cells]]
    """Rows → cells, one for each column."""


def _moment(at: datetime | None) -> str:
    return at.astimezone(CITY_TIME).strftime("%d/%m/%Y %H:%M") if at else ""


def _masked(keyring: Keyring, cipher: bytes | None) -> str:
    return mask_phone(keyring.decrypt(cipher).decode()) if cipher else t("(đã xoá)", "(erased)")


def _of_contacts(session: Session, keyring: Keyring, rows: Sequence[Contact]) -> list[Cells]:
    places = load_places(session)
    return [
        (
            _masked(keyring, row.phone_cipher),
            open_name(keyring, row.name_cipher) or "",
            *places.get(row.ward_id or 0, ("", "")),
            carrier(row.carrier),
            row.source,
            _moment(row.updated_at),
        )
        for row in rows
    ]


def _of_optouts(session: Session, keyring: Keyring, rows: Sequence[OptOut]) -> list[Cells]:
    ciphers = find_ciphers(session, [row.phone_hash for row in rows])
    return [
        (
            _masked(keyring, ciphers[bytes(row.phone_hash)])
            if bytes(row.phone_hash) in ciphers
            else f"#{row.phone_hash.hex()[:8]}",
            topic_title(row.topic) if row.topic else t("Mọi tin", "All messages"),
            str(SOURCE_TITLES.get(row.source, row.source)),
            row.evidence,
            _moment(row.created_at),
            row.created_by,
            _moment(row.ended_at),
            row.ended_evidence or "",
        )
        for row in rows
    ]


def _of_audit(_session: Session, _keyring: Keyring, rows: Sequence[AuditEntry]) -> list[Cells]:
    return [
        (
            str(row.id),
            row.at.astimezone(CITY_TIME).strftime("%d/%m/%Y %H:%M:%S"),
            row.actor,
            deed(row.action),
            kind_title(row.object_kind),
            row.object_id,
            json.dumps(row.detail, ensure_ascii=False) if row.detail else "",
            row.hash.hex(),
        )
        for row in rows
    ]


_NUMBER = Text("Số điện thoại", "Number")

KINDS: Mapping[str, ExportKind] = {
    "contacts": ExportKind(
        Text("Danh bạ", "Contacts"),
        "contact.export",
        frozenset({"area", "carrier"}),
        (
            _NUMBER,
            Text("Họ và tên", "Name"),
            Text("Phường, xã", "Ward"),
            Text("Quận, huyện", "District"),
            Text("Nhà mạng", "Carrier"),
            Text("Nguồn", "Source"),
            Text("Cập nhật", "Updated"),
        ),
        read_contact_rows,
        _of_contacts,
    ),
    "optouts": ExportKind(
        Text("Từ chối nhận tin", "Refusals"),
        "optout.view",
        frozenset({"source", "standing"}),
        (
            _NUMBER,
            Text("Phạm vi", "Scope"),
            Text("Nguồn", "Source"),
            Text("Căn cứ", "Evidence"),
            Text("Từ lúc", "Since"),
            Text("Người ghi", "By"),
            Text("Nhận lại từ", "Came back"),
            Text("Căn cứ nhận lại", "Evidence of coming back"),
        ),
        read_optout_rows,
        _of_optouts,
    ),
    "audit": ExportKind(
        Text("Nhật ký", "Audit"),
        "audit.view",
        FILTERS,
        (
            Text("Số", "Number"),
            Text("Lúc", "When"),
            Text("Ai", "Who"),
            Text("Việc", "What"),
            Text("Đối tượng", "Thing"),
            Text("Mã đối tượng", "Its number"),
            Text("Chi tiết", "Detail"),
            Text("Mã băm", "Hash"),
        ),
        read_audit_rows,
        _of_audit,
    ),
}


def kind_of(name: str) -> ExportKind:
    """The list called ``name``.

    Raises:
        InvalidInput: there is none.
    """
    if name not in KINDS:
        raise InvalidInput("Không có danh sách “{name}” để tải.", "There is no such list: “{name}”.", name=name[:40])
    return KINDS[name]

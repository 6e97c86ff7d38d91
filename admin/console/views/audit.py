"""The audit: who did what to which thing, read-only."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from markupsafe import Markup

from admin.console import formats
from admin.console.context import reading
from admin.console.frame import Choice, ChoiceFilter, ListScreen, shown
from campaigns.models import AuditEntry
from campaigns.store import console as store
from config.i18n import Text

_KINDS = {
    "campaign": Text("Chiến dịch", "Campaign"),
    "template": Text("Mẫu tin", "Template"),
    "user": Text("Người dùng", "User"),
    "gateway": Text("Cổng viễn thông", "Gateway"),
    "optout": Text("Từ chối nhận tin", "Refusal"),
    "inbound": Text("Tin nhắn tới", "Inbound message"),
    "word": Text("Từ khoá nhắn tới", "Word people write"),
    "contact": Text("Danh bạ", "Contact"),
}


def _kinds() -> list[Choice]:
    return [Choice(kind, str(_KINDS.get(kind, kind))) for kind in store.list_audit_kinds(reading())]


def _detail(_view: Any, _context: Any, entry: AuditEntry, _column: str) -> Markup:
    if not entry.detail:
        return Markup("–")
    return Markup("<code>{}</code>").format(json.dumps(entry.detail, ensure_ascii=False)[:400])


class AuditScreen(ListScreen):
    """Each row carries the hash of the one before, so a change or a gap shows."""

    rules: ClassVar[dict[str, str]] = {"index_view": "audit.view"}
    lead = Text(
        "Chỉ ghi thêm, không sửa, không xoá; mỗi dòng mang mã băm của dòng trước.",
        "Rows are only added; each carries the hash of the one before.",
    )
    column_list = ("at", "actor", "action", "object_kind", "object_id", "detail")
    column_labels: ClassVar[dict[str, Any]] = {
        "at": Text("Lúc", "When"),
        "actor": Text("Ai", "Who"),
        "action": Text("Việc", "What"),
        "object_kind": Text("Đối tượng", "Thing"),
        "object_id": Text("Số", "Number"),
        "detail": Text("Chi tiết", "Detail"),
    }
    column_sortable_list = ()
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("id", True)]
    column_formatters: ClassVar[dict[str, Any]] = {
        "at": shown(lambda entry: Markup("<span class='nowrap'>{}</span>").format(formats.moment(entry.at))),
        "action": shown(lambda entry: Markup("<code>{}</code>").format(entry.action)),
        "object_kind": shown(lambda entry: _KINDS.get(entry.object_kind, entry.object_kind)),
        "detail": _detail,
    }
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter("kind", Text("Đối tượng", "Thing"), _kinds, lambda q, v: q.filter(AuditEntry.object_kind == v))
    ]
    column_searchable_list = ("actor", "action")
    search_title = Text("Tìm theo người hoặc việc", "Search by person or deed")
    empty = Text("Chưa có gì.", "Nothing yet.")

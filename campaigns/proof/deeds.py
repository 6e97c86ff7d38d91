"""The audit in words: what was done, to what kind of thing, and what its details are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from campaigns.areas.names import fold
from campaigns.content.classes import class_title
from campaigns.titles import ROLE_TITLES, SOURCE_TITLES, carrier, routed
from config.i18n import Text, figure, t
from config.zone import CITY_TIME

DEEDS: Mapping[str, Text] = {
    "campaign.created": Text("soạn chiến dịch", "made the campaign"),
    "campaign.edited": Text("sửa chiến dịch", "edited the campaign"),
    "campaign.submitted": Text("trình duyệt chiến dịch", "submitted the campaign"),
    "campaign.approved": Text("duyệt chiến dịch", "approved the campaign"),
    "campaign.half_approved": Text("duyệt chiến dịch, còn chờ người thứ hai", "approved as the first of two"),
    "campaign.undone": Text("rút lại trong thời gian hoàn tác", "took it back in the time to undo"),
    "campaign.emergency": Text("gửi khẩn cấp không chờ duyệt", "sent as an emergency without waiting"),
    "campaign.signed_off": Text("xác nhận báo cáo gửi khẩn cấp", "signed off the emergency"),
    "campaign.rejected": Text("trả lại chiến dịch", "sent the campaign back"),
    "campaign.scheduled": Text("lên lịch gửi chiến dịch", "scheduled the campaign"),
    "campaign.started": Text("bắt đầu gửi chiến dịch", "began sending the campaign"),
    "campaign.paused": Text("tạm dừng chiến dịch", "paused the campaign"),
    "campaign.resumed": Text("cho gửi tiếp chiến dịch", "resumed the campaign"),
    "campaign.cancelled": Text("huỷ chiến dịch", "cancelled the campaign"),
    "campaign.pace": Text("đổi nhịp gửi chiến dịch", "changed the campaign's pace"),
    "campaign.unknown-settled": Text("ghi nhận kết quả tin chưa rõ", "settled messages of unknown fate"),
    "campaign.unknown-resent": Text("gửi lại tin chưa rõ kết quả", "sent messages of unknown fate again"),
    "campaign.class-confirmed": Text("xác nhận loại tin", "confirmed the class"),
    "campaign.exported": Text("tải bảng kết quả gửi", "downloaded the delivery table"),
    "campaign.proved": Text("lập hồ sơ chứng minh có chữ ký", "made the signed proof"),
    "template.created": Text("tạo mẫu tin", "made the template"),
    "template.edited": Text("sửa mẫu tin", "edited the template"),
    "template.changed": Text("sửa thông tin mẫu tin", "changed the template's facts"),
    "template.archived": Text("cất mẫu tin", "put the template away"),
    "template.restored": Text("dùng lại mẫu tin", "brought the template back"),
    "template.synced": Text("nạp mẫu tin từ tệp", "loaded the template from its file"),
    "contact.import": Text("nhập danh sách người dân", "imported a list of people"),
    "contact.bad_rows": Text("tải các dòng lỗi của danh sách", "downloaded a list's bad rows"),
    "contact.corrected": Text("sửa dữ liệu một người", "corrected a person"),
    "contact.revealed": Text("xem số điện thoại đầy đủ", "saw the full number"),
    "contact.erased": Text("xoá dữ liệu một người", "erased a person"),
    "contact.exported": Text("xuất bản sao dữ liệu một người", "handed out a person's data"),
    "contact.dead": Text("ngừng gửi tới số hỏng", "left dead numbers alone"),
    "optout.added": Text("ghi nhận từ chối nhận tin", "registered a refusal"),
    "optout.imported": Text("nhập danh sách từ chối", "imported refusals"),
    "optout.ended": Text("ghi nhận nhận lại tin", "registered a return"),
    "optout.listed": Text("xuất danh sách từ chối", "listed refusals"),
    "inbound.decided": Text("xử lý tin nhắn tới", "decided an inbound message"),
    "word.added": Text("thêm từ khoá nhắn tới", "added a word people write"),
    "word.removed": Text("bỏ từ khoá nhắn tới", "removed a word people write"),
    "gateway.added": Text("thêm cổng viễn thông", "added the gateway"),
    "gateway.changed": Text("sửa cổng viễn thông", "changed the gateway"),
    "gateway.deleted": Text("xoá cổng viễn thông", "deleted the gateway"),
    "gateway.tried": Text("thử kết nối cổng viễn thông", "tried the gateway's connection"),
    "gateway.enabled": Text("bật cổng viễn thông", "enabled the gateway"),
    "gateway.disabled": Text("tắt cổng viễn thông", "disabled the gateway"),
    "gateway.report-imported": Text("nhập báo cáo của nhà mạng", "imported the telco's report"),
    "user.added": Text("thêm người dùng", "added the user"),
    "user.activated": Text("mở lại tài khoản", "let the user in again"),
    "user.deactivated": Text("khoá tài khoản", "switched the user off"),
    "user.password_changed": Text("đổi mật khẩu", "changed the password"),
    "user.first_administrator": Text("lập quản trị viên đầu tiên", "made the first administrator"),
    "user.changed": Text("sửa vai trò, phạm vi của người dùng", "changed the user's roles or part of the city"),
    "user.invited": Text("mời người dùng", "invited a user"),
    "user.joined": Text("nhận lời mời, lập tài khoản", "took up the invitation"),
    "user.link_withdrawn": Text("rút lại liên kết mời", "withdrew the invitation"),
    "user.reset_link": Text("cấp liên kết đặt lại mật khẩu", "gave a link to reset the password"),
    "user.password_reset": Text("đặt lại mật khẩu", "reset the password"),
    "user.unlocked": Text("mở khoá đăng nhập", "unlocked signing in"),
    "user.sessions_ended": Text("kết thúc các phiên của người dùng", "ended the user's sessions"),
    "user.own_sessions_ended": Text("kết thúc các phiên khác của mình", "ended one's other sessions"),
    "user.totp_set_up": Text("bật mã xác thực", "set up codes from an app"),
    "user.totp_dropped": Text("bỏ mã xác thực", "dropped codes from an app"),
    "user.passkey_added": Text("thêm passkey", "added a passkey"),
    "user.passkey_dropped": Text("bỏ passkey", "dropped a passkey"),
    "user.second_factor_dropped": Text("gỡ bước xác thực thứ hai của người dùng", "dropped the user's second factor"),
    "user.recovery_renewed": Text("cấp lại mã dự phòng", "renewed recovery codes"),
    "user.recovery_used": Text("dùng mã dự phòng", "used a recovery code"),
    "department.added": Text("thêm sở, ngành", "added a department"),
    "department.ended": Text("ngừng sở, ngành", "ended a department"),
    "user.signed-in": Text("đăng nhập", "signed in"),
    "user.signed-out": Text("đăng xuất", "signed out"),
    "user.sign-in-failed": Text("đăng nhập không thành công", "failed to sign in"),
    "consent.added": Text("ghi nhận đồng ý nhận quảng cáo", "recorded a consent"),
    "consent.ended": Text("ghi nhận rút lại đồng ý", "recorded the end of a consent"),
    "consent.imported": Text("nhập danh sách đồng ý", "imported consents"),
    "do-not-call.imported": Text("nhập danh sách không quảng cáo", "imported the do-not-call list"),
    "sender.saved": Text("lưu tên người gửi", "saved a sender name"),
    "sender.removed": Text("bỏ tên người gửi", "removed a sender name"),
    "tariff.set": Text("đặt giá phần tin", "set a tariff"),
    "tariff.removed": Text("bỏ giá phần tin", "removed a tariff"),
    "test.sent": Text("gửi thử mẫu tin", "sent a test"),
    "test-number.added": Text("thêm số nhận tin thử", "added a number for tests"),
    "test-number.removed": Text("bỏ số nhận tin thử", "removed a number for tests"),
    "holiday.added": Text("thêm ngày nghỉ", "added a holiday"),
    "holiday.removed": Text("bỏ ngày nghỉ", "removed a holiday"),
    "user.granted": Text("cấp thêm quyền", "gave a permission"),
    "user.revoked": Text("thu lại quyền", "took a permission back"),
    "link.made": Text("tạo liên kết ngắn", "made a short link"),
    "link.closed": Text("đóng liên kết ngắn", "closed a short link"),
    "link.exported": Text("tải bảng lượt mở liên kết", "downloaded a link's visits"),
    "link-host.added": Text("cho phép tên miền đích", "allowed a host for links"),
    "link-host.removed": Text("bỏ tên miền đích", "took a host off the list"),
    "export.asked": Text("yêu cầu tải danh sách", "asked for a list as a file"),
    "export.fetched": Text("tải danh sách đã yêu cầu", "fetched a list as a file"),
    "stats.exported": Text("tải bảng kết quả gửi nhiều chiến dịch", "downloaded delivery over campaigns"),
    "contact.restricted": Text("ghi nhận hạn chế xử lý dữ liệu", "restricted the use of a person's data"),
    "contact.unrestricted": Text("bỏ hạn chế xử lý dữ liệu", "lifted the restriction"),
    "breach.opened": Text("mở phiếu vi phạm dữ liệu", "opened a breach worksheet"),
    "processor.added": Text("thêm bên xử lý dữ liệu", "added a processor"),
    "processor.changed": Text("sửa bên xử lý dữ liệu", "changed a processor"),
    "key.retired": Text("cho khoá mã hoá cũ nghỉ", "retired an old key"),
    "breach.written": Text("ghi phiếu vi phạm dữ liệu", "wrote into a breach worksheet"),
    "breach.notified": Text("ghi đã thông báo vi phạm", "noted that a breach was notified"),
    "breach.closed": Text("đóng phiếu vi phạm dữ liệu", "closed a breach worksheet"),
    "request.opened": Text("mở yêu cầu của công dân", "opened a citizen's request"),
    "request.acknowledged": Text("báo đã nhận yêu cầu", "acknowledged a request"),
    "request.extended": Text("gia hạn yêu cầu", "extended a request"),
    "request.refused": Text("từ chối yêu cầu", "refused a request"),
    "request.done": Text("giải quyết xong yêu cầu", "settled a request"),
    "retention.run": Text("xoá dữ liệu hết hạn lưu", "deleted data that had their time"),
    "area.load": Text("nạp đơn vị hành chính", "loaded areas"),
    "key.rotate": Text("đổi khoá mã hoá", "rotated the keys"),
    "messages.purged": Text("xoá tin quá hạn lưu", "deleted messages that had their time"),
}
"""Every action that ``append_audit`` writes."""

KINDS: Mapping[str, Text] = {
    "campaign": Text("Chiến dịch", "Campaign"),
    "template": Text("Mẫu tin", "Template"),
    "user": Text("Người dùng", "User"),
    "invite": Text("Lời mời", "Invitation"),
    "department": Text("Sở, ngành", "Department"),
    "gateway": Text("Cổng viễn thông", "Gateway"),
    "optout": Text("Từ chối nhận tin", "Refusal"),
    "inbound": Text("Tin nhắn tới", "Inbound message"),
    "word": Text("Từ khoá nhắn tới", "Word people write"),
    "contact": Text("Danh bạ", "Contact"),
    "import": Text("Danh sách nhập", "Imported list"),
    "message": Text("Tin nhắn", "Messages"),
    "link": Text("Liên kết ngắn", "Short link"),
    "consent": Text("Đồng ý nhận quảng cáo", "Consent"),
    "do-not-call-list": Text("Danh sách không quảng cáo", "Do-not-call list"),
    "sender": Text("Tên người gửi", "Sender name"),
    "tariff": Text("Giá phần tin", "Tariff"),
    "holiday": Text("Ngày nghỉ", "Holiday"),
    "test": Text("Tin gửi thử", "Test"),
    "test-number": Text("Số nhận tin thử", "Number for tests"),
    "link-host": Text("Tên miền đích", "Host of links"),
    "area": Text("Đơn vị hành chính", "Areas"),
    "keyring": Text("Khoá mã hoá", "Keyring"),
    "export": Text("Tệp danh sách", "List as a file"),
    "stats": Text("Kết quả gửi", "Delivery"),
    "request": Text("Yêu cầu của công dân", "Citizen's request"),
    "breach": Text("Vi phạm dữ liệu", "Breach"),
    "processor": Text("Bên xử lý dữ liệu", "Processor"),
    "retention": Text("Thời hạn lưu giữ", "Retention"),
}

FIELDS: Mapping[str, Text] = {
    "name": Text("tên", "name"),
    "title": Text("tên gọi", "title"),
    "reason": Text("lý do", "reason"),
    "hash": Text("mã nội dung", "content hash"),
    "for": Text("gửi lúc", "to be sent"),
    "email": Text("email", "email"),
    "roles": Text("vai trò", "roles"),
    "fields": Text("đã sửa", "changed"),
    "slug": Text("mã mẫu tin", "slug"),
    "version": Text("phiên bản", "version"),
    "topic": Text("chủ đề", "topic"),
    "source": Text("nguồn", "source"),
    "decision": Text("quyết định", "decision"),
    "wish": Text("nghĩa", "meaning"),
    "tps": Text("hạn mức (phần tin/giây)", "parts per second"),
    "binds": Text("số phiên", "binds"),
    "carriers": Text("nhà mạng", "carriers"),
    "settings": Text("thông số", "settings"),
    "secrets": Text("thông số bí mật", "secret settings"),
    "adapter": Text("kiểu kết nối", "adapter"),
    "count": Text("số lượng", "count"),
    "added": Text("thêm", "added"),
    "rows": Text("số dòng", "rows"),
    "created": Text("thêm mới", "created"),
    "updated": Text("cập nhật", "updated"),
    "unchanged": Text("không đổi", "unchanged"),
    "duplicates": Text("trùng", "duplicates"),
    "rejected": Text("không nhận", "rejected"),
    "repaired": Text("số đã sửa", "repaired"),
    "by": Text("theo", "by"),
    "target": Text("dẫn tới", "leads to"),
    "fingerprint": Text("mã băm tệp", "file's hash"),
    "template_version_id": Text("phiên bản mẫu tin", "template version"),
    "variant": Text("kiểu chữ", "spelling"),
    "sender": Text("tên người gửi", "sender"),
    "values": Text("giá trị điền", "values"),
    "audience": Text("đối tượng", "audience"),
    "start_at": Text("bắt đầu", "start"),
    "window_start": Text("gửi từ", "hours from"),
    "window_end": Text("gửi đến", "hours to"),
    "validity_minutes": Text("hạn của tin (phút)", "validity (minutes)"),
    "unknown_policy": Text("tin chưa rõ kết quả", "unknown messages"),
    "priority": Text("mức ưu tiên", "priority"),
    "over_minutes": Text("trải trong (phút)", "spread over (minutes)"),
    "pace_per_hour": Text("nhịp gửi mỗi giờ", "parts an hour"),
    "ward_pace_per_hour": Text("mỗi phường mỗi giờ", "people an hour in a ward"),
    "host": Text("tên miền", "host"),
    "message_class": Text("loại tin", "class"),
    "class": Text("loại tin", "class"),
    "legal_basis": Text("căn cứ", "legal basis"),
    "plan_task": Text("nhiệm vụ Kế hoạch 52", "task of Plan 52"),
    "people": Text("số người", "people"),
    "of": Text("cần số người duyệt", "approvals needed"),
    "basis": Text("căn cứ", "basis"),
    "remark": Text("nhận xét", "remark"),
    "voided": Text("duyệt bị huỷ của", "approvals voided of"),
    "permission": Text("quyền", "permission"),
    "network": Text("mạng", "network"),
    "list": Text("danh sách", "list"),
    "filters": Text("bộ lọc", "filters"),
    "job": Text("lượt nhập", "import"),
    "edition": Text("danh mục địa bàn", "edition of the areas"),
    "warnings": Text("lưu ý", "warnings"),
    "working": Text("là ngày làm bù", "is worked"),
    "label": Text("tên gọi", "label"),
    "from": Text("từ ngày", "from"),
    "price": Text("giá (đồng)", "price (đồng)"),
    "gateway": Text("cổng", "gateway"),
    "kind": Text("loại", "kind"),
    "due": Text("hạn", "due"),
    "ground": Text("căn cứ từ chối", "ground of the refusal"),
    "act": Text("dòng nhật ký", "entry of the audit"),
    "contact": Text("người trong danh bạ", "person of the register"),
    "discovered": Text("phát hiện lúc", "discovered"),
    "how": Text("cách đồng ý", "how"),
    "sessions": Text("số phiên", "sessions"),
    "passkey": Text("passkey", "passkey"),
    "link_by": Text("liên kết của", "link made by"),
    "invited_by": Text("người mời", "invited by"),
    "district": Text("quận, huyện", "district"),
    "ward": Text("phường, xã", "ward"),
    "carrier": Text("nhà mạng", "carrier"),
    "state": Text("trạng thái", "state"),
    "hour": Text("giờ gửi", "hour"),
}


_HASHES = frozenset({"hash", "fingerprint"})
"""Shown by their first 16 characters, as on the campaign's page."""

_AMOUNTS = frozenset(
    {
        *("count", "rows", "created", "updated", "unchanged", "duplicates", "rejected", "repaired", "warnings"),
        *("added", "people", "tps", "binds", "pace_per_hour", "ward_pace_per_hour", "of", "sessions", "price"),
    }
)
"""Numbers that count something; the others name it, and stand as they are."""

_NAMES_OF_FIELDS = frozenset({"fields", "settings", "secrets", "by"})
"""Their values are names of fields."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d:00")


_WORDS: Mapping[str, Callable[[str], object]] = {
    "roles": lambda value: ROLE_TITLES.get(value, value),
    "source": lambda value: SOURCE_TITLES.get(value, value),
    "carriers": routed,
    "message_class": class_title,
    "class": class_title,
}
"""Values that stand for something, by field."""


def tariff_title(number: str) -> str:
    """What a price is for: ``viettel/*`` is one carrier and every class."""
    name, _, slug = number.partition("/")
    whose = t("mọi nhà mạng", "any carrier") if name == "*" else carrier(name)
    return f"{whose}, {t('mọi loại tin', 'any class') if slug == '*' else class_title(slug)}"


def deed(action: str) -> str:
    """What was done, in words; an action from another version is shown as it is."""
    return str(DEEDS.get(action, action))


def kind_title(kind: str) -> str:
    """What a kind of thing is called."""
    return str(KINDS.get(kind, kind))


def actor_title(actor: str) -> str:
    """Who did it: a person's address, or a word for the system and for somebody who was not let in."""
    words = {"system": t("Hệ thống", "The system"), "unknown": t("Người lạ", "A stranger")}
    return words.get(actor, actor)


def actions_like(words: str, known: list[str]) -> list[str]:
    """Actions among ``known`` whose words, in either language, hold every word asked for, with or without marks."""
    asked = fold(words).split()
    return [action for action in known if all(any(word in side for side in _sides(action)) for word in asked)]


def _sides(action: str) -> tuple[str, ...]:
    words = DEEDS.get(action)
    return (fold(words.vi), fold(words.en), action) if words else (action,)


def explain(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The details of an entry as (what it is called, its value); edits as ``before → after``."""
    lines = []
    for name, value in detail.items():
        if name == "changes" and isinstance(value, Mapping):
            lines += [(_title(field), f"{_value(a, field)} → {_value(b, field)}") for field, (a, b) in value.items()]
        else:
            lines.append((_title(name), _value(value)[:16] if name in _HASHES else _value(value, name)))
    return [(title, value) for title, value in lines if value != "–"]


def _title(name: str) -> str:
    return str(FIELDS.get(name, name))


def _value(value: Any, field: str = "") -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return t("có", "yes") if value else t("không", "no")
    if isinstance(value, Mapping):
        return "; ".join(f"{_title(str(name))}: {_value(each, str(name))}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_value(each, field) for each in value)
    if isinstance(value, int | float):
        return figure(value, 2) if field in _AMOUNTS else str(value)
    return _word(str(value), field)


def _word(value: str, field: str) -> str:
    """A value that stands for something by the name people know it by; a moment by the clocks of Da Nang."""
    if field in _WORDS:
        return str(_WORDS[field](value))
    if field in _NAMES_OF_FIELDS:
        return _title(value)
    try:
        if _MOMENT.match(value):
            return _of_the_city(datetime.fromisoformat(value))
        return date.fromisoformat(value).strftime("%d/%m/%Y") if _DAY.fullmatch(value) else _on_the_clock(value)
    except ValueError:
        return value


def _of_the_city(at: datetime) -> str:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(CITY_TIME).strftime("%d/%m/%Y %H:%M")


def _on_the_clock(value: str) -> str:
    return value.removesuffix(":00") if _TIME.fullmatch(value) else value

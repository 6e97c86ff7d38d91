"""The console's names for states, roles, classes and sources: a word and an icon, never a colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.delivery.states import CAMPAIGN_TITLES, STATE_TITLES, CampaignState, MessageState
from campaigns.titles import CARRIER_TITLES as CARRIER_TITLES
from campaigns.titles import ROLE_TITLES as ROLE_TITLES
from campaigns.titles import SOURCE_TITLES as SOURCE_TITLES
from campaigns.titles import carrier as carrier
from campaigns.titles import routed as routed
from config.i18n import Text, t


@dataclass(frozen=True, slots=True)
class Badge:
    """How a state is shown: its word, its icon, and the tone of its colour."""

    title: Text
    icon: str
    tone: str


def who(name: str) -> str:
    """Who did something; what nobody did is the system's own doing."""
    return t("hệ thống", "the system") if name == "system" else name


_LOOKS: Mapping[CampaignState, tuple[str, str]] = {
    CampaignState.DRAFT: ("pencil", "quiet"),
    CampaignState.SUBMITTED: ("eye", "warn"),
    CampaignState.APPROVED: ("check", "good"),
    CampaignState.SCHEDULED: ("clock", "info"),
    CampaignState.RUNNING: ("play", "info"),
    CampaignState.PAUSED: ("pause", "warn"),
    CampaignState.FINISHED: ("flag", "good"),
    CampaignState.CANCELLED: ("stop", "quiet"),
}

CAMPAIGN_BADGES: Mapping[str, Badge] = {
    state.value: Badge(CAMPAIGN_TITLES[state], icon, tone) for state, (icon, tone) in _LOOKS.items()
}

SESSION_BADGES: Mapping[str, Badge] = {
    "bound": Badge(Text("Đang kết nối", "Connected"), "check", "good"),
    "throttled": Badge(Text("Bị nhà mạng hãm", "Slowed by the telco"), "clock", "warn"),
    "connecting": Badge(Text("Đang nối lại", "Connecting"), "clock", "warn"),
    "down": Badge(Text("Mất kết nối", "Down"), "alert", "bad"),
    "absent": Badge(Text("Không có phiên nào", "No session"), "alert", "bad"),
    "resting": Badge(Text("Tạm nghỉ vì lỗi", "Resting after failures"), "pause", "bad"),
    "disabled": Badge(Text("Đã tắt", "Switched off"), "stop", "quiet"),
}

EXPORT_BADGES: Mapping[str, Badge] = {
    "waiting": Badge(Text("Chờ tới lượt", "Waiting"), "clock", "info"),
    "running": Badge(Text("Đang ghi", "Being written"), "play", "info"),
    "finished": Badge(Text("Xong", "Ready"), "check", "good"),
    "failed": Badge(Text("Không ghi được", "Failed"), "alert", "bad"),
    "gone": Badge(Text("Đã xoá tệp", "File deleted"), "stop", "quiet"),
}

IMPORT_BADGES: Mapping[str, Badge] = {
    "uploaded": Badge(Text("Chờ xác nhận cột", "Columns to confirm"), "eye", "warn"),
    "waiting": Badge(Text("Chờ đọc", "Waiting"), "clock", "info"),
    "running": Badge(Text("Đang nhập", "Importing"), "play", "info"),
    "finished": Badge(Text("Đã nhập", "Imported"), "check", "good"),
    "failed": Badge(Text("Không nhập được", "Failed"), "alert", "bad"),
    "discarded": Badge(Text("Đã bỏ", "Discarded"), "stop", "quiet"),
}

REQUEST_BADGES: Mapping[str, Badge] = {
    "open": Badge(Text("Đang xử lý", "Open"), "clock", "info"),
    "done": Badge(Text("Đã làm xong", "Done"), "check", "good"),
    "refused": Badge(Text("Đã từ chối", "Refused"), "ban", "quiet"),
}

ARCHIVED_BADGE = Badge(Text("Đã cất", "Put away"), "book", "quiet")
"""A template that no new campaign can choose."""

LINK_BADGES: Mapping[str, Badge] = {
    "open": Badge(Text("Đang dùng", "In use"), "check", "good"),
    "over": Badge(Text("Đã hết hạn", "Over"), "clock", "quiet"),
    "closed": Badge(Text("Đã đóng", "Closed"), "stop", "quiet"),
    "barred": Badge(Text("Tên miền không còn được phép", "Host no longer allowed"), "alert", "bad"),
}

OUTCOME_BADGES: Mapping[str, Badge] = {
    "rejected": Badge(Text("Không nhận", "Rejected"), "alert", "bad"),
    "repaired": Badge(Text("Đã sửa", "Repaired"), "check", "good"),
    "warning": Badge(Text("Lưu ý", "Warning"), "eye", "warn"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Message states that people read as one: a stretch of the bar and a line of its legend."""

    key: str
    title: Text
    states: tuple[MessageState, ...]
    note: Text

    def count(self, totals: Mapping[str, int]) -> int:
        """How many messages of ``totals`` (by state name) belong here."""
        return sum(totals.get(state.label, 0) for state in self.states)

    def kinds(self, totals: Mapping[str, int]) -> list[tuple[Text, int]]:
        """Its states that messages are in, and how many, where there are several to tell apart."""
        among = [(STATE_TITLES[state], totals.get(state.label, 0)) for state in self.states] if self.states[1:] else []
        return [(title, count) for title, count in among if count]


GROUPS: tuple[Group, ...] = (
    Group(
        "delivered",
        STATE_TITLES[MessageState.DELIVERED],
        (MessageState.DELIVERED,),
        Text("nhà mạng xác nhận máy đã nhận", "the telco confirms the phone got it"),
    ),
    Group(
        "accepted",
        STATE_TITLES[MessageState.ACCEPTED],
        (MessageState.ACCEPTED,),
        Text("đang chờ biên nhận", "waiting for the receipt"),
    ),
    Group(
        "sending",
        Text("Đang gửi", "In flight"),
        (MessageState.CLAIMED,),
        Text("đang trao cho nhà mạng", "being handed to the telco"),
    ),
    Group(
        "waiting",
        STATE_TITLES[MessageState.QUEUED],
        (MessageState.QUEUED,),
        Text("chưa tới lượt", "not their turn yet"),
    ),
    Group(
        "failed",
        Text("Không tới được", "Not reached"),
        (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REJECTED, MessageState.FAILED),
        Text("máy tắt lâu, số hỏng hoặc nhà mạng từ chối", "phone off for long, dead number, or refused by the telco"),
    ),
    Group(
        "unknown",
        STATE_TITLES[MessageState.UNKNOWN],
        (MessageState.UNKNOWN,),
        Text("không biết đã gửi được hay chưa; không tự gửi lại", "not known whether it went out; not sent again"),
    ),
    Group(
        "left",
        Text("Không gửi", "Left out"),
        (MessageState.SUPPRESSED, MessageState.CANCELLED),
        Text(
            "người dân từ chối, đã nhận đủ tin trong ngày hoặc cùng nội dung, hoặc chiến dịch bị huỷ",
            "the person refused, has had enough for the day or the same text, or the campaign was cancelled",
        ),
    ),
)

THEMES: Mapping[str, Text] = {
    "system": Text("Theo máy", "As the system"),
    "light": Text("Sáng", "Light"),
    "dark": Text("Tối", "Dark"),
}
"""What the pages may look like; the first follows the person's system."""

USER_BADGES: Mapping[str, Badge] = {
    "active": Badge(Text("Đang dùng", "Active"), "check", "good"),
    "locked": Badge(Text("Tạm khoá đăng nhập", "Locked out for now"), "clock", "warn"),
    "off": Badge(Text("Đã khoá", "Switched off"), "stop", "quiet"),
}

PERSONAL_TITLES: Mapping[str, Text] = {
    "campaign.emergency": Text("Gửi tin khẩn cấp không qua duyệt", "Send emergencies without approval"),
}

METHOD_TITLES: Mapping[str, Text] = {
    "password": Text("Mật khẩu", "Password"),
    "totp": Text("Mật khẩu và mã xác thực", "Password and code"),
    "recovery": Text("Mật khẩu và mã dự phòng", "Password and recovery code"),
    "passkey": Text("Passkey", "Passkey"),
}

ROLE_NOTES: Mapping[str, Text] = {
    "officer": Text("soạn mẫu tin, chiến dịch; ghi nhận từ chối", "writes templates and campaigns; registers refusals"),
    "approver": Text("duyệt hoặc trả lại chiến dịch của người khác", "approves or rejects other people's campaigns"),
    "analyst": Text("chỉ xem chiến dịch và số liệu", "only reads campaigns and figures"),
    "operator": Text(
        "thiết lập cổng viễn thông, giá, số nhận tin thử; dừng chiến dịch",
        "sets up gateways, prices and test numbers; stops campaigns",
    ),
    "administrator": Text("quản lý người dùng, xem nhật ký", "manages users, reads the audit"),
}

VARIANT_TITLES: Mapping[str, Text] = {
    "plain": Text("Không dấu", "Without marks"),
    "marked": Text("Có dấu", "With marks"),
}

WISH_TITLES: Mapping[str, Text] = {
    "optout": Text("Từ chối nhận tin", "Stop messages"),
    "optin": Text("Nhận lại tin", "Get messages again"),
    "help": Text("Hỏi hướng dẫn", "Ask for help"),
}

PERSON_PARTS: Mapping[str, Text] = {
    "person": Text("Người", "Person"),
    "messages": Text("Tin đã gửi", "Messages sent"),
    "refusals": Text("Từ chối nhận tin", "Refusals"),
    "consents_to_advertising": Text("Đồng ý nhận quảng cáo", "Consents to advertising"),
    "received_from_person": Text("Tin nhận từ người này", "Messages from the person"),
}

KIND_TITLES: Mapping[str, Text] = {
    "city": Text("Thành phố", "City"),
    "district": Text("Quận, huyện", "District"),
    "ward": Text("Phường, xã", "Ward"),
}

DIMENSION_TITLES: Mapping[str, Text] = {
    "district": Text("Quận, huyện", "District"),
    "ward": Text("Phường, xã", "Ward"),
    "carrier": Text("Nhà mạng", "Carrier"),
    "gateway": Text("Cổng viễn thông", "Gateway"),
    "hour": Text("Giờ gửi", "Hour"),
    "state": Text("Trạng thái", "State"),
}

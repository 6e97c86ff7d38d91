"""How every step with a campaign begins and ends: locked as the person saw it, moved by the table, written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.delivery.states import CampaignState, Step, next_state
from campaigns.errors import Forbidden, InvalidInput, WrongState
from campaigns.models import Campaign
from campaigns.scope import require_inside
from campaigns.stats.clock import hour
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import lock_campaign
from campaigns.store.reviews import last_act
from config.i18n import Text

ACTS: Mapping[str, Text] = {
    "created": Text("tạo", "made it"),
    "edited": Text("sửa", "edited it"),
    "submitted": Text("trình duyệt", "submitted it"),
    "approved": Text("duyệt", "approved it"),
    "half_approved": Text("duyệt lần thứ nhất", "approved it as the first"),
    "rejected": Text("trả lại", "sent it back"),
    "undone": Text("hoàn tác duyệt", "took the approval back"),
    "emergency": Text("gửi khẩn cấp", "started it as an emergency"),
    "signed_off": Text("xem xét việc gửi khẩn cấp", "reviewed the emergency"),
    "scheduled": Text("lên lịch", "scheduled it"),
    "started": Text("bắt đầu gửi", "began to send it"),
    "paused": Text("tạm dừng", "paused it"),
    "resumed": Text("cho gửi tiếp", "resumed it"),
    "pace": Text("đổi nhịp gửi", "changed its pace"),
    "cancelled": Text("huỷ", "cancelled it"),
    "finished": Text("kết thúc", "finished it"),
}
"""What was done with a campaign, after its name in the audit (``campaign.…``)."""


def lock_for_step(session: Session, actor: Actor, campaign_id: int, version: int | None) -> Campaign:
    """The campaign, locked; ``version`` is the one the person saw, None for commands that saw none.

    Raises:
        NotFound: there is none inside the person's scope.
        WrongState: somebody did something with it since; the text says who and what.
        Forbidden: it is the system's own.
    """
    require_inside(session, actor, "campaign", campaign_id)
    campaign = lock_campaign(session, campaign_id)
    if version is not None and version != campaign.version:
        raise _changed(session, campaign_id)
    if campaign.standing is not None:
        raise Forbidden(
            "“{name}” là chiến dịch của hệ thống, không ai điều khiển bằng tay.",
            "“{name}” belongs to the system; nobody steers it by hand.",
            name=campaign.name,
        )
    return campaign


def _changed(session: Session, campaign_id: int) -> WrongState:
    last = last_act(session, campaign_id)
    act = ACTS.get(last.action.removeprefix("campaign.")) if last else None
    if last is None or act is None:
        return WrongState(
            "Chiến dịch đã thay đổi từ khi trang này được mở. Tải lại trang rồi làm tiếp.",
            "The campaign has changed since this page was opened. Reload it and go on.",
        )
    return WrongState(
        "Chiến dịch đã thay đổi từ khi trang này được mở: {who} đã {what_vi} lúc {time}. Tải lại trang rồi làm tiếp.",
        "The campaign has changed since this page was opened: {who} {what} at {time}. Reload it and go on.",
        who=last.actor,
        what_vi=act.vi,
        what=act.en,
        time=hour(last.at),
    )


def move(campaign: Campaign, step: Step) -> None:
    """Take a step of the table.

    Raises:
        WrongState: it is not allowed from here.
    """
    campaign.state = next_state(CampaignState(campaign.state), step).value
    campaign.version += 1


def note(session: Session, actor: Actor, campaign: Campaign, what: str, detail: dict[str, Any] | None = None) -> None:
    """Write a step into the audit."""
    append_audit(session, actor.email, f"campaign.{what}", "campaign", campaign.id, detail)


def need_reason(given: str, missing: Text) -> str:
    """A reason somebody wrote, at most 500 characters.

    Raises:
        InvalidInput: there is none.
    """
    reason = given.strip()[:500]
    if not reason:
        raise InvalidInput(missing.vi, missing.en)
    return reason

"""The states of a message and of a campaign, and the one table of steps between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from campaigns.errors import WrongState
from config.i18n import Text


class MessageState(IntEnum):
    """Where one message to one person stands. The tens digit is the rank: states only climb.

    A receipt applies when its rank is higher than that of the state the message is in, so a late or
    repeated receipt changes nothing. ``DELIVERED`` stands above the other ends because a telco that
    first says "expired" and then "delivered" did deliver.
    """

    QUEUED = 0
    CLAIMED = 10
    UNKNOWN = 20
    ACCEPTED = 30
    UNDELIVERED = 40
    EXPIRED = 41
    REJECTED = 42
    FAILED = 43
    SUPPRESSED = 50
    CANCELLED = 51
    DELIVERED = 60

    @property
    def rank(self) -> int:
        """The height of the state; only a higher one may follow."""
        return self.value // 10

    @property
    def label(self) -> str:
        """The state's name in commands, JSON and columns: ``delivered``."""
        return self.name.lower()


MESSAGE_STATES: tuple[MessageState, ...] = (
    MessageState.QUEUED,
    MessageState.CLAIMED,
    MessageState.ACCEPTED,
    MessageState.DELIVERED,
    MessageState.UNDELIVERED,
    MessageState.EXPIRED,
    MessageState.REJECTED,
    MessageState.FAILED,
    MessageState.UNKNOWN,
    MessageState.SUPPRESSED,
    MessageState.CANCELLED,
)
"""In the order people read them, which is the order of every table and report."""

STATE_TITLES: Mapping[MessageState, Text] = {
    MessageState.QUEUED: Text("Chờ gửi", "Waiting"),
    MessageState.CLAIMED: Text("Đang gửi", "In flight"),
    MessageState.ACCEPTED: Text("Nhà mạng đã nhận", "Accepted"),
    MessageState.DELIVERED: Text("Đã tới máy", "Delivered"),
    MessageState.UNDELIVERED: Text("Không tới", "Undelivered"),
    MessageState.EXPIRED: Text("Hết hạn", "Expired"),
    MessageState.REJECTED: Text("Nhà mạng từ chối", "Rejected"),
    MessageState.FAILED: Text("Gửi lỗi", "Failed"),
    MessageState.UNKNOWN: Text("Chưa rõ", "Unknown"),
    MessageState.SUPPRESSED: Text("Không được gửi", "Suppressed"),
    MessageState.CANCELLED: Text("Đã huỷ", "Cancelled"),
}


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


CAMPAIGN_TITLES: Mapping[CampaignState, Text] = {
    CampaignState.DRAFT: Text("Bản nháp", "Draft"),
    CampaignState.SUBMITTED: Text("Chờ duyệt", "Awaiting approval"),
    CampaignState.APPROVED: Text("Đã duyệt", "Approved"),
    CampaignState.SCHEDULED: Text("Đã lên lịch", "Scheduled"),
    CampaignState.RUNNING: Text("Đang gửi", "Running"),
    CampaignState.PAUSED: Text("Tạm dừng", "Paused"),
    CampaignState.FINISHED: Text("Đã xong", "Finished"),
    CampaignState.CANCELLED: Text("Đã huỷ", "Cancelled"),
}


class Step(StrEnum):
    """What can be done with a campaign."""

    EDIT = "edit"
    SUBMIT = "submit"
    REJECT = "reject"
    APPROVE = "approve"
    SCHEDULE = "schedule"
    UNDO = "undo"
    BREAK_GLASS = "emergency"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    FINISH = "finish"
    CANCEL = "cancel"


_S = CampaignState
TRANSITIONS: Mapping[CampaignState, Mapping[Step, CampaignState]] = {
    _S.DRAFT: {
        Step.EDIT: _S.DRAFT,
        Step.SUBMIT: _S.SUBMITTED,
        Step.BREAK_GLASS: _S.SCHEDULED,
        Step.CANCEL: _S.CANCELLED,
    },
    _S.SUBMITTED: {
        Step.EDIT: _S.DRAFT,
        Step.APPROVE: _S.APPROVED,
        Step.REJECT: _S.DRAFT,
        Step.BREAK_GLASS: _S.SCHEDULED,
        Step.CANCEL: _S.CANCELLED,
    },
    _S.APPROVED: {
        Step.EDIT: _S.DRAFT,
        Step.SCHEDULE: _S.SCHEDULED,
        Step.UNDO: _S.SUBMITTED,
        Step.CANCEL: _S.CANCELLED,
    },
    _S.SCHEDULED: {
        Step.EDIT: _S.DRAFT,
        Step.UNDO: _S.SUBMITTED,
        Step.START: _S.RUNNING,
        Step.PAUSE: _S.PAUSED,
        Step.CANCEL: _S.CANCELLED,
    },
    _S.RUNNING: {Step.PAUSE: _S.PAUSED, Step.FINISH: _S.FINISHED, Step.CANCEL: _S.CANCELLED},
    _S.PAUSED: {Step.RESUME: _S.RUNNING, Step.CANCEL: _S.CANCELLED},
    _S.FINISHED: {},
    _S.CANCELLED: {},
}
"""The only way a campaign changes state. ``edit`` always leads back to a draft: it voids the approval.

A campaign paused before its audience was frozen resumes to ``scheduled`` instead (``campaigns.steps``).
"""

_STEP_TITLES: Mapping[Step, Text] = {
    Step.EDIT: Text("sửa", "edit"),
    Step.SUBMIT: Text("trình duyệt", "submit"),
    Step.REJECT: Text("trả lại", "reject"),
    Step.APPROVE: Text("duyệt", "approve"),
    Step.SCHEDULE: Text("lên lịch", "schedule"),
    Step.UNDO: Text("hoàn tác", "undo"),
    Step.BREAK_GLASS: Text("gửi khẩn cấp", "emergency"),
    Step.START: Text("bắt đầu gửi", "start"),
    Step.PAUSE: Text("tạm dừng", "pause"),
    Step.RESUME: Text("tiếp tục", "resume"),
    Step.FINISH: Text("kết thúc", "finish"),
    Step.CANCEL: Text("huỷ", "cancel"),
}

STEPS_OF_THE_ENGINE = frozenset({Step.START, Step.FINISH})
"""Steps no person takes."""

_UNNAMED = STEPS_OF_THE_ENGINE | {Step.BREAK_GLASS}
"""Never named among what is allowed: an emergency is not what somebody turns to who took a wrong step."""


def next_state(state: CampaignState, step: Step) -> CampaignState:
    """The state that ``step`` leads to.

    Raises:
        WrongState: the step is not in the table; the text names the state and what is allowed from it.
    """
    allowed = TRANSITIONS[state]
    if step in allowed:
        return allowed[step]
    steps = [s for s in allowed if s not in _UNNAMED]
    raise WrongState(
        "Chiến dịch đang “{state_vi}” nên không {step_vi} được; lúc này chỉ có thể: {allowed_vi}.",
        "The campaign is {state}, so it cannot take the step “{step}”; allowed now: {allowed}.",
        state=state.value,
        state_vi=CAMPAIGN_TITLES[state].vi,
        step=step.value,
        step_vi=_STEP_TITLES[step].vi,
        allowed=", ".join(steps) or "nothing",
        allowed_vi=", ".join(_STEP_TITLES[s].vi for s in steps) or "không bước nào",
    )

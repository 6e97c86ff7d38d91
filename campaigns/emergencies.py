"""Break-glass: an emergency that one person starts alone, and that a second one looks at afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Actor, Scope
from campaigns.approving import (
    SCRIPTED,
    ReviewStep,
    Seen,
    count_refusals_passed,
    figures_of,
    keep_review,
    makers_of,
    refuse_unseen,
    refuse_wrong_number,
)
from campaigns.content.classes import class_rules
from campaigns.delivery.hours import EVERY_DAY
from campaigns.delivery.preflight import refuse_unsendable
from campaigns.delivery.states import CampaignState, Step, next_state
from campaigns.draft import content_hash
from campaigns.errors import Forbidden, InvalidInput, WrongState
from campaigns.lawful import confirm_class, refuse_unlawful
from campaigns.models import Campaign
from campaigns.stepping import lock_for_step, move, need_reason, note
from campaigns.store.campaigns import database_now
from campaigns.store.reviews import list_emergencies
from config.i18n import Text

NO_BASIS = Text(
    "Hãy ghi căn cứ: ai quyết định, văn bản hoặc cuộc gọi nào, vì sao không chờ người thứ hai được.",
    "Give the basis: who decided, by which paper or call, and why it cannot wait for a second person.",
)


def break_glass(session: Session, actor: Actor, campaign_id: int, basis: str, *, seen: Seen = SCRIPTED) -> Campaign:
    """Start an emergency at once on one person's word; a second person looks at it afterwards (``sign_off``).

    It goes out at any hour, to people who refused too: for that it must be of class ``khan-cap``
    (Telecommunications Law 2023, Article 7).

    Raises:
        Forbidden: the person was not given the permission.
        InvalidInput: it is of another class, has no basis, reaches nobody, or the number typed is another.
    """
    actor.require("campaign.emergency")
    campaign = lock_for_step(session, actor, campaign_id, seen.version)
    next_state(CampaignState(campaign.state), Step.BREAK_GLASS)
    if class_rules(campaign.message_class).permission != "campaign.emergency":
        raise InvalidInput(
            "Chỉ tin loại “Khẩn cấp” được gửi không qua duyệt; tin này phải có người thứ hai duyệt.",
            "Only emergencies go out without approval; a second person must approve this one.",
        )
    refuse_unseen(campaign, seen, content_hash(campaign))
    why = need_reason(basis, NO_BASIS)
    campaign.legal_basis = campaign.legal_basis or why
    refuse_unlawful(session, campaign)
    refuse_unsendable(session, campaign)
    figures = figures_of(session, campaign)
    refuse_wrong_number(seen.people, figures.people)
    if seen.message_class is not None:
        confirm_class(session, actor, campaign, confirmed=True)
    passed = {"passes": ["approval", "refusals", "hours", "caps"], "refusals": count_refusals_passed(session, campaign)}
    move(campaign, Step.BREAK_GLASS)
    now = database_now(session)
    campaign.window_start = campaign.window_end = time(0)
    campaign.weekdays, campaign.skip_holidays, campaign.deadline = EVERY_DAY, False, None
    campaign.start_at = campaign.scheduled_for = campaign.approved_at = now
    campaign.approved_hash, campaign.approved_by = content_hash(campaign), actor.email
    campaign.state_reason = None
    keep_review(session, actor, campaign, ReviewStep.EMERGENCY, figures=figures, reason=why)
    note(session, actor, campaign, "emergency", {"basis": why, "people": figures.people, **passed})
    return campaign


def unreviewed_emergencies(session: Session, *, scope: Scope = WHOLE_CITY) -> Sequence[Row[Any]]:
    """Emergencies that nobody but who started them has looked at (``campaigns.store.reviews.list_emergencies``)."""
    return list_emergencies(session, open_only=True, scope=scope)


NO_REMARK = Text("Hãy ghi nhận xét.", "Write a remark.")


def sign_off(session: Session, actor: Actor, campaign_id: int, remark: str) -> None:
    """Say after the fact that an emergency was looked at by a second person, with what they found.

    Raises:
        Forbidden: the person started or made it.
        WrongState: it was no emergency, or somebody has signed it off.
    """
    actor.require("campaign.approve")
    campaign = lock_for_step(session, actor, campaign_id, None)
    found = list_emergencies(session, open_only=True, campaign_id=campaign_id)
    if not found:
        raise WrongState(
            "Không có việc gửi khẩn cấp nào của chiến dịch này chờ xem xét; có thể người khác vừa xem xét xong.",
            "No emergency of this campaign waits for a review; somebody else may just have done it.",
        )
    if actor.email in {found[0].by, *makers_of(session, campaign)}:
        raise Forbidden(
            "{who} đã soạn hoặc tự gửi tin khẩn cấp này; người xem xét phải là người khác.",
            "{who} made or started this emergency; somebody else must review it.",
            who=actor.email,
        )
    words = need_reason(remark, NO_REMARK)
    keep_review(session, actor, campaign, ReviewStep.SIGNED_OFF, reason=words)
    note(session, actor, campaign, "signed_off", {"remark": words})

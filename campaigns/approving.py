"""The second pair of eyes: approving, sending back, taking an approval back.

Every decision is kept with the content it was about (``campaign_review``), so that the next person sees what changed.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.reach import reach_of
from campaigns.content.classes import class_rules
from campaigns.content.prices import read_prices
from campaigns.delivery.states import CampaignState, Step, next_state
from campaigns.draft import content_hash, snapshot
from campaigns.errors import Forbidden, InvalidInput, WrongState
from campaigns.lawful import confirm_class
from campaigns.models import Campaign, CampaignReview
from campaigns.stats import estimate
from campaigns.stepping import lock_for_step, move, need_reason, note
from campaigns.store.campaigns import database_now
from campaigns.store.reach import REFUSED, count_stages
from campaigns.store.reviews import insert_review, list_makers, list_reviews
from config.i18n import Count, Text
from config.settings import get_settings
from config.zone import CITY_TIME


class ReviewStep(StrEnum):
    """What was decided."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    VOIDED = "voided"
    """An edit made approvals worth nothing."""
    UNDONE = "undone"
    EMERGENCY = "emergency"
    """Started by one person alone."""
    SIGNED_OFF = "signed_off"
    """A second person looked at an emergency after the fact."""


_ENDS_APPROVALS = frozenset({ReviewStep.SUBMITTED, ReviewStep.REJECTED, ReviewStep.VOIDED, ReviewStep.UNDONE})


@dataclass(frozen=True, slots=True)
class Figures:
    """Whom a campaign reaches as things are now, and what that costs in đồng."""

    people: int
    parts: int
    cost: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What an approver had before their eyes and confirmed; None was not asked, as in a script."""

    version: int | None = None
    hash: bytes | None = None
    """``content_hash`` of what was shown."""
    people: int | None = None
    """The number of recipients, typed."""
    message_class: str | None = None
    """The class, ticked."""


SCRIPTED = Seen()
"""What a script gives that was shown nothing."""


def figures_of(session: Session, campaign: Campaign) -> Figures:
    """Count whom the campaign reaches now; a part without a price on the list counts as ``LOA_PART_PRICE``."""
    found = estimate(session, campaign.id)
    prices = read_prices(session, database_now(session).astimezone(CITY_TIME).date())
    assumed = get_settings().part_price
    cost = sum(
        parts * _or(prices.of(carrier, campaign.message_class), assumed)
        for carrier, parts in (found.steps[-1].parts_by_carrier or {}).items()
    )
    return Figures(found.will_send, found.parts, round(cost))


def _or(price: Decimal | None, assumed: int) -> Decimal:
    return Decimal(assumed) if price is None else price


def count_refusals_passed(session: Session, campaign: Campaign) -> int:
    """People of the audience who refused and get it all the same, because its class does not ask them."""
    reach = replace(reach_of(session, campaign), honours_refusals=True)
    return sum(row.people for row in count_stages(session, reach) if row.stage == REFUSED.key)


def approvals_needed(message_class: str, cost: int, above: int) -> int:
    """How many people must approve: as the class asks, and two where it costs more than ``above`` đồng (0: never)."""
    needed = class_rules(message_class).approvals
    return max(needed, 2) if above and cost > above else needed


def approvals_in_force(
    reviews: Sequence[CampaignReview], current: bytes, *, steps: Collection[str] = (ReviewStep.APPROVED,)
) -> list[CampaignReview]:
    """Of the decisions, latest first, the approvals that still count, in the order they were given.

    ``steps`` are what counts as one: in a proof the word of somebody who started an emergency, too.
    """
    found = []
    for review in reviews:
        if review.step in _ENDS_APPROVALS:
            break
        if review.step in steps and hmac.compare_digest(review.hash, current):
            found.append(review)
    return found[::-1]


def makers_of(session: Session, campaign: Campaign) -> set[str]:
    """Everybody who ever made, edited or submitted it; none of them may approve it."""
    named = {campaign.created_by, campaign.edited_by, campaign.submitted_by} - {None}
    return {str(name) for name in named} | list_makers(session, campaign.id)


def keep_review(
    session: Session,
    actor: Actor,
    campaign: Campaign,
    step: ReviewStep,
    *,
    figures: Figures | None = None,
    reason: str | None = None,
) -> CampaignReview:
    """Write a decision down with the content it is about."""
    return insert_review(
        session,
        CampaignReview(
            campaign_id=campaign.id,
            step=step.value,
            hash=content_hash(campaign),
            snapshot=snapshot(campaign),
            people=figures and figures.people,
            cost=figures and figures.cost,
            by=actor.email,
            reason=reason,
        ),
    )


def approve(
    session: Session,
    actor: Actor,
    campaign_id: int,
    *,
    seen: Seen = SCRIPTED,  # frozen
    undo_seconds: int = 0,
) -> Campaign:
    """Approve text, audience and schedule together; a start that was set makes it scheduled.

    Where two must approve, the first only counts. No message goes out within ``undo_seconds`` of the last approval.

    Raises:
        Forbidden: the person made, edited or submitted the campaign, or has approved it already.
        WrongState: it is not submitted, or no longer what was seen.
        InvalidInput: the number of recipients is not the one typed, or its class not the one ticked.
    """
    actor.require("campaign.approve")
    campaign = lock_for_step(session, actor, campaign_id, seen.version)
    _refuse_makers(session, actor, campaign)
    next_state(CampaignState(campaign.state), Step.APPROVE)
    current = content_hash(campaign)
    refuse_unseen(campaign, seen, current)
    given = approvals_in_force(list_reviews(session, campaign.id), current)
    if actor.email in {review.by for review in given}:
        raise Forbidden(
            "{who} đã duyệt chiến dịch này; người duyệt thứ hai phải là người khác.",
            "{who} has approved this campaign; somebody else must be the second.",
            who=actor.email,
        )
    figures = figures_of(session, campaign)
    refuse_wrong_number(seen.people, figures.people)
    if seen.message_class is not None:
        confirm_class(session, actor, campaign, confirmed=True)
    keep_review(session, actor, campaign, ReviewStep.APPROVED, figures=figures)
    needed = approvals_needed(campaign.message_class, figures.cost, get_settings().two_approvers_above)
    if len(given) + 1 < needed:
        campaign.version += 1
        note(session, actor, campaign, "half_approved", {"hash": current.hex(), "people": figures.people, "of": needed})
        return campaign
    move(campaign, Step.APPROVE)
    campaign.approved_hash = current
    campaign.approved_by = actor.email
    campaign.approved_at = database_now(session)
    note(session, actor, campaign, "approved", {"hash": current.hex(), "people": figures.people})
    if campaign.start_at is not None:
        schedule_from(session, actor, campaign, campaign.start_at, undo_seconds)
    return campaign


def schedule_from(session: Session, actor: Actor, campaign: Campaign, start: datetime, undo_seconds: int) -> None:
    """Let an approved campaign begin at ``start``, yet not before everybody had the time to undo."""
    move(campaign, Step.SCHEDULE)
    campaign.scheduled_for = max(start, database_now(session) + timedelta(seconds=undo_seconds))
    note(session, actor, campaign, "scheduled", {"for": campaign.scheduled_for.isoformat()})


def _refuse_makers(session: Session, actor: Actor, campaign: Campaign) -> None:
    if actor.email in makers_of(session, campaign):
        raise Forbidden(
            "{who} đã soạn hoặc trình chiến dịch này nên không tự duyệt được; cần người thứ hai.",
            "{who} made or submitted this campaign and may not approve it; a second person must.",
            who=actor.email,
        )


def refuse_unseen(campaign: Campaign, seen: Seen, current: bytes) -> None:
    """Raise unless what the person was shown is what the campaign says now, class ticked."""
    if seen.hash is not None and not hmac.compare_digest(seen.hash, current):
        raise WrongState(
            "Nội dung đã khác với bản bạn vừa xem. Tải lại trang và xem lại trước khi duyệt.",
            "The content is no longer what you were shown. Reload and look again before approving.",
        )
    title = class_rules(campaign.message_class).title
    if seen.message_class is not None and seen.message_class != campaign.message_class:
        raise InvalidInput(
            "Hãy đánh dấu xác nhận loại tin “{title_vi}”; nếu loại tin không đúng, hãy trả lại kèm lý do.",
            "Tick that the class is “{title}”; if that is not what the text is, send it back with the reason.",
            title_vi=title.vi,
            title=title.en,
        )


def refuse_wrong_number(typed: int | None, people: int) -> None:
    """Raise unless the number typed, where there is one, is that of the people reached."""
    if typed is not None and typed != people:
        raise InvalidInput(
            "Số người nhận bạn gõ ({typed}) không khớp: theo số đếm lúc này, chiến dịch sẽ gửi tới {people} người. Hãy "
            "xem lại phần Đối tượng; nếu đúng thì gõ {people}, nếu không đúng thì trả lại kèm lý do.",
            "The number you typed ({typed}) does not fit: as counted now the campaign goes to {people} people. Look at "
            "the audience again; type {people} if that is meant, else send it back with the reason.",
            typed=Count(typed),
            people=Count(people),
        )


NO_REASON = Text("Hãy ghi lý do.", "Give a reason.")


def reject(session: Session, actor: Actor, campaign_id: int, reason: str, *, version: int | None = None) -> Campaign:
    """Send a submitted campaign back to its makers with a reason."""
    actor.require("campaign.approve")
    campaign = lock_for_step(session, actor, campaign_id, version)
    move(campaign, Step.REJECT)
    campaign.state_reason = need_reason(reason, NO_REASON)
    keep_review(session, actor, campaign, ReviewStep.REJECTED, reason=campaign.state_reason)
    note(session, actor, campaign, "rejected", {"reason": campaign.state_reason})
    return campaign


def may_undo(campaign: Campaign, person: Actor, makers: set[str], approvers: set[str]) -> bool:
    """Whether this person may take the approval back now: one of those who made or approved it, before it begins."""
    if campaign.state not in {CampaignState.APPROVED, CampaignState.SCHEDULED} or campaign.plan_cursor is not None:
        return False
    makes = person.email in makers and person.may("campaign.submit")
    return makes or (person.email in approvers and person.may("campaign.approve"))


def undo(session: Session, actor: Actor, campaign_id: int, reason: str = "", *, version: int | None = None) -> Campaign:
    """Take an approval back before anything was sent: an approver's leads to submitted, a maker's to draft.

    Raises:
        Forbidden: the person neither made nor approved it.
        WrongState: its audience is being frozen or it is running; then it is paused or cancelled.
    """
    campaign = lock_for_step(session, actor, campaign_id, version)
    next_state(CampaignState(campaign.state), Step.UNDO)
    if campaign.plan_cursor is not None:
        raise WrongState(
            "Đã quá lúc hoàn tác: danh sách người nhận đang được chốt. Hãy tạm dừng hoặc huỷ chiến dịch.",
            "It is too late to undo: the audience is being frozen. Pause or cancel the campaign.",
        )
    makers = makers_of(session, campaign)
    approvers = {each.by for each in list_reviews(session, campaign.id) if each.step == ReviewStep.APPROVED}
    if not may_undo(campaign, actor, makers, approvers | {str(campaign.approved_by)}):
        raise Forbidden(
            "Chỉ người soạn, người trình hoặc người duyệt mới hoàn tác được; người khác có thể tạm dừng.",
            "Only who made, submitted or approved it can undo that; others can pause it.",
        )
    note_given = reason.strip()[:500] or None
    keep_review(session, actor, campaign, ReviewStep.UNDONE, reason=note_given)
    move(campaign, Step.UNDO)
    if actor.email in makers:
        move(campaign, Step.EDIT)
    forget_approval(campaign)
    campaign.state_reason = note_given
    note(session, actor, campaign, "undone", {"reason": note_given})
    return campaign


def forget_approval(campaign: Campaign) -> None:
    """Nobody's approval is in force any more."""
    campaign.approved_hash = None
    campaign.approved_by = None
    campaign.approved_at = None
    campaign.class_confirmed_by = []
    campaign.scheduled_for = None
    if campaign.state == CampaignState.DRAFT:
        campaign.submitted_by = None

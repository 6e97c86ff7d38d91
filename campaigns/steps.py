"""What people do with campaigns: create, edit, submit, approve, schedule, set the pace, pause, resume, cancel.

Every step checks the person's permission and the table of states, is written to the audit, and only commits state:
the tick finds what became due.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.approving import (
    ReviewStep,
    approvals_in_force,
    approve,
    figures_of,
    forget_approval,
    keep_review,
    reject,
    schedule_from,
    undo,
)
from campaigns.content.classes import class_rules
from campaigns.delivery.pace import Pace, change_pace
from campaigns.delivery.preflight import refuse_unsendable
from campaigns.delivery.states import CampaignState, Step
from campaigns.draft import CampaignDraft, chosen_kind, content_hash, read_draft, write_draft
from campaigns.emergencies import break_glass, sign_off
from campaigns.errors import InvalidInput, NotFound, WrongState
from campaigns.lawful import refuse_content, refuse_unlawful
from campaigns.models import Campaign, TemplateVersion
from campaigns.scope import require_inside, require_wards
from campaigns.stepping import lock_for_step, move, note
from campaigns.store.audit import changed_fields
from campaigns.store.campaigns import database_now
from campaigns.store.reviews import list_reviews
from campaigns.store.trouble import count_anew

__all__ = [
    "approve",
    "break_glass",
    "cancel",
    "create",
    "edit",
    "pause",
    "reject",
    "resume",
    "schedule",
    "set_pace",
    "sign_off",
    "submit",
    "undo",
]


def _template_version(session: Session, version_id: int) -> TemplateVersion:
    version = session.get(TemplateVersion, version_id)
    if version is None:
        raise NotFound(
            "Không có phiên bản mẫu tin số {id}. Xem mẫu tin: loa templates list.",
            "There is no template version {id}. See the templates with: loa templates list.",
            id=version_id,
        )
    return version


def create(session: Session, actor: Actor, draft: CampaignDraft) -> Campaign:
    """Make a campaign in state draft.

    Raises:
        NotFound: the template version does not exist.
        InvalidInput: the audience names an area that does not exist, the class cannot be chosen by people, or the text
            may not go out under it.
        Forbidden: the audience reaches outside the person's scope.
    """
    actor.require("campaign.edit")
    version = _template_version(session, draft.template_version_id)
    _check_draft(session, actor, draft, version, None)
    campaign = Campaign(
        created_by=actor.email,
        edited_by=actor.email,
        department_id=actor.department,
        state=CampaignState.DRAFT.value,
    )
    write_draft(campaign, draft, version)
    campaign.template_version = version
    refuse_content(campaign)
    session.add(campaign)
    session.flush()
    note(session, actor, campaign, "created", {"name": campaign.name})
    return campaign


def _check_draft(
    session: Session, actor: Actor, draft: CampaignDraft, version: TemplateVersion, before: Campaign | None
) -> None:
    require_wards(session, actor, draft.audience.ward_ids(session))
    require_inside(session, actor, "template", version.template.slug)
    template = version.template
    if template.archived_at is not None and (before is None or before.template_version.template_id != template.id):
        raise InvalidInput(
            "Mẫu tin “{title}” đã cất, không dùng cho chiến dịch mới. Hãy chọn mẫu khác, hoặc lấy lại ở mục Mẫu tin.",
            "The template “{title}” was put away and is not for new campaigns. Choose another, or bring it back.",
            title=template.title,
        )
    kind = class_rules(chosen_kind(before, version)[0])
    if not kind.chosen_by_people:
        raise InvalidInput(
            "Mẫu tin “{slug}” là tin hệ thống, không dùng cho chiến dịch.",
            "Template “{slug}” is a system reply; campaigns cannot use it.",
            slug=version.template.slug,
        )
    if kind.permission is not None:
        actor.require(kind.permission)


def edit(
    session: Session, actor: Actor, campaign_id: int, draft: CampaignDraft, *, version: int | None = None
) -> Campaign:
    """Change a campaign that has not begun; voids its approval and leads back to draft."""
    actor.require("campaign.edit")
    campaign = lock_for_step(session, actor, campaign_id, version)
    if campaign.plan_cursor is not None:
        raise WrongState(
            "Danh sách người nhận đã được chốt nên không sửa được nữa. Hãy huỷ và tạo chiến dịch mới.",
            "The audience has been frozen, so it cannot be edited. Cancel it and create a new campaign.",
        )
    approvals = approvals_in_force(list_reviews(session, campaign.id), content_hash(campaign))
    if approvals:
        keep_review(session, actor, campaign, ReviewStep.VOIDED)
    move(campaign, Step.EDIT)
    template_version = _template_version(session, draft.template_version_id)
    _check_draft(session, actor, draft, template_version, campaign)
    before = read_draft(campaign).model_dump(mode="json")
    write_draft(campaign, draft, template_version)
    campaign.template_version = template_version
    refuse_content(campaign)
    forget_approval(campaign)
    campaign.edited_by = actor.email
    campaign.state_reason = None
    changed = changed_fields(before, read_draft(campaign).model_dump(mode="json"))
    note(session, actor, campaign, "edited", changed | ({"voided": [a.by for a in approvals]} if approvals else {}))
    return campaign


def submit(session: Session, actor: Actor, campaign_id: int, *, version: int | None = None) -> Campaign:
    """Ask for approval. Everything that could stop the sending later is refused now.

    Raises:
        InvalidInput: it lacks what its class asks for (``campaigns.lawful``), nobody would get it, a placeholder has no
            value for somebody, or a carrier has no gateway.
    """
    actor.require("campaign.submit")
    campaign = lock_for_step(session, actor, campaign_id, version)
    move(campaign, Step.SUBMIT)
    refuse_unlawful(session, campaign)
    refuse_unsendable(session, campaign)
    campaign.submitted_by = actor.email
    campaign.state_reason = None
    keep_review(session, actor, campaign, ReviewStep.SUBMITTED, figures=figures_of(session, campaign))
    note(session, actor, campaign, "submitted", {"hash": content_hash(campaign).hex()})
    return campaign


def schedule(
    session: Session,
    actor: Actor,
    campaign_id: int,
    at: datetime | None = None,
    *,
    version: int | None = None,
    undo_seconds: int = 0,
) -> Campaign:
    """Start an approved campaign whose start was left open, now or ``at`` a moment; not within ``undo_seconds``."""
    actor.require("campaign.submit")
    campaign = lock_for_step(session, actor, campaign_id, version)
    schedule_from(session, actor, campaign, at or database_now(session), undo_seconds)
    return campaign


def pause(
    session: Session, actor: Actor, campaign_id: int, reason: str = "", *, version: int | None = None
) -> Campaign:
    """Stop claiming at once; what is on the wire is finished."""
    actor.require("campaign.stop")
    campaign = lock_for_step(session, actor, campaign_id, version)
    move(campaign, Step.PAUSE)
    campaign.state_reason = reason.strip()[:500] or None
    note(session, actor, campaign, "paused", {"reason": campaign.state_reason})
    return campaign


def resume(session: Session, actor: Actor, campaign_id: int, *, version: int | None = None) -> Campaign:
    """Go on with a paused campaign; one whose audience was not frozen yet waits for its time again.

    Refusals are counted anew.
    """
    actor.require("campaign.stop")
    campaign = lock_for_step(session, actor, campaign_id, version)
    move(campaign, Step.RESUME)
    if campaign.planned_at is None:
        campaign.state = CampaignState.SCHEDULED.value
    campaign.state_reason = None
    count_anew(session, campaign.id)
    note(session, actor, campaign, "resumed")
    return campaign


def cancel(
    session: Session, actor: Actor, campaign_id: int, reason: str = "", *, version: int | None = None
) -> Campaign:
    """End a campaign for good; unsent messages are cancelled, sent ones keep their outcome."""
    actor.require("campaign.stop")
    campaign = lock_for_step(session, actor, campaign_id, version)
    move(campaign, Step.CANCEL)
    campaign.state_reason = reason.strip()[:500] or None
    campaign.finished_at = database_now(session)
    note(session, actor, campaign, "cancelled", {"reason": campaign.state_reason})
    return campaign


def set_pace(session: Session, actor: Actor, campaign_id: int, pace: Pace, *, version: int | None = None) -> Campaign:
    """Change the pace of a campaign that has begun, in force with the next claim.

    Slowing down is a kind of stopping. What was approved with a pace may go faster than that only by an approver's
    word.

    Raises:
        WrongState: it has not begun, or is over.
        Forbidden: it would be faster than approved, and the person may not approve.
    """
    actor.require("campaign.stop")
    campaign = lock_for_step(session, actor, campaign_id, version)
    if campaign.state not in {CampaignState.RUNNING, CampaignState.PAUSED} or campaign.planned_at is None:
        raise WrongState(
            "Chỉ đổi được nhịp gửi của chiến dịch đang gửi hoặc đang tạm dừng; trước đó hãy sửa chiến dịch.",
            "The pace can be changed while a campaign is running or paused; before that, edit the campaign.",
        )
    if change_pace(session, campaign, pace):
        actor.require("campaign.approve")
    campaign.version += 1
    note(session, actor, campaign, "pace", pace.to_json())
    return campaign

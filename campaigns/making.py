"""Making a campaign in several sittings: once for each form, and without a trace where nothing was changed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from campaigns import steps
from campaigns.access import ROLES, Actor
from campaigns.approving import makers_of
from campaigns.draft import CampaignDraft, read_draft
from campaigns.errors import Forbidden
from campaigns.models import Campaign
from campaigns.scope import sees
from campaigns.store.campaigns import get_campaign
from campaigns.store.making import find_made_with, list_people_with, lock_form
from campaigns.store.users import load_actor


def make_once(session: Session, actor: Actor, draft: CampaignDraft, token: UUID) -> Campaign:
    """Make the campaign of a form, or find the one that this form has made: sent twice it makes one.

    Raises:
        Forbidden: somebody else's form bore the token.
        NotFound, InvalidInput: see ``campaigns.steps.create``.
    """
    lock_form(session, token)
    made = find_made_with(session, token)
    if made is None:
        made = steps.create(session, actor, draft)
        made.made_with = token
        session.flush()
    if made.created_by != actor.email:
        raise Forbidden(
            "Biểu mẫu này đã được người khác dùng. Hãy mở lại trang tạo chiến dịch.",
            "Somebody else has used this form. Open the page anew.",
        )
    return made


def change(session: Session, actor: Actor, campaign_id: int, draft: CampaignDraft, *, version: int) -> Campaign:
    """Edit a campaign, unless the draft says what it says already: looking through it voids no approval.

    Raises:
        WrongState: it has changed since ``version``, or cannot be edited any more.
    """
    campaign = get_campaign(session, campaign_id)
    if campaign.version == version and _same(read_draft(campaign), draft, campaign):
        actor.require("campaign.edit")
        return campaign
    return steps.edit(session, actor, campaign_id, draft, version=version)


def _same(before: CampaignDraft, after: CampaignDraft, campaign: Campaign) -> bool:
    # No priority means that of the class, which is what the row holds.
    priority = campaign.priority if after.priority is None else after.priority
    return before == after.model_copy(update={"priority": priority})


def list_approvers(session: Session, campaign: Campaign) -> list[str]:
    """Addresses of those who may approve it: they hold the permission, did not make it, and it is in their scope."""
    roles = [role for role, held in ROLES.items() if "campaign.approve" in held]
    makers = makers_of(session, campaign)
    others = [email for email in list_people_with(session, roles) if email not in makers]
    return [email for email in others if sees(session, load_actor(session, email), "campaign", campaign.id)]

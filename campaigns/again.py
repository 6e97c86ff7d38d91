"""Sending again to those whom a campaign that is over did not reach: a new draft, approved like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.selection import Audience, Outcomes
from campaigns.delivery.states import CampaignState
from campaigns.draft import read_draft
from campaigns.errors import InvalidInput, WrongState
from campaigns.making import make_once
from campaigns.models import Campaign
from campaigns.store.campaigns import get_campaign
from campaigns.store.stats import sum_campaign
from config.i18n import t

USUAL = ("undelivered", "expired", "failed")
POSSIBLE = (*USUAL, "rejected", "unknown")
"""Never the unknown unless somebody asks: they may have got it."""


def may_repeat(campaign: Campaign) -> bool:
    """Whether a draft for those not reached can be made of it: it is over, and people made it."""
    return campaign.standing is None and campaign.state in {CampaignState.FINISHED, CampaignState.CANCELLED}


def draft_again(session: Session, actor: Actor, campaign_id: int, states: Sequence[str], token: UUID) -> Campaign:
    """Make a draft with the campaign's text for exactly its people whose message ended in ``states``.

    Wherever they live now; who refused meanwhile is left out, and the start is open. One for each ``token``.

    Raises:
        WrongState: the campaign is not over.
        InvalidInput: no outcome was chosen, or no message ended so.
    """
    actor.require("campaign.edit")
    campaign = get_campaign(session, campaign_id)
    if not may_repeat(campaign):
        raise WrongState(
            "Chỉ gửi lại được khi chiến dịch đã xong hoặc đã huỷ.",
            "A campaign is repeated only when it is finished or cancelled.",
        )
    if not states:
        raise InvalidInput("Hãy chọn ít nhất một kết quả.", "Choose at least one outcome.")
    totals = sum_campaign(session, campaign_id)
    if not sum(getattr(totals, state) for state in states):
        raise InvalidInput(
            "Không có tin nào của chiến dịch này có kết quả đã chọn.",
            "No message of this campaign ended in what you chose.",
        )
    audience = Audience(
        edition=str(campaign.audience.get("edition", "2023")),
        everybody=True,
        outcomes=Outcomes.model_validate({"campaign": campaign.id, "states": tuple(states)}),
    )
    name = t("{name} (gửi lại)", "{name} (again)", name=campaign.name[:180])
    changed: dict[str, Any] = {"name": name, "audience": audience, "start_at": None, "deadline": None}
    if "unknown" in states:  # they may have got the same text lately, which would leave them out again
        why = t("Gửi lại cho người chưa rõ kết quả", "Again to those whose outcome is unknown")
        changed["repeat_reason"] = why
    return make_once(session, actor, read_draft(campaign).model_copy(update=changed), token)

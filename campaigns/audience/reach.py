"""From a campaign's row to whom it reaches: its audience, and what its class says of refusals."""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.audience.selection import Audience
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.models import Campaign
from campaigns.store.reach import Reach


def reach_of(session: Session, campaign: Campaign) -> Reach:
    """Whom the campaign reaches, as things stand now.

    Raises:
        InvalidInput: its audience names an area that does not exist.
    """
    audience = Audience.model_validate(campaign.audience)
    wards = audience.ward_ids(session)
    return Reach(
        ward_ids=None if wards is None else tuple(wards),
        topic=campaign.topic,
        honours_refusals=MESSAGE_CLASSES[campaign.message_class].honours_refusal,
        carriers=audience.carriers,
        languages=audience.languages,
        tags=audience.tags,
        not_within_days=audience.not_within_days,
        not_campaigns=audience.not_campaigns,
    )

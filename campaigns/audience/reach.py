"""From a campaign's row to whom it reaches: its audience, and what its class and its text say."""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.audience.selection import Audience
from campaigns.content.classes import MessageClass, class_rules
from campaigns.delivery.states import MessageState
from campaigns.models import Campaign
from campaigns.store.frequency import Cap
from campaigns.store.reach import Reach
from campaigns.titles import carrier_key
from config.settings import get_settings


def cap_of(rules: MessageClass) -> Cap | None:
    """The cap of a class: advertising counts within any 24 hours (Decree 91/2020/NĐ-CP, Article 13.5)."""
    if rules.cap is None:
        return None
    return Cap(rules.slug, rules.cap, rolling=rules.needs_consent, agreed=rules.needs_consent)


_REPEATED = frozenset({"khan-cap", "he-thong"})
"""A warning is said again while the danger lasts, and a reply whenever it is asked for."""

EVEN_RESTRICTED = frozenset({"khan-cap", "he-thong"})
"""Classes that reach also who restricted the use of their data: emergencies, and answers to what they wrote."""


def reach_of(session: Session, campaign: Campaign) -> Reach:
    """Whom the campaign reaches, as things stand now.

    Raises:
        InvalidInput: its audience names an area that does not exist.
    """
    rules = class_rules(campaign.message_class)
    days = 0 if campaign.message_class in _REPEATED else get_settings().repeat_days
    audience = Audience.model_validate(campaign.audience)
    wards = audience.ward_ids(session)
    return Reach(
        ward_ids=None if wards is None else tuple(wards),
        topic=campaign.topic,
        honours_refusals=rules.honours_refusal,
        honours_restriction=campaign.message_class not in EVEN_RESTRICTED,
        carriers=tuple(map(carrier_key, audience.carriers)),
        languages=audience.languages,
        tags=audience.tags,
        not_within_days=audience.not_within_days,
        not_campaigns=audience.not_campaigns,
        outcomes_of=audience.outcomes.campaign if audience.outcomes else None,
        outcomes=tuple(MessageState[state.upper()].value for state in audience.outcomes.states)
        if audience.outcomes
        else (),
        checks_do_not_call=rules.checks_do_not_call,
        needs_consent=rules.needs_consent,
        campaign_id=campaign.id or 0,
        fingerprint=campaign.text_fingerprint if days and campaign.repeat_reason is None else None,
        repeat_days=days,
        cap=cap_of(rules) if campaign.standing is None else None,
    )

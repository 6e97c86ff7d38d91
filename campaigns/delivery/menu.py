"""Which campaign a gateway serves next: the most urgent ones first, those of one urgency in turn."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.audience.reach import reach_of
from campaigns.delivery.hours import OpenHours, open_hours
from campaigns.delivery.planner import place_of
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import CampaignText, Place
from campaigns.store.campaigns import database_now, get_campaign
from campaigns.store.database import Database
from campaigns.store.delivery import MenuItem, list_ready_campaigns
from campaigns.store.places import load_places
from campaigns.store.reach import Reach

FRESH_SECONDS = 0.5
"""How long a list of ready campaigns is used. It only guides: every claim checks the campaign itself again."""


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """What sending a campaign's messages needs to know; of a running campaign only ``paced`` and ``crowded`` change."""

    campaign_id: int
    priority: int
    paced: bool
    crowded: bool
    hours: OpenHours
    reach: Reach
    sender: str
    validity_minutes: int
    text: CampaignText
    places: Mapping[int, tuple[str, str]]

    def may_wait(self, now: datetime) -> bool:
        """Whether it may still send once somebody who has had enough of its class may get another message."""
        cap = self.reach.cap
        return cap is None or self.hours.opens_after(cap.looks_again(now)) is not None

    def place(self, ward_id: int | None) -> Place:
        """The names of a ward and its district."""
        return place_of(self.places, ward_id)


class Menu:
    """Campaigns with something ready for one gateway, handed out in turn. Whoever uses it asks one thing at a time.

    A session keeps one as long as it lives: the turn must outlast a drain, or with many campaigns those at the end of
    the list would never be reached.
    """

    def __init__(self, database: Database, gateway_id: int) -> None:
        self._database = database
        self._gateway_id = gateway_id
        self._turn: deque[int] = deque()
        self._read_at = float("-inf")
        self._facts: dict[int, CampaignFacts] = {}

    def next(self) -> CampaignFacts | None:
        """The campaign whose turn it is, or None where nothing is ready."""
        if time.monotonic() - self._read_at > FRESH_SECONDS or not self._turn:
            self._read()
        if not self._turn:
            return None
        campaign_id = self._turn[0]
        self._turn.rotate(-1)
        return self._facts[campaign_id]

    def more_urgent(self, than: int) -> CampaignFacts | None:
        """The next campaign, where it goes before those of priority ``than``."""
        if time.monotonic() - self._read_at > FRESH_SECONDS:
            self._read()
        first = self._facts[self._turn[0]] if self._turn else None
        if first is None or first.priority >= than:
            return None
        self._turn.rotate(-1)
        return first

    def exhausted(self, facts: CampaignFacts) -> None:
        """Nothing more of this campaign could be claimed."""
        if facts.campaign_id in self._turn:
            self._turn.remove(facts.campaign_id)
        if not self._turn:
            self._read_at = time.monotonic()

    def _read(self) -> None:
        with self._database.transaction() as session:
            ready = list_ready_campaigns(session, self._gateway_id)
            urgent = {item.campaign_id: item for item in ready if item.priority == ready[0].priority}
            places = load_places(session) if urgent.keys() - self._facts.keys() else {}
            self._facts = {key: self._read_facts(session, item, places) for key, item in urgent.items()}
        kept = [campaign_id for campaign_id in self._turn if campaign_id in urgent]
        self._turn = deque(kept + [campaign_id for campaign_id in urgent if campaign_id not in kept])
        self._read_at = time.monotonic()

    def _read_facts(self, session: Session, item: MenuItem, places: Mapping[int, tuple[str, str]]) -> CampaignFacts:
        """What is known already, or read now."""
        known = self._facts.get(item.campaign_id)
        if known is not None:
            same = (known.paced, known.crowded) == (item.paced, item.crowded)
            return known if same else replace(known, paced=item.paced, crowded=item.crowded)
        campaign = get_campaign(session, item.campaign_id)
        return CampaignFacts(
            campaign_id=campaign.id,
            priority=item.priority,
            paced=item.paced,
            crowded=item.crowded,
            hours=open_hours(session, campaign, database_now(session)),
            reach=reach_of(session, campaign),
            sender=campaign.sender,
            validity_minutes=campaign.validity_minutes,
            text=campaign_text(campaign),
            places=places,
        )

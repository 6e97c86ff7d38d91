"""The waterfall: of those registered, who is left out and why, and who will be sent to; in people, parts and đồng."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.reach import reach_of
from campaigns.delivery.planner import place_of
from campaigns.delivery.preflight import campaign_text
from campaigns.models import Campaign
from campaigns.store.campaigns import get_campaign
from campaigns.store.database import keyring_of
from campaigns.store.places import load_places
from campaigns.store.planning import page_end, read_page
from campaigns.store.reach import WILL_SEND, Counted, Reach, count_stages, list_at_stage
from config.i18n import Text

PAGE = 20_000
LISTED = 50
"""People on one page of a stage's list."""


@dataclass(frozen=True, slots=True)
class Step:
    """Those who stand at one stage."""

    key: str
    title: Text
    people: int
    parts_by_carrier: Mapping[str, int] | None
    """None where the text differs by person: of somebody it is not made for, nobody can say how long it would be."""

    @property
    def parts(self) -> int | None:
        """Parts of their messages, sent or not."""
        return None if self.parts_by_carrier is None else sum(self.parts_by_carrier.values())

    def cost(self, prices: Mapping[str, float]) -> float | None:
        """What their messages would cost in đồng at each carrier's price of a part; None where a price is missing."""
        if self.parts_by_carrier is None or self.parts_by_carrier.keys() - prices.keys():
            return None
        return sum(parts * prices[carrier] for carrier, parts in self.parts_by_carrier.items())


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Every stage in order, the last one those who will be sent to. Everybody registered stands at exactly one."""

    steps: tuple[Step, ...]
    by_ward: Mapping[int | None, int] = field(default_factory=dict)
    """People who will get it, by ``area.id`` of their ward."""

    @property
    def registered(self) -> int:
        """People of the audience."""
        return sum(step.people for step in self.steps)

    @property
    def will_send(self) -> int:
        """People who will get it."""
        return self.steps[-1].people

    @property
    def parts(self) -> int:
        """Parts of what will be sent."""
        return self.steps[-1].parts or 0

    def people(self, key: str) -> int:
        """Those at one stage; 0 where the campaign has no such stage."""
        return sum(step.people for step in self.steps if step.key == key)

    def to_json(self) -> dict[str, Any]:
        """The document of ``loa campaigns estimate --json``; ``stages`` are what lies between its ends."""
        return {
            "registered": self.registered,
            "no_number": self.people("no_number"),
            "refused": self.people("refused"),
            "will_send": self.will_send,
            "parts": self.parts,
            "stages": {step.key: step.people for step in self.steps[:-1]},
        }


REGISTERED_TITLE = Text("Có trong danh bạ", "Registered")
SENT = Text("Sẽ gửi", "Will be sent")


def estimate(session: Session, campaign_id: int) -> Waterfall:
    """Whom the campaign would reach if it were planned now. Exact, also for texts that differ by person.

    Raises:
        MissingValue: the text cannot be made for somebody.
    """
    return waterfall_of(session, get_campaign(session, campaign_id))


def waterfall_of(session: Session, campaign: Campaign, counted: Sequence[Counted] | None = None) -> Waterfall:
    """Whom a campaign would reach, also one that is only being thought of and in no table.

    ``counted`` is its audience where the caller has counted it.
    """
    reach = reach_of(session, campaign)
    return _add_up(session, campaign, reach, count_stages(session, reach) if counted is None else counted)


@dataclass(slots=True)
class _Sum:
    people: int = 0
    parts: Counter[str] = field(default_factory=Counter)


def _add_up(
    session: Session, campaign: Campaign, reach: Reach, rows: Sequence[Counted]
) -> Waterfall:
    text = campaign_text(campaign)
    titles = {stage.key: stage.title for stage in reach.stages()} | {WILL_SEND: SENT}
    sums = {key: _Sum() for key in titles}
    places = load_places(session) if text.names_places else {}
    lengths: dict[int | None, int] = {}
    by_ward: Counter[int | None] = Counter()
    for row in rows:
        at = sums[row.stage]
        at.people += row.people
        if row.stage == WILL_SEND:
            by_ward[row.ward_id] += row.people
        if not text.is_personal and row.people:
            if row.ward_id not in lengths:
                lengths[row.ward_id] = len(text.for_place(place_of(places, row.ward_id)))
            at.parts[row.carrier] += row.people * lengths[row.ward_id]
    if text.is_personal:
        sums[WILL_SEND].parts = _count_personal(session, campaign, reach, set(by_ward))
    return Waterfall(
        tuple(
            Step(key, titles[key], at.people, at.parts if key == WILL_SEND or not text.is_personal else None)
            for key, at in sums.items()
        ),
        by_ward,
    )


def _count_personal(
    session: Session, campaign: Campaign, reach: Reach, wards: set[int | None]
) -> Counter[str]:
    text = campaign_text(campaign)
    places = load_places(session) if text.names_places else {}
    parts: Counter[str] = Counter()
    ring = partial(keyring_of, session)
    for ward in wards:
        place, after = place_of(places, ward), 0
        while (last := page_end(session, ward, after, PAGE)) is not None:
            for person in read_page(session, reach, ward, after, last):
                parts[person.carrier] += len(text.for_sealed(ring, place, person))
            after = last
    return parts


def list_stage(session: Session, actor: Actor, campaign: Campaign, key: str, *, after: int = 0) -> Sequence[Row[Any]]:
    """A page of people who stand at a stage: (id, phone_cipher, name_cipher, ward_id, carrier), by id; mask them.

    Raises:
        NotFound: the campaign knows no such stage.
    """
    actor.require("contact.view")
    return list_at_stage(session, reach_of(session, campaign), key, after=after, limit=LISTED)

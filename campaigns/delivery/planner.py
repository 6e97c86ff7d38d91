"""Freezing an audience: page by page, each page one transaction that also moves the cursor.

A page is a part of a large ward or a number of small ones, so that a small campaign does not pay for every ward.

A planner that dies is taken up again where the last committed page ended; two planners of one campaign wait for
each other on its row. So every person gets one message, and never two. Who moved meanwhile into a ward that was planned
already is planned at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaigns.audience.reach import reach_of
from campaigns.delivery.hours import keep_class_hours
from campaigns.delivery.pace import begin_pace
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import CampaignText, Place
from campaigns.delivery.states import CampaignState, Step, next_state
from campaigns.errors import LoaError
from campaigns.lawful import refuse_unlawful
from campaigns.models import Campaign
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now, lock_campaign
from campaigns.store.database import Database, keyring_of
from campaigns.store.places import list_ward_ids, load_places
from campaigns.store.planning import (
    PlanRules,
    Stretch,
    list_wards_of_unplanned,
    next_page,
    plan_listed,
    plan_stretches,
    read_page,
)

PAGE = 20_000
"""Contacts of one page: about a tenth of a second of work, so that a planner can stop between."""

MOVING = timedelta(seconds=30)
"""Longer than a chunk of a list takes to be merged: its people bear the time at which that began."""

Cursor = dict[str, Any]


def plan_campaign(
    database: Database,
    campaign_id: int,
    *,
    batch_size: int = 500,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Plan a due campaign to its end, or until ``go_on`` says stop; returns the messages planned now.

    When the last page is in, the campaign is running. A text that cannot be made for somebody pauses it with
    the reason, before anything is sent.
    """
    planned, skip_planned = 0, False
    while go_on():
        try:
            with database.transaction() as session:
                done, count = _plan_next_page(session, campaign_id, batch_size, skip_planned)
        except IntegrityError:
            if skip_planned:
                raise
            skip_planned = True  # somebody who has a message moved to a ward of this page: again, without them
            continue
        except LoaError as error:
            _pause(database, campaign_id, str(error))
            return planned
        planned, skip_planned = planned + count, False
        if done:
            break
    return planned


def makes_texts(session: Session, campaign_id: int) -> bool:
    """Whether planning a campaign makes a text for every person, which takes far longer than writing the rows."""
    return campaign_text(session.get_one(Campaign, campaign_id)).is_personal


def _plan_next_page(
    session: Session, campaign_id: int, batch_size: int, skip_planned: bool
) -> tuple[bool, int]:
    campaign = lock_campaign(session, campaign_id)
    if campaign.state != CampaignState.SCHEDULED or campaign.planned_at is not None:
        return True, 0
    # A task may be as old as a day; meanwhile the approval may have been taken back and given for another time.
    if campaign.scheduled_for is not None and campaign.scheduled_for > database_now(session):
        return True, 0
    if campaign.plan_cursor is None:
        refuse_unlawful(session, campaign)
    cursor: Cursor = campaign.plan_cursor or _first_cursor(session, campaign)
    rules = PlanRules(campaign.id, reach_of(session, campaign), batch_size, skip_planned or "again" in cursor)
    if cursor["place"] >= len(cursor["wards"]):
        moved = list_wards_of_unplanned(session, rules, cursor["since"]) if "since" in cursor else []
        if not moved:
            _start(session, campaign)
            return True, 0
        campaign.plan_cursor = _cursor(session, moved) | {"again": True}
        return False, 0
    page = next_page(session, cursor["wards"][cursor["place"] :], cursor["after"], PAGE)
    done, count = _plan(session, campaign, rules, page)
    after = 0 if done[-1].ends else done[-1].upto
    campaign.plan_cursor = {**cursor, "place": cursor["place"] + sum(s.ends for s in done), "after": after}
    return False, count


def _first_cursor(session: Session, campaign: Campaign) -> Cursor:
    wards = reach_of(session, campaign).ward_ids
    everybody: list[int | None] = [*list_ward_ids(session), None]
    return _cursor(session, everybody if wards is None else list(wards))


def _cursor(session: Session, wards: Sequence[int | None]) -> Cursor:
    # From when on somebody may have moved into a ward that is planned already; a merge under way counts too.
    since = database_now(session) - MOVING
    return {"wards": list(wards), "place": 0, "after": 0, "since": since.isoformat()}


def _start(session: Session, campaign: Campaign) -> None:
    campaign.planned_at = database_now(session)
    keep_class_hours(campaign)
    campaign.state = next_state(CampaignState(campaign.state), Step.START).value
    campaign.version += 1
    begin_pace(session, campaign)
    append_audit(session, "system", "campaign.started", "campaign", campaign.id)


def _plan(
    session: Session, campaign: Campaign, rules: PlanRules, page: Sequence[Stretch]
) -> tuple[Sequence[Stretch], int]:
    """Plan the page or the beginning of it; returns which stretches, and how many messages they took."""
    text = campaign_text(campaign)
    places = load_places(session) if text.names_places else {}
    if text.is_personal:
        place = place_of(places, page[0].ward_id)
        return page[:1], _plan_personal(session, rules, text, place, page[0])
    parts = _count_parts(text, places, page)
    return page[: len(parts)], plan_stretches(session, rules, page[: len(parts)], parts)


def _count_parts(text: CampaignText, places: Mapping[int, tuple[str, str]], page: Sequence[Stretch]) -> list[int]:
    """Parts of the text in each ward; ends before one it cannot be made for, which then begins a page and raises."""
    counts: list[int] = []
    for stretch in page:
        try:
            # Nobody lives there: whether the text can be made does not matter.
            empty = stretch.upto == stretch.after
            counts.append(0 if empty else len(text.for_place(place_of(places, stretch.ward_id))))
        except LoaError:
            if not counts:
                raise
            break
    return counts


def _plan_personal(
    session: Session, rules: PlanRules, text: CampaignText, place: Place, stretch: Stretch
) -> int:
    ring = partial(keyring_of, session)
    people = read_page(session, rules.reach, stretch.ward_id, stretch.after, stretch.upto)
    counts = [len(text.for_sealed(ring, place, person)) for person in people]
    return plan_listed(session, rules, stretch.ward_id, [person.id for person in people], counts)


def place_of(places: Mapping[int, tuple[str, str]], ward_id: int | None) -> Place:
    """The names of a ward and its district; empty ones where the ward is unknown."""
    return Place(*places.get(ward_id, ("", ""))) if ward_id is not None else Place("", "")


def _pause(database: Database, campaign_id: int, reason: str) -> None:
    with database.transaction() as session:
        campaign = lock_campaign(session, campaign_id)
        if campaign.state == CampaignState.SCHEDULED:
            campaign.state = next_state(CampaignState.SCHEDULED, Step.PAUSE).value
            campaign.state_reason = reason[:500]
            campaign.version += 1
            append_audit(session, "system", "campaign.paused", "campaign", campaign.id, {"reason": reason})

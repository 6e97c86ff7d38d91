"""Freezing an audience: page by page, each page one transaction that also moves the cursor.

A planner that dies is taken up again where the last committed page ended; two planners of one campaign wait for
each other on its row. So every person gets one message, and never two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaigns.audience.selection import Audience
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.delivery.pace import begin_pace
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import CampaignText, Place
from campaigns.delivery.states import CampaignState, Step, next_state
from campaigns.errors import LoaError
from campaigns.models import Campaign
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now, lock_campaign
from campaigns.store.database import Database
from campaigns.store.places import list_ward_ids, load_places
from campaigns.store.planning import PlanRules, page_end, plan_listed, plan_ward_page, read_page

PAGE = 20_000
"""Contacts of one page: about a tenth of a second of work, so that a planner can stop between."""

Cursor = dict[str, Any]


def plan_campaign(
    database: Database, campaign_id: int, *, batch_size: int = 500, go_on: Callable[[], bool] = lambda: True
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


def _plan_next_page(session: Session, campaign_id: int, batch_size: int, skip_planned: bool) -> tuple[bool, int]:
    campaign = lock_campaign(session, campaign_id)
    if campaign.state != CampaignState.SCHEDULED or campaign.planned_at is not None:
        return True, 0
    cursor: Cursor = campaign.plan_cursor or _first_cursor(session, campaign)
    if cursor["place"] >= len(cursor["wards"]):
        _start(session, campaign)
        return True, 0
    ward_id = cursor["wards"][cursor["place"]]
    last = page_end(session, ward_id, cursor["after"], PAGE)
    honours = MESSAGE_CLASSES[campaign.message_class].honours_refusal
    rules = PlanRules(campaign.id, campaign.topic, honours, batch_size, skip_planned)
    count = 0 if last is None else _plan(session, campaign, rules, ward_id, cursor["after"], last)
    next_place = cursor["place"] + (last is None)
    campaign.plan_cursor = {**cursor, "place": next_place, "after": last or 0}
    return False, count


def _first_cursor(session: Session, campaign: Campaign) -> Cursor:
    wards: list[int] | None = Audience.model_validate(campaign.audience).ward_ids(session)
    everybody: list[int | None] = [*list_ward_ids(session), None]
    return {"wards": everybody if wards is None else wards, "place": 0, "after": 0}


def _start(session: Session, campaign: Campaign) -> None:
    campaign.planned_at = database_now(session)
    campaign.state = next_state(CampaignState(campaign.state), Step.START).value
    campaign.version += 1
    begin_pace(session, campaign)
    append_audit(session, "system", "campaign.started", "campaign", campaign.id)


def _plan(session: Session, campaign: Campaign, rules: PlanRules, ward_id: int | None, after: int, last: int) -> int:
    text = campaign_text(campaign)
    place = place_of(load_places(session) if text.names_places else {}, ward_id)
    if text.is_personal:
        return _plan_personal(session, rules, text, place, ward_id, after, last)
    return plan_ward_page(session, rules, ward_id, after, last, len(text.for_place(place)))


def _plan_personal(
    session: Session, rules: PlanRules, text: CampaignText, place: Place, ward_id: int | None, after: int, last: int
) -> int:
    people = read_page(session, rules, ward_id, after, last)
    counts = [len(text.for_person(place, person.full_name, person.attributes)) for person in people]
    return plan_listed(session, rules, ward_id, [person.id for person in people], counts)


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

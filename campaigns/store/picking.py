"""Which batch the next claim takes: of a campaign without a pace the first one, else the one whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.store.frequency import ALONE
from campaigns.store.opening import INSIDE_WINDOW
from campaigns.store.pacing import lock_turn, most_people, take_turn, take_ward_turn

_WELL = """(:probe OR NOT EXISTS (SELECT 1 FROM gateway_health h
                                  WHERE h.gateway_id = :gateway AND h.state <> 'closed'))"""
"""Nothing is claimed for a gateway that rests, but the one message that tries it."""

_PICK = text(f"""
    SELECT b.id, b.ward_id, b.carrier,
           greatest(1, least(:most, floor(:budget * b.size / greatest(b.parts, 1))))::int AS take
    FROM batch b JOIN campaign c ON c.id = b.campaign_id
    WHERE b.gateway_id = :gateway AND b.campaign_id = :campaign AND b.state = 'ready'
      AND (b.not_before IS NULL OR b.not_before <= now())
      AND c.state = 'running' AND {INSIDE_WINDOW} AND c.pace_now IS NULL AND c.ward_pace_now IS NULL
      AND {_WELL} AND {ALONE}
    ORDER BY b.id LIMIT 1
    FOR UPDATE OF b SKIP LOCKED
""")

# Of a campaign that keeps a pace. Wards take turns: the one that has waited longest goes first, or the wards planned
# first would be finished before the last ones had begun.
_PICK_PACED = text(f"""
    SELECT b.id, b.ward_id, b.carrier, b.queued, greatest(b.parts, 1)::float / b.size AS parts_each
    FROM batch b JOIN campaign c ON c.id = b.campaign_id
    LEFT JOIN campaign_pace turn ON turn.campaign_id = c.id AND turn.scope = 'ward' AND turn.place = b.ward_id
    WHERE b.gateway_id = :gateway AND b.campaign_id = :campaign AND b.state = 'ready'
      AND (b.not_before IS NULL OR b.not_before <= now())
      AND c.state = 'running' AND {INSIDE_WINDOW} AND (turn.due IS NULL OR turn.due <= now())
      AND {_WELL} AND {ALONE}
    ORDER BY turn.due NULLS FIRST, b.id LIMIT 1
    FOR UPDATE OF b SKIP LOCKED
""")


@dataclass(frozen=True, slots=True)
class Pick:
    """A batch that is locked, and how many of its messages may be claimed."""

    id: int
    ward_id: int | None
    carrier: str
    take: int


def pick_batch(
    session: Session,
    gateway_id: int,
    campaign_id: int,
    budget_parts: float,
    most: int,
    *,
    paced: bool,
    probe: bool = False,
    alone: str | None = None,
) -> Pick | None:
    """Lock a ready batch of a campaign that may send now, and its turn where it keeps a pace; None where there is none.

    ``paced`` is what the caller believes; where the campaign has changed meanwhile, nothing is picked. ``alone`` names
    the campaign's class where it has a cap and no other campaign of the class is believed to send.
    """
    place = {"gateway": gateway_id, "campaign": campaign_id, "probe": probe, "alone": alone}
    if paced:
        return _pick_paced(session, place, budget_parts, most)
    picked = session.execute(_PICK, place | {"budget": budget_parts, "most": most}).one_or_none()
    return None if picked is None else Pick(*picked)


def _pick_paced(session: Session, place: Mapping[str, Any], budget_parts: float, most: int) -> Pick | None:
    gateway_id, campaign_id = place["gateway"], place["campaign"]
    rates = lock_turn(session, campaign_id, gateway_id)
    if rates is None:
        return None
    picked = session.execute(_PICK_PACED, place).one_or_none()
    if picked is None:
        return None
    budget = max(1, int(budget_parts / picked.parts_each))
    take: int = min(budget, picked.queued, most_people(rates, picked.parts_each, most))
    if not take_ward_turn(session, campaign_id, picked.ward_id, rates, take):
        return None
    take_turn(session, campaign_id, gateway_id, rates, take * picked.parts_each)
    return Pick(picked.id, picked.ward_id, picked.carrier, take)

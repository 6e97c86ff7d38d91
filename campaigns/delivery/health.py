"""What sessions heard becomes the health of their gateway, and the reason to pause a campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from campaigns.delivery.states import CampaignState, Step, next_state
from campaigns.delivery.trouble import Refusals, Stretch, latest, too_many
from campaigns.gateways import breaker
from campaigns.gateways.breaker import Health, Judged, Report, State
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import lock_campaign
from campaigns.store.health import is_bound, lock_health, read_health, write_health
from campaigns.store.trouble import judge_receipts, lock_trouble, write_trouble

log = structlog.get_logger(__name__)


def _judge(session: Session, gateway_id: int, judge: Callable[[Health, datetime], Judged]) -> Judged:
    health, now = lock_health(session, gateway_id)
    judged, change = judge(health, now)
    if judged != health:
        write_health(session, gateway_id, judged, change, now)
    if change is not None:
        log.warning("gateway_health", gateway=gateway_id, state=str(change.state), cause=change.cause.value)
    return judged, change


def report_answers(session: Session, gateway_id: int, report: Report, first_rest: float) -> Health:
    """Note answers of a gateway; how it stands now."""
    return _judge(session, gateway_id, lambda health, now: breaker.observe(health, report, now, first_rest))[0]


def report_bound(session: Session, gateway_id: int) -> Health:
    """Note that a session of the gateway is open."""
    health = read_health(session, gateway_id)
    return health if not health.binds_refused else _judge(session, gateway_id, breaker.bind)[0]


def report_refused(
    session: Session, gateway_id: int, reason: str, first_rest: float, *, permanent: bool, worker: str, slot: int
) -> Health:
    """Note that the gateway did not let this session in."""
    others = is_bound(session, gateway_id, but=(worker, slot))

    def judge(health: Health, now: datetime) -> Judged:
        return breaker.refuse_bind(health, reason, now, first_rest, permanent=permanent, others_open=others)

    return _judge(session, gateway_id, judge)[0]


def begin_probe(session: Session, gateway_id: int, seconds: float) -> bool:
    """Whether we are the one who may try the gateway with one message, within so many seconds."""
    change = _judge(session, gateway_id, lambda health, now: breaker.begin_probe(health, now, seconds))[1]
    return change is not None and change.state == State.HALF_OPEN


def end_probe(session: Session, gateway_id: int, report: Report, first_rest: float) -> Health:
    """Note what became of that message."""
    return _judge(session, gateway_id, lambda health, now: breaker.end_probe(health, report, now, first_rest))[0]


def note_campaigns(session: Session, heard: Mapping[int, Stretch], window: int) -> dict[int, Refusals]:
    """Note answers to campaigns; those that are refused too often, each with the reason.

    A campaign that is refused nothing costs a look at a small table.
    """
    refused = [campaign_id for campaign_id, stretch in heard.items() if stretch.refused]
    found: dict[int, Refusals] = {}
    for campaign_id, stored in lock_trouble(session, sorted(heard), sorted(refused)).items():
        recent = latest([*(Stretch(*stretch) for stretch in stored), heard[campaign_id]], window)
        reason = too_many(recent, window)
        if reason is not None:
            found[campaign_id] = reason
        kept = recent if any(stretch.refused for stretch in recent) else []
        write_trouble(session, campaign_id, [stretch.to_json() for stretch in kept])
    return found


def note_receipts(session: Session, window: int) -> dict[int, Refusals]:
    """Judge the receipts that came since the last time; campaigns whose messages the telco rejects, with the reason."""
    found: dict[int, Refusals] = {}
    for row in judge_receipts(session, window):
        reason = too_many([Stretch(row.receipts, {row.error or "REJECTD": row.rejected})], window)
        if reason is not None:
            found[row.campaign_id] = reason
    return found


def pause_refused(session: Session, campaign_id: int, reason: Refusals) -> bool:
    """Pause a campaign by itself; False where it is not running any more, or answers people for the system."""
    campaign = lock_campaign(session, campaign_id)
    if campaign.state != CampaignState.RUNNING or campaign.standing is not None:
        return False
    campaign.state = next_state(CampaignState.RUNNING, Step.PAUSE).value
    campaign.state_reason = reason.to_reason()
    campaign.version += 1
    detail = {"reason": campaign.state_reason, "refused": reason.count, "of": reason.answers, "error": reason.error}
    append_audit(session, "system", "campaign.paused", "campaign", campaign.id, detail)
    return True

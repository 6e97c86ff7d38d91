"""The facts of one campaign's proof: who ordered and approved it, what went out, by which gateway, what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.approving import ReviewStep, approvals_in_force
from campaigns.audience.selection import Audience
from campaigns.content.classes import MESSAGE_CLASSES, MessageClass
from campaigns.delivery.states import CampaignState
from campaigns.draft import content_hash, snapshot
from campaigns.models import AuditCheck, Campaign
from campaigns.stats import STATE_LABELS, StatsRow, stats_by, summary
from campaigns.stats.books import reconcile
from campaigns.store.audit import find_last_check, list_entries_of, read_head
from campaigns.store.campaigns import database_now, get_campaign
from campaigns.store.places import load_areas_of
from campaigns.store.proof import Honoured, count_honoured, sum_gateways
from campaigns.store.reviews import list_reviews

DEEDS_MOST = 200
"""Steps a proof lists; a campaign takes about ten."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One step somebody took, with its place in the audit's chain."""

    entry: int
    at: datetime
    actor: str
    action: str
    content: str
    """The content's hash it was taken upon, where it was; hexadecimal."""
    reason: str
    digest: str
    """Hash of the audit's entry; hexadecimal."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One decision that let the campaign go out as it was, or the review of an emergency afterwards."""

    step: str
    """``campaigns.approving.ReviewStep``."""
    by: str
    at: datetime
    people: int | None
    """How many it reached as counted then."""
    confirmed_class: bool
    """Whether the class was confirmed by itself, as the console asks."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One variant of the text."""

    variant: str
    body: str
    fingerprint: str
    """SHA-256 of the body; hexadecimal."""
    used: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """What one gateway carried."""

    gateway: str
    planned: int
    handed_over: int
    """Messages it was given: those planned but for the ones still waiting, refused in time, or cancelled."""
    delivered: int
    parts: int
    first_at: datetime | None
    last_at: datetime | None
    """When its first and its last batch were begun."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything on the page, as of ``made_at``. Holds no number and no name of anybody who got a message."""

    made_at: datetime
    campaign: Campaign
    message_class: MessageClass
    approvals: Sequence[Approval]
    """Those in force, in the order they were given."""
    deeds: Sequence[Deed]
    wordings: Sequence[Wording]
    content: str
    """The content's hash now; hexadecimal."""
    differing: Sequence[str] | None
    """Fields that are no longer as they were when it was approved; None where nothing was kept of that."""
    areas: Sequence[str]
    """Names of the districts and wards chosen; empty for everybody."""
    planned: int
    parts: int
    totals: dict[str, int]
    gateways: Sequence[Sending]
    districts: Sequence[StatsRow]
    head: tuple[int, str] | None
    """The audit's last entry and its hash."""
    last_check: AuditCheck | None

    @property
    def adds_up(self) -> bool:
        """Whether the outcomes are, together, the people planned."""
        return sum(self.totals.values()) == self.planned

    @property
    def unchanged(self) -> bool | None:
        """Whether text, audience and schedule are those approved; None where nothing is."""
        approved = self.campaign.approved_hash
        if approved is None:
            return None
        # A later version of Loa may hash more fields than the one that approved; what it kept tells the truth.
        return approved.hex() == self.content or self.differing == []


@dataclass(frozen=True, slots=True)
class Recount:
    """What takes seconds where a million got a message."""

    balanced: bool
    honoured: Honoured | None
    """None before the audience was frozen, and where the class does not honour refusals."""


def collect_proof(session: Session, actor: Actor, campaign_id: int) -> Proof:
    """Gather the proof of a campaign.

    Raises:
        NotFound: there is no such campaign.
        Forbidden: the person may not see campaigns.
    """
    actor.require("campaign.view")
    campaign = get_campaign(session, campaign_id)
    figures = summary(session, campaign_id)
    head = read_head(session)
    return Proof(
        made_at=database_now(session),
        campaign=campaign,
        message_class=MESSAGE_CLASSES[campaign.message_class],
        approvals=_approvals(session, campaign),
        deeds=_deeds(session, campaign),
        wordings=_wordings(campaign),
        content=content_hash(campaign).hex(),
        differing=_differing(session, campaign),
        areas=_areas(session, campaign),
        planned=figures.planned,
        parts=figures.parts,
        totals={label: figures.totals[label] for label in STATE_LABELS},
        gateways=_gateways(session, campaign_id),
        districts=stats_by(session, campaign_id, "district") if figures.planned else [],
        head=(head[0], head[1].hex()) if head else None,
        last_check=find_last_check(session),
    )


def recount(session: Session, campaign_id: int) -> Recount:
    """Count the messages themselves, and look for people who had refused."""
    campaign = get_campaign(session, campaign_id)
    honours = MESSAGE_CLASSES[campaign.message_class].honours_refusal
    honoured = None
    if honours and campaign.planned_at is not None:
        wards = Audience.model_validate(campaign.audience).ward_ids(session)
        honoured = count_honoured(session, campaign_id, at=campaign.planned_at, topic=campaign.topic, ward_ids=wards)
    return Recount(reconcile(session, campaign_id).balanced, honoured)


_REASONS = ("reason", "basis", "remark")


def _deeds(session: Session, campaign: Campaign) -> list[Deed]:
    entries = list_entries_of(session, "campaign", campaign.id)
    return [
        Deed(
            entry=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            content=str(entry.detail.get("hash") or ""),
            reason=next((str(entry.detail[name]) for name in _REASONS if entry.detail.get(name)), ""),
            digest=bytes(entry.hash).hex(),
        )
        for entry in entries
        if entry.action not in {"campaign.exported", "campaign.proved"}
    ][:DEEDS_MOST]


def _approvals(session: Session, campaign: Campaign) -> list[Approval]:
    reviews, content = list_reviews(session, campaign.id), campaign.approved_hash or content_hash(campaign)
    kept = approvals_in_force(reviews, content, steps=(ReviewStep.APPROVED, ReviewStep.EMERGENCY))
    kept += [each for each in reviews if each.step == ReviewStep.SIGNED_OFF]
    confirmed = campaign.class_confirmed_by
    return [Approval(each.step, each.by, each.at, each.people, each.by in confirmed) for each in kept]


def _differing(session: Session, campaign: Campaign) -> list[str] | None:
    kept = next((each for each in list_reviews(session, campaign.id) if each.hash == campaign.approved_hash), None)
    if kept is None:
        return None
    now = snapshot(campaign)
    # The title of the template is for reading; it may be put right later.
    return [name for name, value in kept.snapshot.items() if name != "template" and now.get(name, value) != value]


def _wordings(campaign: Campaign) -> list[Wording]:
    version = campaign.template_version
    return [
        Wording(variant, body, hashlib.sha256(body.encode()).hexdigest(), variant == campaign.variant)
        for variant, body in (("plain", version.body_plain), ("marked", version.body_marked))
    ]


def _areas(session: Session, campaign: Campaign) -> list[str]:
    audience = Audience.model_validate(campaign.audience)
    names = {(area.kind, area.code): f"{area.prefix} {area.name}" for area in load_areas_of(session, audience.edition)}
    chosen = [("district", code) for code in audience.districts] + [("ward", code) for code in audience.wards]
    return [names.get(key, key[1]) for key in chosen]


def _gateways(session: Session, campaign_id: int) -> list[Sending]:
    return [
        Sending(
            gateway=row.name,
            planned=row.planned,
            handed_over=row.planned - row.queued - row.claimed - row.suppressed - row.cancelled,
            delivered=row.delivered,
            parts=row.parts,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in sum_gateways(session, campaign_id)
    ]


def is_over(campaign: Campaign) -> bool:
    """Whether nothing of a proof will change any more but late receipts."""
    return campaign.state in {CampaignState.FINISHED, CampaignState.CANCELLED}

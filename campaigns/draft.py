"""What a person decides about a campaign, checked and hashed."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from campaigns.audience.selection import Audience
from campaigns.content.classes import class_rules
from campaigns.content.fingerprint import text_fingerprint
from campaigns.delivery.hours import EVERY_DAY, keep_class_hours
from campaigns.models import Campaign, TemplateVersion

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Placeholder = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,63}$")]
Value = Annotated[str, StringConstraints(max_length=500)]
Sender = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._ -]{0,11}$")]
"""At most 11 Latin letters, digits, ``- _ .`` or space (Decree 91/2020/NĐ-CP, Article 23)."""

LegalBasis = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class CampaignDraft(BaseModel):
    """Everything of a campaign that an edit can change and an approval covers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    template_version_id: int
    variant: Literal["plain", "marked"] = "plain"
    sender: Sender = ""
    legal_basis: LegalBasis = ""
    """What it rests on; empty takes that of its class, which advertising and emergencies do not have."""
    values: dict[Placeholder, Value] = Field(default_factory=dict, max_length=50)
    audience: Audience
    start_at: AwareDatetime | None = None
    """None waits for the step ``schedule`` after the approval."""
    window_start: time = time(7)
    window_end: time = time(21)
    """Asia/Ho_Chi_Minh, end excluded; equal to the start means the whole day."""
    weekdays: int = Field(EVERY_DAY, ge=1, le=EVERY_DAY)
    """Days it goes out on: bit 0 is Monday, bit 6 is Sunday."""
    skip_holidays: bool = False
    """Stay at home on public holidays although the class need not."""
    deadline: AwareDatetime | None = None
    """Nothing is sent from then on."""
    repeat_reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)] | None = None
    """Why people who got the same text lately get it again; None leaves them out."""
    validity_minutes: int = Field(1440, ge=5, le=4320)
    unknown_policy: Literal["never", "resend"] = "never"
    priority: int | None = Field(None, ge=0, le=9)
    """None takes that of the message class: an emergency goes before everything else."""
    over_minutes: int | None = Field(None, ge=5, le=30 * 24 * 60)
    """Spread evenly over so many minutes inside the hours of sending."""
    pace_per_hour: int | None = Field(None, ge=1, le=100_000_000)
    """At most so many parts an hour; not together with ``over_minutes``."""
    ward_pace_per_hour: int | None = Field(None, ge=1, le=1_000_000)
    """At most so many people an hour in one ward."""
    budget: int | None = Field(None, ge=0, le=1_000_000_000_000)
    """Đồng its makers may spend."""

    @model_validator(mode="after")
    def _one_pace(self) -> Self:
        if self.over_minutes is not None and self.pace_per_hour is not None:
            raise ValueError("over_minutes and pace_per_hour exclude each other")
        return self

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.deadline is not None and self.start_at is not None and self.deadline <= self.start_at:
            raise ValueError("the deadline is before the start")
        return self


_COPIED = (
    "name",
    "template_version_id",
    "variant",
    "sender",
    "values",
    "start_at",
    "window_start",
    "window_end",
    "weekdays",
    "skip_holidays",
    "deadline",
    "repeat_reason",
    "validity_minutes",
    "unknown_policy",
    "over_minutes",
    "pace_per_hour",
    "ward_pace_per_hour",
    "budget",
)


def chosen_kind(campaign: Campaign | None, version: TemplateVersion) -> tuple[str, str]:
    """(class, topic) of a campaign of this version: its own while it stays with that, else those of the template.

    So a change of the template alters no campaign that exists.
    """
    if campaign is not None and campaign.template_version_id == version.id and campaign.message_class:
        return campaign.message_class, campaign.topic
    return version.template.message_class, version.template.topic


def write_draft(campaign: Campaign, draft: CampaignDraft, version: TemplateVersion) -> None:
    """Copy a draft into a campaign's row, with the class and topic its template had when the version was chosen."""
    message_class, topic = chosen_kind(campaign, version)
    for field in _COPIED:
        setattr(campaign, field, getattr(draft, field))
    campaign.legal_basis = draft.legal_basis or None
    campaign.audience = draft.audience.model_dump(mode="json")
    campaign.message_class, campaign.topic = message_class, topic
    urgency = class_rules(campaign.message_class).priority
    campaign.priority = urgency if draft.priority is None else draft.priority
    campaign.text_fingerprint = text_fingerprint(version.body(campaign.variant), draft.values)
    keep_class_hours(campaign)


def read_draft(campaign: Campaign) -> CampaignDraft:
    """The draft a campaign's row holds."""
    fields = {field: getattr(campaign, field) for field in (*_COPIED, "priority")}
    return CampaignDraft(
        audience=Audience.model_validate(campaign.audience), legal_basis=campaign.legal_basis or "", **fields
    )


def approved_content(campaign: Campaign) -> dict[str, Any]:
    """Text, class, legal basis, audience and schedule as JSON, times in UTC: everything an approval covers."""
    draft = read_draft(campaign)
    basis = class_rules(campaign.message_class).legal_basis
    return draft.model_dump(mode="json") | {
        "start_at": _in_utc(draft.start_at),
        "deadline": _in_utc(draft.deadline),
        "body": campaign.template_version.body(campaign.variant),
        "message_class": campaign.message_class,
        "topic": campaign.topic,
        "legal_basis": campaign.legal_basis or (basis.vi if basis else None),
    }


def content_hash(campaign: Campaign) -> bytes:
    """SHA-256 over ``approved_content``: what an approver approves."""
    approved = approved_content(campaign)
    return hashlib.sha256(json.dumps(approved, sort_keys=True, ensure_ascii=False).encode()).digest()


def snapshot(campaign: Campaign) -> dict[str, Any]:
    """What ``approved_content`` holds, with the template's title and version number, to be read later by people."""
    version = campaign.template_version
    return approved_content(campaign) | {"template": version.template.title, "template_version": version.number}


def _in_utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None

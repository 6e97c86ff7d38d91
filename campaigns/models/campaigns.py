"""Campaigns and the rows a message leaves on its way."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Float, ForeignKey, Identity, Index, Integer, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, VARCHAR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models.base import Base
from campaigns.models.content import TemplateVersion


class Campaign(Base):
    """One text to one audience on one schedule."""

    __tablename__ = "campaign"
    __table_args__ = (
        Index("ix_campaign_state", "state"),
        # Who else has sent, or sends, what a cap counts, or the same text.
        Index("ix_campaign_message_class_finished_at", "message_class", "finished_at"),
        Index("ix_campaign_text_fingerprint", "text_fingerprint"),
        Index("uq_campaign_standing", "standing", unique=True, postgresql_where=text("standing IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str]
    template_version_id: Mapped[int] = mapped_column(ForeignKey("template_version.id"))
    variant: Mapped[str] = mapped_column(server_default="plain")
    """``plain`` (không dấu) or ``marked`` (có dấu)."""
    message_class: Mapped[str]
    topic: Mapped[str]
    legal_basis: Mapped[str | None]
    """What it rests on, as its makers named it; null takes that of its class."""
    sender: Mapped[str] = mapped_column(server_default="")
    """Sender name (brandname); empty takes the gateway's own."""
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Values of placeholders that are the same for everybody."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """``campaigns.audience.selection.Audience`` as JSON: whom it is for."""
    start_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Start as approved; null waits for the step ``schedule``."""
    scheduled_for: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    window_start: Mapped[time] = mapped_column(server_default="07:00")
    window_end: Mapped[time] = mapped_column(server_default="21:00")
    """Hours of sending, Asia/Ho_Chi_Minh, end excluded; equal start and end mean the whole day."""
    class_start: Mapped[time] = mapped_column(server_default="00:00")
    class_end: Mapped[time] = mapped_column(server_default="00:00")
    """Hours of its message class, within which its own count; written when it is drafted and when it starts."""
    rest_days: Mapped[bool] = mapped_column(server_default=text("true"))
    """Whether its class goes out on Saturdays, Sundays and public holidays."""
    weekdays: Mapped[int] = mapped_column(SmallInteger, server_default="127")
    """Days on which it goes out: bit 0 is Monday, bit 6 is Sunday."""
    skip_holidays: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it stays at home on public holidays although its class need not."""
    deadline: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Nothing is sent from then on; what is left is settled as expired."""
    text_fingerprint: Mapped[bytes | None]
    """Equal for campaigns that say the same (``campaigns.content.fingerprint``); null where everybody is
    told something of their own."""
    repeat_reason: Mapped[str | None]
    """Why people who got the same text lately get it again; null leaves them out."""
    validity_minutes: Mapped[int] = mapped_column(server_default="1440")
    """How long the telco goes on trying, and we with it."""
    unknown_policy: Mapped[str] = mapped_column(server_default="never")
    """What becomes of unknown messages: ``never`` sent again, or ``resend``."""
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="5")
    """Lower goes first on a shared gateway: 0 urgent, 5 bulk."""
    over_minutes: Mapped[int | None]
    """Spread evenly over so many minutes inside the hours of sending, as approved."""
    pace_per_hour: Mapped[int | None]
    """At most so many parts an hour, as approved."""
    ward_pace_per_hour: Mapped[int | None]
    """At most so many people an hour in one ward, as approved."""
    pace_now: Mapped[float | None] = mapped_column(Float)
    """Parts a second that are kept now (``campaigns.delivery.pace``); null is no pace of its own."""
    ward_pace_now: Mapped[float | None] = mapped_column(Float)
    """People of one ward a second that are kept now."""
    budget: Mapped[int | None] = mapped_column(BigInteger)
    """Đồng its makers may spend."""
    state: Mapped[str] = mapped_column(server_default="draft")
    made_with: Mapped[UUID | None] = mapped_column(unique=True)
    """What the form it was made with bore: sent twice, that form makes one campaign."""
    standing: Mapped[str | None]
    """Name of a standing campaign of the system, such as ``optout-confirmation``; null for people's campaigns."""
    approved_hash: Mapped[bytes | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    """Whose campaign it is: the maker's department."""
    class_confirmed_by: Mapped[list[str]] = mapped_column(ARRAY(VARCHAR), server_default="{}")
    """Approvers who said that the text belongs to its message class."""
    created_by: Mapped[str]
    edited_by: Mapped[str]
    submitted_by: Mapped[str | None]
    state_reason: Mapped[str | None]
    """Why it was paused, rejected or cancelled."""
    plan_cursor: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    planned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the audience was completely frozen."""
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")
    """Raised by every edit and step; a form that carries an older one is told so."""

    template_version: Mapped[TemplateVersion] = relationship(lazy="joined")


class Holiday(Base):
    """A day that differs from its weekday: a public holiday, or a Saturday that is worked instead of another day."""

    __tablename__ = "holiday"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]
    working: Mapped[bool | None] = mapped_column(server_default=text("false"))
    """False: a holiday. True: worked although it is a Saturday or Sunday. Null: a day like any other after all, so
    that what ships with Loa does not come back."""
    decided: Mapped[bool] = mapped_column(server_default=text("true"))
    """False where the calendar says so but the government has not yet fixed the days of that year."""
    source: Mapped[str]
    """``loa`` for what ships with it, else who entered it."""


class CampaignPace(Base):
    """When a campaign that keeps a pace is due again: on one gateway, and in one ward."""

    __tablename__ = "campaign_pace"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    """``gateway`` or ``ward``."""
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    """Id of the gateway or of the ward."""
    due: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CampaignTrouble(Base):
    """The latest answers and receipts of a campaign that was refused something for good; no row for others."""

    __tablename__ = "campaign_trouble"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    recent: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """``campaigns.delivery.trouble.Stretch`` as JSON, oldest first."""
    receipts: Mapped[int] = mapped_column(server_default="0")
    """Receipts that ended a message when those were last judged, or counted anew."""
    rejected: Mapped[int] = mapped_column(server_default="0")
    """Those of them that said rejected."""


class Batch(Base):
    """At most 500 messages of one campaign to one carrier in one ward: the unit of claiming, routing, counting.

    Whoever changes messages locks their batch first, batches in the order of their id; the counters change
    in the same transaction, so that for every batch ``size`` is the sum of the counters at any moment.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index("ix_batch_campaign_id_ward_id", "campaign_id", "ward_id"),
        Index(
            "ix_batch_ready",
            "gateway_id",
            "campaign_id",
            "id",
            postgresql_where=text("state = 'ready'"),
        ),
        Index("ix_batch_leased", "lease_until", postgresql_where=text("state = 'leased'")),
        Index("ix_batch_unrouted", "carrier", postgresql_where=text("gateway_id IS NULL")),
        Index("ix_batch_retry_until", "retry_until", postgresql_where=text("retry_until IS NOT NULL")),
        # Retention asks for the batches of an old campaign that still have something to delete.
        Index("ix_batch_unpurged", "campaign_id", "purged", "id", postgresql_where=text("purged < 2")),
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    gateway_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("gateway.id"))
    """Null while no gateway carries this carrier."""
    ward_id: Mapped[int | None] = mapped_column(SmallInteger)
    carrier: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="ready")
    """``ready`` (has something to send), ``leased`` (a worker is sending), ``done`` (nothing left to send)."""
    not_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    retry_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The earliest ``Message.retry_until`` of its queued messages; null while none was refused for now."""
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Until when it is held, or was held last: nothing of it was handed over later. Null before the first claim."""
    lease_worker: Mapped[str | None]
    wire_seq: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Of the messages claimed, those up to this ``seq`` may be on the wire; later ones have surely not been begun."""
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    size: Mapped[int] = mapped_column(SmallInteger)
    parts: Mapped[int]
    """Parts of all its messages, as planned."""
    queued: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    claimed: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    accepted: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    delivered: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    undelivered: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    expired: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    rejected: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    failed: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    unknown: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    suppressed: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    cancelled: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    purged: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """What retention has deleted: 0 nothing, 1 its references, 2 its messages too. The counters stay."""


class Message(Base):
    """One message to one person. Holds no number, and no index on anything that changes."""

    __tablename__ = "message"
    __table_args__ = (
        # Nobody twice, whatever the planner does. Also finds what a person was sent.
        Index("uq_message_contact_id_campaign_id_occasion", "contact_id", "campaign_id", "occasion", unique=True),
        # Three updates in a life. A claim writes every row of a page anew at once, so only where half of the page is
        # free do they all stay heap-only: 98 % do, 87 % at 60, and a sent message takes 234 bytes instead of 280.
        {"postgresql_with": {"fillfactor": 50}},
    )

    batch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger)
    campaign_id: Mapped[int]
    occasion: Mapped[int] = mapped_column(server_default="0")
    """0, or in a standing campaign what caused this message: the id of the opt-out it confirms."""
    delivered_mask: Mapped[int] = mapped_column(server_default="0")
    """Bit n set: part n was delivered. All parts make the message delivered."""
    seq: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """1 … 500 inside the batch."""
    state: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """``campaigns.delivery.states.MessageState``."""
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    parts: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[str | None]
    """The gateway's code of the last refusal or failure."""
    retry_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """End of its validity, noted when it is first refused for now; null, and no byte, for all others."""


class Submission(Base):
    """One part a gateway accepted, under the reference its receipt will name. Append-only."""

    __tablename__ = "submission"
    __table_args__ = (
        Index("ix_submission_reference_gateway_id", "reference", "gateway_id"),
        # Finds the references of a message in doubt, and those of a batch that has had its time.
        Index("ix_submission_batch_id", "batch_id"),
        # A few pages for a million rows, and nearly free to keep: finds what went out in an hour.
        Index("ix_submission_submitted_at", "submitted_at", postgresql_using="brin"),
    )
    __mapper_args__ = {"primary_key": ["batch_id", "seq", "part", "reference"]}

    batch_id: Mapped[int] = mapped_column(BigInteger)
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    gateway_id: Mapped[int] = mapped_column(SmallInteger)
    seq: Mapped[int] = mapped_column(SmallInteger)
    part: Mapped[int] = mapped_column(SmallInteger)
    """0 … parts - 1."""
    reference: Mapped[str]
    """As the adapter normalised it (case, zeros, base), the same way as in the receipt."""


class ParkedReceipt(Base):
    """A receipt that found no submission: early (our commit was slower), or odd. Applied by a later tick."""

    __tablename__ = "parked_receipt"
    __table_args__ = (Index("ix_parked_receipt_waiting", "received_at", postgresql_where=text("settled_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    gateway_id: Mapped[int] = mapped_column(SmallInteger)
    reference: Mapped[str]
    recipient_hash: Mapped[bytes | None]
    state: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was applied, or given up as odd."""
    outcome: Mapped[str | None]
    """``reference``, ``recipient`` or ``odd``."""

"""What the law on personal data asks to be kept: requests of citizens, breaches, who processes for the city."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class SubjectRequest(Base):
    """One request of a citizen about their data, with its legal clock."""

    __tablename__ = "subject_request"
    __table_args__ = (
        Index("ix_subject_request_open", "due_on", postgresql_where=text("state = 'open'")),
        Index("ix_subject_request_contact_id", "contact_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    """Whose data it is; null where the register does not know the person. No foreign key: the row outlives all."""
    ward_id: Mapped[int | None] = mapped_column(SmallInteger)
    """Where the person lived when they asked: whose ticket it is, also once the person has been erased."""
    kind: Mapped[str]
    """A name of ``campaigns.subjects.clocks.CLOCKS``."""
    channel: Mapped[str]
    """How it came: a name of ``campaigns.subjects.requests.CHANNELS``."""
    evidence: Mapped[str]
    """Which letter, call or visit; holds no number."""
    with_processor: Mapped[bool]
    """Whether a processor (a telco) must act too, which gives more time."""
    received_on: Mapped[date]
    acknowledge_by: Mapped[date]
    due_on: Mapped[date]
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    acknowledged_by: Mapped[str | None]
    extended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    extended_by: Mapped[str | None]
    extension_reason: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="open")
    """``open``, ``done`` or ``refused``."""
    ground: Mapped[str | None]
    """The legal ground of a refusal, a name of ``campaigns.subjects.requests.GROUNDS``."""
    closing_note: Mapped[str | None]
    """Why it was refused, or what was done where the audit knows no act of its own."""
    act_id: Mapped[int | None] = mapped_column(BigInteger)
    """The entry of the audit that did it: the copy handed out, the correction, the erasure."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Breach(Base):
    """The worksheet of one breach of personal data: what the notice within 72 hours has to say."""

    __tablename__ = "breach"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    discovered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    title: Mapped[str]
    fields: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """By name of ``campaigns.subjects.breach.FIELDS``."""
    notified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    notice_reference: Mapped[str | None]
    """Number of the notice that was sent."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Processor(Base):
    """One organisation that processes personal data for the city, and the agreement with it."""

    __tablename__ = "processor"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str]
    data: Mapped[str]
    retention: Mapped[str]
    basis: Mapped[str]
    contract_number: Mapped[str] = mapped_column(server_default="")
    contract_date: Mapped[date | None]
    contact_office: Mapped[str] = mapped_column(server_default="")
    checked_on: Mapped[date | None]
    """When the city last looked whether the agreement is kept."""
    ended_on: Mapped[date | None]
    """When it stopped processing for the city; its row stays."""
    version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    updated_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

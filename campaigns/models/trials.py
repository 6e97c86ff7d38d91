"""What a text costs, and on whom it is tried: prices by part, numbers of staff, and the tests sent to them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Numeric, SmallInteger, func, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class Tariff(Base):
    """What one part costs from a day on, until a later row of the same carrier and class."""

    __tablename__ = "tariff"
    __table_args__ = (Unique("carrier", "message_class", "from_date", name="uq_tariff_carrier"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    carrier: Mapped[str]
    """``viettel``, or ``*`` for those without a row of their own."""
    message_class: Mapped[str]
    """``quang-cao``, or ``*`` likewise."""
    from_date: Mapped[date]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    """Đồng for one part, taxes included."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class TestNumber(Base):
    """A number of a desk, not of a citizen, that texts may be tried on."""

    __test__ = False  # pytest would take it for a test
    __tablename__ = "test_number"
    __table_args__ = (
        Index("uq_test_number_listed", "contact_id", unique=True, postgresql_where=text("removed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    label: Mapped[str]
    """Whose desk it lies on: "Trực ban Sở KH&CN". Never a person's name."""
    contact_id: Mapped[int] = mapped_column(BigInteger)
    """The number itself stands in ``contact``, as every other."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    removed_by: Mapped[str | None]
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class TestMessage(Base):
    """One test: a standing campaign of one message, marked ``[THU]``. Append-only; its outcome is the message's."""

    __test__ = False
    __tablename__ = "test_message"
    __table_args__ = (
        Index("ix_test_message_campaign_id", "campaign_id"),
        Index("ix_test_message_requested_at", "requested_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    number_id: Mapped[int] = mapped_column(ForeignKey("test_number.id"))
    template_version_id: Mapped[int | None] = mapped_column(ForeignKey("template_version.id"))
    """The wording that is tried; null where the gateway itself is."""
    gateway_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("gateway.id"))
    """The one gateway it must go through; null where the carrier's route decides."""
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

"""Short links: where they lead, which other hosts they may lead to, and how often they were opened."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, DateTime, ForeignKey, Identity, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class LinkHost(Base):
    """A host beside ``*.gov.vn`` that links may lead to."""

    __tablename__ = "link_host"

    host: Mapped[str] = mapped_column(primary_key=True)
    """Lower case, ASCII; names below it are not meant."""
    reason: Mapped[str]
    added_by: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Link(Base):
    """A name for an address. Never changed but closed: what was approved must go on leading where it led."""

    __tablename__ = "link"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """How campaigns call it in ``{{ lien_ket }}``: small letters, digits, hyphens."""
    title: Mapped[str]
    """What one finds there, as it stands on a poster."""
    target: Mapped[str]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    """Whose link it is: the maker's department; null for the city's own."""
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LinkVisit(Base):
    """How often a link was opened on one day (Vietnam) out of one campaign, or from posters, in one ward."""

    __tablename__ = "link_visit"

    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"), primary_key=True, autoincrement=False)
    campaign_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0 for posters."""
    ward_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    """0 where the ward is unknown, or the poster hangs in no particular one."""
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    visits: Mapped[int] = mapped_column(server_default="0")
    machines: Mapped[int] = mapped_column(server_default="0")
    """Link scanners and previews, told by what they call themselves, and what one address opened without end."""

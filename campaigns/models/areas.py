"""Administrative units of the city, by edition, and what became of them."""

from __future__ import annotations

from sqlalchemy import SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class Area(Base):
    """One unit of one edition. A code alone is no key: editions reuse codes for other places."""

    __tablename__ = "area"
    __table_args__ = (UniqueConstraint("edition", "code"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    edition: Mapped[str]
    code: Mapped[str]
    kind: Mapped[str]
    """``city``, ``district`` (quận, huyện) or ``ward`` (phường, xã, đặc khu)."""
    prefix: Mapped[str]
    """The word before the name as officials write it: ``Phường``, ``Xã``, ``Quận``, ``Huyện``, ``Đặc khu``."""
    name: Mapped[str]
    """Without the prefix: ``Hòa Cường Bắc``."""
    parent_code: Mapped[str | None]
    population: Mapped[int | None]


class AreaSuccessor(Base):
    """Which unit of a later edition took over a unit of an earlier one; several rows where it was split."""

    __tablename__ = "area_successor"

    from_edition: Mapped[str] = mapped_column(primary_key=True)
    from_code: Mapped[str] = mapped_column(primary_key=True)
    to_edition: Mapped[str] = mapped_column(primary_key=True)
    to_code: Mapped[str] = mapped_column(primary_key=True)
    exact: Mapped[bool]
    """Whether everybody of the old unit now belongs to the new one."""
    note: Mapped[str | None]

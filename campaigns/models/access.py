"""People who use Loa, their roles, and the append-only audit of what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Table, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models.base import Base

user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Base):
    """A name of ``campaigns.access.ROLES``."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class User(Base):
    """A person who signs in to the console or acts on the command line."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    """Lower case."""
    password: Mapped[str | None]
    """Hash made by Flask-Security; null for people who cannot sign in to the console."""
    active: Mapped[bool] = mapped_column(server_default="true")
    language: Mapped[str] = mapped_column(server_default="vi")
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    """Changed to end every session of the person."""
    granted: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Permissions of ``campaigns.access.PERSONAL`` that were given to this one person, beside those of the roles."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin")


class AuditEntry(Base):
    """One thing somebody did. Each row carries the hash of the one before; a trigger refuses every change."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_object_kind_object_id", "object_kind", "object_id"),
        Index("ix_audit_actor_id", "actor", "id"),
        Index("ix_audit_action_id", "action", "id"),
        Index("ix_audit_at", "at"),
        # No two rows follow one and the same: the chain cannot fork, whoever writes.
        Index("uq_audit_previous_hash", "previous_hash", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]


class AuditCheck(Base):
    """One walk along the chain of the audit, nightly or on demand, and what it found."""

    __tablename__ = "audit_check"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Null while it walks, or where it was killed."""
    asked_by: Mapped[str]
    """``system`` at night, else the person."""
    entries: Mapped[int | None] = mapped_column(BigInteger)
    head_id: Mapped[int | None] = mapped_column(BigInteger)
    head_hash: Mapped[bytes | None]
    broken_id: Mapped[int | None] = mapped_column(BigInteger)
    """The first row that does not fit; null where all is well."""
    fault: Mapped[str | None]
    """``campaigns.proof.chain.Fault``."""

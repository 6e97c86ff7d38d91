"""People who use Loa, their roles and scope, how they sign in, and the append-only audit of what they did."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models.base import Base

user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)

user_department = Table(
    "user_department",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("department_id", ForeignKey("department.id"), primary_key=True),
)
"""Departments a person is limited to; no row is no limit."""

user_area = Table(
    "user_area",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("area_id", SmallInteger, ForeignKey("area.id"), primary_key=True),
)
"""Districts and wards a person is limited to; no row is the whole city."""


class Department(Base):
    """A department of the city. Names change and departments merge, so each row holds for a time."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    valid_from: Mapped[date | None]
    """Null where nobody needs to know."""
    valid_until: Mapped[date | None]
    """The last day of this name; null while it stands."""
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    """Which department took over; its people see what this one made."""


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

    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    """Where the person works: the department of what they make."""
    totp_cipher: Mapped[bytes | None]
    """The authenticator's secret under the keyring; null while none is set up."""
    totp_counter: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The step of the last code that was used; codes of it and of earlier ones are refused."""
    passkey_handle: Mapped[bytes | None] = mapped_column(unique=True)
    """What passkeys call the person: random, so that no authenticator learns an address."""

    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin")


class RecoveryCode(Base):
    """A code that stands in once for an authenticator that was lost. Only its keyed hash is kept."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Passkey(Base):
    """A passkey of a person (WebAuthn Level 2, section 4: public key credential source)."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SignedIn(Base):
    """One session: a browser in which a person is, or was, signed in."""

    __tablename__ = "signed_in"
    __table_args__ = (Index("ix_signed_in_open", "user_id", postgresql_where=text("ended_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256 of the key in the browser's cookie."""
    address: Mapped[str]
    """Where from; empty for this machine itself."""
    agent: Mapped[str]
    """What the browser calls itself, at most 300 characters."""
    method: Mapped[str]
    """``password``, ``totp``, ``recovery`` or ``passkey``."""
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """Last time the person did something, to the minute."""
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Invite(Base):
    """A one-time link: to join with roles and scope, or, with ``user_id``, to set a new password."""

    __tablename__ = "invite"
    __table_args__ = (Index("ix_invite_open", "id", postgresql_where=text("used_at IS NULL AND withdrawn_at IS NULL")),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Whose password it resets; null for somebody who is to join."""
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    departments: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    areas: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    drops_second_factor: Mapped[bool] = mapped_column(server_default="false")
    """Whether a reset also takes away authenticator, passkeys and recovery codes."""
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256 of the link's token, which is stored nowhere."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


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

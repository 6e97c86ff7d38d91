"""What advertising needs: who agreed to it, who is on the national do-not-call list, and whose the sender names are."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class Consent(Base):
    """One agreement to get advertising, and its end. Never deleted (Decree 91/2020/NĐ-CP, Articles 9.9, 11.7)."""

    __tablename__ = "consent"
    __table_args__ = (
        Index(
            "uq_consent_in_force",
            "phone_hash",
            text("coalesce(topic, '')"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_consent_phone_hash", "phone_hash"),
        # What the register's page is narrowed by, in its order: few fit, and they may be old.
        Index("ix_consent_how_id", "how", "id"),
        Index("ix_consent_ended", "id", postgresql_where=text("ended_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone_hash: Mapped[bytes]
    topic: Mapped[str | None]
    """The topic agreed to; null agrees to all advertising."""
    given_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """When the person agreed, which may be long before it was written down here."""
    how: Mapped[str]
    """``paper``, ``web``, ``app``, ``reply`` (to the registration SMS) or ``hotline`` (a call or SMS to it)."""
    wording: Mapped[str]
    """The text agreed to."""
    daily_cap: Mapped[int | None] = mapped_column(SmallInteger)
    """Messages within 24 hours agreed to; null where nothing was agreed, so that the class decides (Article 13.5)."""
    evidence: Mapped[str]
    """Where the proof is: the form's number, the call's, the page's."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str | None]
    ended_evidence: Mapped[str | None]


class DoNotCallList(Base):
    """One edition of the national do-not-call list as it was imported. The rows stay; the numbers are replaced."""

    __tablename__ = "do_not_call_list"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    """The file's name, as the person called it."""
    digest: Mapped[bytes]
    """SHA-256 of the file."""
    issued_on: Mapped[date]
    """The day whose state the list shows; its age counts from here."""
    rows: Mapped[int] = mapped_column(server_default="0")
    numbers: Mapped[int] = mapped_column(server_default="0")
    """Different numbers on it."""
    added: Mapped[int] = mapped_column(server_default="0")
    """Numbers that the edition before did not hold."""
    removed: Mapped[int] = mapped_column(server_default="0")
    """Numbers of the edition before that left the list."""
    rejected: Mapped[int] = mapped_column(server_default="0")
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class DoNotCall(Base):
    """A number on the national do-not-call list (Decree 91/2020/NĐ-CP, Article 7), by its keyed hash."""

    __tablename__ = "do_not_call"

    phone_hash: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """``S`` refuses advertising by SMS, ``all`` by SMS and call (Circular 22/2021, Article 6)."""
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """Since when it is on our copy, without a gap."""
    list_id: Mapped[int] = mapped_column(ForeignKey("do_not_call_list.id"))
    """The edition that brought it."""


class SenderName(Base):
    """A sender name (brandname) granted to the city or to somebody it sends for."""

    __tablename__ = "sender_name"
    __table_args__ = (Index("uq_sender_name_name", text("lower(name)"), unique=True),)

    id: Mapped[int] = mapped_column(SmallInteger, Identity(), primary_key=True)
    name: Mapped[str]
    """At most 11 characters; upper and lower case are one (Decree 91/2020/NĐ-CP, Article 23)."""
    owner: Mapped[str]
    owner_kind: Mapped[str]
    """``authority`` or ``commercial``; only the latter carries advertising."""
    carriers: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Carrier to ``registered``, ``waiting`` or ``refused``."""
    expires_on: Mapped[date | None]
    """Three years after it was granted (Article 23 and following)."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

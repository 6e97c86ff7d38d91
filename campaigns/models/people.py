"""People who can be reached, and their refusals. The only table that holds phone numbers is ``contact``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base

TEST_NUMBER = "test-number"
"""Source of a desk's number that nobody but the list of numbers for tests knows: no campaign reaches it."""


SMALL_CARRIER = "carrier <> 'viettel' AND carrier <> 'vinaphone' AND carrier <> 'mobifone'"


class HouseholdMember(Base):
    """Somebody besides the contact whom a list names under the same number; a contact nobody shares has no row.

    Nothing is ever sent or shown to them by name, so the name itself is not kept: only a keyed hash that tells, when a
    list is imported again, that it is the same person (ADR 0018).
    """

    __tablename__ = "household_member"

    contact_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name_hash: Mapped[bytes] = mapped_column(primary_key=True)
    """Keyed HMAC of the name without case and marks, 16 bytes."""
    source: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Contact(Base):
    """One mobile number and whom it reaches. One number is one contact."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_ward_id_id", "ward_id", "id"),
        Index("ix_contact_name_words", "name_words", postgresql_using="gin"),
        Index("ix_contact_tags", "tags", postgresql_where=text("tags IS NOT NULL")),
        # Of the large carriers any page of the list is full; of the others it would have to be read to its end.
        Index("ix_contact_small_carrier", "carrier", "id", postgresql_where=text(SMALL_CARRIER)),
        # A correction or a second import rewrites rows in place; the room keeps those updates heap-only.
        {"postgresql_with": {"fillfactor": 90}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone_hash: Mapped[bytes] = mapped_column(unique=True)
    """Keyed HMAC-SHA256 of the E.164 number, 16 bytes: serves look-ups, tells nothing without the key."""
    phone_cipher: Mapped[bytes | None]
    """AES-GCM of the E.164 number (``config.keys``); null once the person has been erased."""
    carrier: Mapped[str]
    """Original carrier by number range (``viettel``, ``unknown``); numbers move, so it only guides routing."""
    ward_id: Mapped[int | None] = mapped_column(SmallInteger)
    """``area.id`` of a ward; null where the file named none. No foreign key: checked once per import."""
    language: Mapped[str] = mapped_column(server_default="vi")
    name_cipher: Mapped[bytes | None]
    """AES-GCM of the name, as given; ``campaigns.audience.sealing`` reads and writes it."""
    name_words: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'::integer[]"))
    """Keyed hashes of the name's words without accents, by which the name is found."""
    attributes: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """By key, the ciphertext of the value in base64; labels alone stay readable (``campaigns.audience.sealing``)."""
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text), Computed("tags_of(attributes)", persisted=True))
    """What a list's column “Nhãn” or “Tags” said, in small letters; ``tags_of`` (0011) reads it from ``attributes``."""
    source: Mapped[str]
    """Where the number came from: the file's name and the import's id, ``inbound``, or ``TEST_NUMBER`` while no list
    names it."""
    unusable: Mapped[str | None]
    """Why no message can be sent (``erased``, ``dead``, ``restricted``); null for a usable number."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class OptOut(Base):
    """One refusal, and its end where the person came back. Rows are never deleted; they outlive the contact."""

    __tablename__ = "opt_out"
    __table_args__ = (
        Index(
            "uq_opt_out_in_force",
            "phone_hash",
            text("coalesce(topic, '')"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_opt_out_phone_hash", "phone_hash"),
        Index("ix_opt_out_created_at", "created_at", postgresql_using="brin"),
        # What the register's page is narrowed by, in its order: few fit, and they may be old.
        Index("ix_opt_out_source_id", "source", "id"),
        Index("ix_opt_out_ended", "id", postgresql_where=text("ended_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone_hash: Mapped[bytes]
    topic: Mapped[str | None]
    """The topic refused; null refuses everything."""
    source: Mapped[str]
    """``keyword``, ``hotline``, ``web``, ``staff``, ``import`` or ``telco``."""
    evidence: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str | None]
    ended_evidence: Mapped[str | None]


class InboundMessage(Base):
    """A message somebody sent to us, and what was made of it. Holds the keyed hash of the number only."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        Index("ix_inbound_message_sender_hash", "sender_hash"),
        Index("ix_inbound_message_waiting", "id", postgresql_where=text("review = 'waiting'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    gateway_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("gateway.id"))
    sender_hash: Mapped[bytes]
    recipient: Mapped[str]
    """The short code or sender name that was answered."""
    body_cipher: Mapped[bytes | None]
    """AES-GCM of what was written, for people name themselves; null once it is erased or old."""
    action: Mapped[str]
    """``optout``, ``optin``, ``help`` or ``none``."""
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    review: Mapped[str | None]
    """``waiting`` for a person to read what may be a refusal; then ``optout`` or ``none``, as that person decided."""
    reviewed_by: Mapped[str | None]
    reviewed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class InboundWord(Base):
    """A word that people write to us and what it asks for."""

    __tablename__ = "inbound_word"

    id: Mapped[int] = mapped_column(SmallInteger, Identity(), primary_key=True)
    word: Mapped[str] = mapped_column(unique=True)
    """As ``campaigns.optouts.words`` writes it: upper case, one space between words, marks only where they matter."""
    wish: Mapped[str]
    """``optout``, ``optin`` or ``help``."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

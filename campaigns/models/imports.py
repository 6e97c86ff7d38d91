"""Imports that people start in the browser: the queue of record of what a worker has still to read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, VARCHAR
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class ImportJob(Base):
    """One file on its way into the register. The row stays; its files in ``LOA_HOME/uploads`` go after a day."""

    __tablename__ = "import_job"
    __table_args__ = (
        Index("ix_import_job_open", "id", postgresql_where=text("state IN ('waiting', 'running')")),
        Index("ix_import_job_header_digest", "header_digest"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default="contacts")
    """``contacts``, or ``do-not-call`` for an edition of the national list."""
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What else the person said of a do-not-call list: its day, whether it adds, whether it may shrink; of a list of
    people, the ``wards`` to which whoever confirmed it is limited."""
    state: Mapped[str] = mapped_column(server_default="uploaded")
    """``uploaded`` (not confirmed yet), ``waiting``, ``running``, ``finished``, ``failed``, ``discarded``."""
    folder: Mapped[str] = mapped_column(unique=True)
    """Name of its private folder under ``LOA_HOME/uploads``."""
    file_name: Mapped[str]
    """As the person's computer calls it."""
    size: Mapped[int] = mapped_column(BigInteger)
    edition: Mapped[str]
    header_digest: Mapped[bytes]
    """Of the header: a later file with the same one gets the same columns."""
    titles: Mapped[list[str]] = mapped_column(ARRAY(VARCHAR))
    """The header."""
    fields: Mapped[list[str]] = mapped_column(ARRAY(VARCHAR))
    """What each column holds, a name of ``campaigns.audience.columns.FIELDS``."""
    rows_expected: Mapped[int | None] = mapped_column(BigInteger)
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """More than one after somebody killed the process that was reading."""
    last_contact_id: Mapped[int | None] = mapped_column(BigInteger)
    """The register's last id before the first attempt: contacts of this import come after it."""
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    """Why it failed, by language."""
    language: Mapped[str]
    """Of the person, for the reasons written beside bad rows."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

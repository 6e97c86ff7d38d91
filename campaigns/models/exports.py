"""Files that people ask for: the queue of record of what a worker has still to write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class ExportJob(Base):
    """One list on its way into a file. The row stays; its file in ``LOA_HOME/exports`` goes after a week."""

    __tablename__ = "export_job"
    __table_args__ = (Index("ix_export_job_open", "id", postgresql_where=text("state IN ('waiting', 'running')")),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    """Which list: a key of ``campaigns.exports.kinds.KINDS``."""
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """As the list's address had them; never a number or a name."""
    format: Mapped[str]
    """``csv`` or ``xlsx``."""
    state: Mapped[str] = mapped_column(server_default="waiting")
    """``waiting``, ``running``, ``finished``, ``failed``, ``gone`` (its file was deleted)."""
    folder: Mapped[str] = mapped_column(unique=True)
    """Name of its private folder under ``LOA_HOME/exports``."""
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    error: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    """Why it failed, by language."""
    language: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

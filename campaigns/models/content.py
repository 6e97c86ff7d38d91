"""Texts: templates and their immutable versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models.base import Base


class Template(Base):
    """A text with a name; what it says is in its versions."""

    __tablename__ = "template"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    plan_task: Mapped[str | None]
    """Task of the appendix of Plan 52/KH-UBND: ``24``, ``II.2``."""
    topic: Mapped[str]
    """What a person can refuse on its own: ``cu-tru``, ``y-te``, …"""
    message_class: Mapped[str]
    """``thong-bao``, ``noi-bo``, ``he-thong``, ``khan-cap``, ``ca-nhan`` or ``quang-cao``."""
    audience: Mapped[str | None]
    """For whom the text is meant, in words."""
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    """Whose text it is: the maker's department; null for the city's own, which everybody may use."""
    filed_facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Title, task, topic, class and audience as its file last said them; null while the console changed none of them,
    or where it comes from no file."""
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    versions: Mapped[list[TemplateVersion]] = relationship(
        back_populates="template", order_by="TemplateVersion.number", lazy="raise_on_sql"
    )


class TemplateVersion(Base):
    """One wording of a template. Never changed: campaigns are pinned to it."""

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"))
    number: Mapped[int]
    body_marked: Mapped[str]
    """With Vietnamese marks ("có dấu"), Jinja source, NFC."""
    body_plain: Mapped[str]
    """Without marks ("không dấu"), Jinja source."""
    origin: Mapped[str]
    """``file`` (``templates/sms/``) or ``console``."""
    content_hash: Mapped[bytes]
    """SHA-256 over both bodies."""
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    template: Mapped[Template] = relationship(back_populates="versions", lazy="joined")

    def body(self, variant: str) -> str:
        """The Jinja source of ``plain`` or ``marked``."""
        return self.body_marked if variant == "marked" else self.body_plain

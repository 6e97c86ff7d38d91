"""What was handed in, approved, sent back and withdrawn of a campaign, each with the content as it was then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class CampaignReview(Base):
    """One decision about a campaign. Append-only: the database refuses to change or delete a row."""

    __tablename__ = "campaign_review"
    __table_args__ = (
        Index("ix_campaign_review_campaign_id_id", "campaign_id", "id"),
        # A handful of rows for ever: what the start page asks for each time.
        Index("ix_campaign_review_emergency", "campaign_id", postgresql_where=text("step = 'emergency'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    step: Mapped[str]
    """``campaigns.approving.ReviewStep``."""
    hash: Mapped[bytes]
    """``campaigns.draft.content_hash`` of what was decided about."""
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """``campaigns.draft.snapshot``: every field and the text."""
    people: Mapped[int | None]
    """How many people it reached as counted then."""
    cost: Mapped[int | None] = mapped_column(BigInteger)
    """What that would cost, in đồng."""
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    reason: Mapped[str | None]
    """Why it was sent back or withdrawn, the basis of an emergency, the remark of who signed it off."""

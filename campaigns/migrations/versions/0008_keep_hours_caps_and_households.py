"""Keep the hours of classes, holidays, who shares a number, and which campaigns say the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it so."""
    for column in (
        sa.Column("class_start", sa.Time(), server_default="00:00", nullable=False),
        sa.Column("class_end", sa.Time(), server_default="00:00", nullable=False),
        sa.Column("rest_days", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("weekdays", sa.SmallInteger(), server_default="127", nullable=False),
        sa.Column("skip_holidays", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("repeat_reason", sa.String(), nullable=True),
    ):
        op.add_column("campaign", column)
    op.create_index("ix_campaign_message_class_finished_at", "campaign", ["message_class", "finished_at"])
    op.create_index("ix_campaign_text_fingerprint", "campaign", ["text_fingerprint"])
    op.create_table(
        "holiday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("working", sa.Boolean(), server_default=sa.text("false"), nullable=True),
        sa.Column("decided", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holiday")),
    )
    op.create_table(
        "household_member",
        sa.Column("contact_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "name_hash", name=op.f("pk_household_member")),
    )


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

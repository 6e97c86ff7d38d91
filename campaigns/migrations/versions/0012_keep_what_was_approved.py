"""Keep what was handed in, approved and sent back, and who may start an emergency alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEEP = """
CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""


def upgrade() -> None:
    """Make it so."""
    op.create_table(
        "campaign_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_review_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_review")),
    )
    op.create_index("ix_campaign_review_campaign_id_id", "campaign_review", ["campaign_id", "id"])
    op.create_index(
        "ix_campaign_review_emergency",
        "campaign_review",
        ["campaign_id"],
        postgresql_where=sa.text("step = 'emergency'"),
    )
    op.execute(_KEEP)
    op.execute(
        "CREATE TRIGGER keep_campaign_review BEFORE UPDATE OR DELETE ON campaign_review"
        " FOR EACH ROW EXECUTE FUNCTION refuse_to_change()"
    )
    op.add_column(
        "user",
        sa.Column(
            "granted", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
    )


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

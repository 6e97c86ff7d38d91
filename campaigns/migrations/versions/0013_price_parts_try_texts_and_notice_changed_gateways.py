"""Price a part by carrier and class, try texts on numbers of staff, and notice when a gateway was changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it so."""
    op.create_table(
        "tariff",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("message_class", sa.String(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
        sa.UniqueConstraint("carrier", "message_class", "from_date", name=op.f("uq_tariff_carrier")),
    )
    op.create_table(
        "test_number",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_by", sa.String(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_number")),
    )
    op.create_index(
        "uq_test_number_listed",
        "test_number",
        ["contact_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "test_message",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("template_version_id", sa.Integer(), nullable=True),
        sa.Column("gateway_id", sa.SmallInteger(), nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_test_message_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["number_id"], ["test_number.id"], name=op.f("fk_test_message_number_id_test_number")),
        sa.ForeignKeyConstraint(
            ["template_version_id"],
            ["template_version.id"],
            name=op.f("fk_test_message_template_version_id_template_version"),
        ),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_test_message_gateway_id_gateway")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_message")),
    )
    op.create_index("ix_test_message_campaign_id", "test_message", ["campaign_id"])
    op.create_index("ix_test_message_requested_at", "test_message", ["requested_at"])
    op.add_column(
        "gateway",
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

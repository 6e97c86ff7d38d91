"""Let old messages go, and give the others room: marks and indexes for retention, half a page free for updates.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch", sa.Column("purged", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_batch_unpurged", "batch", ["campaign_id", "purged", "id"], postgresql_where=sa.text("purged < 2")
    )
    op.create_index("ix_submission_batch_id", "submission", ["batch_id"])
    # Of new pages; those that are there fill up and leave with their messages.
    op.execute("ALTER TABLE message SET (fillfactor = 50)")

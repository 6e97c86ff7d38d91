"""Find the few rows that a list is narrowed to, however many others there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_SMALL_CARRIER = "carrier <> 'viettel' AND carrier <> 'vinaphone' AND carrier <> 'mobifone'"


def upgrade() -> None:
    """Make it so."""
    op.create_index("ix_opt_out_source_id", "opt_out", ["source", "id"])
    op.create_index("ix_opt_out_ended", "opt_out", ["id"], postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.create_index("ix_consent_how_id", "consent", ["how", "id"])
    op.create_index("ix_consent_ended", "consent", ["id"], postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.create_index(
        "ix_contact_small_carrier", "contact", ["carrier", "id"], postgresql_where=sa.text(_SMALL_CARRIER)
    )


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

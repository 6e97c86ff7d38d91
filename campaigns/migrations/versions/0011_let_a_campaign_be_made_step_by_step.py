"""Let a campaign be made step by step: once for each form, with a deadline and a budget; and let people bear tags.

Revision ID: 0011
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Tags are made of a column of the list that people bring, so imports, corrections and erasure need not know of them.
# No more than 200 characters: an entry of the index must fit into a third of a page.
_TAGS_OF = r"""
CREATE FUNCTION tags_of(attributes jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN attributes ?| ARRAY['nhan', 'tags'] THEN nullif(array_remove(regexp_split_to_array(
    lower(btrim(left(coalesce(attributes->>'nhan', attributes->>'tags'), 200))), '\s*[,;|]\s*'), ''), '{}') END
"""


def upgrade() -> None:
    """Make it so."""
    op.add_column("campaign", sa.Column("made_with", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f("uq_campaign_made_with"), "campaign", ["made_with"])
    op.add_column("campaign", sa.Column("budget", sa.BigInteger(), nullable=True))
    op.execute(_TAGS_OF)
    op.add_column(
        "contact", sa.Column("tags", postgresql.ARRAY(sa.Text()), sa.Computed("tags_of(attributes)", persisted=True), nullable=True)
    )
    op.create_index("ix_contact_tags", "contact", ["tags"], postgresql_where=sa.text("tags IS NOT NULL"))


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

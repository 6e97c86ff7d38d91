"""Keep what a file said of a template, whose a link and a request are, desks apart from people, one name for Wintel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# A number for tests that a list named since is a person's; what the list said of it shows that.
_NAMED_SINCE = """
    UPDATE contact SET source = 'danh sách'
    WHERE source = 'test-number' AND (ward_id IS NOT NULL OR name_cipher IS NOT NULL OR attributes <> '{}')
"""
_ASKED_FROM = """
    UPDATE subject_request r SET ward_id = c.ward_id FROM contact c WHERE c.id = r.contact_id
"""
_ONE_NAME = """
    UPDATE {table} old SET carrier = 'wintel' WHERE carrier = 'reddi'
    AND NOT EXISTS (SELECT 1 FROM {table} new WHERE new.carrier = 'wintel' AND {same})
"""
_SAME = {
    "tariff": "new.message_class = old.message_class AND new.from_date = old.from_date",
    "route": "new.gateway_id = old.gateway_id",
}


def upgrade() -> None:
    """Make it so."""
    op.add_column("template", sa.Column("filed_facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("link", sa.Column("department_id", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_link_department_id_department"), "link", "department", ["department_id"], ["id"])
    op.add_column("subject_request", sa.Column("ward_id", sa.SmallInteger(), nullable=True))
    op.execute(_ASKED_FROM)
    op.execute(_NAMED_SINCE)
    for table, same in _SAME.items():
        op.execute(_ONE_NAME.format(table=table, same=same))


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

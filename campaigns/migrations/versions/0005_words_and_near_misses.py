"""Let people edit the words that refuse, and read what only may have been a refusal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = {
    "optout": ("TC", "TU CHOI", "HUY", "DỪNG", "ĐỪNG", "STOP", "UNSUB"),
    "optin": ("DK", "DANG KY", "START"),
    "help": ("TRO GIUP", "HELP", "HD"),
}
"""What every installation begins with; as it stood when this revision was written."""


def upgrade() -> None:
    """Make it so."""
    words = op.create_table(
        "inbound_word",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("wish", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_word")),
        sa.UniqueConstraint("word", name=op.f("uq_inbound_word_word")),
    )
    op.bulk_insert(
        words,
        [{"word": word, "wish": wish, "created_by": "system"} for wish, listed in WORDS.items() for word in listed],
    )
    op.add_column("inbound_message", sa.Column("review", sa.String(), nullable=True))
    op.add_column("inbound_message", sa.Column("reviewed_by", sa.String(), nullable=True))
    op.add_column("inbound_message", sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_inbound_message_waiting",
        "inbound_message",
        ["id"],
        unique=False,
        postgresql_where=sa.text("review = 'waiting'"),
    )
    op.create_index("ix_opt_out_created_at", "opt_out", ["created_at"], unique=False, postgresql_using="brin")
    op.create_index("ix_submission_submitted_at", "submission", ["submitted_at"], unique=False, postgresql_using="brin")


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

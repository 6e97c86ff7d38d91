"""Keep consents, the do-not-call list and sender names; a campaign says what it rests on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, _MOMENT, server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    """Make it so."""
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("topic", sa.String(), nullable=True),
        sa.Column("given_at", _MOMENT, nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("daily_cap", sa.SmallInteger(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        _now("created_at"),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_evidence", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(
        "uq_consent_in_force",
        "consent",
        ["phone_hash", sa.literal_column("coalesce(topic, '')")],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_consent_phone_hash", "consent", ["phone_hash"])
    _do_not_call()
    _senders()
    op.add_column("import_job", sa.Column("kind", sa.String(), server_default="contacts", nullable=False))
    op.add_column(
        "import_job",
        sa.Column(
            "options", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    op.add_column("campaign", sa.Column("legal_basis", sa.String(), nullable=True))
    op.add_column(
        "campaign",
        sa.Column("class_confirmed_by", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
    )


def _do_not_call() -> None:
    op.create_table(
        "do_not_call_list",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("rows", "numbers", "added", "removed", "rejected")
        ),
        sa.Column("created_by", sa.String(), nullable=False),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_do_not_call_list")),
    )
    op.create_table(
        "do_not_call",
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _now("since"),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["do_not_call_list.id"], name=op.f("fk_do_not_call_list_id_do_not_call_list")
        ),
        sa.PrimaryKeyConstraint("phone_hash", name=op.f("pk_do_not_call")),
    )


def _senders() -> None:
    op.create_table(
        "sender_name",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("owner_kind", sa.String(), nullable=False),
        sa.Column(
            "carriers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender_name")),
    )
    op.create_index("uq_sender_name_name", "sender_name", [sa.literal_column("lower(name)")], unique=True)


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

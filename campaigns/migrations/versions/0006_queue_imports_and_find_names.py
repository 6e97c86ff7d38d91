"""Queue imports that people start in the browser, and find people by name with or without accents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The server brings neither unaccent nor pg_trgm. Parting the letters from their marks and leaving the marks out takes
# 12 µs a name; a list of all accented letters to translate took 45 µs, for every character is looked up from its start.
_MARKS = (
    0x300,
    0x301,
    0x302,
    0x303,
    0x304,
    0x306,
    0x307,
    0x308,
    0x309,
    0x30A,
    0x30B,
    0x30C,
    0x31B,
    0x323,
    0x327,
    0x328,
)
_FOLDED = f"""
CREATE FUNCTION folded(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(translate(normalize(name, NFD), 'đĐ{"".join(map(chr, _MARKS))}', 'dd'))
"""


def upgrade() -> None:
    """Make it so."""
    op.create_table(
        "import_job",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.String(), server_default="uploaded", nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("header_digest", sa.LargeBinary(), nullable=False),
        sa.Column("titles", postgresql.ARRAY(sa.VARCHAR()), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.VARCHAR()), nullable=False),
        sa.Column("rows_expected", sa.BigInteger(), nullable=True),
        sa.Column("rows_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("last_contact_id", sa.BigInteger(), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
        sa.UniqueConstraint("folder", name=op.f("uq_import_job_folder")),
    )
    op.create_index(
        "ix_import_job_open", "import_job", ["id"], postgresql_where=sa.text("state IN ('waiting', 'running')")
    )
    op.create_index("ix_import_job_header_digest", "import_job", ["header_digest"])
    op.execute(_FOLDED)
    op.create_index(
        "ix_contact_full_name",
        "contact",
        [sa.text("to_tsvector('simple', folded(full_name))")],
        postgresql_using="gin",
    )


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

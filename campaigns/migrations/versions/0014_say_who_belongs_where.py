"""Say who belongs where, and how people sign in."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

DEPARTMENTS = (
    # Name, last day of the name, who took over: as Plan 52/KH-UBND (2023) names them, and what became of them since.
    ("Công an thành phố", None, None),
    ("Văn phòng UBND thành phố", None, None),
    ("Sở Nội vụ", None, None),
    ("Sở Khoa học và Công nghệ", None, None),
    ("Sở Thông tin và Truyền thông", date(2025, 2, 28), "Sở Khoa học và Công nghệ"),
    ("Sở Lao động - Thương binh và Xã hội", date(2025, 2, 28), "Sở Nội vụ"),
    ("Sở Y tế", None, None),
    ("Sở Giáo dục và Đào tạo", None, None),
    ("Sở Tư pháp", None, None),
    ("Sở Tài chính", None, None),
    ("Sở Công Thương", None, None),
    ("Bảo hiểm xã hội thành phố", None, None),
    ("Trung tâm Hành chính thành phố", None, None),
)
"""What every installation begins with; as it stood when this revision was written."""


def upgrade() -> None:
    """Make it so."""
    op.create_table(
        "department",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["department.id"], name=op.f("fk_department_successor_id_department")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("name", name=op.f("uq_department_name")),
    )
    op.create_table(
        "invite",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("roles", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("departments", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("drops_second_factor", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_invite_department_id_department")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_invite_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invite_token_hash")),
    )
    op.create_index(
        "ix_invite_open",
        "invite",
        ["id"],
        unique=False,
        postgresql_where=sa.text("used_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_passkey_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_recovery_code_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "signed_in",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_signed_in_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signed_in")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_signed_in_key_hash")),
    )
    op.create_index(
        "ix_signed_in_open", "signed_in", ["user_id"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "user_area",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_user_area_area_id_area")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_area_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "area_id", name=op.f("pk_user_area")),
    )
    op.create_table(
        "user_department",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_user_department_department_id_department")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_department_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "department_id", name=op.f("pk_user_department")),
    )
    op.add_column("campaign", sa.Column("department_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_campaign_department_id_department"), "campaign", "department", ["department_id"], ["id"]
    )
    op.add_column("template", sa.Column("department_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_template_department_id_department"), "template", "department", ["department_id"], ["id"]
    )
    op.add_column("user", sa.Column("department_id", sa.Integer(), nullable=True))
    op.add_column("user", sa.Column("totp_cipher", sa.LargeBinary(), nullable=True))
    op.add_column("user", sa.Column("totp_counter", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("user", sa.Column("passkey_handle", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint(op.f("uq_user_passkey_handle"), "user", ["passkey_handle"])
    op.create_foreign_key(op.f("fk_user_department_id_department"), "user", "department", ["department_id"], ["id"])
    _name_departments()


def _name_departments() -> None:
    department = sa.table(
        "department",
        sa.column("id", sa.Integer),
        sa.column("name", sa.String),
        sa.column("valid_until", sa.Date),
        sa.column("successor_id", sa.Integer),
    )
    op.bulk_insert(department, [{"name": name, "valid_until": until} for name, until, _ in DEPARTMENTS])
    old = department.alias("old")
    for name, _, heir in DEPARTMENTS:
        if heir is not None:
            found = sa.select(old.c.id).where(old.c.name == heir).scalar_subquery()
            op.execute(department.update().where(department.c.name == name).values(successor_id=found))


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

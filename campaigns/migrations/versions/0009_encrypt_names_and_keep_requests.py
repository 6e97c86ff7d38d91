"""Encrypt names and attributes like numbers (ADR 0019); keep requests, breaches and who processes for the city."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from campaigns.audience.sealing import LABELS, Words, seal_names, seal_values
from config.errors import ConfigError
from config.keys import Keyring

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CHUNK = 10_000
_NAMED = sa.text("""
    SELECT id, phone_hash, full_name, attributes FROM contact
    WHERE id > :after AND (full_name IS NOT NULL OR attributes <> '{}') ORDER BY id LIMIT :chunk
""")
_SEAL = sa.text("""
    UPDATE contact c SET name_cipher = n.cipher, name_words = CAST(n.words AS integer[]),
                         attributes = CAST(n.attributes AS jsonb)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:ciphers AS bytea[]), CAST(:words AS text[]),
                CAST(:attributes AS text[])) AS n(id, cipher, words, attributes)
    WHERE c.id = n.id
""")
_WRITTEN = sa.text("SELECT id, body FROM inbound_message WHERE id > :after AND body <> '' ORDER BY id LIMIT :chunk")
_SEAL_BODY = sa.text("""
    UPDATE inbound_message m SET body_cipher = n.cipher
    FROM unnest(CAST(:ids AS bigint[]), CAST(:ciphers AS bytea[])) AS n(id, cipher) WHERE m.id = n.id
""")


def upgrade() -> None:
    """Make it so. People who have names already are encrypted in chunks, in this one transaction."""
    op.drop_index("ix_contact_full_name", table_name="contact")
    op.add_column("contact", sa.Column("name_cipher", sa.LargeBinary(), nullable=True))
    op.add_column(
        "contact",
        sa.Column(
            "name_words", postgresql.ARRAY(sa.Integer()), server_default=sa.text("'{}'::integer[]"), nullable=False
        ),
    )
    _seal_everybody(op.get_bind(), context.config.attributes)
    op.drop_column("contact", "full_name")
    op.execute("DROP FUNCTION folded(text)")
    op.create_index("ix_contact_name_words", "contact", ["name_words"], postgresql_using="gin")
    _seal_inbound(op.get_bind(), context.config.attributes)
    _make_requests()
    _make_registers()


def _moment(name: str, *, now: bool = False, nullable: bool = True) -> sa.Column[Any]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _words(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), server_default=default, nullable=nullable)


def _make_requests() -> None:
    op.create_table(
        "subject_request",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        _words("kind"),
        _words("channel"),
        _words("evidence"),
        sa.Column("with_processor", sa.Boolean(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("acknowledge_by", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        _moment("acknowledged_at"),
        _words("acknowledged_by", nullable=True),
        _moment("extended_at"),
        _words("extended_by", nullable=True),
        _words("extension_reason", nullable=True),
        _words("state", default="open"),
        _words("ground", nullable=True),
        _words("closing_note", nullable=True),
        sa.Column("act_id", sa.BigInteger(), nullable=True),
        _moment("closed_at"),
        _words("closed_by", nullable=True),
        _words("created_by"),
        _moment("created_at", now=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_request")),
    )
    op.create_index(
        "ix_subject_request_open", "subject_request", ["due_on"], postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_subject_request_contact_id", "subject_request", ["contact_id"])


def _make_registers() -> None:
    op.create_table(
        "breach",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        _moment("discovered_at", nullable=False),
        _words("title"),
        sa.Column("fields", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _moment("notified_at"),
        _words("notice_reference", nullable=True),
        _moment("closed_at"),
        sa.Column("version", sa.SmallInteger(), server_default="1", nullable=False),
        _words("created_by"),
        _moment("created_at", now=True, nullable=False),
        _moment("updated_at", now=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breach")),
    )
    op.create_table(
        "processor",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        _words("name"),
        _words("purpose"),
        _words("data"),
        _words("retention"),
        _words("basis"),
        _words("contract_number", default=""),
        sa.Column("contract_date", sa.Date(), nullable=True),
        _words("contact_office", default=""),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("version", sa.SmallInteger(), server_default="1", nullable=False),
        _words("updated_by"),
        _moment("updated_at", now=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processor")),
        sa.UniqueConstraint("name", name=op.f("uq_processor_name")),
    )


def _seal_everybody(connection: sa.Connection, told: dict[str, Any]) -> None:
    keyring: Keyring | None = told.get("keyring")
    after = 0
    while rows := connection.execute(_NAMED, {"after": after, "chunk": _CHUNK}).all():
        connection.execute(_SEAL, _sealed(rows, _keys(keyring)))
        after = rows[-1].id
        # What an updated row held stays in the table's files until they are written anew.
        told["rewrite"] = {*told.get("rewrite", ()), "contact"}


def _seal_inbound(connection: sa.Connection, told: dict[str, Any]) -> None:
    op.add_column("inbound_message", sa.Column("body_cipher", sa.LargeBinary(), nullable=True))
    keyring: Keyring | None = told.get("keyring")
    after = 0
    while rows := connection.execute(_WRITTEN, {"after": after, "chunk": _CHUNK}).all():
        ciphers = _keys(keyring).encrypt_many([row.body.encode() for row in rows])
        connection.execute(_SEAL_BODY, {"ids": [row.id for row in rows], "ciphers": ciphers})
        after = rows[-1].id
        told["rewrite"] = {*told.get("rewrite", ()), "inbound_message"}
    op.drop_column("inbound_message", "body")


def _keys(keyring: Keyring | None) -> Keyring:
    if keyring is None:
        raise ConfigError(
            "Có dữ liệu cá nhân phải mã hoá mà không có bộ khoá. Hãy chạy: loa migrate.",
            "There are personal data to encrypt, and no keyring to encrypt them with. Run: loa migrate.",
        )
    return keyring


def _sealed(rows: Any, keyring: Keyring) -> dict[str, list[Any]]:
    words = Words(keyring)
    named = [row for row in rows if row.full_name and row.full_name.strip()]
    ciphers = dict(
        zip(
            [row.id for row in named],
            seal_names(keyring, [bytes(row.phone_hash) for row in named], [row.full_name for row in named]),
            strict=True,
        )
    )
    told = [
        (row.id, bytes(row.phone_hash), key, str(value))
        for row in rows
        for key, value in row.attributes.items()
        if value is not None and str(value).strip() and key not in LABELS
    ]
    attributes: dict[int, dict[str, str]] = {
        row.id: {key: value for key, value in row.attributes.items() if key in LABELS} for row in rows
    }
    for number, owner, key, value in told:
        attributes[number][key] = seal_values(keyring, [owner], key, [value])[0].decode()
    return {
        "ids": [row.id for row in rows],
        "ciphers": [ciphers.get(row.id) for row in rows],
        "words": ["{" + ",".join(map(str, words.of(row.full_name or ""))) + "}" for row in rows],
        "attributes": [json.dumps(attributes[row.id]) for row in rows],
    }


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

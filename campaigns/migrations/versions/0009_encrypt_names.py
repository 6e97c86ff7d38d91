"""Encrypt names and attributes like numbers; find names by keyed hashes of their words (ADR 0019)."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from campaigns.audience.sealing import Words, seal_names, seal_values
from config.errors import ConfigError
from config.keys import Keyring

revision = "0009"
down_revision = "0006"
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


def _seal_everybody(connection: sa.Connection, told: dict[str, Any]) -> None:
    keyring: Keyring | None = told.get("keyring")
    after, words = 0, Words(keyring) if keyring else None
    while rows := connection.execute(_NAMED, {"after": after, "chunk": _CHUNK}).all():
        if keyring is None or words is None:
            raise ConfigError("there are names to encrypt, and no keyring to encrypt them with: run “loa migrate”")
        connection.execute(_SEAL, _sealed(rows, keyring, words))
        after = rows[-1].id
        # What an updated row held stays in the table's files until they are written anew.
        told["rewrite"] = {*told.get("rewrite", ()), "contact"}


def _sealed(rows: Any, keyring: Keyring, words: Words) -> dict[str, list[Any]]:
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
        if value is not None and str(value).strip()
    ]
    attributes: dict[int, dict[str, str]] = {row.id: {} for row in rows}
    for (number, _, key, _), cipher in zip(told, seal_values(keyring, [each[1:] for each in told]), strict=True):
        attributes[number][key] = cipher.decode()
    return {
        "ids": [row.id for row in rows],
        "ciphers": [ciphers.get(row.id) for row in rows],
        "words": ["{" + ",".join(map(str, words.of(row.full_name or ""))) + "}" for row in rows],
        "attributes": [json.dumps(attributes[row.id]) for row in rows],
    }


def downgrade() -> None:
    """Not offered: restore the backup made before the upgrade."""
    raise NotImplementedError("restore the backup made before the upgrade")

"""Bringing a database to the tables of this version, safely when several processes try at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from campaigns.models import Base
from campaigns.store.database import engine_for
from config.keys import Keyring

LOCK = 0x4C6F61
"""Key of the advisory lock that lets one process migrate at a time."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; there is no ini file, the address comes with the connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head_revision() -> str:
    """The revision this version of Loa works on."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return head


def current_revision(database_url: str) -> str | None:
    """The revision a database is at; None for an empty one."""
    engine = engine_for(database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def upgrade(database_url: str, keyring: Keyring | None = None) -> tuple[str | None, str]:
    """Bring the database to ``head_revision()``, all of it or nothing.

    ``keyring`` is for tables that hold something to be encrypted; an empty database needs none.

    Returns:
        The revision before and after; the same when there was nothing to do.
    """
    engine = engine_for(database_url, pool_size=1, application="loa migrate")
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            before = MigrationContext.configure(connection).get_current_revision()
            head = head_revision()
            config = alembic_config(connection)
            config.attributes["keyring"] = keyring
            if before != head:
                command.upgrade(config, "head")
        _rewrite(engine, config.attributes.get("rewrite", ()))
        return before, head
    finally:
        engine.dispose()


def _rewrite(engine: Engine, tables: Iterable[str]) -> None:
    """Write tables anew, so that nothing is left on disk of what they held before."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))


def differences(database_url: str) -> list[str]:
    """What the models say and the migrated tables do not, or the other way round; empty when they agree."""
    engine = engine_for(database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            return [repr(found) for found in compare_metadata(context, Base.metadata)]
    finally:
        engine.dispose()

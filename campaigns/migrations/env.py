"""Alembic's environment: runs migrations on the connection that ``campaigns.migrations`` opened."""

from __future__ import annotations

from alembic import context

from campaigns.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()

"""What tests of the hands share: a worker's context on the services of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from campaigns.store.database import Database
from config.keys import Keyring
from config.settings import Settings
from workers.context import Context


@pytest.fixture
def make_context(database_url: str, redis_url: str, keyring: Keyring) -> Iterator[Callable[[str], Context]]:
    """Makes the context of a worker process, by its name in leases."""
    opened: list[Database] = []

    def make(worker: str = "host:1") -> Context:
        database = Database(database_url, pool_size=12, application="loa worker")
        opened.append(database)
        settings = Settings(lease_seconds=5, retry_seconds=0.2, batch_size=100)
        return Context(settings, database, redis_url, keyring, worker)

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def context(make_context: Callable[[str], Context]) -> Context:
    """The context of one worker process."""
    return make_context("host:1")

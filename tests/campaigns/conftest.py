"""A database for a whole file of tests, each of which is undone: copying one costs more than most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from campaigns.store.database import Database
from config.embedded import EmbeddedServices
from config.keys import Keyring
from tests.conftest import _made


@pytest.fixture(scope="module")
def file_database(services: EmbeddedServices, _template: str, keyring: Keyring) -> Iterator[Database]:
    """Every table and the areas, for the tests of one file; only a fixture of that file may commit."""
    with _made(services, _template) as url:
        opened = Database(url, keyring=lambda: keyring, pool_size=2)
        yield opened
        opened.close()


@pytest.fixture
def undone(file_database: Database) -> Iterator[Session]:
    """A session whose work is undone after the test."""
    with Session(file_database.engine, expire_on_commit=False, info=file_database.info) as opened:
        yield opened
        opened.rollback()

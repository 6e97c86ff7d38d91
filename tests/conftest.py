"""Real PostgreSQL and Redis for every test: one pair of servers per run, one fresh database per test."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from sqlalchemy.orm import Session

from campaigns.migrations import upgrade
from campaigns.store.areas import load_areas
from campaigns.store.database import Database
from config.embedded import EmbeddedServices
from config.errors import ConfigError
from config.i18n import set_language
from config.keys import Keyring
from config.settings import get_settings

TUNING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    "max_wal_size": "1GB",
}
"""Nothing here must survive a power cut."""
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30
"""Files in memory, and how much of that must be free for servers to be put there."""
OWNER = "owner"
"""File that names the process a home of servers belongs to."""

# A developer's own settings have no business in the tests.
for _name in [name for name in os.environ if name.startswith("LOA_")]:
    del os.environ[_name]
# The suite runs at any hour of any day, and sends many campaigns to the same few people; tests of hours and of the
# cap say otherwise.
os.environ["LOA_ANY_HOUR"] = "true"
os.environ["LOA_CLASS_RULES"] = '{"thong-bao": {"cap": null}}'

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts the whole of Loa gets the time that takes."""
    for item in items:
        whole = item.get_closest_marker("journey") or item.get_closest_marker("chaos")
        if whole and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    """Settings are read once per process; in tests, once per test. Texts are Vietnamese unless chosen."""
    get_settings.cache_clear()
    set_language("vi")
    yield
    get_settings.cache_clear()


def shelf() -> Path:
    """Where servers of tests keep their files: in memory where there is room.

    A database for a test is a copy of six hundred small files. On a disk that takes 110 ms of a processor and a wait
    for the journal, in memory 19 ms.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM < psutil.virtual_memory().available / 2:
        return MEMORY
    return Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def services() -> Iterator[EmbeddedServices]:
    """PostgreSQL and Redis of this run. Missing programs skip on a laptop and fail in CI."""
    _sweep()
    home = Path(tempfile.mkdtemp(prefix="loa-tests-", dir=shelf()))
    (home / OWNER).write_text(str(os.getpid()))
    try:
        running = EmbeddedServices(home, tuning=TUNING, durable=False).start()
    except ConfigError as error:
        shutil.rmtree(home, ignore_errors=True)
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL or Redis to test with: {error}")
    yield running
    running.stop()
    shutil.rmtree(home, ignore_errors=True)


def _sweep() -> None:
    """End the servers of runs that were killed; those of a run that goes on beside this one stay."""
    for home in chain.from_iterable(place.glob("loa-tests-*") for place in {MEMORY, Path(tempfile.gettempdir())}):
        if _is_owned(home):
            continue
        left = EmbeddedServices(home)
        if not left.attach() or left.stop():
            shutil.rmtree(home, ignore_errors=True)


def _is_owned(home: Path) -> bool:
    try:
        return psutil.pid_exists(int((home / OWNER).read_text()))
    except (OSError, ValueError):
        return home.stat().st_mtime > time.time() - 60


@pytest.fixture(scope="session")
def _template(services: EmbeddedServices) -> str:
    """A database with every table and the areas of both editions, to be copied."""
    upgrade(services.database_url)
    database = Database(services.database_url, pool_size=1)
    with database.transaction() as session:
        load_areas(session)
    database.close()
    return "loa"


@pytest.fixture
def empty_database_url(services: EmbeddedServices) -> Iterator[str]:
    """Address of a database without any table."""
    with _made(services, "template0") as url:
        yield url


@pytest.fixture
def database_url(services: EmbeddedServices, _template: str) -> Iterator[str]:
    """Address of a fresh database with every table and the areas."""
    with _made(services, _template) as url:
        yield url


class _made:
    """A database copied from another, dropped at the end. By copying files: replaying WAL takes twice as long."""

    def __init__(self, services: EmbeddedServices, source: str) -> None:
        self.services, self.source, self.name = services, source, f"test_{os.getpid()}_{next(_numbers)}"

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.services.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def __enter__(self) -> str:
        self._run(f"CREATE DATABASE {self.name} TEMPLATE {self.source} STRATEGY file_copy")
        return self.services.postgres.url(self.name)

    def __exit__(self, *_: object) -> None:
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str, keyring: Keyring) -> Iterator[Database]:
    """A fresh database with every table and the areas."""
    opened = Database(database_url, keyring=lambda: keyring, pool_size=4)
    yield opened
    opened.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session on ``database``; what the test does not commit is undone."""
    with Session(database.engine, expire_on_commit=False, info=database.info) as opened:
        yield opened
        opened.rollback()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """Keys of this run."""
    return Keyring.generate()


@pytest.fixture
def redis_url(services: EmbeddedServices) -> str:
    """Address of an empty Redis."""
    url = services.redis_url
    with redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture
def loa_home() -> Iterator[Path]:
    """An empty folder for an installation of its own; a short path, for sockets live in it."""
    home = Path(tempfile.mkdtemp(prefix="loa-home-", dir=shelf()))
    yield home
    left = EmbeddedServices(home)
    if left.attach():
        left.stop()
    shutil.rmtree(home, ignore_errors=True)

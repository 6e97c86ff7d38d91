"""The embedded PostgreSQL and Redis of one ``LOA_HOME``, shared by every process that uses it.

Who uses the services holds a shared lock on ``users.lock`` for as long as it lives; the kernel drops it with
the process, also after ``kill -9``. The last one out ends the servers. Starting and ending happen under
``services.lock``, one process at a time.
"""

from __future__ import annotations

import atexit
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from config.embedded.account import service_account
from config.embedded.places import Places, find_places
from config.embedded.postgres import Postgres
from config.embedded.processes import Identity, read_identities, write_identities
from config.embedded.redis import RedisServer
from config.errors import ConfigError

if TYPE_CHECKING:
    from config.settings import Settings


def _silent(_event: str) -> None:
    return None


class EmbeddedServices:
    """PostgreSQL and Redis of one home, as one process sees them."""

    def __init__(
        self,
        home: Path,
        *,
        tuning: Mapping[str, str] | None = None,
        durable: bool = True,
        notice: Callable[[str], None] = _silent,
    ) -> None:
        """``tuning`` overrides PostgreSQL's settings; ``notice`` hears ``postgres.recovering`` on a long start."""
        account = service_account()
        self.places: Places = find_places(home, account)
        self.postgres = Postgres(self.places, account, tuning or {}, durable=durable)
        self.redis = RedisServer(self.places, account)
        self._notice = notice
        self._users: int | None = None
        self._holder = 0

    @property
    def database_url(self) -> str:
        """Address of the database."""
        return self.postgres.url()

    @property
    def redis_url(self) -> str:
        """Address of Redis, as ``redis.from_url`` takes it."""
        return self.redis.url()

    @property
    def held(self) -> bool:
        """Whether this process is among the users."""
        return self._users is not None and self._holder == os.getpid()

    def alive(self) -> bool:
        """Whether both answer."""
        return self.postgres.answers() and self.redis.answers()

    def start(self) -> EmbeddedServices:
        """Become a user, and start what does not run. Again is harmless, and revives what has died.

        Raises:
            ConfigError: a server cannot start; the text says why.
        """
        with self._one_at_a_time():
            joined = not self.held
            if joined:
                self._join()
            try:
                self._ensure()
            except BaseException:
                # Who used them before goes on: what cannot be revived now, on a full disk, can be a moment later.
                if joined and self._leave():
                    # Half of them is of no use, and nobody would end that half.
                    with suppress(ConfigError):
                        self._end()
                raise
        return self

    def attach(self) -> bool:
        """Become a user if both already run; False, and no user, if not."""
        with self._one_at_a_time():
            if not self.alive():
                return False
            if not self.held:
                self._join()
        return True

    def stop(self) -> bool:
        """Be a user no more; the last one ends the servers. Returns whether they were ended."""
        if not self.held:
            return False
        with self._one_at_a_time():
            last = self._leave()
            if last:
                self._end()
        return last

    def __enter__(self) -> EmbeddedServices:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ensure(self) -> None:
        recorded = read_identities(self.places.record)
        now: dict[str, Identity] = dict(recorded)
        if not self.redis.answers():
            now["redis"] = self.redis.start(recorded.get("redis"))
        if not self.postgres.answers():
            now["postgres"] = self.postgres.start(self._notice)
        if now != recorded:
            write_identities(self.places.record, now)

    def _end(self) -> None:
        try:
            self.postgres.stop()
        finally:
            self.redis.stop(read_identities(self.places.record).get("redis"))
            self.places.record.unlink(missing_ok=True)

    def _join(self) -> None:
        # A forked child closing its copy must not end our membership, nor ours its.
        self._users = os.open(self.places.home / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        self._holder = os.getpid()

    def _leave(self) -> bool:
        assert self._users is not None
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(self._users)
            self._users = None

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        descriptor = os.open(self.places.home / "services.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


_services: dict[Path, EmbeddedServices] = {}


def shared_services(home: Path, notice: Callable[[str], None] = _silent) -> EmbeddedServices:
    """The services of ``home``, held until this process ends in order."""
    home = home.expanduser().absolute()
    services = _services.get(home)
    if services is None:
        services = _services[home] = EmbeddedServices(home, notice=notice)
        atexit.register(services.stop)
    return services.start()


def service_urls(settings: Settings) -> tuple[str, str]:
    """(database address, Redis address): those of the environment, else of the embedded services.

    The embedded ones are started when they do not run, and held for as long as this process lives.

    Raises:
        ConfigError: a server cannot start; the text says why.
    """
    if settings.database_url and settings.redis_url:
        return settings.database_url, settings.redis_url
    services = shared_services(settings.home)
    return settings.database_url or services.database_url, settings.redis_url or services.redis_url


def broker_url(redis_url: str) -> str:
    """A Redis address as Celery writes it: sockets are ``redis+socket://`` with a ``virtual_host``."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?virtual_host={query.removeprefix('db=') or 0}"

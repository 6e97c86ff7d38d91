"""The connection pool, and the one place where transactions end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.util import greenlet_spawn

from config.keys import Keyring, KeyringError

P = ParamSpec("P")
R = TypeVar("R")

_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
"""A server that vanished without a word is given up within seconds, not after the kernel's two hours."""


_BY_INDEX = " -c enable_seqscan=off"
"""A worker's statements look rows up by index, over and over, in plans that are kept. Made while a table was small, and
kept until the statistics are next made, such a plan reads the whole of a table that has meanwhile grown to millions."""


def engine_for(
    url: str, *, pool_size: int = 8, application: str = "loa", by_index: bool = False, on_loop: bool = False
) -> Engine:
    """An engine on psycopg 3 for a ``postgresql://`` address; sessions speak UTC.

    ``by_index`` is for workers: plans read tables through their indexes also while the tables are small. ``on_loop``
    is for functions that run in an event loop by ``on_loop``: connections wait in the loop. They are not tried before
    each use, which is a sixth of what is said to PostgreSQL; whoever uses them tries again.
    """
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_pre_ping": not on_loop,
        "pool_recycle": 1800,
        "hide_parameters": True,  # an error in a log must not name anybody
        "connect_args": {
            "application_name": application,
            "options": "-c timezone=UTC" + (_BY_INDEX if by_index else ""),
            "connect_timeout": 10,
            **_KEEPALIVE,
        },
    }
    engine = create_async_engine(url, **options).sync_engine if on_loop else create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _prepare_soon(connection: Any, _record: object) -> None:
        getattr(connection, "driver_connection", connection).prepare_threshold = 2  # few, hot statements

    return engine


class Database:
    """Opens transactions on one PostgreSQL; further keywords are those of ``engine_for``.

    Its sessions carry the ``keyring``, for whoever makes texts that say something of a person (``keyring_of``).
    """

    def __init__(self, url: str, *, keyring: Callable[[], Keyring] | None = None, **options: Any) -> None:
        self.url = url
        self.engine = engine_for(url, **options)
        self.info = {"keyring": keyring}
        """What every session of it carries."""
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info=self.info)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends and undone when it raises."""
        with self._sessions.begin() as session:
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def keyring_of(session: Session) -> Keyring:
    """The keys by which what this session reads can be opened.

    Raises:
        KeyringError: it was opened without any.
    """
    keyring: Callable[[], Keyring] | None = session.info.get("keyring")
    if keyring is None:
        raise KeyringError("a text that differs by person cannot be made without the keyring")
    return keyring()


async def on_loop(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function that uses a database ``on_loop``; while it waits for PostgreSQL the loop does other things.

    Like one in a thread it goes on to its end when whoever waits for it is cancelled. It must hold no lock over its
    statements that another such function of the loop may want.
    """
    return await asyncio.shield(asyncio.ensure_future(greenlet_spawn(partial(function, *args, **kwargs))))

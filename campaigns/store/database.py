"""The connection pool, and the one place where transactions end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
"""A server that vanished without a word is given up within seconds, not after the kernel's two hours."""


_BY_INDEX = " -c enable_seqscan=off"
"""A worker's statements look rows up by index, over and over, in plans that are kept. Made while a table was small, and
kept until the statistics are next made, such a plan reads the whole of a table that has meanwhile grown to millions."""


def engine_for(url: str, *, pool_size: int = 8, application: str = "loa", by_index: bool = False) -> Engine:
    """An engine on psycopg 3 for a ``postgresql://`` address; sessions speak UTC.

    ``by_index`` is for workers: plans read tables through their indexes also while the tables are small.
    """
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # an error in a log must not name anybody
        connect_args={
            "application_name": application,
            "options": "-c timezone=UTC" + (_BY_INDEX if by_index else ""),
            "connect_timeout": 10,
            **_KEEPALIVE,
        },
    )

    @event.listens_for(engine, "connect")
    def _prepare_soon(connection: object, _record: object) -> None:
        connection.prepare_threshold = 2  # type: ignore[attr-defined]  # few, hot statements

    return engine


class Database:
    """Opens transactions on one PostgreSQL."""

    def __init__(self, url: str, *, pool_size: int = 8, application: str = "loa", by_index: bool = False) -> None:
        self.url = url
        self.engine = engine_for(url, pool_size=pool_size, application=application, by_index=by_index)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends and undone when it raises."""
        with self._sessions.begin() as session:
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

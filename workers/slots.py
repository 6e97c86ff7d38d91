"""Bind slots: how the sessions of one gateway account are bounded over all workers.

A slot is a PostgreSQL advisory lock on a connection of its own, so it is free the moment its worker dies, and
nobody has to wait for a lease to run out.
"""

from __future__ import annotations

import threading

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from campaigns.store.database import Database
from campaigns.store.gateways import MOST_BINDS, SLOT_CLASS, slot_key

log = structlog.get_logger(__name__)


_TRY = text("SELECT pg_try_advisory_lock(:c, :k)")


class BindSlots:
    """The slots this process holds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._held: set[int] = set()
        self._lock = threading.Lock()

    def take(self, gateway_id: int, binds: int) -> int | None:
        """A free slot of the account (0 … binds - 1), or None where other sessions hold them all."""
        with self._lock:
            connection = self._connect()
            for slot in range(min(binds, MOST_BINDS)):
                key = slot_key(gateway_id, slot)
                if key in self._held:
                    continue
                if connection.execute(_TRY, {"c": SLOT_CLASS, "k": key}).scalar():
                    self._held.add(key)
                    return slot
            return None

    def give_back(self, gateway_id: int, slot: int) -> None:
        """Free a slot."""
        with self._lock:
            key = slot_key(gateway_id, slot)
            if key in self._held and self._connection is not None:
                self._held.discard(key)
                try:
                    self._connection.execute(text("SELECT pg_advisory_unlock(:c, :k)"), {"c": SLOT_CLASS, "k": key})
                except SQLAlchemyError:
                    log.warning("slot_connection_lost")
                    self._drop()

    def still_held(self) -> bool:
        """Whether the connection that holds the slots lives; if not, every slot is gone."""
        with self._lock:
            if self._connection is None:
                return not self._held
            try:
                self._connection.execute(text("SELECT 1"))
            except SQLAlchemyError:
                log.warning("slot_connection_lost")
                self._drop()
                return False
            return True

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        self._connection = None
        self._held.clear()

    def close(self) -> None:
        """Free every slot."""
        with self._lock:
            self._drop()

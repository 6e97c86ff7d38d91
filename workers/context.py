"""What one worker process holds: settings, database, keyring, addresses."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import lru_cache

from campaigns.store.database import Database
from config.embedded import service_urls
from config.keys import Keyring, load_keyring
from config.settings import Settings, get_settings


@dataclass(frozen=True)
class Context:
    """Made once per process."""

    settings: Settings
    database: Database
    redis_url: str
    keyring: Keyring
    worker: str
    """Names the process in leases and sessions: ``host:pid``."""


@lru_cache(maxsize=1)
def get_context() -> Context:
    """The context of this process; connects to nothing yet."""
    settings = get_settings()
    database_url, redis_url = service_urls(settings)
    inline = settings.keyring.get_secret_value() if settings.keyring else None
    keyring = load_keyring(settings.home, inline)
    return Context(
        settings=settings,
        database=Database(database_url, keyring=lambda: keyring, pool_size=12, application="loa worker", by_index=True),
        redis_url=redis_url,
        keyring=keyring,
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )

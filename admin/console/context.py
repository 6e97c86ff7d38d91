"""What every view may ask for: the settings, the database, the keyring, Redis, and who is acting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from flask import current_app
from flask_security import current_user
from redis import Redis
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from campaigns.access import Actor
from campaigns.store.database import Database
from config.keys import Keyring
from config.settings import Settings


class Reading(scoped_session[Session]):
    """Read-only sessions for lists and pages, one per thread, put away after each request.

    That their transactions are read-only keeps every change in the use cases.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(sessionmaker(expire_on_commit=False))
        self.read_from(database)

    def read_from(self, database: Database) -> None:
        """Let sessions opened from now on read this database."""
        engine = database.engine.execution_options(postgresql_readonly=True)
        self.session_factory.configure(bind=engine, info=database.info)

    @property
    def session(self) -> Reading:
        """Itself: Flask-Admin's views look for the session in this attribute, as Flask-SQLAlchemy has it."""
        return self


@dataclass(frozen=True)
class Console:
    """The parts a console is made of. ``rules`` says for each endpoint what it takes to call it."""

    settings: Settings
    database: Database
    keyring: Keyring
    redis: Redis
    reading: Reading
    rules: dict[str, str] = field(default_factory=dict)


def console() -> Console:
    """The console of the request."""
    return cast(Console, current_app.extensions["loa"])


def reading() -> Session:
    """The read-only session of the request."""
    return console().reading()


def actor() -> Actor:
    """The person of the request; with no roles at all while nobody is signed in."""
    if not current_user.is_authenticated:
        return Actor("", frozenset())
    user = cast(Any, current_user)
    roles = frozenset(role.name for role in user.roles)
    return Actor(user.email, roles, frozenset(user.granted), user.scope, user.department)

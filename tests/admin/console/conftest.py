"""A console on a real database and Redis, people of every role, and browsers for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from admin.console.app import create_app, open_console
from campaigns.access import ROLES
from config.embedded import EmbeddedServices
from config.keys import Keyring
from config.settings import Settings
from tests.factories import make_user

PASSWORD = "cau rong phun lua 2026"
CHEAP = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
"""Argon2 as weak as it goes: hundreds of tests sign in, and it is made to take long."""
_HASH = PasswordHasher(**CHEAP).hash(PASSWORD)


def email_of(role: str) -> str:
    """Address of the person with a role."""
    return f"{role}@danang.example"


@pytest.fixture(scope="session")
def built(services: EmbeddedServices, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A console, built once: four hundred addresses and as many templates take half a second to compile."""
    settings = Settings(home=tmp_path_factory.mktemp("console"))  # type: ignore[call-arg]
    made = create_app(settings, database_url=services.database_url, redis_url=services.redis_url)
    made.extensions["security"].pwd_context.update(**{f"argon2__{name}": value for name, value in CHEAP.items()})
    return made


@pytest.fixture
def app(built: Flask, database_url: str, redis_url: str, loa_home: Path, keyring: Keyring) -> Iterator[Flask]:
    """The console on a database, a home and keys of this test's own."""
    settings = Settings(home=loa_home, keyring=keyring.to_json())  # type: ignore[arg-type]
    parts, kept = open_console(settings, database_url, redis_url), built.extensions["loa"]
    kept.reading.remove()
    kept.reading.read_from(parts.database)
    built.extensions["loa"] = replace(parts, reading=kept.reading, rules=kept.rules)
    yield built
    kept.reading.remove()
    parts.database.close()


@pytest.fixture
def people(app: Flask, session: Session) -> None:
    """One person for each role, who can sign in."""
    for role in ROLES:
        make_user(session, email=email_of(role), roles=(role,), password=_HASH)
    session.commit()


@dataclass
class Browser:
    """A test client that keeps to the forms' rules: it reads the token of a page before it posts."""

    client: FlaskClient

    def get(self, path: str, **more: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, buffered=True, **more)

    def token(self, path: str = "/login") -> str:
        """The CSRF token of this session."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(path).text)
        assert found, f"no token on {path}"
        return found[1]

    def post(self, path: str, data: dict[str, Any] | None = None, *, page: str = "/", **more: Any) -> TestResponse:
        """Send a form as it stands on ``page``."""
        return self.client.post(path, data={"csrf_token": self.token(page), **(data or {})}, **more)

    def find(self, path: str, words: str) -> TestResponse:
        """Type into the search field of a list of people and look at what is found."""
        answer = self.post(f"{path}find", {"search": words}, follow_redirects=True)
        assert len(words) < 4 or words not in answer.request.url, "whom one looks for stands in no address"
        return answer

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Sign in."""
        return self.post("/login", {"email": email, "password": password}, page="/login")


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """Somebody who is not signed in."""
    return Browser(app.test_client())


@pytest.fixture
def signed_in(app: Flask, people: None) -> Any:
    """``signed_in("officer")`` is the browser of a person with that role."""

    def open_browser(role: str) -> Browser:
        browser = Browser(app.test_client())
        answer = browser.sign_in(email_of(role))
        assert answer.status_code == 302, answer.text
        return browser

    return open_browser

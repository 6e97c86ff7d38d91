"""Sessions on the server: the browser holds a key, and what it opens can be seen and ended here."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any

from flask import Flask, g, request, session
from flask_login import user_logged_out
from flask_security import user_authenticated
from flask_security.utils import set_request_attr
from redis.exceptions import RedisError

from admin.console.context import console
from admin.console.limits import caller_address
from admin.console.lockout import LockOut
from admin.console.people import Account
from campaigns.store import signed_in as store
from config.settings import Settings

KEY = "loa_key"
"""Where Flask's session keeps the key."""


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def terms(settings: Settings) -> dict[str, timedelta]:
    """How long a session lasts: without anything done, and at all."""
    return {
        "idle": timedelta(minutes=settings.session_idle_minutes),
        "life": timedelta(hours=settings.session_hours),
    }


def _is_done_by_a_person() -> bool:
    """Whether somebody did this: figures that a page asks for by itself keep nobody signed in."""
    return request.method != "GET" or "X-Requested-With" not in request.headers


def load_person(uniquifier: str) -> Account | None:
    """The person of the request's session; None where it was ended or has had its time."""
    key = session.get(KEY)
    if not isinstance(key, str):
        return None
    with console().database.transaction() as work:
        found = store.find_signed_in(work, _hash(key), **terms(console().settings))
        if found is None or found[0].fs_uniquifier != uniquifier:
            return None
        row, signed_in = found
        if _is_done_by_a_person():
            store.note_seen(work, signed_in.id)
        account = Account.of(work, row, signed_in.id)
    # What Flask-Security's own loader notes.
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return account


def _begin(_app: Flask, user: Account, **_more: Any) -> None:
    """Note that somebody signed in; what failed before is forgiven."""
    key = secrets.token_urlsafe(32)
    with console().database.transaction() as work:
        begun = store.insert_signed_in(
            work,
            user.id,
            _hash(key),
            address=caller_address(),
            agent=(request.user_agent.string or "")[:300],
            method=g.get("sign_in_method", "password"),
        )
        user.session_id = begun.id
    session[KEY] = key
    with suppress(RedisError):  # without an answer the count ends by itself
        LockOut(console().redis).forgive(user.email)


def _end(_app: Flask, **_more: Any) -> None:
    key = session.pop(KEY, None)
    if isinstance(key, str):
        with console().database.transaction() as work:
            store.end_by_key(work, _hash(key))


def keep_sessions(app: Flask) -> None:
    """Ask the record of sessions at every request."""
    app.login_manager.user_loader(load_person)  # type: ignore[attr-defined]
    user_authenticated.connect(_begin, app)
    user_logged_out.connect(_end, app)

"""Signing in: the secret key, people as Flask-Security sees them, lock-out, and what every answer's head says."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface
from flask_security import LoginForm, RoleMixin, Security, UserMixin
from flask_security.datastore import UserDatastore
from redis import Redis
from redis.exceptions import RedisError

from admin.console.context import console
from admin.console.limits import caller_address
from admin.console.signins import note_failed_sign_in, note_sign_ins
from campaigns.models import User
from campaigns.store import console as store
from campaigns.store.users import find_user
from config.i18n import t
from config.keys import write_private
from config.settings import Settings

LOCK_AFTER = 5
LOCK_AFTER_FROM_ONE_ADDRESS = 30
LOCK_SECONDS = 15 * 60
SESSION_HOURS = 8

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Flask-WTF checks the referrer of forms over https, so our own pages must name themselves to us.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def load_secret_key(settings: Settings) -> str:
    """The key that signs sessions: ``LOA_SECRET_KEY``, else ``secret_key`` in ``LOA_HOME``, made if missing."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path: Path = settings.home / "secret_key"
    if not path.exists():
        settings.home.mkdir(parents=True, exist_ok=True)
        staging = settings.home / f".secret_key.{os.getpid()}"
        write_private(staging, secrets.token_hex(32))
        try:
            # A link fails when another process made the key meanwhile; then that one counts.
            os.link(staging, path)
        except FileExistsError:
            pass
        finally:
            staging.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()


class CookieSessions(SecureCookieSessionInterface):
    """Flask's sessions, whose cookie is for https only whenever the page came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the request is encrypted."""
        return request.is_secure


@dataclass(eq=False)
class RoleName(RoleMixin):
    """A role as Flask-Security wants to see it; what it may do stands in ``campaigns.access``."""

    name: str = ""


@dataclass(eq=False)
class Account(UserMixin):
    """The person signed in: values of one row of ``user``, bound to no session."""

    id: int = 0
    email: str = ""
    password: str | None = None
    active: bool = False
    language: str = "vi"
    fs_uniquifier: str = ""
    roles: list[RoleName] = field(default_factory=list)  # type: ignore[assignment]
    granted: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, row: User) -> Account:
        """The account of a row."""
        return cls(
            id=row.id,
            email=row.email,
            password=row.password,
            active=row.active,
            language=row.language,
            fs_uniquifier=row.fs_uniquifier,
            roles=[RoleName(name=role.name) for role in row.roles],
            granted=list(row.granted),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Account) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)


class Accounts(UserDatastore):
    """Flask-Security's view on ``user``: looks people up and saves passwords, nothing else."""

    def __init__(self) -> None:
        super().__init__(Account, RoleName)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Account | None:
        """The account with this ``email`` or ``fs_uniquifier``."""
        with console().database.transaction() as session:
            if "email" in kwargs:
                row = find_user(session, str(kwargs["email"]))
            elif "fs_uniquifier" in kwargs:
                row = store.find_user_by_uniquifier(session, str(kwargs["fs_uniquifier"]))
            else:
                return None
            return Account.of(row) if row else None

    def find_role(self, role: str) -> RoleName | None:
        """Roles are not managed through Flask-Security."""
        return None

    def put(self, model: Account) -> Account:
        """Save a new password hash and session key."""
        with console().database.transaction() as session:
            store.save_credentials(session, model.id, model.password, model.fs_uniquifier)
        return model

    def commit(self) -> None:
        """Everything is saved as it is put."""


class LockOut:
    """Counts failed sign-ins in Redis, for all processes together, per account and per address."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def _limits(self, email: str, address: str) -> list[tuple[str, int]]:
        digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
        limits = [(f"loa:login:account:{digest}", LOCK_AFTER)]
        return limits + ([(f"loa:login:address:{address}", LOCK_AFTER_FROM_ONE_ADDRESS)] if address else [])

    def locked(self, email: str, address: str) -> bool:
        """Whether too many attempts failed lately."""
        return any(int(self._redis.get(key) or 0) >= limit for key, limit in self._limits(email, address))

    def note_failure(self, email: str, address: str) -> None:
        """Count a failed attempt; the count is forgotten a quarter of an hour after the last one."""
        for key, _ in self._limits(email, address):
            pipe = self._redis.pipeline()
            pipe.incr(key)
            pipe.expire(key, LOCK_SECONDS)
            pipe.execute()

    def forgive(self, email: str) -> None:
        """Forget the account's failures after a good sign-in."""
        self._redis.delete(self._limits(email, "")[0][0])


class SignInForm(LoginForm):
    """Flask-Security's login with our lock-out and one message for every kind of failure."""

    def validate(self, **kwargs: Any) -> bool:
        """Whether the person may come in. What failed is never told, so nobody learns which emails exist."""
        email, address = str(self.email.data or "").strip().lower(), caller_address()
        self.email.data = email
        lock = LockOut(console().redis)
        try:
            if lock.locked(email, address):
                return self._refuse(
                    t(
                        "Sai quá nhiều lần. Hãy đợi 15 phút rồi đăng nhập lại.",
                        "Too many failed attempts. Wait 15 minutes, then sign in again.",
                    )
                )
            if super().validate(**kwargs):
                lock.forgive(email)
                return True
            lock.note_failure(email, address)
            note_failed_sign_in(email)
        except RedisError:
            return self._refuse(
                t(
                    "Chưa đăng nhập được vì Redis không trả lời. Hãy báo người vận hành.",
                    "Signing in is not possible now: Redis does not answer. Tell the operator.",
                )
            )
        return self._refuse(t("Email hoặc mật khẩu không đúng.", "The email or the password is wrong."))

    def _refuse(self, reason: str) -> bool:
        for each in (self.email, self.password):
            each.errors = []
        self.form_errors = [reason]
        return False


def configure_sign_in(app: Flask) -> None:
    """Set up Flask-Security: signing in and out; nothing by mail."""
    app.session_interface = CookieSessions()
    app.config.update(
        SESSION_COOKIE_NAME="loa",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        # The hash stands on its own, so the command line can make it without this app's salt.
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  # the name of a scheme
        SECURITY_PASSWORD_SINGLE_HASH=True,
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SALT="unused, for hashes are single",  # noqa: S106  # no secret
        SECURITY_FRESHNESS=timedelta(seconds=-1),
        SECURITY_LOGIN_USER_TEMPLATE="console/login.html",
        SECURITY_STATIC_FOLDER=None,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_LOGOUT_CSRF=True,
        WTF_CSRF_TIME_LIMIT=None,
    )
    Security(app, Accounts(), login_form=SignInForm)
    note_sign_ins(app)


def add_headers(response: Response) -> Response:
    """Say on every answer what a browser may do with it."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response

"""Signing in: the secret key, the form, how Flask-Security is set up, and what every answer's head says."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface
from flask_security import LoginForm, Security
from redis.exceptions import RedisError

from admin.console.context import console
from admin.console.limits import caller_address
from admin.console.lockout import LockOut
from admin.console.people import Accounts
from admin.console.sessions import keep_sessions
from admin.console.signins import note_failed_sign_in, note_sign_ins
from config.i18n import t
from config.keys import make_private
from config.settings import Settings

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
        make_private(path, secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip()


class CookieSessions(SecureCookieSessionInterface):
    """Flask's sessions, whose cookie is for https only whenever the page came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the request is encrypted."""
        return request.is_secure


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
                return True  # forgiven once the second step, if there is one, is taken too (``sessions``)
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
        # Our own second step. With Flask-Security's switch TWO_FACTOR come its own pages, which speak no Vietnamese
        # and want code inside their HTML (docs/adr/0024); its plug-in is asked all the same once it may be.
        SECURITY_TWO_FACTOR_IMPLEMENTATIONS={"code": "admin.console.second_step.SecondStep"},
        WTF_CSRF_TIME_LIMIT=None,
    )
    security = Security(app, Accounts(), login_form=SignInForm)
    security.support_mfa = True
    keep_sessions(app)
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

"""The door: no endpoint is reached without a rule that lets this person through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Flask, abort, flash, redirect, request, url_for
from flask_security import current_user

from admin.console.context import actor, console, reading
from admin.console.people import Account
from admin.console.second_step import lacks_second_factor
from campaigns.errors import Forbidden
from campaigns.scope import sees
from config.i18n import Text, t

PUBLIC = frozenset(
    {
        "static",
        "admin.static",
        "security.login",
        "account.language",
        "account.setup",
        "signing_in.join",
        "signing_in.second_step",
        "signing_in.passkey_question",
        "signing_in.passkey_sign_in",
        "citizen.refusal",
        "citizen.check",
        "citizen.short_link",
        "ops.healthz",
        "ops.metrics",
    }
)
"""Endpoints for everybody. ``ops.metrics`` answers only to this machine; ``account.setup``, ``signing_in.join`` and
``citizen.refusal`` need the token of their link; ``signing_in.second_step`` comes after the password."""

OWN_ACCOUNT = frozenset(
    {
        "own.factors",
        "own.totp",
        "own.totp_drop",
        "own.recovery",
        "own.passkey_options",
        "own.passkey_add",
        "own.passkey_drop",
        "account.password",
        "own.sessions",
        "own.session_end",
        "own.sessions_end_others",
    }
)
"""What a person does with the own account, whoever it is."""

SIGNED_IN = frozenset({"security.logout", "account.theme", "admin.index"}) | OWN_ACCOUNT
"""Endpoints for everybody who is signed in."""

WITHOUT_SECOND_FACTOR = frozenset({"security.logout", "account.theme"}) | OWN_ACCOUNT
"""Where somebody may still go who has to set up a second factor first."""

OBJECTS: Mapping[str, str] = {
    "campaign_id": "campaign",
    "contact_id": "contact",
    "slug": "template",
    "link_id": "link",
    "request_id": "request",
}
"""Variables of addresses that name a thing of one part of the city, and its kind (``campaigns.scope``)."""

_SET_UP_FIRST = Text("Hãy cài xác thực hai bước trước.", "Set up a second factor first.")


def rule_of(app: Flask, endpoint: str) -> str | None:
    """``public``, ``signed-in``, a permission of ``campaigns.access``, or None for an endpoint without a rule."""
    if endpoint in PUBLIC:
        return "public"
    if endpoint in SIGNED_IN:
        return "signed-in"
    rules: dict[str, str] = app.extensions["loa"].rules
    return rules.get(endpoint)


def keep_the_door(app: Flask) -> None:
    """Ask for a rule before every request; what has none is closed."""

    @app.before_request
    def check() -> Any:
        if request.endpoint is None:
            return None  # 404 and 405 answer themselves
        rule = rule_of(app, request.endpoint)
        if rule is None:
            abort(404)
        if rule == "public":
            return None
        if not current_user.is_authenticated:
            return sign_in_again() or abort(401)
        if rule != "signed-in" and not actor().may(rule):
            try:
                actor().require(rule)
            except Forbidden as refusal:
                abort(403, description=str(refusal))
        if request.endpoint not in WITHOUT_SECOND_FACTOR and lacks_second_factor(cast(Account, current_user)):
            if request.method == "GET" and "X-Requested-With" not in request.headers:
                return redirect(url_for("own.factors"))
            abort(403, description=str(_SET_UP_FIRST))
        _keep_inside_the_scope()
        return None


def _keep_inside_the_scope() -> None:
    """Things of another part of the city are not there."""
    person = actor()
    for name, value in (request.view_args or {}).items():
        kind = OBJECTS.get(name)
        if kind is not None and not sees(reading(), person, kind, value):
            abort(404)


def sign_in_again() -> Any:
    """Lead somebody whose session has ended to the door and back to this page; None where it has no address to show.

    A form that was sent is not saved by this; its page gives back what was typed where it keeps that.
    """
    shows_itself = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
    if current_user.is_authenticated or not shows_itself or request.is_json or "X-Requested-With" in request.headers:
        return None
    if request.method == "POST":
        flash(
            t(
                "Phiên làm việc đã hết. Đăng nhập lại để trở về đúng trang; những gì đã lưu vẫn còn.",
                "Your session has ended. Sign in to come back to the page; what was saved is still there.",
            ),
            "error",
        )
    return redirect(url_for("security.login", next=request.full_path.rstrip("?")))


def may(permission: str) -> bool:
    """Whether the person of the request holds a permission; for templates and menus."""
    return actor().may(permission)


def allowed(endpoint: str) -> bool:
    """Whether the person of the request may call an endpoint."""
    if endpoint in PUBLIC or endpoint in SIGNED_IN:
        return True
    rule = console().rules.get(endpoint)
    return rule is not None and actor().may(rule)

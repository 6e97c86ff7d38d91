"""The second step of signing in, as an implementation of Flask-Security's two-factor plug-in."""

from __future__ import annotations

import time
from typing import Any, cast

import flask
from flask import current_app, g, redirect, request, session, url_for
from flask_security import Security
from flask_security.tf_plugin import TfPluginBase
from flask_security.utils import login_user

from admin.console.context import console
from admin.console.people import Account
from campaigns.store.factors import has_second_factor
from config.settings import Settings

PENDING_SECONDS = 10 * 60
_WHO, _SINCE = "tf_user_id", "loa_pending_since"


class SecondStep(TfPluginBase):
    """Asks whoever has an authenticator or a passkey for it, after the password."""

    def create_blueprint(self, app: flask.Flask, bp: flask.Blueprint, state: Security) -> None:
        """Its pages are among ours (``views.signing_in``)."""

    def get_setup_methods(self, user: Any) -> list[tuple[str, str]]:
        """One method for all that the person has: our page offers each."""
        with console().database.transaction() as work:
            return [("second-step", "second-step")] if has_second_factor(work, user.id) else []

    def tf_login(self, user: Any, json_payload: dict[str, Any], next_loc: str | None) -> Any:
        """The password was right: go on to the second step, not yet signed in."""
        session[_SINCE] = int(time.time())
        # ``next_loc`` is the sign-in page itself where nothing was asked for.
        return redirect(url_for("signing_in.second_step", next=request.values.get("next") or None))


def pending() -> Account | None:
    """The person whose password was right a few minutes ago and whose second step is awaited."""
    who, since = session.get(_WHO), session.get(_SINCE, 0)
    if not who or not 0 <= time.time() - since < PENDING_SECONDS:
        return None
    account = cast(Account | None, _security().datastore.find_user(fs_uniquifier=str(who)))
    return account if account is not None and account.active else None


def sign_in(account: Account, method: str) -> None:
    """Let the person in; ``method`` is how, for the list of sessions."""
    session.pop(_WHO, None)
    session.pop(_SINCE, None)
    g.sign_in_method = method
    login_user(account, authn_via=[method])


def _security() -> Security:
    found: Security = current_app.extensions["security"]
    return found


def requires_second_factor(settings: Settings, roles: frozenset[str]) -> bool:
    """Whether ``LOA_SECOND_FACTOR`` asks it of people with these roles."""
    wanted = settings.second_factor
    return wanted == "everybody" or bool(roles & set(wanted.split(",")))


def lacks_second_factor(account: Account) -> bool:
    """Whether the person must set one up before anything else."""
    if not requires_second_factor(console().settings, frozenset(role.name for role in account.roles)):
        return False
    with console().database.transaction() as work:
        return not has_second_factor(work, account.id)

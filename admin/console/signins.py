"""Writes into the audit who signed in, who signed out, and whose sign-in failed."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_login import user_logged_in, user_logged_out

from admin.console.context import console
from admin.console.limits import caller_address, network_of
from campaigns.store.audit import append_audit
from campaigns.store.users import find_user

STRANGER = "unknown"
"""Who failed to sign in: nobody knows. What was typed as an address is only kept where it is somebody's."""


def note_sign_ins(app: Flask) -> None:
    """Listen to Flask-Login, whichever way people come in."""
    user_logged_in.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)


def _signed_in(_app: Flask, user: Any, **_more: Any) -> None:
    _note(user.email, "user.signed-in", user.id)


def _signed_out(_app: Flask, user: Any, **_more: Any) -> None:
    if getattr(user, "email", ""):
        _note(user.email, "user.signed-out", user.id)


def note_failed_sign_in(email: str) -> None:
    """One attempt that failed; the lock-out bounds how many there can be."""
    with console().database.transaction() as session:
        user = find_user(session, email)
    _note(STRANGER, "user.sign-in-failed", user.id if user else "*")


def _note(actor: str, action: str, user_id: object) -> None:
    network = network_of(caller_address())
    with console().database.transaction() as session:
        append_audit(session, actor, action, "user", user_id, {"network": network} if network else None)

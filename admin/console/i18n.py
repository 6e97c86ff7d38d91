"""The language of a request, and what templates need to write in it."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, request, session, url_for
from flask_babel import Babel
from flask_security import current_user
from flask_wtf.csrf import generate_csrf

from admin.console import formats, words
from admin.console.guard import allowed, may
from campaigns.proof.deeds import actor_title, deed, explain
from config.i18n import LANGUAGES, current_language, set_language, t

THEME_COOKIE = "loa-theme"
_STATIC = Path(__file__).with_name("static")


def choose_language() -> None:
    """Show this request's texts in the language chosen in the session, else the person's own, else Vietnamese.

    A citizen's page has no session: its address may say the language, else the browser does.
    """
    if request.blueprint == "citizen":
        asked = request.args.get("lang", "")
        set_language(asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "vi")
        return
    chosen = session.get("language")
    if chosen not in LANGUAGES and request.endpoint != "static" and current_user.is_authenticated:
        chosen = current_user.language
    set_language(chosen or "vi")


@lru_cache(maxsize=64)
def _fingerprint(filename: str) -> str:
    return sha256((_STATIC / filename).read_bytes()).hexdigest()[:12]


def static_url(filename: str) -> str:
    """Address of one of our static files; a new one whenever its content changes, so it may be kept for long."""
    return url_for("static", filename=filename, v=_fingerprint(filename))


def chosen_theme() -> str:
    """``light`` or ``dark`` where the person chose one; empty follows the system."""
    chosen = request.cookies.get(THEME_COOKIE, "") if request else ""
    return chosen if chosen in ("light", "dark") else ""


def _helpers() -> dict[str, Any]:
    return {
        "t": t,
        "lang": current_language(),
        "appearance": chosen_theme(),
        "number": formats.number,
        "percent": formats.percent,
        "moment": formats.moment,
        "moment_to_seconds": formats.moment_to_seconds,
        "clock": formats.clock,
        "day": formats.day,
        "masked": formats.masked,
        "duration": formats.duration,
        "seconds": formats.seconds,
        "local": formats.local,
        "words": words,
        "deed": deed,
        "actor_title": actor_title,
        "explain": explain,
        "may": may,
        "allowed": allowed,
        "static_url": static_url,
        "csrf_token": generate_csrf,
        "here": request.full_path.rstrip("?") if request else "/",
    }


def speak_both_languages(app: Flask) -> None:
    """Set up the language of every request, Babel for Flask-Admin's own words, and the template helpers."""
    app.config.update(BABEL_DEFAULT_LOCALE="vi", BABEL_DEFAULT_TIMEZONE="Asia/Ho_Chi_Minh")
    Babel(app, locale_selector=current_language, timezone_selector=lambda: "Asia/Ho_Chi_Minh")
    app.before_request(choose_language)
    app.context_processor(_helpers)

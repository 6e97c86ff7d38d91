"""Puts a console together: services, security, languages, screens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, current_app, render_template
from flask_wtf import CSRFProtect
from redis import Redis
from werkzeug.exceptions import HTTPException

from admin.console.attachments import allow_attachments
from admin.console.context import Console, Reading
from admin.console.guard import keep_the_door
from admin.console.i18n import speak_both_languages
from admin.console.problems import explain
from admin.console.security import add_headers, configure_sign_in, load_secret_key
from admin.console.uploads import let_lists_in
from admin.console.views import add_screens, citizen
from campaigns.errors import LoaError, NotFound
from campaigns.store.database import Database
from config.embedded import service_urls
from config.keys import load_keyring
from config.settings import Settings, get_settings

MAX_FORM_BYTES = 256 * 1024


def create_app(
    settings: Settings | None = None,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
) -> Flask:
    """The console as a WSGI application.

    Without addresses it uses the services of the settings: servers where they are named, else the embedded ones.
    """
    settings = settings or get_settings()
    if database_url is None or redis_url is None:
        own_database, own_redis = service_urls(settings)
        database_url, redis_url = database_url or own_database, redis_url or own_redis
    app = Flask("admin.console", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=load_secret_key(settings),
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        MAX_FORM_PARTS=500,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
    )
    app.extensions["loa"] = open_console(settings, database_url, redis_url)
    allow_attachments(app)
    let_lists_in(app)
    csrf = CSRFProtect(app)
    configure_sign_in(app)
    speak_both_languages(app)
    keep_the_door(app)
    app.after_request(add_headers)
    app.teardown_appcontext(_put_away)
    app.register_error_handler(HTTPException, explain)
    app.register_error_handler(LoaError, _refused)
    add_screens(app)
    csrf.exempt(citizen.blueprint)  # why: see there
    app.register_blueprint(citizen.blueprint)
    return app


def open_console(settings: Settings, database_url: str, redis_url: str) -> Console:
    """The parts of a console on these services; connects to nothing yet."""
    inline = settings.keyring.get_secret_value() if settings.keyring else None
    keyring = load_keyring(settings.home, inline)
    database = Database(database_url, keyring=lambda: keyring, application="loa-console")
    return Console(
        settings=settings,
        database=database,
        keyring=keyring,
        redis=Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2),
        reading=Reading(database),
    )


def _put_away(_error: BaseException | None) -> None:
    current_app.extensions["loa"].reading.remove()


def _refused(refusal: LoaError) -> Any:
    status = 404 if isinstance(refusal, NotFound) else 409
    return render_template("console/problem.html", status=status, reason=str(refusal)), status

"""The citizens' pages: refusing by the link of a message, short links, and whether a message is the city's.

No signing in, no cookie, no script.

There is no session, so there is no CSRF token either, and none is missed: who can send the form to ``/o/<token>``
knows the token, and who knows it may open the page and press the button. It is the token that is the right to act; a
page of somebody else that could send the form for a visitor would have to know it. Opening a page changes nothing, so
scanners that follow links refuse for nobody.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError

from admin.console.context import console, reading
from admin.console.limits import Allowance, caller_address, network_of
from campaigns.content.topics import TOPICS
from campaigns.errors import LoaError
from campaigns.links.visits import Opened, count, find_opened, is_machine, target_of
from campaigns.optouts.citizen import Citizen, find_citizen, refuse_by_link, return_by_link
from campaigns.stats.check import LEAST, MOST, code_in, find_by_code, find_sent
from config.i18n import current_language, t

log = structlog.get_logger(__name__)

blueprint = Blueprint("citizen", __name__)

MISSES, MISS_SECONDS = 30, 600
"""Links that name nobody, per address: only these are counted, because thousands share the address of a carrier."""
ACTS, ACT_SECONDS = 12, 3600
"""Forms sent by one link."""
CHECKS, CHECK_SECONDS = 60, 600
"""Texts asked about, per address."""
VISITS, VISIT_SECONDS = 600, 600
"""Visits of short links that count as people's, per address: thousands share one of a carrier's, but no single person
opens one a second. The address itself is in Redis only, hashed, for as long as it is counted."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    # The address is the right to act: no other server, and no log of one, is to learn it.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Vary": "Accept-Language",
}


@blueprint.after_request
def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response


def _page(template: str, status: int = 200, **values: Any) -> Response:
    return make_response(render_template(f"citizen/{template}", **values), status)


def _too_many() -> Response:
    response = _page("busy.html", 429)
    response.headers["Retry-After"] = str(MISS_SECONDS)
    return response


@blueprint.route("/o/<token>", methods=["GET", "POST"])
def refusal(token: str) -> Any:
    """What the link's person refused, and the form for more; only sending the form changes something."""
    misses = Allowance(console().redis, "o-miss", most=MISSES, seconds=MISS_SECONDS)
    address = network_of(caller_address())
    if misses.spent(address):
        return _too_many()
    citizen = find_citizen(reading(), console().keyring, token, days=console().settings.refusal_link_days)
    if citizen is None:
        misses.note(address)
        return _page("gone.html", 404)
    if request.method == "POST":
        return _act(token, citizen)
    return _show(citizen)


def _show(citizen: Citizen, error: str = "") -> Response:
    named = [(refused.topic, refused.created_at) for refused in citizen.refusals if refused.topic is not None]
    return _page(
        "refusal.html",
        422 if error else 200,
        citizen=citizen,
        error=error,
        own=TOPICS[citizen.topic] if citizen.topic and not citizen.refuses(citizen.topic) else None,
        refused=[(TOPICS.get(topic, topic), since) for topic, since in named],
        statement=_statement(),
    )


def _statement() -> str:
    return t(
        "Tôi là người dùng số này và muốn nhận lại tin của thành phố.",
        "I am the user of this number and want the city's messages again.",
    )


def _act(token: str, citizen: Citizen) -> Any:
    acts = Allowance(console().redis, "o-act", most=ACTS, seconds=ACT_SECONDS)
    if acts.spent(token):
        return _too_many()
    acts.note(token)
    wish = request.form.get("wish", "")
    try:
        error = {"refuse": _refuse, "return": _come_back}.get(wish, _unclear)(citizen)
    except LoaError as refused:
        error = str(refused)
    if error:
        return _show(citizen, error)
    return redirect(url_for("citizen.refusal", token=token, lang=current_language()), code=303)


def _refuse(citizen: Citizen) -> str:
    scope = request.form.get("scope", "")
    if scope not in {"all", "topic"} or (scope == "topic" and citizen.topic is None):
        return t("Hãy chọn một phạm vi.", "Choose one of the two.")
    topic = citizen.topic if scope == "topic" else None
    words = f"Ngừng nhận tin: {TOPICS[topic].vi if topic else 'mọi tin'}"
    with console().database.transaction() as work:
        refuse_by_link(work, console().keyring, citizen, topic=topic, words=words)
    return ""


def _come_back(citizen: Citizen) -> str:
    if request.form.get("statement") != "yes":
        return t("Hãy đánh dấu vào câu xác nhận.", "Tick the statement.")
    with console().database.transaction() as work:
        return_by_link(work, console().keyring, citizen, words=_statement())
    return ""


def _unclear(_citizen: Citizen) -> str:
    return t("Yêu cầu chưa rõ. Hãy chọn lại.", "The request is not clear. Choose again.")


@blueprint.get("/l/<token>")
def short_link(token: str) -> Any:
    """Lead on to where the link leads, and count that by campaign and ward. Nothing is kept of who came."""
    misses = Allowance(console().redis, "l-miss", most=MISSES, seconds=MISS_SECONDS)
    address = network_of(caller_address())
    if misses.spent(address):
        return _too_many()
    opened = find_opened(reading(), console().keyring, token)
    target = target_of(reading(), opened) if opened else None
    if opened is None or target is None:
        misses.note(address)
        return _page("over.html", 404 if opened is None else 410)
    if request.method != "HEAD":  # asks whether it is there, and opens nothing
        _count(opened, address)
    response = redirect(target, code=302)
    response.headers["Cache-Control"] = "no-store"
    return response


def _count(opened: Opened, address: str) -> None:
    often = Allowance(console().redis, "l-visit", most=VISITS, seconds=VISIT_SECONDS)
    by_machine = is_machine(request.headers) or often.spent(address)
    often.note(address)
    try:
        with console().database.transaction() as work:
            count(work, opened, by_machine=by_machine)
    except SQLAlchemyError:
        log.warning("visit_not_counted")  # people come for the page, not for our counting


@blueprint.route("/kiem-tra", methods=["GET", "POST"])
def check() -> Any:
    """Whether a text is one the city sent. Asked by POST, so that no text stands in an address or a log."""
    if request.method == "GET":
        return _page("check.html", asked=False, written="")
    asked = Allowance(console().redis, "check", most=CHECKS, seconds=CHECK_SECONDS)
    address = network_of(caller_address())
    if asked.spent(address):
        return _too_many()
    asked.note(address)
    written = request.form.get("text", "")[:MOST]
    issuer = console().settings.issuer
    if code_in(written):
        known = find_by_code(reading(), console().keyring, written)
        return _page("check.html", asked=True, written=written, sent=None, known=known, by_code=True, issuer=issuer)
    if sum(map(str.isalnum, written)) < LEAST:
        error = t("Hãy chép toàn bộ tin: ít nhất {n} chữ.", "Copy the whole message: {n} letters at least.", n=LEAST)
        return _page("check.html", 422, asked=True, written=written, error=error)
    sent = find_sent(reading(), written)
    return _page("check.html", asked=True, written=written, sent=sent, issuer=issuer)

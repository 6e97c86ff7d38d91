"""A person's own account: second factors, recovery codes, passkeys, and the list of sessions."""

from __future__ import annotations

import base64
from typing import Any, cast

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask_security import current_user
from redis.exceptions import RedisError

from admin.console import factors, passkeys, totp
from admin.console.context import actor, console, reading
from admin.console.devices import describe
from admin.console.forms import Form
from admin.console.frame import told as done
from admin.console.people import Account
from admin.console.second_step import lacks_second_factor
from admin.console.sessions import terms
from admin.console.views.account import check_own_password
from admin.console.views.signing_in import sent_json, site, told
from campaigns.errors import LoaError
from campaigns.store import factors as store
from campaigns.store import signed_in
from campaigns.store.audit import append_audit
from config.i18n import t
from config.keys import KeyringError

blueprint = Blueprint("own", __name__)

_SECRET = "loa_totp"  # noqa: S105  # where the secret lies, sealed, until the first code proves it
ISSUER = "Loa Da Nang"


def _me() -> Account:
    return cast(Account, current_user)


@blueprint.get("/account/factors", endpoint="factors")
def factors_page() -> Any:
    """What the person signs in with."""
    return _factors(Form())


def _factors(form: Form, codes: list[str] | None = None) -> Any:
    found = reading()
    page = render_template(
        "console/factors.html",
        form=form,
        codes=codes,
        has_totp=store.read_totp(found, _me().id) is not None,
        passkeys=store.list_passkeys(found, _me().id),
        recovery_left=store.count_recovery_codes(found, _me().id),
        must=lacks_second_factor(_me()),
    )
    return page, 422 if form.errors else 200


@blueprint.route("/account/totp", methods=["GET", "POST"], endpoint="totp")
def totp_page() -> Any:
    """Scan the picture, enter the code it shows; then the recovery codes, once."""
    form = Form.sent() if request.method == "POST" else Form()
    secret = _kept_secret() if request.method == "POST" else None
    if secret is not None:
        try:
            with console().database.transaction() as work:
                codes = factors.set_up_totp(work, console().keyring, actor(), _me().id, secret, form.get("code")[:20])
        except LoaError as refusal:
            form.errors["code"] = str(refusal)
        else:
            session.pop(_SECRET, None)
            flash(t("Đã cài ứng dụng xác thực.", "The authenticator is set up."), "success")
            return _factors(Form(), codes)
    elif request.method == "POST":
        form.errors["code"] = t("Hình đã cũ; hãy quét hình mới này.", "The picture is too old; scan this new one.")
    if secret is None:
        secret = totp.new_secret()
        session[_SECRET] = base64.b64encode(console().keyring.encrypt(secret)).decode("ascii")
    address = totp.address_of(secret, _me().email, ISSUER)
    page = render_template(
        "console/totp.html", form=form, picture=totp.picture_of(address), secret=totp.shown(secret), address=address
    )
    return page, 422 if form.errors else 200


def _kept_secret() -> bytes | None:
    try:
        return console().keyring.decrypt(base64.b64decode(session.get(_SECRET, "")))
    except (KeyringError, ValueError):
        return None


@blueprint.post("/account/totp/drop")
def totp_drop() -> Any:
    """Take the authenticator away."""
    form = Form.sent()
    if check_own_password(form, "totp_password"):
        with console().database.transaction() as work:
            factors.drop_totp(work, actor(), _me().id)
        flash(t("Đã gỡ ứng dụng xác thực.", "The authenticator is taken away."), "success")
        return redirect(url_for("own.factors"), code=303)
    return _factors(form)


@blueprint.post("/account/recovery")
def recovery() -> Any:
    """New recovery codes, shown this once."""
    form = Form.sent()
    if not check_own_password(form, "recovery_password"):
        return _factors(form)
    try:
        with console().database.transaction() as work:
            codes = factors.renew_recovery_codes(work, console().keyring, actor(), _me().id)
    except LoaError as refusal:
        form.errors["recovery_password"] = str(refusal)
        return _factors(form)
    return _factors(Form(), codes)


@blueprint.post("/account/passkeys/question")
def passkey_options() -> Any:
    """What the browser needs to make a passkey."""
    try:
        challenge = passkeys.Challenges(console().redis).ask()
    except RedisError:
        return told(t("Redis không trả lời.", "Redis does not answer."), 503)
    with console().database.transaction() as work:
        asked = passkeys.ask_to_register(work, site(), challenge, _me().id, _me().email)
    return Response(asked, mimetype="application/json")


@blueprint.post("/account/passkeys")
def passkey_add() -> Any:
    """Take a passkey into use."""
    answer = sent_json()
    name = str(answer.pop("name", ""))
    try:
        challenge = passkeys.Challenges(console().redis).answered(answer)
        with console().database.transaction() as work:
            passkeys.register(work, site(), actor(), _me().id, challenge, answer, name)
    except RedisError:
        return told(t("Redis không trả lời.", "Redis does not answer."), 503)
    except LoaError as refusal:
        return told(refusal)
    flash(t("Đã thêm passkey.", "The passkey is added."), "success")
    return {"go": url_for("own.factors")}


@blueprint.post("/account/passkeys/<int:passkey_id>/drop")
def passkey_drop(passkey_id: int) -> Any:
    """Take one passkey away."""
    form = Form.sent()
    if not check_own_password(form, f"passkey_{passkey_id}"):
        return _factors(form)

    def work() -> None:
        with console().database.transaction() as opened:
            factors.drop_passkey(opened, actor(), _me().id, passkey_id)

    done(work, t("Đã gỡ passkey.", "The passkey is taken away."))
    return redirect(url_for("own.factors"), code=303)


@blueprint.get("/account/sessions")
def sessions() -> Any:
    """Where the person is signed in."""
    found = signed_in.list_open(reading(), _me().id, **terms(console().settings))
    return render_template("console/sessions.html", sessions=found, this=_me().session_id, describe=describe)


@blueprint.post("/account/sessions/<int:session_id>/end")
def session_end(session_id: int) -> Any:
    """End one session of one's own; the present one is ended by signing out."""
    return _end(only=session_id)


@blueprint.post("/account/sessions/end-others")
def sessions_end_others() -> Any:
    """End every session but this one."""
    return _end(but=_me().session_id)


def _end(*, only: int | None = None, but: int | None = None) -> Any:
    with console().database.transaction() as work:
        ended = signed_in.end_signed_in(work, _me().id, only=only, but=but)
        if ended:
            append_audit(work, _me().email, "user.own_sessions_ended", "user", _me().id, {"sessions": ended})
    flash(t("Đã kết thúc {n} phiên.", "{n} sessions were ended.", n=ended), "success")
    return redirect(url_for("own.sessions"), code=303)

"""Signing in beyond the password: the second step, passkeys, and the links that invite or reset."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from redis.exceptions import RedisError

from admin.console import factors, joining, passkeys
from admin.console.accounts import check_password
from admin.console.context import console, reading
from admin.console.forms import Form
from admin.console.limits import caller_address
from admin.console.lockout import LockOut
from admin.console.people import Account
from admin.console.second_step import pending, sign_in
from admin.console.signins import note_failed_sign_in
from admin.console.views.account import own_page
from campaigns.errors import InvalidInput, LoaError
from campaigns.store.factors import count_recovery_codes, list_passkeys, read_totp
from campaigns.store.users import find_user_by_id
from config.i18n import t

blueprint = Blueprint("signing_in", __name__)


@blueprint.route("/sign-in/step", methods=["GET", "POST"])
def second_step() -> Any:
    """After the password: the code of the authenticator, a recovery code, or a passkey."""
    person = pending()
    if person is None:
        flash(t("Hãy nhập lại email và mật khẩu.", "Enter email and password again."), "error")
        return redirect(url_for("security.login"), code=303)
    form = Form.sent() if request.method == "POST" else Form()
    if request.method == "POST":
        method = _check_code(form, person)
        if method is not None:
            sign_in(person, method)
            return redirect(_after(), code=303)
    session = reading()
    page = render_template(
        "console/second_step.html",
        form=form,
        email=person.email,
        has_totp=read_totp(session, person.id) is not None,
        has_passkey=bool(list_passkeys(session, person.id)),
        has_recovery=count_recovery_codes(session, person.id) > 0,
        after=request.args.get("next", "/"),
    )
    return page, 422 if form.errors else 200


def _after() -> str:
    return own_page(request.args.get("next", "/"))


def _check_code(form: Form, person: Account) -> str | None:
    """How the code opened, or None with the complaint in the form. Wrong codes count as wrong passwords do."""
    lock, address = LockOut(console().redis), caller_address()
    try:
        if lock.locked(person.email, address):
            form.errors["code"] = t(
                "Sai quá nhiều lần. Hãy đợi 15 phút rồi đăng nhập lại.",
                "Too many failed attempts. Wait 15 minutes, then sign in again.",
            )
            return None
        with console().database.transaction() as work:
            method = factors.use_code(work, console().keyring, person.email, person.id, form.get("code")[:60])
        if method is None:
            lock.note_failure(person.email, address)
            note_failed_sign_in(person.email)
            form.errors["code"] = t(
                "Mã không đúng hoặc đã dùng rồi. Hãy đợi mã tiếp theo hiện ra rồi nhập.",
                "The code is wrong, or was used. Wait for the next one, then enter it.",
            )
        return method
    except RedisError:
        form.errors["code"] = t(
            "Chưa đăng nhập được vì Redis không trả lời.", "Not possible now: no answer from Redis."
        )
        return None


def site() -> passkeys.Site:
    """Where the browser says it is."""
    return passkeys.Site.of(request.host)


def sent_json() -> dict[str, Any]:
    """The JSON a script of ours sent, of a sane size."""
    if (request.content_length or 0) > passkeys.ANSWER_MOST:
        abort(413)
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        abort(400)
    return cast(dict[str, Any], found)


def told(refusal: LoaError | str, status: int = 422) -> tuple[dict[str, str], int]:
    """A refusal as the scripts read it."""
    return {"error": str(refusal)}, status


@blueprint.post("/sign-in/passkey/question")
def passkey_question() -> Any:
    """What the browser is to sign; after a password only with that person's passkeys."""
    person = pending()
    try:
        challenge = passkeys.Challenges(console().redis).ask()
    except RedisError:
        return told(t("Redis không trả lời.", "Redis does not answer."), 503)
    with console().database.transaction() as work:
        asked = passkeys.ask_to_sign_in(work, site(), challenge, person.id if person else None)
    return Response(asked, mimetype="application/json")


@blueprint.post("/sign-in/passkey")
def passkey_sign_in() -> Any:
    """Let in whoever's passkey signed: it asks for face, finger or PIN, so it is two factors in one."""
    answer, person = sent_json(), pending()
    lock, address = LockOut(console().redis), caller_address()
    try:
        if lock.locked(person.email if person else "", address):
            return told(t("Sai quá nhiều lần. Hãy đợi 15 phút.", "Too many failed attempts. Wait 15 minutes."), 429)
        challenge = passkeys.Challenges(console().redis).answered(answer)
        with console().database.transaction() as work:
            user_id = passkeys.who_answers(work, site(), challenge, answer, person.id if person else None)
            row = find_user_by_id(work, user_id)
            account = Account.of(work, row) if row is not None and row.active else None
        if account is None:
            raise InvalidInput("Tài khoản này đã bị khoá.", "This account is switched off.")
    except RedisError:
        return told(t("Redis không trả lời.", "Redis does not answer."), 503)
    except LoaError as refusal:
        lock.note_failure(person.email if person else "", address)
        return told(refusal)
    sign_in(account, "passkey")
    return {"go": _after()}


@blueprint.route("/join/<token>", methods=["GET", "POST"])
def join(token: str) -> Any:
    """A link by which somebody joins or sets a new password; no page once it is used, withdrawn or too old."""
    found = joining.look_up(reading(), token[:200])
    if found is None:
        return render_template("console/join_gone.html"), 404
    form = Form.sent() if request.method == "POST" else Form()
    if request.method == "POST" and _accept(form, token[:200], found.email):
        flash(
            t(
                "Đã đặt mật khẩu. Hãy đăng nhập bằng {who}.",
                "The password is set. Sign in as {who}.",
                who=found.email,
            ),
            "success",
        )
        return redirect(url_for("security.login"), code=303)
    return render_template("console/join.html", form=form, invite=found), 422 if form.errors else 200


def _accept(form: Form, token: str, email: str) -> bool:
    password = form.values.get("new", "")[:400]
    if password != form.values.get("again", "")[:400]:
        form.errors["again"] = t("Hai lần nhập không giống nhau.", "The two entries differ.")
        return False
    try:
        check_password(password, email)
        with console().database.transaction() as work:
            joining.accept(work, token, password)
    except LoaError as refusal:
        form.errors["new"] = str(refusal)
        return False
    return True

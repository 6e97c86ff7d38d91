"""What concerns the person: language, password, and the first administrator's one-time link."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_security import current_user
from redis.exceptions import RedisError

from admin.console import accounts, words
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.i18n import THEME_COOKIE
from admin.console.limits import caller_address
from admin.console.lockout import LockOut
from admin.console.people import Account
from campaigns.errors import LoaError
from campaigns.store import console as store
from campaigns.store.users import count_holders
from config.i18n import LANGUAGES, t

blueprint = Blueprint("account", __name__)
THEME_DAYS = 365


def own_page(address: str) -> str:
    """The address if it is a page of ours, else the start page: nobody is sent elsewhere by a form."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/") or address.startswith(("//", "/\\")):
        return url_for("admin.index")
    return address


@blueprint.post("/language")
def language() -> Any:
    """Show everything in the other language from now on, also at the next sign-in."""
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(400)
    session["language"] = chosen
    if current_user.is_authenticated:
        with console().database.transaction() as work:
            store.save_language(work, current_user.id, chosen)
    return redirect(own_page(request.form.get("next", "/")), code=303)


@blueprint.post("/theme")
def theme() -> Any:
    """Show pages light, dark, or as the system has it, in this browser from now on."""
    chosen = request.form.get("theme", "")
    if chosen not in words.THEMES:
        abort(400)
    answer = redirect(own_page(request.form.get("next", "/")), code=303)
    answer.set_cookie(
        THEME_COOKIE, chosen, max_age=THEME_DAYS * 86400, httponly=True, samesite="Lax", secure=request.is_secure
    )
    return answer


@blueprint.route("/account/password", methods=["GET", "POST"])
def password() -> Any:
    """Change one's own password; every other session of the person ends."""
    form = Form.sent() if request.method == "POST" else Form()
    if request.method == "POST" and _change_password(form):
        flash(
            t("Đã đổi mật khẩu. Các phiên khác đã bị đăng xuất.", "Password changed. Other sessions were ended."),
            "success",
        )
        return redirect(url_for("admin.index"), code=303)
    return render_template("console/password.html", form=form), 422 if form.errors else 200


def _change_password(form: Form) -> bool:
    new, again = (form.values.get(name, "")[:200] for name in ("new", "again"))
    if check_own_password(form, "old") and new != again:
        form.errors["again"] = t("Hai lần nhập không giống nhau.", "The two entries differ.")
    if form.errors:
        return False
    me = cast(Account, current_user)
    try:
        with console().database.transaction() as work:
            uniquifier = accounts.change_password(work, actor(), me.id, new, stays=me.session_id)
    except LoaError as refusal:
        form.errors["new"] = str(refusal)
        return False
    session["_user_id"] = uniquifier
    return True


def check_own_password(form: Form, name: str) -> bool:
    """Whether the field holds the person's present password; failures count as those of signing in do."""
    typed = form.values.get(name, "")[:200]
    lock, address = LockOut(console().redis), caller_address()
    try:
        if lock.locked(current_user.email, address):
            form.errors[name] = t("Sai quá nhiều lần. Hãy đợi 15 phút.", "Too many failed attempts. Wait 15 minutes.")
        elif not current_user.password or not accounts.verify_password(current_user.password, typed):
            lock.note_failure(current_user.email, address)
            form.errors[name] = t("Mật khẩu hiện tại không đúng.", "The present password is wrong.")
    except RedisError:
        form.errors[name] = t("Chưa làm được vì Redis không trả lời.", "Not possible now: Redis does not answer.")
    return name not in form.errors


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
def setup(token: str) -> Any:
    """The one-time link that makes the first administrator; gone once there is one."""
    home = console().settings.home
    if not accounts.setup_token_fits(home, token[:200]) or count_holders(reading(), "administrator"):
        abort(404)
    form = Form.sent() if request.method == "POST" else Form()
    if request.method == "POST":
        _make_administrator(form, token[:200])
        if not form.errors:
            (home / "setup_token").unlink(missing_ok=True)
            flash(t("Đã có quản trị viên. Hãy đăng nhập.", "The administrator is set up. Sign in."), "success")
            return redirect(url_for("security.login"), code=303)
    return render_template("console/setup.html", form=form, token=token), 422 if form.errors else 200


def _make_administrator(form: Form, token: str) -> None:
    password = form.get("new")
    if password != form.get("again"):
        form.errors["again"] = t("Hai lần nhập không giống nhau.", "The two entries differ.")
        return
    field = "new"
    try:
        accounts.check_password(password, form.get("email"))
        field = "email"
        with console().database.transaction() as work:
            accounts.make_first_administrator(work, console().settings.home, token, form.get("email"), password)
    except LoaError as refusal:
        form.errors[field] = str(refusal)

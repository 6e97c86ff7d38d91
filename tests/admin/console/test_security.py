"""Signing in, staying in, and what a browser is told."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.console.lockout import LOCK_AFTER
from admin.console.security import load_secret_key
from campaigns.models import User
from config.settings import Settings
from tests.admin.console.conftest import PASSWORD, Browser, email_of


def test_the_right_password_opens(people: None, stranger: Browser) -> None:
    answer = stranger.sign_in(email_of("officer"))
    assert answer.status_code == 302
    assert "officer@danang.example" in stranger.get("/").text


def test_case_and_blanks_of_the_email_do_not_matter(people: None, stranger: Browser) -> None:
    assert stranger.sign_in(" Officer@DaNang.example ").status_code == 302


@pytest.mark.parametrize("email", ["officer@danang.example", "nobody@danang.example", "not an email", ""])
def test_every_failure_looks_the_same(people: None, stranger: Browser, email: str) -> None:
    answer = stranger.sign_in(email, "wrong password")
    assert "Email hoặc mật khẩu không đúng." in answer.text
    assert "wrong password" not in answer.text


def test_too_many_failures_lock_the_account_even_for_the_right_password(people: None, stranger: Browser) -> None:
    for _ in range(LOCK_AFTER):
        stranger.sign_in(email_of("officer"), "wrong password")
    answer = stranger.sign_in(email_of("officer"))
    assert "Sai quá nhiều lần" in answer.text
    assert stranger.get("/").status_code == 302


def test_a_lock_ends_with_its_time_and_keeps_nobody_else_out(people: None, stranger: Browser, redis_url: str) -> None:
    for _ in range(LOCK_AFTER):
        stranger.sign_in(email_of("officer"), "wrong password")
    with Redis.from_url(redis_url) as redis:
        assert 0 < redis.ttl(next(redis.scan_iter("loa:login:account:*"))) <= 15 * 60
        assert b"officer" not in b"".join(redis.scan_iter("*"))
    assert stranger.sign_in(email_of("approver")).status_code == 302


def test_a_person_switched_off_cannot_sign_in_and_is_out_at_once(
    people: None, session: Session, signed_in: Any, stranger: Browser
) -> None:
    officer, administrator = signed_in("officer"), signed_in("administrator")
    assert officer.get("/campaigns/").status_code == 200
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    administrator.post(f"/users/{user.id}/deactivate", page="/users/")
    assert officer.get("/campaigns/").status_code == 302
    assert stranger.sign_in(email_of("officer")).status_code == 200


def test_nobody_switches_off_their_own_account(people: None, session: Session, signed_in: Any) -> None:
    user = session.scalars(select(User).where(User.email == email_of("administrator"))).one()
    answer = signed_in("administrator").post(f"/users/{user.id}/deactivate", follow_redirects=True)
    assert "Không ai tự khoá tài khoản của mình." in answer.text


def test_signing_out_ends_the_session(signed_in: Any) -> None:
    browser = signed_in("officer")
    browser.post("/logout")
    assert browser.get("/campaigns/").status_code == 302


def test_signing_in_leads_on_only_to_our_own_pages(people: None, app: Flask) -> None:
    for wanted, reached in (("/campaigns/", "/campaigns/"), ("https://evil.example/", "/"), ("//evil.example", "/")):
        browser = Browser(app.test_client())
        token = browser.token(f"/login?next={wanted}")
        answer = browser.client.post(
            f"/login?next={wanted}",
            data={"csrf_token": token, "email": email_of("officer"), "password": PASSWORD, "next": wanted},
        )
        assert "evil" not in answer.headers.get("Location", ""), wanted
        assert answer.status_code != 302 or answer.headers["Location"].endswith(reached)


def test_a_form_without_its_token_does_nothing(signed_in: Any) -> None:
    browser = signed_in("officer")
    for path in ("/optouts/add", "/campaigns/new", "/language", "/logout", "/account/password"):
        answer = browser.client.post(path, data={"csrf_token": "made up", "language": "en"})
        assert answer.status_code == 400, path
    assert browser.get("/").status_code == 200
    assert '<html lang="vi">' in browser.get("/").text


def test_the_editors_question_needs_the_token_too(signed_in: Any) -> None:
    answer = signed_in("officer").client.post("/templates/count", json={"marked": "x", "plain": "x"})
    assert answer.status_code == 400
    assert "error" in answer.json


@pytest.mark.parametrize("path", ["/login", "/healthz", "/static/console.css", "/no-such-page"])
def test_every_answer_carries_the_policy(stranger: Browser, path: str) -> None:
    headers = stranger.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_page_has_inline_code_or_style(signed_in: Any) -> None:
    for role, path in (
        ("officer", "/"),
        ("officer", "/campaigns/new"),
        ("officer", "/templates/new"),
        ("administrator", "/users/"),
    ):
        html = signed_in(role).get(path).text
        assert not re.search(r"\son\w+=|\sstyle=|javascript:|<style", html), path
        assert not re.findall(r"<script(?![^>]*\bsrc=\"/static/)", html), path
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", html), path


def test_pages_of_people_are_not_kept_by_browsers(signed_in: Any) -> None:
    assert "no-store" in signed_in("officer").get("/contacts/").headers["Cache-Control"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger: Browser) -> None:
    plain = stranger.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    secure = stranger.client.get("/login", base_url="https://localhost")
    assert "Secure" in secure.headers["Set-Cookie"]
    assert "max-age" in secure.headers["Strict-Transport-Security"]


def test_a_form_of_more_than_its_size_is_refused(stranger: Browser) -> None:
    token = stranger.token()
    answer = stranger.client.post("/login", data={"csrf_token": token, "email": "x" * 600_000})
    assert answer.status_code == 413


def test_the_secret_key_is_made_once_and_for_its_owner_only(loa_home: Path) -> None:
    settings = Settings(home=loa_home)  # type: ignore[call-arg]
    first = load_secret_key(settings)
    assert load_secret_key(settings) == first
    assert (loa_home / "secret_key").stat().st_mode & 0o777 == 0o600
    assert len(first) == 64


def test_a_new_password_ends_the_other_sessions(signed_in: Any, stranger: Browser) -> None:
    here, there = signed_in("officer"), signed_in("officer")
    new = "thuyen thung cam le 43"
    answer = here.post("/account/password", {"old": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 303
    assert here.get("/campaigns/").status_code == 200
    assert there.get("/campaigns/").status_code == 302
    assert stranger.sign_in(email_of("officer"), new).status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again", "complaint"),
    [
        ("wrong", "thuyen thung cam le 43", "thuyen thung cam le 43", "Mật khẩu hiện tại không đúng."),
        (PASSWORD, "thuyen thung cam le 43", "thuyen thung cam le", "Hai lần nhập không giống nhau."),
        (PASSWORD, "short", "short", "Mật khẩu cần từ 12 ký tự"),
        (PASSWORD, "aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "quá dễ đoán"),
        (PASSWORD, "officer-officer-1", "officer-officer-1", "quá dễ đoán"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_the_reason(
    signed_in: Any, old: str, new: str, again: str, complaint: str
) -> None:
    answer = signed_in("officer").post("/account/password", {"old": old, "new": new, "again": again})
    assert answer.status_code == 422
    assert complaint in answer.text


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"email": "no address", "role": ["analyst"]}, "không phải địa chỉ email"),
        ({"email": "moi@danang.example", "role": []}, "ít nhất một vai trò"),
        ({"email": "moi@danang.example", "role": ["king"]}, "ít nhất một vai trò"),
        ({"email": "officer@danang.example", "role": ["analyst"]}, "đã có tài khoản"),
    ],
)
def test_a_person_who_cannot_be_added_is_refused_at_the_field(
    signed_in: Any, data: dict[str, Any], complaint: str
) -> None:
    answer = signed_in("administrator").post("/users/invite", data)
    assert answer.status_code == 422
    assert complaint in answer.text


def _setup_link(home: Path, token: str = "one-time-token") -> str:
    (home / "setup_token").write_text(hashlib.sha256(token.encode()).hexdigest())
    return f"/setup/{token}"


def test_the_one_time_link_makes_one_administrator(stranger: Browser, loa_home: Path) -> None:
    link = _setup_link(loa_home)
    form = {"email": "First@DaNang.example", "new": PASSWORD, "again": PASSWORD}
    assert stranger.post(link, form, page=link).status_code == 303
    assert stranger.sign_in("first@danang.example").status_code == 302
    assert stranger.get("/users/").status_code == 200
    _setup_link(loa_home)
    assert stranger.get(link).status_code == 404


def test_a_wrong_or_missing_link_is_no_page(stranger: Browser, loa_home: Path) -> None:
    assert stranger.get("/setup/one-time-token").status_code == 404
    _setup_link(loa_home)
    assert stranger.get("/setup/guessed").status_code == 404
    assert stranger.post("/setup/guessed", {"email": "x@y.vn"}, page="/login").status_code == 404

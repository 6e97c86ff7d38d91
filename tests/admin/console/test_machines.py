"""Addresses for machines: health and figures."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from admin.console import create_app
from admin.console.lockout import LOCK_AFTER_FROM_ONE_ADDRESS
from config.keys import Keyring
from config.settings import Settings
from tests.admin.console.conftest import Browser, email_of
from tests.factories import make_campaign, make_gateway


def test_healthz_says_that_all_is_well(stranger: Browser) -> None:
    answer = stranger.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {"database": "ok", "redis": "ok"}


def test_healthz_names_what_is_down(database_url: str, loa_home: Any, keyring: Keyring) -> None:
    settings = Settings(home=loa_home, keyring=keyring.to_json())  # type: ignore[arg-type]
    app = create_app(settings, database_url=database_url, redis_url="redis://127.0.0.1:1/0")
    answer = app.test_client().get("/healthz")
    app.extensions["loa"].database.close()
    assert answer.status_code == 503
    assert answer.json == {"database": "ok", "redis": "down"}


def test_without_redis_nobody_comes_in_and_the_reason_is_told(
    database_url: str, loa_home: Any, keyring: Keyring
) -> None:
    settings = Settings(home=loa_home, keyring=keyring.to_json())  # type: ignore[arg-type]
    app = create_app(settings, database_url=database_url, redis_url="redis://127.0.0.1:1/0")
    answer = Browser(app.test_client()).sign_in("officer@danang.example")
    app.extensions["loa"].database.close()
    assert "Redis không trả lời" in answer.text


def test_figures_count_campaigns_and_sessions(stranger: Browser, session: Session, keyring: Keyring) -> None:
    make_campaign(session, state="running")
    make_gateway(session, keyring, name="viettel")
    session.commit()
    figures = stranger.get("/metrics").text
    assert 'loa_campaigns{state="running"} 1.0' in figures
    assert 'loa_gateway_bound{gateway="viettel"} 0.0' in figures
    assert 'loa_messages{state="delivered"} 0.0' in figures


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [("127.0.0.1", None, 200), ("::1", None, 200), ("10.0.0.5", None, 404), ("127.0.0.1", "10.0.0.5", 404)],
)
def test_figures_are_for_this_machine_only(app: Flask, address: str, forwarded: str | None, status: int) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    answer = app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers)
    assert answer.status_code == status


def test_an_address_that_tries_many_accounts_is_locked_and_its_neighbours_are_not(people: None, app: Flask) -> None:
    def knock(address: str, email: str, password: str) -> str:
        browser = Browser(app.test_client())
        token = browser.token()
        return browser.client.post(
            "/login",
            data={"csrf_token": token, "email": email, "password": password},
            headers={"X-Forwarded-For": f"1.2.3.4, {address}"},
            follow_redirects=True,
        ).text

    for n in range(LOCK_AFTER_FROM_ONE_ADDRESS):
        knock("10.0.0.5", f"nobody-{n}@danang.example", "wrong password")
    assert "Sai quá nhiều lần" in knock("10.0.0.5", email_of("officer"), "wrong password")
    assert "Email hoặc mật khẩu không đúng" in knock("10.0.0.6", email_of("officer"), "wrong password")


def test_a_database_that_is_gone_is_told_and_not_a_bare_error(
    signed_in: Any, app: Flask, redis_url: str, loa_home: Any, keyring: Keyring
) -> None:
    cookie = signed_in("officer").client.get_cookie("loa")
    key = app.config["SECRET_KEY"]
    settings = Settings(home=loa_home, keyring=keyring.to_json(), secret_key=key)  # type: ignore[arg-type]
    gone = create_app(settings, database_url="postgresql://nobody@127.0.0.1:1/gone", redis_url=redis_url)
    client = gone.test_client()
    client.set_cookie("loa", cookie.value)
    answer = client.get("/campaigns/")
    assert answer.status_code == 500
    assert "Có lỗi ngoài ý muốn" in answer.text
    assert "Traceback" not in answer.text
    assert "script-src" in answer.headers["Content-Security-Policy"]

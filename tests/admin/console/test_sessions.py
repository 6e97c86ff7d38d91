"""Sessions stand on the server: listed, ended, and over by themselves."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from admin.console.devices import describe
from admin.console.lockout import LOCK_AFTER
from campaigns.models import SignedIn, User
from tests.admin.console.conftest import Browser, email_of


def _sessions_of(session: Session, role: str) -> list[SignedIn]:
    session.expire_all()
    owner = select(User.id).where(User.email == email_of(role)).scalar_subquery()
    return list(session.scalars(select(SignedIn).where(SignedIn.user_id == owner).order_by(SignedIn.id)))


def test_a_person_sees_where_they_are_signed_in_and_ends_one(signed_in: Any, session: Session) -> None:
    here, there = signed_in("officer"), signed_in("officer")
    page = here.get("/account/sessions").text
    assert page.count("Phiên này") == 1
    (other,) = re.findall(r"/account/sessions/(\d+)/end\"", page)
    assert here.post(f"/account/sessions/{other}/end").status_code == 303
    assert there.get("/campaigns/").status_code == 302
    assert here.get("/campaigns/").status_code == 200


def test_all_others_end_at_once(signed_in: Any) -> None:
    here, *others = (signed_in("officer") for _ in range(3))
    assert "Đã kết thúc 2 phiên" in here.post("/account/sessions/end-others", follow_redirects=True).text
    assert [browser.get("/").status_code for browser in (here, *others)] == [200, 302, 302]


def test_nobody_ends_a_session_of_somebody_else(signed_in: Any, session: Session) -> None:
    officer, analyst = signed_in("officer"), signed_in("analyst")
    theirs = _sessions_of(session, "officer")[0]
    assert "Đã kết thúc 0 phiên" in analyst.post(f"/account/sessions/{theirs.id}/end", follow_redirects=True).text
    assert officer.get("/").status_code == 200


def test_an_administrator_ends_all_sessions_of_a_person(signed_in: Any, session: Session) -> None:
    officer, administrator = signed_in("officer"), signed_in("administrator")
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    assert "Phiên đăng nhập" in administrator.get(f"/users/{user.id}/").text
    administrator.post(f"/users/{user.id}/end-sessions")
    assert officer.get("/").status_code == 302
    assert administrator.get("/").status_code == 200


def test_signing_out_is_written_down(signed_in: Any, session: Session) -> None:
    browser = signed_in("officer")
    browser.post("/logout")
    assert _sessions_of(session, "officer")[0].ended_at is not None


def test_a_cookie_kept_from_before_signing_out_opens_nothing(signed_in: Any) -> None:
    browser = signed_in("officer")
    kept = browser.client.get_cookie("loa")
    browser.post("/logout")
    browser.client.set_cookie("loa", kept.value)
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize(("column", "minutes"), [("seen_at", 61), ("began_at", 12 * 60 + 1)])
def test_a_session_is_over_after_idleness_and_in_any_case_after_its_life(
    signed_in: Any, session: Session, column: str, minutes: int
) -> None:
    browser = signed_in("officer")
    session.execute(update(SignedIn).values({column: func.now() - timedelta(minutes=minutes)}))
    session.commit()
    assert browser.get("/").status_code == 302


def test_figures_that_ask_by_themselves_keep_nobody_signed_in(signed_in: Any, session: Session) -> None:
    browser = signed_in("officer")
    long_ago = func.now() - timedelta(minutes=30)
    session.execute(update(SignedIn).values(seen_at=long_ago))
    session.commit()
    before = _sessions_of(session, "officer")[0].seen_at
    browser.get("/campaigns/", headers={"X-Requested-With": "fetch"})
    assert _sessions_of(session, "officer")[0].seen_at == before
    browser.get("/campaigns/")
    assert _sessions_of(session, "officer")[0].seen_at > before


def test_a_lock_is_shown_to_an_administrator_who_opens_it(
    app: Flask, signed_in: Any, session: Session, stranger: Browser
) -> None:
    for _ in range(LOCK_AFTER):
        stranger.sign_in(email_of("officer"), "wrong password")
    administrator = signed_in("administrator")
    assert administrator.get("/users/").text.count("Tạm khoá đăng nhập") == 1
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    assert "tự mở sau" in administrator.get(f"/users/{user.id}/").text
    administrator.post(f"/users/{user.id}/unlock")
    assert stranger.sign_in(email_of("officer")).status_code == 302


WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (WINDOWS, "Chrome, Windows"),
        (WINDOWS + " Edg/126.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari, iPhone"),
        ("curl/8.5", "Trình duyệt khác"),
        ("", "Trình duyệt khác"),
    ],
)
def test_a_device_is_named_in_words_people_know(agent: str, said: str) -> None:
    assert describe(agent) == said

"""Links in the console and as citizens open them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from admin.console.views.citizen import MISSES
from campaigns.content.shortlinks import Code, make_code
from campaigns.links.register import close_link, make_link
from campaigns.models import Link
from config.keys import Keyring
from config.settings import Settings, get_settings
from tests.admin.console.conftest import Browser
from tests.factories import OFFICER, ward_id

TARGET = "https://dichvucong.danang.gov.vn/bay-cach?x=1"
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 13) Chrome/120 Mobile Safari/537.36"}


@pytest.fixture
def app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """With a public address."""
    monkeypatch.setenv("LOA_PUBLIC_URL", "https://loa.danang.gov.vn")
    get_settings.cache_clear()
    console = app.extensions["loa"]
    changed = console.settings.model_copy(update={"public_url": "https://loa.danang.gov.vn"})
    assert isinstance(changed, Settings)
    object.__setattr__(console, "settings", changed)
    yield app
    get_settings.cache_clear()


@pytest.fixture
def link(session: Session) -> Link:
    made = make_link(session, OFFICER, name="bay-cach", title="Bảy <cách>", target=TARGET)
    session.commit()
    return made


def visits(session: Session) -> list[tuple[int, int, int]]:
    session.rollback()
    return [tuple(row) for row in session.execute(text("SELECT ward_id, visits, machines FROM link_visit ORDER BY 1"))]


def test_a_code_leads_on_and_is_counted_by_ward_without_a_cookie(
    stranger: Browser, session: Session, keyring: Keyring, link: Link
) -> None:
    path = "/l/" + make_code(keyring, Code("poster", link.id, 5))
    answer = stranger.get(path, headers=PHONE)
    assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    stranger.client.head(path, headers=PHONE)
    stranger.get(path, headers={"User-Agent": "Slackbot-LinkExpanding 1.0"})
    stranger.get(path + "?next=https://evil.example", headers=PHONE)
    assert visits(session) == [(5, 2, 1)]


def test_one_address_that_opens_without_end_counts_as_a_machine(
    stranger: Browser, session: Session, keyring: Keyring, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.console.views.citizen.VISITS", 3)
    path = "/l/" + make_code(keyring, Code("poster", link.id, 0))
    for _ in range(5):
        assert stranger.get(path, headers={**PHONE, "X-Forwarded-For": "203.0.113.9"}).status_code == 302
    assert visits(session) == [(0, 3, 2)]


@pytest.mark.parametrize(("language", "words"), [("vi", "không còn dùng"), ("en", "no longer in use")])
def test_a_closed_or_made_up_code_gets_a_calm_page(
    stranger: Browser, session: Session, keyring: Keyring, link: Link, language: str, words: str
) -> None:
    close_link(session, OFFICER, link.id)
    session.commit()
    for code, status in ((make_code(keyring, Code("poster", link.id, 0)), 410), ("AAAAAAAAA", 404), ("..", 404)):
        answer = stranger.get(f"/l/{code}?lang={language}", headers=PHONE)
        assert answer.status_code == status
        assert status == 404 or words in answer.text
    assert visits(session) == []


def test_who_guesses_codes_is_stopped(stranger: Browser, link: Link) -> None:
    guess = {**PHONE, "X-Forwarded-For": "203.0.113.10"}
    for number in range(MISSES):
        assert stranger.get(f"/l/AAAAAAA{number:02}", headers=guess).status_code == 404
    assert stranger.get("/l/AAAAAAAAA", headers=guess).status_code == 429


def test_the_code_of_a_poster_can_be_asked_about(stranger: Browser, keyring: Keyring, link: Link) -> None:
    code = make_code(keyring, Code("poster", link.id, 0))
    page = stranger.client.post("/kiem-tra", data={"text": code}).text
    assert "của áp phích do thành phố phát hành" in page
    assert "Bảy &lt;cách&gt;" in page
    assert "không phải của thành phố" in stranger.client.post("/kiem-tra", data={"text": "AAAAAAAAA"}).text


def test_an_officer_makes_a_link_with_its_codes_and_closes_it(signed_in: Any, session: Session) -> None:
    browser = signed_in("officer")
    wrong = browser.post(
        "/links/add", {"title": "Bảy cách", "name": "bay-cach", "target": "https://evil.example"}, page="/links/add"
    )
    assert wrong.status_code == 422
    assert "Không được dẫn tới “evil.example”" in wrong.text
    assert 'value="Bảy cách"' in wrong.text
    made = browser.post(
        "/links/add",
        {"title": "Bảy cách", "name": "bay-cach", "target": TARGET, "ends": "2120-01-31"},
        page="/links/add",
        follow_redirects=True,
    )
    assert "Bảy cách" in made.text
    assert "31/01/2120 23:59" in made.text
    number, ward = session.execute(text("SELECT id FROM link")).scalar_one(), ward_id(session)
    assert "Phường Hòa Hiệp Bắc" in browser.get(f"/links/{number}/?ward={ward}").text
    for name, kind in (("qr.svg", "image/svg+xml"), ("qr.png", "image/png"), ("poster.pdf", "application/pdf")):
        one, other = browser.get(f"/links/{number}/{name}"), browser.get(f"/links/{number}/{name}?ward={ward}&save=1")
        assert one.mimetype == kind
        assert one.data != other.data
        assert "attachment" in other.headers["Content-Disposition"]
    assert browser.get(f"/links/{number}/qr.svg?ward=999999").status_code == 404
    closed = browser.post(f"/links/{number}/close", page=f"/links/{number}/", follow_redirects=True)
    assert "Đã đóng" in closed.text


def test_visits_stand_beside_what_was_delivered_and_leave_as_a_table(
    signed_in: Any, session: Session, link: Link
) -> None:
    session.execute(
        text("INSERT INTO link_visit (link_id, campaign_id, ward_id, day, visits) VALUES (:l, 0, :w, '2026-01-01', 7)"),
        {"l": link.id, "w": ward_id(session)},
    )
    session.commit()
    browser = signed_in("analyst")
    page = browser.get(f"/links/{link.id}/").text
    assert "Phường Hòa Hiệp Bắc" in page
    assert ">7</td>" in page
    sheet = browser.get(f"/links/{link.id}/visits.csv").text
    assert "20194,Phường Hòa Hiệp Bắc,Quận Liên Chiểu,0,0,7" in sheet
    assert session.execute(text("SELECT count(*) FROM audit WHERE action = 'link.exported'")).scalar_one() == 1


def test_an_administrator_keeps_the_list_of_hosts(signed_in: Any) -> None:
    browser = signed_in("administrator")
    refused = browser.post("/links/hosts", {"host": "10.0.0.1", "reason": "x"}, page="/links/hosts")
    assert refused.status_code == 422
    assert "không phải tên miền" in refused.text
    kept = browser.post(
        "/links/hosts", {"host": "vneid.example", "reason": "hướng dẫn"}, page="/links/hosts", follow_redirects=True
    )
    assert "vneid.example" in kept.text
    gone = browser.post("/links/hosts/remove", {"host": "vneid.example"}, page="/links/hosts", follow_redirects=True)
    assert "Đã bỏ tên miền" in gone.text
    assert "Cho phép thêm" not in signed_in("analyst").get("/links/hosts").text

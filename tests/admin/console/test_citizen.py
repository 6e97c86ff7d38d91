"""The page behind the link of a message: anybody's telephone, no session, and nothing happens by looking."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from admin.console.app import create_app
from admin.console.views import citizen as page
from campaigns.access import SYSTEM
from campaigns.content.files import templates_folder
from campaigns.content.links import make_token
from campaigns.content.sync import sync_templates
from campaigns.delivery.planner import plan_campaign
from campaigns.models import Contact, OptOut
from campaigns.optouts.register import add_optout
from campaigns.store.database import Database
from config.keys import Keyring
from tests.factories import OFFICER, make_campaign, make_contact, make_gateway

NUMBER = b"84905123456"


@pytest.fixture
def person(session: Session, database: Database, keyring: Keyring) -> Contact:
    """Somebody who got a message about residence today."""
    sync_templates(session, templates_folder(), SYSTEM)
    make_gateway(session, keyring)
    contact = make_contact(session, keyring, phone=NUMBER)
    campaign = make_campaign(session, state="scheduled")
    session.commit()
    plan_campaign(database, campaign.id)
    session.execute(text("UPDATE batch SET started_at = now()"))
    session.commit()
    return contact


@pytest.fixture
def link(person: Contact, keyring: Keyring) -> str:
    return "/o/" + make_token(keyring, person.id)


@pytest.fixture
def phone(app: Flask) -> FlaskClient:
    """A telephone's browser."""
    return app.test_client()


def refusals(session: Session) -> list[OptOut]:
    session.rollback()
    return list(session.scalars(select(OptOut).order_by(OptOut.id)).all())


def refuse(phone: FlaskClient, link: str, scope: str = "all", **more: Any) -> TestResponse:
    return phone.post(link, data={"wish": "refuse", "scope": scope}, **more)


def confirmations(session: Session) -> int:
    session.rollback()
    return session.execute(
        text("SELECT count(*) FROM message m JOIN campaign c ON c.id = m.campaign_id WHERE c.standing IS NOT NULL")
    ).scalar_one()


def test_looking_changes_nothing_whoever_looks(phone: FlaskClient, link: str, session: Session) -> None:
    for agent in ("Mozilla/5.0", "facebookexternalhit/1.1", "Zalo", "TelegramBot (like TwitterBot)", ""):
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            answer = phone.open(link, method=method, headers={"User-Agent": agent})
            assert answer.status_code == 200
    assert phone.get(link + "?wish=refuse&scope=all").status_code == 200, "not by the address either"
    assert refusals(session) == []


def test_the_button_refuses_everything_and_confirms_once(phone: FlaskClient, link: str, session: Session) -> None:
    for _ in range(2):
        answer = refuse(phone, link)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith(link)
    [row] = refusals(session)
    assert (row.topic, row.source, row.created_by, row.ended_at) == (None, "web", "citizen", None)
    assert "mọi tin" in row.evidence
    assert link[3:] not in row.evidence, "the token is a key and is kept nowhere"
    assert confirmations(session) == 1
    shown = phone.get(link).text
    assert "<h1>Số này đã ngừng nhận tin</h1>" in shown
    assert 'name="wish" value="refuse"' not in shown


def test_one_topic_can_be_refused_and_then_the_rest(phone: FlaskClient, link: str, session: Session) -> None:
    assert "Chỉ tin về “Cư trú, thay sổ hộ khẩu”" in phone.get(link).text
    refuse(phone, link, "topic")
    assert [row.topic for row in refusals(session)] == ["cu-tru"]
    shown = phone.get(link).text
    assert "Đã ngừng tin về “Cư trú, thay sổ hộ khẩu” từ" in shown
    assert 'value="topic"' not in shown
    refuse(phone, link)
    assert [row.topic for row in refusals(session)] == ["cu-tru", None]
    assert confirmations(session) == 2
    said = session.execute(text("SELECT \"values\" ->> 'chu_de' FROM campaign WHERE standing IS NOT NULL ORDER BY id"))
    assert list(said.scalars()) == ["Cư trú, thay sổ hộ khẩu", ""]


def test_coming_back_by_the_link_needs_the_statement(phone: FlaskClient, link: str, session: Session) -> None:
    refuse(phone, link)
    assert phone.post(link, data={"wish": "return"}).status_code == 422
    assert refusals(session)[0].ended_at is None
    assert phone.post(link, data={"wish": "return", "statement": "yes"}).status_code == 303
    [row] = refusals(session)
    assert row.ended_at is not None
    assert "Tôi là người dùng số này" in str(row.ended_evidence)
    assert confirmations(session) == 2
    assert 'value="refuse"' in phone.get(link).text


def test_what_was_refused_by_other_ways_is_not_taken_back_by_the_link(
    phone: FlaskClient, link: str, session: Session, keyring: Keyring
) -> None:
    add_optout(session, keyring, OFFICER, NUMBER.decode(), source="hotline", evidence="gọi 1022")
    session.commit()
    shown = phone.get(link).text
    assert "soạn DK" in shown
    assert 'value="return"' not in shown
    answer = phone.post(link, data={"wish": "return", "statement": "yes"})
    assert answer.status_code == 422
    assert "1022" in answer.text
    assert refusals(session)[0].ended_at is None


@pytest.mark.parametrize(
    "data", [{}, {"wish": "refuse"}, {"wish": "refuse", "scope": "x"}, {"wish": "x"}, {"scope": "all"}]
)
def test_an_unclear_form_is_told_so(phone: FlaskClient, link: str, session: Session, data: dict[str, str]) -> None:
    answer = phone.post(link, data=data)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert refusals(session) == []


def test_unknown_old_and_erased_links_are_answered_alike(
    phone: FlaskClient, link: str, person: Contact, session: Session, keyring: Keyring
) -> None:
    stranger = make_contact(session, keyring)
    session.commit()
    made_up = phone.get("/o/123456789")
    assert made_up.status_code == 404
    never = phone.get("/o/" + make_token(keyring, stranger.id))
    session.execute(text("UPDATE batch SET started_at = now() - interval '366 days'"))
    session.commit()
    old = phone.get(link)
    session.execute(text("UPDATE batch SET started_at = now()"))
    session.execute(text("UPDATE contact SET phone_cipher = NULL, unusable = 'erased'"))
    session.commit()
    erased, sent = phone.get(link), refuse(phone, link)
    assert {answer.status_code for answer in (never, old, erased, sent)} == {404}
    assert {answer.text for answer in (never, old, erased, sent)} == {made_up.text}
    assert {tuple(answer.headers) for answer in (never, old, erased)} == {tuple(made_up.headers)}
    assert refusals(session) == []


def test_no_number_no_cookie_no_script_and_nothing_for_search_engines(phone: FlaskClient, link: str) -> None:
    answers = [phone.get(link), refuse(phone, link), phone.get(link), phone.get("/o/nobody999"), phone.post(link)]
    for answer in answers:
        assert not answer.headers.getlist("Set-Cookie")
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy + answer.text
        assert "unsafe" not in policy
        assert "no-store" in answer.headers["Cache-Control"]
        assert not re.search(r"\son\w+=|\sstyle=|905[ .]?123|84905", answer.text)
    assert "09•• ••• 456" in answers[0].text
    assert "kết thúc bằng 4 5 6" in answers[0].text, "bullets say nothing to who listens"


@pytest.mark.parametrize(
    ("accepts", "query", "language"),
    [
        ("", "", "vi"),
        ("en-GB,en;q=0.9", "", "en"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "", "vi"),
        ("fr", "", "vi"),
        ("en", "?lang=vi", "vi"),
        ("vi", "?lang=en", "en"),
        ("en", "?lang=xx", "en"),
    ],
)
def test_the_page_speaks_the_browsers_language_unless_asked_for_the_other(
    phone: FlaskClient, link: str, accepts: str, query: str, language: str
) -> None:
    answer = phone.get(link + query, headers={"Accept-Language": accepts})
    assert f'<html lang="{language}">' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    assert len(re.findall("<h1", answer.text)) == 1
    assert refuse(phone, link + query, headers={"Accept-Language": accepts}).headers["Location"].endswith(language)


def test_guessing_is_slow_and_stops_nobody_elsewhere(
    phone: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MISSES", 3)
    here = {"X-Forwarded-For": "203.0.113.9"}
    assert [phone.get(f"/o/guess000{n}", headers=here).status_code for n in range(5)] == [404, 404, 404, 429, 429]
    busy = phone.get(link, headers=here)
    assert busy.status_code == 429, "else the limit would tell a hit from a miss"
    assert "1022" in busy.text
    assert int(busy.headers["Retry-After"]) > 0
    assert phone.get(link, headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 200
    for n in range(3):
        phone.get("/o/guess0009", headers={"X-Forwarded-For": f"2001:db8:1:2::{n}"})
    assert phone.get(link, headers={"X-Forwarded-For": "2001:db8:1:2:ffff::9"}).status_code == 429, "one /64 is one"
    assert phone.get(link, headers={"X-Forwarded-For": "2001:db8:1:3::9"}).status_code == 200


def test_real_links_are_never_counted_against_an_address_that_thousands_share(
    phone: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MISSES", 1)
    here = {"X-Forwarded-For": "203.0.113.11"}
    assert {phone.get(link, headers=here).status_code for _ in range(5)} == {200}


def test_one_link_cannot_be_pressed_for_ever(
    phone: FlaskClient, link: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ACTS", 4)
    for _ in range(2):
        refuse(phone, link)
        phone.post(link, data={"wish": "return", "statement": "yes"})
    assert refuse(phone, link).status_code == 429
    assert len(refusals(session)) == 2


def test_a_refusal_is_taken_also_while_redis_is_away(
    app: Flask, database_url: str, link: str, session: Session
) -> None:
    lonely = create_app(app.extensions["loa"].settings, database_url=database_url, redis_url="redis://127.0.0.1:1/0")
    try:
        assert refuse(lonely.test_client(), link).status_code == 303
    finally:
        lonely.extensions["loa"].database.close()
    assert len(refusals(session)) == 1


def test_anybody_can_ask_whether_a_message_is_the_citys(
    phone: FlaskClient, link: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert phone.get("/kiem-tra").status_code == 200
    body = "Thong bao tu phuong."
    assert body in session.execute(text("SELECT body_plain FROM template_version")).scalars().all()
    session.execute(
        text("UPDATE template_version SET body_plain = body_plain || ' Hoi dap: 1022' WHERE body_plain = :body"),
        {"body": body},
    )
    session.commit()
    body += " Hoi dap: 1022"
    short = phone.post("/kiem-tra", data={"text": "1022"})
    assert short.status_code == 422
    assert "Đúng, đây là tin" not in short.text
    good = phone.post("/kiem-tra", data={"text": "THÔNG BÁO từ phường.\nHỏi đáp: 1022 "})
    assert "Đúng, đây là tin của thành phố." in good.text
    assert "UBND thành phố Đà Nẵng" in good.text
    bad = phone.post("/kiem-tra?lang=en", data={"text": body + " <script>alert(1)</script> bam vao day"})
    assert "not among the messages" in bad.text
    assert "<script>alert" not in bad.text
    for answer in (short, good, bad):
        assert not answer.headers.getlist("Set-Cookie")
        assert "09••" not in answer.text
    monkeypatch.setattr(page, "CHECKS", 2)
    here = {"X-Forwarded-For": "203.0.113.20"}
    codes = [phone.post("/kiem-tra", data={"text": "x" * 30}, headers=here).status_code for _ in range(4)]
    assert codes == [200, 200, 429, 429]

"""Consents, the do-not-call list and sender names in the console."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.advertising.consents import add_consent, parse_day, terms
from campaigns.audience.jobs import run_import
from campaigns.models import Consent, ImportJob, SenderName
from campaigns.store.campaigns import city_today
from campaigns.store.database import Database
from config.keys import Keyring
from tests.admin.console.conftest import Browser
from tests.factories import OFFICER, make_campaign, make_contact, make_template, next_phone

PROOF = {"given": "2026-03-01", "how": "paper", "wording": "Nhận tin hội chợ", "evidence": "phiếu 12", "topic": ""}


@pytest.fixture
def officer(signed_in: Any) -> Browser:
    """An officer's browser."""
    browser: Browser = signed_in("officer")
    return browser


def national(number: bytes) -> str:
    return "0" + number.decode()[2:]


def test_a_consent_is_written_down_found_by_number_and_ended(
    officer: Browser, session: Session, keyring: Keyring
) -> None:
    number, other = next_phone(), next_phone()
    person = make_contact(session, keyring, phone=number)
    session.commit()
    for phone in (number, other):
        answer = officer.post("/consents/add", {"phone": national(phone), **PROOF, "per_day": "2"})
        assert answer.status_code == 303, answer.text
    found = officer.get("/consents/", query_string={"search": national(number)}).text
    assert found.count("phiếu 12") == 1
    assert national(number)[:2] + "•• •••" in found
    assert "tối đa 2 tin/ngày" in found
    page = officer.get(f"/contacts/{person.id}/").text
    assert "Phiếu giấy: “Nhận tin hội chợ”; phiếu 12" in page
    assert officer.post("/consents/end", {"phone": national(number), "evidence": "gọi 1022"}).status_code == 303
    assert "gọi 1022" in officer.get("/consents/?standing=no").text
    again = officer.post("/consents/end", {"phone": national(number), "evidence": "x"})
    assert (again.status_code, "không có sự đồng ý" in again.text) == (422, True)


def test_a_refused_form_names_its_field_and_loses_nothing(officer: Browser, session: Session) -> None:
    for wrong, field in (
        ({"phone": "123"}, "phone"),
        ({"given": ""}, "given"),
        ({"given": "2999-01-01"}, "given"),
        ({"wording": ""}, "wording"),
        ({"evidence": " "}, "evidence"),
        ({"per_day": "nhiều"}, "per_day"),
        ({"per_day": "0"}, "per_day"),
        ({"how": "x"}, "how"),
        ({"topic": "noi-bo"}, "topic"),
    ):
        answer = officer.post("/consents/add", {"phone": "0905123456", **PROOF, "evidence": "phiếu 77", **wrong})
        assert answer.status_code == 422, wrong
        assert f'id="e-{field}"' in answer.text, wrong
        assert wrong.get("evidence", "phiếu 77") in answer.text, wrong
    assert session.scalars(select(Consent)).all() == []


def upload(browser: Browser, rows: str, **more: str) -> Any:
    data = {"list": (io.BytesIO(rows.encode()), "dnc.csv"), "how": "whole", **more}
    return browser.post("/do-not-call/upload", data, content_type="multipart/form-data")


def test_the_list_is_uploaded_read_and_asked(
    officer: Browser, app: Flask, session: Session, database: Database, keyring: Keyring
) -> None:
    assert "Chưa có danh sách" in officer.get("/do-not-call/").text
    today = city_today(session)
    issued = (today - timedelta(days=8)).isoformat()
    assert upload(officer, "sdt\n0905000001\n0905\n", issued=issued).status_code == 303
    job = session.scalars(select(ImportJob)).one()
    assert (job.kind, job.state) == ("do-not-call", "waiting")
    assert "Đang chờ tới lượt đọc" in officer.get("/do-not-call/").text
    assert "dnc.csv" not in officer.get("/contacts/import").text
    assert officer.get(f"/contacts/import/{job.id}/").status_code == 404
    assert run_import(database, keyring, app.extensions["loa"].settings.home, job.id)
    progress = officer.get(f"/do-not-call/import/{job.id}/progress")
    assert progress.headers["X-Finished"] == "1"
    page = officer.get("/do-not-call/").text
    assert "Hãy lấy danh sách mới" in page
    assert "dnc.csv" in page
    asked = officer.post("/do-not-call/check", {"phone": "0905000001"})
    assert "có trong danh sách từ" in asked.text
    assert "không có trong danh sách" in officer.post("/do-not-call/check", {"phone": "0905000002"}).text
    assert officer.post("/do-not-call/check", {"phone": "12"}).status_code == 422


def test_a_list_that_cannot_be_one_says_why_and_changes_nothing(
    officer: Browser, app: Flask, session: Session, database: Database, keyring: Keyring
) -> None:
    today = city_today(session)
    for rows, issued, words in (
        ("sdt\n0905000001\n", "", "Hãy ghi ngày"),
        ("sdt\n0905000001\n", "2999-01-01", "chưa tới"),
        ("%PDF-1.4", today.isoformat(), "PDF"),
    ):
        answer = upload(officer, rows, issued=issued)
        assert (answer.status_code, words in answer.text) == (422, True), answer.text
        assert issued in answer.text
    assert session.scalars(select(ImportJob)).all() == []
    upload(officer, "sdt\nabc\n", issued=today.isoformat())
    job = session.scalars(select(ImportJob)).one()
    assert run_import(database, keyring, app.extensions["loa"].settings.home, job.id)
    session.refresh(job)
    assert job.state == "failed"
    assert "không có số nào dùng được" in officer.get("/do-not-call/").text


def test_sender_names_are_listed_changed_and_removed(signed_in: Any, session: Session) -> None:
    operator = signed_in("operator")
    form = {"name": "UBND_TP", "owner": "UBND thành phố", "owner_kind": "authority", "carrier-viettel": "registered"}
    assert operator.post("/senders/save", form).status_code == 303
    assert operator.post("/senders/save", {**form, "name": "ubnd_tp", "expires": "2028-01-31"}).status_code == 303
    row = session.scalars(select(SenderName)).one()
    assert (row.name, row.carriers, str(row.expires_on)) == ("UBND_TP", {"viettel": "registered"}, "2028-01-31")
    assert 'value="UBND thành phố"' in operator.get("/senders/?name=UBND_TP").text
    for wrong in ({"name": "TÊN CÓ DẤU"}, {"name": "123456"}, {"owner": ""}, {"expires": "mai"}, {"owner_kind": "x"}):
        answer = operator.post("/senders/save", {**form, **wrong})
        assert (answer.status_code, 'class="errors"' in answer.text) == (422, True)
    assert "Thêm hoặc sửa" not in signed_in("officer").get("/senders/").text
    assert operator.post("/senders/remove", {"name": "UBND_TP"}).status_code == 303
    assert "Chưa có tên nào" in operator.get("/senders/").text


def test_the_campaign_says_what_its_class_asks_and_what_it_lacks(officer: Browser, session: Session) -> None:
    version = make_template(session, message_class="quang-cao", plain="[QC] Hoi cho")
    campaign = make_campaign(session, template=version, legal_basis="Kế hoạch 99/KH-UBND", sender="UBND_TP")
    session.commit()
    page = officer.get(f"/campaigns/{campaign.id}/").text
    for words in ("Kế hoạch 99/KH-UBND", "5656", "chỉ người đã đồng ý", "chưa có", "cách từ chối"):
        assert words in page, words


def test_a_person_on_no_list_has_no_section_for_advertising(
    officer: Browser, session: Session, keyring: Keyring
) -> None:
    person, agreeing = make_contact(session, keyring), make_contact(session, keyring)
    number = keyring.decrypt(agreeing.phone_cipher or b"").decode()
    proof = terms(given_at=parse_day("2026-01-01"), how="web", wording="x", evidence="x")
    add_consent(session, keyring, OFFICER, "+" + number, proof)
    session.commit()
    assert 'id="consents"' not in officer.get(f"/contacts/{person.id}/").text
    assert 'id="consents"' in officer.get(f"/contacts/{agreeing.id}/").text
    copied = officer.post(f"/contacts/{agreeing.id}/export", {"format": "json"}).json
    assert copied is not None
    assert copied["consents_to_advertising"][0]["how"] == "web"

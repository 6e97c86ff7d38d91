"""Campaigns in the console: made, submitted, approved by somebody else, never twice."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import Campaign
from config.keys import Keyring
from tests.admin.console.conftest import Browser, email_of
from tests.factories import make_campaign, make_contact, make_gateway, make_template


@pytest.fixture
def ready(session: Session, keyring: Keyring) -> None:
    """A text, two people and a gateway."""
    make_template(
        session,
        slug="ho-khau",
        marked="UBND {{ phuong }} mời ông/bà lúc {{ gio_bat_dau }}. Hỏi đáp: 1022",
        plain="UBND {{ phuong }} moi ong/ba luc {{ gio_bat_dau }}. Hoi dap: 1022",
    )
    make_contact(session, keyring, ward="20194")
    make_contact(session, keyring, ward="20227")
    make_gateway(session, keyring, name="viettel")
    session.commit()


FORM = {
    "name": "Bảy cách: Liên Chiểu",
    "template": "ho-khau",
    "variant": "plain",
    "value-gio_bat_dau": "7:30",
}


def create(browser: Browser) -> None:
    """Make a campaign for one district by the first two steps; its version is 2 then."""
    made = browser.post("/campaigns/new", {**FORM, "token": uuid4().hex})
    assert made.status_code == 303, made.text
    whom = {"whom": "areas", "edition": "2023", "district": ["490"], "version": "1"}
    assert browser.post(made.headers["Location"], whom).status_code == 303


def only(session: Session) -> Campaign:
    """The one campaign, as it is now."""
    session.expire_all()
    return session.scalars(select(Campaign)).one()


def step(browser: Browser, name: str, **values: Any) -> Any:
    """Take a step as the page offers it: with the version and hash that stand there."""
    page = browser.get("/campaigns/1/").text
    found = re.search(rf'action="/campaigns/1/{name}".*?</form>', page, re.DOTALL)
    assert found, f"the page does not offer {name}"
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[0]))
    return browser.client.post(f"/campaigns/1/{name}", data={**hidden, **values}, follow_redirects=True)


def approve(browser: Browser, **values: Any) -> Any:
    """Approve on the approver's page, with the class ticked and the number of the two people typed."""
    page = browser.get("/campaigns/1/approve").text
    form = re.search(r'<form method="post" class="narrow-form" novalidate>.*?</form>', page, re.DOTALL)
    assert form, "there is nothing to approve"
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    filled = {**hidden, "class": "thong-bao", "recipients": "1", **values}
    return browser.client.post("/campaigns/1/approve", data=filled, follow_redirects=True)


def test_a_campaign_goes_from_form_to_schedule_by_two_people(ready: None, signed_in: Any, session: Session) -> None:
    officer, approver = signed_in("officer"), signed_in("approver")
    create(officer)
    made = only(session)
    assert made.values == {"gio_bat_dau": "7:30"}
    assert made.audience["districts"] == ["490"]
    assert "Đã trình duyệt." in step(officer, "submit").text
    assert "Đã duyệt." in approve(approver).text
    assert "Đã lên lịch gửi." in step(officer, "schedule", when="now").text
    assert only(session).state == "scheduled"
    assert only(session).approved_by == email_of("approver")


def test_the_maker_is_not_offered_to_approve_and_cannot(ready: None, signed_in: Any, session: Session) -> None:
    from admin.console.accounts import hash_password
    from tests.admin.console.conftest import PASSWORD
    from tests.factories import make_user

    make_user(session, email="both@danang.example", roles=("officer", "approver"), password=hash_password(PASSWORD))
    session.commit()
    both = signed_in("officer")
    both.post("/logout")
    both.sign_in("both@danang.example")
    create(both)
    step(both, "submit")
    page = both.get("/campaigns/1/").text
    assert "/campaigns/1/approve" not in page
    assert "cần người thứ hai" in page
    form = {"version": "3", "seen": "00", "class": "thong-bao", "recipients": "1"}
    answer = both.post("/campaigns/1/approve", form, follow_redirects=True)
    assert "không tự duyệt được" in answer.text
    assert only(session).state == "submitted"


def test_a_double_click_takes_a_step_once(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    create(officer)
    seen = {"version": "2"}
    first = officer.post("/campaigns/1/submit", seen, follow_redirects=True)
    second = officer.post("/campaigns/1/submit", seen, follow_redirects=True)
    assert "Đã trình duyệt." in first.text
    assert "Chiến dịch đã thay đổi từ khi trang này được mở" in second.text
    assert only(session).version == 3


def test_a_step_without_its_version_is_no_step(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    create(officer)
    for version in ("", "x", "-1"):
        assert officer.post("/campaigns/1/submit", {"version": version}).status_code == 400
    assert only(session).state == "draft"


def test_an_approver_who_saw_another_content_is_stopped(ready: None, signed_in: Any, session: Session) -> None:
    officer, approver = signed_in("officer"), signed_in("approver")
    create(officer)
    step(officer, "submit")
    answer = approve(approver, seen="ab" * 32)
    assert "Nội dung đã khác với bản bạn vừa xem" in answer.text
    assert only(session).state == "submitted"


def test_a_rejection_needs_a_reason_and_leads_back_to_the_maker(ready: None, signed_in: Any, session: Session) -> None:
    officer, approver = signed_in("officer"), signed_in("approver")
    create(officer)
    step(officer, "submit")
    assert "Hãy ghi lý do." in step(approver, "reject", reason=" ").text
    assert "Đã trả lại người soạn." in step(approver, "reject", reason="Thiếu số 1022").text
    assert "Thiếu số 1022" in officer.get("/").text
    assert only(session).state == "draft"


def test_the_waterfall_adds_up(ready: None, signed_in: Any, session: Session, keyring: Keyring) -> None:
    make_contact(session, keyring, ward="20194", unusable="dead")
    session.commit()
    officer = signed_in("officer")
    create(officer)
    text = re.sub(r"<[^>]+>", " ", officer.get("/campaigns/1/waterfall").text)
    assert re.search(r"Có trong danh bạ\s+2\b", text)
    assert re.search(r"Sẽ gửi\s+1\b", text)


@pytest.mark.parametrize(
    "state", ["draft", "submitted", "approved", "scheduled", "running", "paused", "finished", "cancelled"]
)
@pytest.mark.parametrize("role", ["officer", "approver", "analyst", "operator"])
def test_a_campaign_shows_in_every_state_to_every_role(signed_in: Any, session: Session, state: str, role: str) -> None:
    make_campaign(session, state=state, scheduled_for=datetime.now(UTC) + timedelta(hours=1))
    session.commit()
    answer = signed_in(role).get("/campaigns/1/")
    assert answer.status_code == 200
    offered = set(re.findall(r'action="/campaigns/1/(\w+)"', answer.text))
    if role == "analyst" or state in {"finished", "cancelled"}:
        assert offered == set()
    if role == "operator":
        assert offered <= {"pause", "resume", "cancel"}


def test_progress_comes_as_a_fragment_and_not_again_while_nothing_moves(signed_in: Any, session: Session) -> None:
    make_campaign(session, state="running")
    session.commit()
    analyst = signed_in("analyst")
    first = analyst.get("/campaigns/1/progress")
    assert first.headers["X-Campaign-State"] == "running"
    assert "<html" not in first.text
    again = analyst.get("/campaigns/1/progress", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_stranger_who_polls_is_told_and_not_led_to_a_login_page(app: Any, session: Session) -> None:
    answer = Browser(app.test_client()).get("/campaigns/1/progress", headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 401
    assert "Phiên làm việc đã hết" in answer.json["error"]


def test_a_campaign_that_is_not_there_is_a_page_that_says_so(signed_in: Any) -> None:
    answer = signed_in("analyst").get("/campaigns/4711/")
    assert answer.status_code == 404
    assert "Không có chiến dịch số 4711" in answer.text

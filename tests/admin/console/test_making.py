"""Making a campaign in five steps: each saves, none loses what was typed, and one form makes one campaign."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from campaigns.models import Campaign
from campaigns.store.tariffs import put_tariff
from config.keys import Keyring
from tests.admin.console.conftest import Browser, email_of
from tests.factories import make_campaign, make_contact, make_gateway, make_template

TEXT = {"name": "Bảy cách", "template": "ho-khau", "variant": "plain", "value-gio_bat_dau": "7:30"}
WHOM = {"whom": "areas", "edition": "2023", "district": ["490"]}
WHEN = {
    "when": "later",
    "window_start": "07:00",
    "window_end": "21:00",
    "weekday": list("0123456"),
    "pacing": "none",
}


@pytest.fixture
def ready(session: Session, keyring: Keyring) -> None:
    """A text, three people of two districts, a gateway, a price."""
    make_template(
        session,
        slug="ho-khau",
        title="Sổ hộ khẩu",
        marked="UBND {{ phuong }} mời ông/bà lúc {{ gio_bat_dau }}. Hỏi đáp: 1022",
        plain="UBND {{ phuong }} moi ong/ba luc {{ gio_bat_dau }}. Hoi dap: 1022",
    )
    make_contact(session, keyring, ward="20194", attributes={"nhan": "Người cao tuổi; Hộ nghèo"})
    make_contact(session, keyring, ward="20195", carrier="mobifone", language="en")
    make_contact(session, keyring, ward="20227")
    make_gateway(session, keyring, name="viettel", tps=1)
    put_tariff(session, carrier="*", message_class="*", from_date=date(2020, 1, 1), price=Decimal(850), by="x")
    session.commit()


def only(session: Session) -> Campaign:
    """The one campaign, as it is now."""
    session.expire_all()
    return session.scalars(select(Campaign)).one()


def begin(browser: Browser, **changes: Any) -> Any:
    """Send step 1 of a new campaign."""
    return browser.post("/campaigns/new", {**TEXT, "token": uuid4().hex, **changes})


def send(browser: Browser, session: Session, step: str, **values: Any) -> Any:
    """Send a step of the one campaign as its page would: with the version that stands there."""
    return browser.post(f"/campaigns/1/edit/{step}", {"version": str(only(session).version), **values})


def words_of(html: str) -> str:
    """A page's text, one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_five_steps_lead_from_nothing_to_submitted(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    assert begin(officer).headers["Location"] == "/campaigns/1/edit/audience"
    assert send(officer, session, "audience", **WHOM).headers["Location"] == "/campaigns/1/edit/schedule"
    assert send(officer, session, "schedule", **WHEN).headers["Location"] == "/campaigns/1/edit/review"
    assert officer.get("/campaigns/1/edit/review").status_code == 200
    page = words_of(officer.get("/campaigns/1/edit/submission?counted=1").text)
    assert email_of("approver") in page
    assert email_of("officer") not in page.split("Người có thể duyệt")[1]
    assert send(officer, session, "submission").headers["Location"] == "/campaigns/1/"
    made = only(session)
    assert (made.state, made.values, made.audience["districts"]) == ("submitted", {"gio_bat_dau": "7:30"}, ["490"])


def test_pages_come_before_the_audience_is_counted(
    ready: None, app: Any, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    begin(officer)
    send(officer, session, "audience", **WHOM)
    asked: list[str] = []
    engine = app.extensions["loa"].database.engine
    event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))

    def counts(address: str, **headers: str) -> tuple[str, int]:
        asked.clear()
        page = officer.get(address, headers=headers).text
        return page, len([each for each in asked if "AS people" in each and "FROM contact c" in each])

    for step, told in (("review", ' waterfall">'), ("submission", 'id="f-submission"')):
        address = f"/campaigns/1/edit/{step}"
        page, times = counts(address)
        assert (f'data-load="{address}"' in page, told in page, times) == (True, False, 0)
        part, times = counts(address, **{"X-Requested-With": "fetch"})
        assert (told in part, "<html" in part, times) == (True, False, 1)
        page, times = counts(f"{address}?counted=1")
        assert (told in page, "<html" in page, times) == (True, True, 1)


def test_the_review_tells_text_people_cost_gateways_and_finish(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer, budget="1.000")
    send(officer, session, "audience", **WHOM)
    told = words_of(officer.get("/campaigns/1/edit/review?counted=1").text)
    assert "UBND Phuong Hoa Hiep Bac moi ong/ba luc 7:30" in told
    assert "Sẽ gửi 2 người: xem danh sách 2 1.700" in told
    assert "vượt 700 ₫" in told
    assert "Cổng viettel 2 phần tin · tối đa 1 mỗi giây" in told
    assert "Chi phí vượt kinh phí được duyệt." in told


def test_a_double_click_makes_one_campaign(ready: None, signed_in: Any, session: Session) -> None:
    officer, token = signed_in("officer"), uuid4().hex
    answers = [begin(officer, token=token) for _ in range(2)]
    assert {answer.headers["Location"] for answer in answers} == {"/campaigns/1/edit/audience"}
    assert only(session).version == 1


def test_going_back_in_the_browser_changes_the_campaign_that_was_made(
    ready: None, signed_in: Any, session: Session
) -> None:
    officer, token = signed_in("officer"), uuid4().hex
    begin(officer, token=token)
    send(officer, session, "audience", **WHOM)
    begin(officer, token=token, name="Tên khác")
    made = only(session)
    assert (made.name, made.audience["districts"]) == ("Tên khác", ["490"])


def test_a_form_without_a_token_is_no_form(ready: None, signed_in: Any, session: Session) -> None:
    assert begin(signed_in("officer"), token="x").status_code == 400
    assert session.scalars(select(Campaign)).all() == []


def test_a_lost_session_leads_back_to_the_step_with_the_draft_safe(
    ready: None, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    begin(officer)
    officer.client.delete_cookie("loa")
    answer = officer.client.post("/campaigns/1/edit/audience", data={"csrf_token": "old", "version": "1", **WHOM})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=/campaigns/1/edit/audience"
    assert "Phiên làm việc đã hết." in officer.get(answer.headers["Location"]).text
    assert (only(session).name, only(session).version) == ("Bảy cách", 1)


@pytest.mark.parametrize("go", ["back", "schedule", "leave"])
def test_every_way_out_of_a_step_saves_it(ready: None, signed_in: Any, session: Session, go: str) -> None:
    officer = signed_in("officer")
    begin(officer)
    answer = send(officer, session, "audience", **WHOM, go=go)
    where = {"back": "edit/text", "schedule": "edit/schedule", "leave": ""}[go]
    assert answer.headers["Location"] == f"/campaigns/1/{where}"
    assert only(session).audience["districts"] == ["490"]


def test_looking_through_the_steps_voids_no_approval(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer, validity="60", unknown_policy="resend", priority="3", budget="5000")
    send(officer, session, "audience", **WHOM)
    send(officer, session, "submission")
    before = only(session).version
    for step in ("text", "audience", "schedule"):
        page = officer.get(f"/campaigns/1/edit/{step}").text
        fields = dict(re.findall(r'<input[^>]*name="([\w-]+)"[^>]*value="([^"]*)"', page))
        ticked = dict(re.findall(r'<input type="(?:radio|checkbox)" name="(\w+)" value="([^"]*)"[^>]* checked', page))
        chosen = re.findall(r'<select id="f-(\w+)".*?<option value="([^"]*)" selected', page, re.DOTALL)
        kept = {name: value for name, value in fields.items() if name not in {"csrf_token", "district", "ward", "find"}}
        for name in ("carrier", "language", "tag", "not_campaign", "skip_holidays"):
            kept.pop(name, None)
        ticked |= {"weekday": list("0123456")} if step == "schedule" else {}
        assert send(officer, session, step, **{**kept, **ticked, **dict(chosen)}).status_code == 303
    now = only(session)
    assert (now.version, now.state, now.validity_minutes, now.priority) == (before, "submitted", 60, 3)


def test_two_who_edit_one_draft_are_told_who_when_and_where(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer)
    assert officer.post("/campaigns/1/edit/text", {**TEXT, "name": "Một", "version": "1"}).status_code == 303
    answer = officer.post("/campaigns/1/edit/text", {**TEXT, "name": "Hai", "version": "1"})
    told = words_of(answer.text)
    assert answer.status_code == 422
    assert re.search(r"Bạn đã lưu chiến dịch này ở một trang khác lúc \d\d/\d\d/\d{4} \d\d:\d\d", told)
    assert "Tên chiến dịch Một Hai" in told
    assert 'value="Hai"' in answer.text
    assert only(session).name == "Một"
    again = re.search(r'name="version" value="(\d+)"', answer.text)
    assert again
    assert officer.post("/campaigns/1/edit/text", {**TEXT, "name": "Hai", "version": again[1]}).status_code == 303
    assert only(session).name == "Hai"


def test_a_campaign_stays_with_its_version_and_says_when_there_is_a_newer_one(
    ready: None, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    begin(officer)
    pinned = only(session).template_version_id
    bodies = {"marked": "UBND phường mời. Hỏi đáp: 1022", "plain": "UBND phuong moi. Hoi dap: 1022"}
    assert officer.post("/templates/ho-khau/edit", {"number": "1", **bodies}).status_code == 303
    assert "Mẫu tin đã có phiên bản 2" in officer.get("/campaigns/1/edit/text").text
    send(officer, session, "text", **{**TEXT, "name": "Vẫn bản cũ", "version_id": str(pinned)})
    assert only(session).template_version_id == pinned
    assert "chiến dịch vẫn dùng phiên bản 1" in officer.get("/campaigns/1/edit/review?counted=1").text


@pytest.mark.parametrize(
    ("step", "changes", "complaint"),
    [
        ("text", {"name": "  "}, "Hãy đặt tên chiến dịch"),
        ("text", {"name": " ", "budget": "nhiều"}, "Hãy đặt tên chiến dịch"),
        ("text", {"name": "x" * 201}, "Hãy đặt tên chiến dịch"),
        ("text", {"template": "khong-co"}, "Không có mẫu tin"),
        ("text", {"template": ""}, "Hãy chọn mẫu tin"),
        ("text", {"sender": "Tên có dấu"}, "Tên người gửi tối đa 11 ký tự"),
        ("text", {"sender": "DAI QUA 11 KY TU"}, "Tên người gửi tối đa 11 ký tự"),
        ("text", {"variant": "emoji"}, "Giá trị không hợp lệ"),
        ("text", {"validity": "1"}, "Hiệu lực từ 5 phút tới 3 ngày"),
        ("text", {"budget": "nhiều"}, "Hãy ghi số tiền bằng đồng"),
        ("audience", {"district": []}, "Hãy chọn ít nhất một quận"),
        ("audience", {"district": ["999"]}, "mang mã 999"),
        ("audience", {"within_days": "400"}, "Từ 1 tới 365 ngày"),
        ("audience", {"within_days": "bảy"}, "Hãy ghi một số nguyên"),
        ("schedule", {"when": "at", "start_at": ""}, "Hãy chọn ngày giờ bắt đầu"),
        ("schedule", {"when": "at", "start_at": "mai"}, "Ngày giờ không hợp lệ"),
        ("schedule", {"window_start": "25:00"}, "Hãy ghi giờ như 07:00"),
        ("schedule", {"weekday": []}, "Hãy chọn ít nhất một ngày"),
        ("audience", {"repeat_reason": "x"}, "Lý do từ 3 tới 500 ký tự"),
        ("schedule", {"pacing": "over", "over": "lâu"}, "không phải khoảng thời gian"),
        ("schedule", {"pacing": "rate", "pace": ""}, "Hãy ghi số phần tin mỗi giờ"),
        (
            "schedule",
            {"when": "at", "start_at": "2030-01-02T08:00", "deadline": "2030-01-02T07:00"},
            "Hạn phải sau lúc bắt đầu",
        ),
    ],
)
def test_a_step_that_cannot_be_saved_says_where_and_why(
    ready: None, signed_in: Any, session: Session, step: str, changes: dict[str, Any], complaint: str
) -> None:
    officer = signed_in("officer")
    begin(officer)
    usual = {"text": TEXT, "audience": WHOM, "schedule": WHEN}[step]
    answer = send(officer, session, step, **{**usual, **changes})
    assert answer.status_code == 422
    assert complaint in answer.text
    assert 'id="errors"' in answer.text
    assert only(session).version == 1


def test_an_audience_is_narrowed_and_counted_before_it_is_saved(
    ready: None, signed_in: Any, session: Session, keyring: Keyring
) -> None:
    officer = signed_in("officer")
    begin(officer)
    everybody = {"whom": "all", "edition": "2023", "go": "show"}
    fetch = {"X-Requested-With": "fetch"}

    def said(**more: Any) -> str:
        answer = officer.post("/campaigns/1/edit/audience", {"version": "1", **everybody, **more}, headers=fetch)
        assert "<html" not in answer.text
        return words_of(answer.text)

    assert "Sẽ gửi 3 người, 3 phần tin, 2.550&nbsp;₫." in said()
    assert "Sẽ gửi 1 người" in said(carrier="mobifone")
    assert "Sẽ gửi 1 người" in said(language="en")
    assert "Sẽ gửi 1 người" in said(tag="hộ nghèo")
    assert "Chưa chọn đối tượng" in said(whom="areas")
    assert only(session).version == 1
    assert "hộ nghèo" in officer.get("/campaigns/1/edit/audience").text
    send(officer, session, "audience", **{**everybody, "go": "next", "tag": ["hộ nghèo"], "within_days": "7"})
    assert (only(session).audience["tags"], only(session).audience["not_within_days"]) == (["hộ nghèo"], 7)


def test_every_number_of_the_waterfall_opens_its_masked_list(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer)
    live = {"version": "1", "whom": "areas", "edition": "2023", "ward": ["20227"], "go": "show"}
    answer = officer.post("/campaigns/1/edit/audience", live, headers={"X-Requested-With": "fetch"})
    lists = re.findall(r'href="(/campaigns/1/people\?[^"]+)"', answer.text)
    for address, title in zip(lists, ("Có trong danh bạ", "Sẽ gửi"), strict=True):
        page = officer.get(address.replace("&amp;", "&")).text
        assert f"<h1>{title}</h1>" in page
        assert len(re.findall(r"09•• ••• \d{3}", page)) == 1
        assert not re.search(r"0?9\d{8}", page)
    assert officer.get("/campaigns/1/people?stage=nobody").status_code == 404
    assert officer.get("/campaigns/1/people?stage=will_send&audience={").status_code == 400


def test_without_script_finding_loses_nothing_that_is_ticked(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer)
    page = send(officer, session, "audience", **{**WHOM, "go": "show", "find": "hoa hiep"}).text
    shown = re.findall(r'<li(?! hidden)[^>]*data-found="([^"]+)"', page)
    assert "Quận Liên Chiểu" in shown
    assert "Phường Hòa Hiệp Bắc" in shown
    assert "Quận Sơn Trà" not in shown
    assert re.search(r'name="district" value="490"[^>]* checked', page)
    assert only(session).version == 1


def test_the_edition_of_2025_has_wards_and_no_districts(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer)
    page = send(officer, session, "audience", whom="areas", edition="2025", was_edition="2023", go="show").text
    assert 'name="district"' not in page
    assert "Đặc khu Hoàng Sa" in page
    send(officer, session, "audience", whom="areas", edition="2025", was_edition="2025", ward=["20197"])
    assert (only(session).audience["edition"], only(session).audience["wards"]) == ("2025", ["20197"])


def test_the_finish_is_worked_out_before_anything_is_saved(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer)
    send(officer, session, "audience", whom="all", edition="2023")
    live = {**WHEN, "when": "at", "start_at": "2030-01-02T08:00", "pacing": "over", "over": "2h", "go": "show"}
    told = words_of(send(officer, session, "schedule", **live, deadline="2030-01-02T09:00").text)
    assert "Bắt đầu lúc 08:00 ngày 02/01/2030, xong lúc 10:00 cùng ngày." in told
    assert "Sẽ không kịp trước hạn 09:00 ngày 02/01/2030." in told
    assert "Kịp trước hạn" in words_of(send(officer, session, "schedule", **live, deadline="2030-01-02T11:00").text)
    assert only(session).start_at is None


def test_what_cannot_be_submitted_says_why_and_where_to_mend_it(
    ready: None, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    begin(officer, **{"value-gio_bat_dau": ""})
    send(officer, session, "audience", **WHOM)
    page = officer.get("/campaigns/1/edit/submission?counted=1").text
    assert "Giờ bắt đầu (2 người)" in page
    assert "--set" not in page
    assert "/campaigns/1/edit/text" in page
    answer = send(officer, session, "submission")
    assert answer.status_code == 422
    assert only(session).state == "draft"


def test_a_campaign_that_is_running_cannot_be_edited(signed_in: Any, session: Session) -> None:
    make_campaign(session, state="running")
    session.commit()
    officer = signed_in("officer")
    for step in ("text", "audience", "schedule", "review", "submission"):
        answer = officer.get(f"/campaigns/1/edit/{step}")
        assert answer.headers["Location"] == "/campaigns/1/"


def test_state_is_no_field_of_any_step(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer, state="running", approved_by="officer@danang.example")
    send(officer, session, "audience", **WHOM, state="approved", approved_hash="00")
    assert (only(session).state, only(session).approved_by) == ("draft", None)


def test_a_start_at_once_is_kept_as_such(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer)
    send(officer, session, "schedule", **{**WHEN, "when": "now"})
    first = only(session)
    page = officer.get("/campaigns/1/edit/schedule").text
    assert re.search(r'name="when" value="now"[^>]* checked', page)
    send(officer, session, "schedule", **{**WHEN, "when": "now"})
    assert (only(session).version, only(session).start_at) == (first.version, first.start_at)
    assert "tin được gửi ngay trong khung giờ gửi" in officer.get("/campaigns/1/edit/submission?counted=1").text

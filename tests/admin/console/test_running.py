"""A campaign that has begun: its pace on the form and on its page, and what nobody knows the fate of."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from admin.console.app import MAX_FORM_BYTES
from campaigns.models import Campaign
from campaigns.store.campaigns import database_now
from config.keys import Keyring
from tests.admin.console.conftest import Browser
from tests.admin.console.test_campaigns import create, only, ready, step
from tests.factories import make_campaign, make_contact, make_gateway, next_phone, ward_id

__all__ = ["ready"]


def schedule(browser: Browser, **values: Any) -> Any:
    """Make a campaign and send the form of its third step."""
    create(browser)
    hours = {"when": "later", "window_start": "07:00", "window_end": "21:00"}
    form = {"version": "2", "weekday": [str(day) for day in range(7)], **hours, **values}
    return browser.post("/campaigns/1/edit/schedule", form)


def test_a_pace_is_part_of_the_draft(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    assert schedule(officer, pacing="over", over="1h30m", ward_pace="300").status_code == 303
    made = only(session)
    assert (made.over_minutes, made.pace_per_hour, made.ward_pace_per_hour) == (90, None, 300)
    page = officer.get("/campaigns/1/").text
    assert "trải đều trong 1h30m" in page
    assert "300 người mỗi giờ" in page
    form = officer.get("/campaigns/1/edit/schedule").text
    assert re.search(r'name="over"[^>]*value="1h30m"', form)
    assert re.search(r'name="ward_pace"[^>]*value="300"', form)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"pacing": "over", "over": "sáu tiếng"}, "không phải khoảng thời gian"),
        ({"pacing": "over", "over": "1m"}, "từ 5 phút"),
        ({"pacing": "rate", "pace": ""}, "số phần tin mỗi giờ"),
        ({"pacing": "rate", "pace": "nhanh"}, "số nguyên"),
        ({"pacing": "none", "ward_pace": "-3"}, "số nguyên"),
    ],
    ids=str,
)
def test_a_pace_that_cannot_be_read_is_shown_at_its_field(
    ready: None, signed_in: Any, session: Session, values: dict[str, str], complaint: str
) -> None:
    answer = schedule(signed_in("officer"), **values)
    assert answer.status_code == 422
    assert complaint in answer.text
    made = only(session)
    assert (made.over_minutes, made.pace_per_hour, made.ward_pace_per_hour) == (None, None, None)


@pytest.fixture
def running(session: Session, keyring: Keyring) -> Campaign:
    """A running campaign of 600 messages, approved at 600 parts an hour; seven of them unknown for two days."""
    gateway = make_gateway(session, keyring, name="viettel", tps=100)
    campaign = make_campaign(session, state="running", window_start="00:00", window_end="00:00", pace_per_hour=600)
    campaign.planned_at = database_now(session)
    campaign.pace_now = 600 / 3600
    session.flush()
    for unknown, state in ((0, "ready"), (7, "done")):
        session.execute(
            text(
                "INSERT INTO batch (campaign_id, gateway_id, ward_id, carrier, state, size, parts, queued, unknown,"
                " started_at) VALUES (:c, :g, :w, 'viettel', :state, :size, :size, :queued, :unknown,"
                " now() - interval '2 days')"
            ),
            {
                "c": campaign.id,
                "g": gateway.id,
                "w": ward_id(session),
                "state": state,
                "size": unknown or 600,
                "queued": 0 if unknown else 600,
                "unknown": unknown,
            },
        )
    session.execute(
        text(
            "INSERT INTO message (batch_id, seq, contact_id, campaign_id, parts, state)"
            " SELECT b.id, n, b.id * 1000 + n, b.campaign_id, 1, CASE WHEN b.unknown > 0 THEN 20 ELSE 0 END"
            " FROM batch b, generate_series(1, b.size) n"
        )
    )
    session.commit()
    return campaign


def counted(session: Session) -> tuple[int, int, int]:
    session.rollback()
    row = session.execute(text("SELECT sum(queued), sum(unknown), sum(undelivered) FROM batch")).one()
    return tuple(int(value) for value in row)  # type: ignore[return-value]


def test_the_page_says_the_pace_and_when_it_will_be_done(running: Campaign, signed_in: Any) -> None:
    page = signed_in("analyst").get("/campaigns/1/").text
    assert "Nhịp gửi: tối đa 600 phần tin mỗi giờ." in page
    assert "ự kiến xong lúc" in page
    assert "/campaigns/1/pace" not in page


def test_the_pace_is_changed_from_the_page_once(running: Campaign, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    stale = officer.get("/campaigns/1/")
    told = step(officer, "pace", pacing="rate", pace="60", ward_pace="")
    assert "Đã đổi nhịp gửi" in told.text
    assert only(session).pace_now == pytest.approx(1 / 60)
    version = re.search(r'name="version" value="(\d+)"', stale.text)
    assert version is not None
    again = officer.post("/campaigns/1/pace", {"version": version[1], "pacing": "none"}, follow_redirects=True)
    assert "đã thay đổi" in again.text
    assert "quyền “campaign.approve”" in step(officer, "pace", pacing="none").text
    assert only(session).pace_now == pytest.approx(1 / 60)
    assert "Đã đổi nhịp gửi" in step(signed_in("approver"), "pace", pacing="none").text
    assert only(session).pace_now is None
    assert "không phải khoảng thời gian" in step(officer, "pace", pacing="over", over="").text


def test_without_the_token_nothing_is_changed(running: Campaign, signed_in: Any, session: Session) -> None:
    browser: Browser = signed_in("approver")
    for path in ("pace", "settle", "resend", "report"):
        answer = browser.client.post(f"/campaigns/1/{path}", data={"version": "1", "state": "failed", "reason": "x"})
        assert answer.status_code == 400
    assert counted(session) == (600, 7, 0)


def test_what_is_unknown_is_explained_with_the_ways_to_settle_it(running: Campaign, signed_in: Any) -> None:
    for role, settles, resends in (("officer", True, False), ("approver", True, True), ("analyst", False, False)):
        page = signed_in(role).get("/campaigns/1/").text
        assert "7 tin chưa rõ kết quả" in page
        assert "Mọi tin đều đã hết hạn hiệu lực" in page
        assert ("/campaigns/1/report" in page) == settles
        assert ("/campaigns/1/settle" in page, "/campaigns/1/resend" in page) == (settles, resends)


def test_unknown_messages_are_settled_by_hand_with_a_reason(
    running: Campaign, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    assert "Hãy ghi căn cứ" in step(officer, "settle", state="undelivered", reason=" ").text
    assert "Hãy chọn kết quả" in step(officer, "settle", state="expired", reason="x").text
    assert counted(session) == (600, 7, 0)
    assert "Đã ghi nhận 7 tin" in step(officer, "settle", state="undelivered", reason="công văn 12").text
    assert counted(session) == (600, 0, 7)
    assert "chưa rõ kết quả</h2>" not in officer.get("/campaigns/1/").text


def test_a_telcos_report_is_read_in_the_browser(
    running: Campaign, signed_in: Any, session: Session, app: Flask, keyring: Keyring
) -> None:
    phone = next_phone()
    contact = make_contact(session, keyring, phone=phone)
    session.execute(text("UPDATE message SET contact_id = :c WHERE seq = 1 AND state = 20"), {"c": contact.id})
    session.commit()
    filler = b"0905999999,DELIVRD\n" * (MAX_FORM_BYTES // 18 + 1)  # more than a form may hold
    officer = signed_in("officer")

    def send(content: bytes, name: str = r"C:\Viettel\..\bao cao.csv", gateway: str = "viettel") -> str:
        answer = officer.post(
            "/campaigns/1/report",
            {"gateway": gateway, "file": (io.BytesIO(content), name)},
            page="/campaigns/1/",
            content_type="multipart/form-data",
            follow_redirects=True,
        )
        return str(answer.text)

    told = send(b"phone,status\n" + phone + b",UNDELIV\nx,DELIVRD\n" + filler)
    assert "1 tin được ghi nhận" in told
    assert "1 dòng không đọc được" in told
    assert counted(session) == (600, 6, 1)
    assert "Hãy chọn tệp" in send(b"", name="")
    assert "Không có cổng" in send(b"phone,status\n", gateway="nowhere")
    assert "không phải là bảng" in send(b"%PDF-1.7")
    assert list(Path(tempfile.gettempdir()).glob("loa-upload-*")) == []


def test_an_approver_sends_again_what_is_past_its_validity(running: Campaign, signed_in: Any, session: Session) -> None:
    assert "7 tin sẽ được gửi lại" in step(signed_in("approver"), "resend", reason="công văn 12").text
    assert counted(session) == (607, 0, 0)


def test_a_cancelling_says_first_what_becomes_of_every_message(
    running: Campaign, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    page = officer.get("/campaigns/1/cancel").text
    assert re.search(r"<strong>600</strong>\s*tin: sẽ không gửi nữa", page)
    assert "không gọi lại được" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    told = officer.post("/campaigns/1/cancel", {"version": version[1], "reason": "sai giờ"}, follow_redirects=True)
    assert "Đã huỷ" in told.text
    again = officer.post("/campaigns/1/cancel", {"version": version[1]}, follow_redirects=True)
    assert "officer@danang.example đã huỷ lúc" in again.text
    assert "Chiến dịch đã kết thúc" in officer.get("/campaigns/1/cancel", follow_redirects=True).text


def test_those_not_reached_get_a_draft_of_their_own_from_the_page(
    running: Campaign, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    assert "/campaigns/1/again" not in officer.get("/campaigns/1/").text
    step(officer, "settle", state="undelivered", reason="công văn 12")
    session.execute(text("UPDATE campaign SET state = 'finished'"))
    session.commit()
    assert "/campaigns/1/again" in officer.get("/campaigns/1/").text
    page = officer.get("/campaigns/1/again").text
    assert re.findall(r'value="(\w+)"[^>]* checked', page) == ["undelivered", "expired", "failed"]
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    refused = officer.post("/campaigns/1/again", {"token": token[1]})
    assert refused.status_code == 422
    assert "Hãy chọn ít nhất một kết quả" in refused.text
    for _ in range(2):
        made = officer.post(
            "/campaigns/1/again", {"token": token[1], "state": ["undelivered", "expired"]}, follow_redirects=True
        )
        assert "người của chiến dịch 1 có kết quả: không tới, hết hạn" in made.text
    assert len(session.scalars(select(Campaign)).all()) == 2

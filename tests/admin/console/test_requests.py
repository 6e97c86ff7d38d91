"""Requests of citizens in the console: taken in, seen to in time, tied to what was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.console.views.requests import due_badge
from campaigns.models import AuditEntry, Contact, SubjectRequest
from campaigns.subjects.requests import count_due
from config.keys import Keyring
from config.zone import CITY_TIME
from tests.admin.console.conftest import Browser
from tests.factories import make_contact


@pytest.fixture
def person(session: Session, keyring: Keyring) -> Contact:
    """Somebody in the register."""
    contact = make_contact(session, keyring, full_name="Trần Thị Bưởi")
    session.commit()
    return contact


def enter(officer: Browser, contact: int | str, kind: str, **more: str) -> Any:
    today = officer.get(f"/requests/new?contact={contact}").text.split('type="date"')[1].split('value="')[1][:10]
    data = {"contact": str(contact), "kind": kind, "channel": "letter", "evidence": "VB 12", "received_on": today}
    return officer.post("/requests/new", {**data, **more})


def latest(session: Session) -> SubjectRequest:
    session.expire_all()
    return session.scalars(select(SubjectRequest).order_by(SubjectRequest.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("kind", "path", "data"),
    [
        ("delete", "erase", {"erase_reason": "yêu cầu"}),
        ("copy", "export", {"format": "json"}),
        ("object", "restrict", {"hold_reason": "yêu cầu"}),
    ],
)
def test_a_request_is_done_by_the_act_it_asks_for_and_not_before(
    signed_in: Any, session: Session, person: Contact, kind: str, path: str, data: dict[str, str]
) -> None:
    officer = signed_in("officer")
    page = enter(officer, person.id, kind).headers["Location"]
    assert officer.post(f"{page}acknowledge", {}).status_code == 303
    early = officer.post(f"{page}complete", {})
    assert early.status_code == 422
    assert "Chưa làm" in early.text
    assert officer.post(f"/contacts/{person.id}/{path}", data).status_code in (200, 303)
    assert officer.post(f"{page}complete", {}).status_code == 303
    ticket = latest(session)
    assert (ticket.state, ticket.acknowledged_by) == ("done", "officer@danang.example")
    act = session.get_one(AuditEntry, ticket.act_id)
    assert (act.object_kind, act.object_id) == ("contact", str(person.id))
    assert "Đã làm xong" in officer.get("/requests/?show=all").text
    assert officer.post(f"{page}complete", {}).status_code == 422, "closed is closed"


def test_more_time_is_taken_once_and_a_refusal_has_its_ground(
    signed_in: Any, session: Session, person: Contact
) -> None:
    officer = signed_in("officer")
    page = enter(officer, person.id, "delete", evidence="thư của số 0905123456").headers["Location"]
    assert latest(session).evidence == "thư của số 09•••••456"
    first = latest(session).due_on
    assert officer.post(f"{page}extend", {"reason": ""}).status_code == 422
    assert officer.post(f"{page}extend", {"reason": "nhiều hồ sơ"}).status_code == 303
    assert latest(session).due_on == first + timedelta(days=20)
    assert officer.post(f"{page}extend", {"reason": "nữa"}).status_code == 422
    assert officer.post(f"{page}refuse", {"ground": "none", "why": "x"}).status_code == 422
    assert officer.post(f"{page}refuse", {"ground": "no-consent-needed", "why": "theo Điều 19"}).status_code == 303
    assert (latest(session).state, latest(session).ground) == ("refused", "no-consent-needed")
    assert "Điều 14" in officer.get(page).text


def test_the_list_says_what_is_overdue_in_an_icon_and_words(signed_in: Any, session: Session, person: Contact) -> None:
    officer = signed_in("officer")
    enter(officer, person.id, "copy")
    ticket = latest(session)
    day = ticket.received_on
    assert due_badge(ticket, ticket.acknowledge_by + timedelta(days=1)).title.vi == "Chậm báo tiếp nhận"
    ticket.acknowledged_at = ticket.created_at
    assert due_badge(ticket, day).title.vi == "Còn 10 ngày"
    assert due_badge(ticket, day + timedelta(days=10)).title.vi == "Hạn hôm nay"
    assert due_badge(ticket, day + timedelta(days=11)).icon == "alert"
    assert count_due(session) == 0
    ticket.due_on = day - timedelta(days=3)
    session.commit()
    assert count_due(session) == 1
    assert "Quá hạn 3 ngày" in officer.get("/requests/").text
    assert ticket.created_at.astimezone(CITY_TIME).date() == day


def test_a_refused_form_keeps_what_was_typed(signed_in: Any, person: Contact) -> None:
    answer = enter(signed_in("officer"), person.id, "", evidence="công văn 77", received_on="2020-01-01")
    assert answer.status_code == 422
    assert "công văn 77" in answer.text
    assert "Hãy chọn loại yêu cầu" in answer.text


def test_a_restricted_person_says_so_and_can_be_reached_again(
    signed_in: Any, session: Session, person: Contact
) -> None:
    officer = signed_in("officer")
    assert officer.post(f"/contacts/{person.id}/restrict", {"hold_reason": ""}).status_code == 422
    officer.post(f"/contacts/{person.id}/restrict", {"hold_reason": "đơn"})
    assert "Hạn chế xử lý: không gửi tin" in officer.get(f"/contacts/{person.id}/").text
    officer.post(f"/contacts/{person.id}/lift", {"hold_reason": "đơn"})
    session.refresh(person)
    assert person.unusable is None

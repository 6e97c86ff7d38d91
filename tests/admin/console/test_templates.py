"""The template editor: the server counts, versions are kept, nobody overwrites another."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import TemplateVersion
from tests.admin.console.conftest import Browser
from tests.factories import make_template

MARKED = "UBND phường thông báo. Hỏi đáp: 1022"
PLAIN = "UBND phuong thong bao. Hoi dap: 1022"


@pytest.fixture
def template(session: Session) -> TemplateVersion:
    """A template with one version."""
    made = make_template(session, slug="mau", title="Mẫu thử", marked=MARKED, plain=PLAIN)
    session.commit()
    return made


def ask(browser: Browser, **texts: Any) -> Any:
    """The editor's question."""
    return browser.client.post(
        "/templates/count",
        json={"marked": MARKED, "plain": PLAIN, "message_class": "thong-bao", **texts},
        headers={"X-CSRFToken": browser.token("/"), "X-Requested-With": "fetch"},
    )


def test_the_counter_is_the_servers_own(signed_in: Any) -> None:
    officer = signed_in("officer")
    answer = ask(officer, marked="ạ" * 71, plain="a" * 161).json
    assert "2 phần tin" in answer["marked"]
    assert "Unicode" in answer["marked"]
    assert "Bớt 1 ký tự thì còn 1 phần." in answer["marked"]
    assert "2 phần tin" in answer["plain"]
    assert "GSM-7" in answer["plain"]


def test_what_people_write_is_shown_as_text_and_never_as_code(signed_in: Any) -> None:
    answer = ask(signed_in("officer"), marked="<script>alert(1)</script> & UBND").json
    assert "<script" not in answer["marked"]
    assert "&lt;script&gt;" in answer["marked"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ ho_ten", "không hiểu cú pháp"),
        ("{% for x in y %}{% endfor %}", "không được dùng"),
        ("Xem http://bit.ly/x. UBND", "bit.ly"),
        ("", "Chưa có nội dung."),
    ],
)
def test_mistakes_are_told_while_typing(signed_in: Any, text: str, said: str) -> None:
    assert said in ask(signed_in("officer"), marked=text).json["marked"]


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_question_that_is_none_is_refused(signed_in: Any, body: Any) -> None:
    officer = signed_in("officer")
    answer = officer.client.post("/templates/count", json=body, headers={"X-CSRFToken": officer.token("/")})
    assert answer.status_code == 400


def test_saving_makes_a_version_and_keeps_the_old_one(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    saved = officer.post(
        "/templates/mau/edit", {"number": "1", "marked": MARKED + "!", "plain": PLAIN + "!"}, follow_redirects=True
    )
    assert "Đã lưu phiên bản 2." in saved.text
    versions = session.scalars(select(TemplateVersion).order_by(TemplateVersion.number)).all()
    assert [version.body_marked for version in versions] == [MARKED, MARKED + "!"]
    assert MARKED in officer.get("/templates/mau/?version=1").text


def test_the_second_of_two_who_edit_is_told_and_keeps_the_work(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    officer.post("/templates/mau/edit", {"number": "1", "marked": "Một. " + MARKED, "plain": PLAIN})
    answer = officer.post("/templates/mau/edit", {"number": "1", "marked": "Hai. " + MARKED, "plain": PLAIN})
    assert answer.status_code == 422
    assert "đã lưu phiên bản 2 sau khi bạn mở trang" in answer.text
    assert "Hai. " + MARKED in answer.text


def test_marks_in_the_text_without_marks_are_refused_at_its_field(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    answer = signed_in("officer").post("/templates/mau/edit", {"number": "1", "marked": MARKED, "plain": MARKED})
    assert answer.status_code == 422
    assert 'id="e-plain"' in answer.text


def test_line_ends_of_the_browser_do_not_cost_a_part(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    signed_in("officer").post("/templates/mau/edit", {"number": "1", "marked": MARKED, "plain": PLAIN + "\r\nCam on"})
    latest = session.scalars(select(TemplateVersion).where(TemplateVersion.number == 2)).one()
    assert latest.body_plain == PLAIN + "\nCam on"


def test_a_template_of_ones_own_is_made(signed_in: Any, session: Session) -> None:
    answer = signed_in("officer").post(
        "/templates/new",
        {
            "slug": "tiem-chung",
            "title": "Tiêm chủng",
            "topic": "y-te",
            "message_class": "thong-bao",
            "marked": MARKED,
            "plain": PLAIN,
        },
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/templates/tiem-chung/"


def test_a_reader_sees_texts_and_no_way_to_change_them(signed_in: Any, template: TemplateVersion) -> None:
    page = signed_in("analyst").get("/templates/mau/").text
    assert MARKED in page
    assert "/templates/mau/edit" not in page

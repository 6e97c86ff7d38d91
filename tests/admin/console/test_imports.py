"""Importing in the console: who may, what is refused and how it is told, and what nobody else sees."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.console import uploads
from campaigns.audience.jobs import run_import
from campaigns.audience.person import name_of
from campaigns.models import AuditEntry, Contact, ImportJob
from tests.admin.console.conftest import Browser, email_of
from tests.factories import make_user

LIST = "SĐT,Họ tên,Phường\n0905123456,Trần Thị Bưởi,Hòa Hiệp Bắc\n1234567,Lê Cam,Hòa Hiệp Bắc\n"


def send(browser: Browser, content: str | bytes = LIST, name: str = "dân cư.csv", **more: Any) -> Any:
    raw = content if isinstance(content, bytes) else content.encode()
    return browser.post("/contacts/import", {"list": (io.BytesIO(raw), name)}, page="/contacts/import", **more)


def start(browser: Browser, page: str, fields: list[str]) -> Any:
    return browser.post(f"{page}start", {"field": fields, "edition": "2023"}, page=page)


def work(app: Flask, session: Session) -> ImportJob:
    """Do what the worker does with the latest import."""
    session.expire_all()
    console = app.extensions["loa"]
    job = session.scalars(select(ImportJob).order_by(ImportJob.id.desc())).first()
    assert job is not None
    session.commit()
    assert run_import(console.database, console.keyring, console.settings.home, job.id)
    session.expire_all()
    return job


def imported(app: Flask, session: Session, browser: Browser) -> str:
    """The address of a list that went all the way."""
    page = send(browser).headers["Location"]
    assert start(browser, page, ["phone", "full_name", "ward"]).status_code == 303
    work(app, session)
    return str(page)


def test_a_list_is_looked_at_confirmed_read_and_reported(app: Flask, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    answer = send(officer)
    assert answer.status_code == 303
    page = answer.headers["Location"]
    columns = officer.get(page).text
    assert "dân cư.csv" in columns
    assert '<option value="phone" selected>' in columns
    assert "09•• ••• 456" in columns or "09•••••456" in columns
    assert "0905123456" not in columns
    assert start(officer, page, ["phone", "full_name", "ward"]).status_code == 303
    assert "Đang chờ tới lượt" in officer.get(page).text
    job = work(app, session)
    report = officer.get(page).text
    assert "Trần" not in report
    assert "Thiếu chữ số" in report
    assert "1234567" not in report
    assert "12••567" in report
    [kept] = session.scalars(select(Contact)).all()
    assert name_of(app.extensions["loa"].keyring, kept) == "Trần Thị Bưởi"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.import")).one()
    assert (entry.actor, entry.detail["created"], entry.detail["job"]) == (email_of("officer"), 1, job.id)


def test_progress_is_a_fragment_that_says_when_to_stop_asking(app: Flask, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    page = send(officer).headers["Location"]
    start(officer, page, ["phone", "full_name", "ward"])
    waiting = officer.get(f"{page}progress")
    assert (waiting.headers["X-State"], waiting.headers["X-Finished"]) == ("waiting", "0")
    assert officer.get(f"{page}progress", headers={"If-None-Match": waiting.headers["ETag"]}).status_code == 304
    session.execute(ImportJob.__table__.update().values(state="running", rows_expected=4_000, rows_done=1_000))
    session.commit()
    assert "Đã đọc 1.000 trong khoảng 4.000 dòng" in officer.get(f"{page}progress").text
    session.execute(ImportJob.__table__.update().values(state="waiting"))
    session.commit()
    work(app, session)
    assert officer.get(f"{page}progress").headers["X-Finished"] == "1"


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"%PDF-1.4", "thu.pdf", "PDF"),
        (b"", "trong.csv", "trống"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "cu.xls", "Excel 97"),
    ],
)
def test_what_is_no_list_is_refused_at_its_field(
    signed_in: Any, session: Session, content: bytes, name: str, says: str
) -> None:
    answer = send(signed_in("officer"), content, name)
    assert answer.status_code == 422
    assert says in answer.text
    assert 'href="#f-list"' in answer.text
    assert session.scalars(select(ImportJob)).all() == []


def test_a_form_without_a_file_says_so(signed_in: Any) -> None:
    answer = signed_in("officer").post("/contacts/import", {}, page="/contacts/import")
    assert answer.status_code == 422
    assert "Hãy chọn một tệp" in answer.text


def test_a_list_that_is_too_large_is_refused_with_the_limit(
    app: Flask, signed_in: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "limit_bytes", lambda: 1000)
    officer = signed_in("officer")
    large = LIST + "x" * 100_000
    answer = send(officer, large)
    assert answer.status_code == 413
    assert "lớn quá 256 MB" in answer.text
    asked = send(officer, large, headers={"X-Requested-With": "fetch"})
    assert (asked.status_code, "lớn quá" in asked.json["error"]) == (413, True)
    assert session.scalars(select(ImportJob)).all() == []


def test_only_those_who_import_may_send_much(app: Flask, signed_in: Any, session: Session) -> None:
    large = LIST + "".join(f"0905{n:06},Ai đó,Hòa Hiệp Bắc\n" for n in range(10_000))
    assert len(large) > app.config["MAX_CONTENT_LENGTH"]
    assert signed_in("analyst").post(
        "/contacts/import", {"list": (io.BytesIO(large.encode()), "a.csv")}, page="/campaigns/"
    ).status_code in (403, 413)
    assert send(signed_in("officer"), large).status_code == 303
    job = session.scalars(select(ImportJob)).one()
    assert job.size == len(large.encode())


def test_a_list_in_transit_is_private_too(app: Flask, signed_in: Any) -> None:
    send(signed_in("officer"), LIST + "x" * 400_000)
    folder = app.extensions["loa"].settings.home / "uploads"
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700


def test_a_list_without_a_token_is_refused(signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    answer = officer.client.post("/contacts/import", data={"list": (io.BytesIO(LIST.encode()), "a.csv")})
    assert answer.status_code == 400
    assert session.scalars(select(ImportJob)).all() == []


def test_columns_that_make_no_sense_bring_the_page_back_as_it_was_filled_in(signed_in: Any) -> None:
    officer = signed_in("officer")
    page = send(officer).headers["Location"]
    answer = start(officer, page, ["phone", "phone", "ward"])
    assert answer.status_code == 422
    assert "cùng được lấy làm" in answer.text
    assert answer.text.count('<option value="phone" selected>') == 2


def test_a_second_click_starts_nothing_twice(app: Flask, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    page = send(officer).headers["Location"]
    for _ in range(2):
        assert start(officer, page, ["phone", "full_name", "ward"]).status_code == 303
    assert "đã được xác nhận" in officer.get(page).text
    assert work(app, session).attempts == 1


def test_a_file_can_be_discarded(app: Flask, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    page = send(officer).headers["Location"]
    assert officer.post(f"{page}discard", page=page).status_code == 303
    assert session.scalars(select(ImportJob.state)).one() == "discarded"
    assert "dân cư.csv" not in officer.get("/contacts/import").text


def test_bad_rows_with_full_numbers_are_for_who_sent_them(app: Flask, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    page = imported(app, session, officer)
    answer = officer.get(f"{page}bad-rows.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "1234567,Lê Cam" in answer.data.decode()
    assert "private" in answer.headers["Cache-Control"]
    assert session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.bad_rows")).one()
    session.execute(ImportJob.__table__.update().values(created_by="nguoi-khac@danang.example"))
    session.commit()
    refused = officer.get(f"{page}bad-rows.csv")
    assert refused.status_code == 409
    assert "1234567" not in refused.text
    assert "bad-rows.csv" not in officer.get(page).text


@pytest.mark.parametrize("kind", ["rejected", "repaired", "nonsense"])
def test_the_table_of_rows_can_be_narrowed(app: Flask, signed_in: Any, session: Session, kind: str) -> None:
    officer = signed_in("officer")
    text = officer.get(f"{imported(app, session, officer)}?kind={kind}&page=0").text
    assert ("Thiếu chữ số" in text) is (kind != "repaired")


def test_a_long_report_turns_its_pages(app: Flask, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    page = send(officer, "SĐT\n" + "".join(f"{n}\n" for n in range(100, 160))).headers["Location"]
    start(officer, page, ["phone"])
    work(app, session)
    first, second = officer.get(page).text, officer.get(f"{page}?page=1").text
    assert first.count('scope="row"') == 50
    assert second.count('scope="row"') == 10
    assert "Trang sau" in first
    assert "Trang sau" not in second


def test_a_person_without_the_right_sees_no_way_in(app: Flask, people: None, session: Session) -> None:
    make_user(session, email="chi-xem@danang.example", roles=("analyst",))
    session.commit()
    analyst = Browser(app.test_client())
    analyst.sign_in(email_of("analyst"))
    assert analyst.get("/contacts/import").status_code == 403

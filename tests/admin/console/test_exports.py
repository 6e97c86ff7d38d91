"""Lists as files in the console: asked for where the list is, fetched by who asked."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.exports.jobs import run_export
from campaigns.models import AuditEntry, ExportJob
from config.keys import Keyring
from tests.factories import make_contact


def work(app: Flask) -> None:
    console = app.extensions["loa"]
    assert run_export(console.database, console.keyring, console.settings.home, 1)


def ask(browser: Any, **more: str) -> Any:
    return browser.post("/exports/ask", {"kind": "contacts", "format": "csv", **more}, page="/contacts/")


def test_a_list_is_asked_for_waited_for_and_fetched(
    app: Flask, signed_in: Any, session: Session, keyring: Keyring
) -> None:
    make_contact(session, keyring)
    session.commit()
    officer = signed_in("officer")
    assert "Tải danh sách" in officer.get("/contacts/").text
    assert "Tải danh sách" not in officer.find("/contacts/", "nguyen").text, "a file would hold more than is shown"
    assert ask(officer).headers["Location"] == "/exports/"
    page = officer.get("/exports/").text
    assert "Chờ tới lượt" in page
    assert "data-refresh" in page
    work(app)
    progress = officer.get("/exports/progress")
    assert progress.headers["X-Finished"] == "1"
    assert "Tải CSV số 1" in progress.text
    fetched = officer.get("/exports/1/file")
    assert fetched.headers["Content-Disposition"] == "attachment; filename=loa-contacts-1.csv"
    assert fetched.headers["Cache-Control"] == "private, no-store"
    assert "Nguyễn Văn A" in fetched.text
    session.expire_all()
    assert session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "export")).all() == [
        "export.asked",
        "export.fetched",
    ]


def test_nobody_else_fetches_it_and_nobody_asks_for_what_they_may_not_see(
    app: Flask, signed_in: Any, session: Session
) -> None:
    ask(signed_in("officer"))
    work(app)
    for role in ("analyst", "approver", "administrator"):
        assert signed_in(role).get("/exports/1/file").status_code == 409
    ask(signed_in("analyst"))
    session.expire_all()
    assert len(session.scalars(select(ExportJob)).all()) == 1


def test_a_file_not_written_yet_is_no_page(signed_in: Any) -> None:
    officer = signed_in("officer")
    ask(officer)
    assert officer.get("/exports/1/file").status_code == 404
    assert officer.get("/exports/99/file").status_code == 404

"""One-time links: somebody is invited, joins, forgets the password, and gets a new one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from admin.console.accounts import Place
from campaigns.models import AuditEntry, Department, Invite, User
from campaigns.store.scope import load_scope
from tests.admin.console.conftest import PASSWORD, Browser, email_of
from tests.factories import ward_id

NEW = "moi@danang.example"
CHOSEN = "thuyen thung cam le 43"


def link_of(page: str) -> str:
    """The path of the link a page shows."""
    found = re.search(r'class="secret" id="link">https?://[^/]+(/join/[^<]+)<', page)
    assert found, page
    return found[1]


def invited(signed_in: Any, **more: Any) -> tuple[Browser, str]:
    """An administrator who invited somebody, and the link."""
    administrator = signed_in("administrator")
    answer = administrator.post("/users/invite", {"email": NEW, "role": ["analyst"], **more}, page="/users/invite")
    assert answer.status_code == 200, answer.text
    return administrator, link_of(answer.text)


def accept(browser: Browser, link: str, password: str = CHOSEN, again: str | None = None) -> Any:
    return browser.post(link, {"new": password, "again": password if again is None else again}, page="/login")


def test_who_is_invited_chooses_a_password_and_comes_in_with_the_roles(
    signed_in: Any, stranger: Browser, session: Session
) -> None:
    ward = ward_id(session, "20194")
    health = session.scalars(select(Department.id).where(Department.name == "Sở Y tế")).one()
    _, link = invited(signed_in, department=str(health), departments=[str(health)], area=[str(ward)])
    assert NEW in stranger.get(link).text
    assert accept(stranger, link).status_code == 303
    assert stranger.sign_in(NEW, CHOSEN).status_code == 302
    assert stranger.get("/campaigns/").status_code == 200
    assert stranger.get("/users/").status_code == 403
    user = session.scalars(select(User).where(User.email == NEW)).one()
    scope = load_scope(session, user.id)
    assert (user.department_id, scope.departments, scope.wards) == (health, {health}, {ward})


def test_a_link_works_once_is_shown_once_and_stands_nowhere(
    signed_in: Any, app: Flask, stranger: Browser, session: Session
) -> None:
    administrator, link = invited(signed_in)
    token = link.rsplit("/", 1)[1]
    assert token not in administrator.get("/users/").text
    assert token not in str([entry.detail for entry in session.scalars(select(AuditEntry))])
    assert token.encode() not in session.scalars(select(Invite.token_hash)).one()
    accept(stranger, link)
    for browser in (stranger, Browser(app.test_client())):
        assert browser.get(link).status_code == 404
        assert accept(browser, link).status_code == 404


def test_two_who_open_a_link_at_once_do_not_both_join(signed_in: Any, stranger: Browser, app: Flask) -> None:
    _, link = invited(signed_in)
    other = Browser(app.test_client())
    assert accept(other, link).status_code == 303
    assert accept(stranger, link).status_code == 404


@pytest.mark.parametrize("how", ["withdrawn", "expired", "invited again"])
def test_a_link_that_is_good_no_more_opens_nothing(
    signed_in: Any, stranger: Browser, session: Session, how: str
) -> None:
    administrator, link = invited(signed_in)
    if how == "withdrawn":
        invite = session.scalars(select(Invite.id)).one()
        assert "Đã thu hồi" in administrator.post(f"/users/invites/{invite}/withdraw", follow_redirects=True).text
    elif how == "expired":
        session.execute(update(Invite).values(expires_at=func.now() - timedelta(seconds=1)))
        session.commit()
    else:
        invited(signed_in)
    assert stranger.get(link).status_code == 404
    assert "xin quản trị viên một liên kết mới" in stranger.get(link).text
    assert accept(stranger, link).status_code == 404
    assert session.scalars(select(User).where(User.email == NEW)).all() == []


def test_a_withdrawn_link_is_not_withdrawn_again(signed_in: Any, session: Session) -> None:
    administrator, _ = invited(signed_in)
    invite = session.scalars(select(Invite.id)).one()
    administrator.post(f"/users/invites/{invite}/withdraw")
    again = administrator.post(f"/users/invites/{invite}/withdraw", follow_redirects=True)
    assert "không còn hiệu lực" in again.text


@pytest.mark.parametrize(
    ("password", "again", "complaint"),
    [
        ("ngan", None, "từ 12 ký tự"),
        (CHOSEN, "khác", "không giống nhau"),
        ("Matkhau@123456", None, "quá dễ đoán"),
        ("DaNang2026DaNang!", None, "quá dễ đoán"),
        ("P@ssw0rd123456", None, "quá dễ đoán"),
    ],
)
def test_a_password_that_will_not_do_leaves_the_link_good(
    signed_in: Any, stranger: Browser, password: str, again: str | None, complaint: str
) -> None:
    _, link = invited(signed_in)
    answer = accept(stranger, link, password, again)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert accept(stranger, link).status_code == 303


@pytest.mark.parametrize("role", ["administrator", "operator"])
def test_whoever_looks_after_the_whole_city_cannot_be_limited(signed_in: Any, session: Session, role: str) -> None:
    ward = ward_id(session, "20194")
    administrator = signed_in("administrator")
    answer = administrator.post(
        "/users/invite", {"email": NEW, "role": [role], "area": [str(ward)]}, page="/users/invite"
    )
    assert answer.status_code == 422
    assert "phụ trách toàn thành phố" in answer.text
    assert f'value="{ward}" checked' in answer.text


def test_a_reset_gives_a_new_password_and_ends_every_session(
    signed_in: Any, stranger: Browser, session: Session
) -> None:
    officer, administrator = signed_in("officer"), signed_in("administrator")
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    answer = administrator.post(f"/users/{user.id}/reset")
    assert officer.get("/campaigns/").status_code == 200
    assert accept(stranger, link_of(answer.text)).status_code == 303
    assert officer.get("/campaigns/").status_code == 302
    assert stranger.sign_in(email_of("officer"), PASSWORD).status_code == 200
    assert stranger.sign_in(email_of("officer"), CHOSEN).status_code == 302


def test_nobody_but_an_administrator_makes_links(signed_in: Any, session: Session) -> None:
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    for path in ("/users/invite", f"/users/{user.id}/reset", f"/users/{user.id}/edit"):
        assert signed_in("officer").post(path, {"email": NEW, "role": ["administrator"]}).status_code == 403


def test_roles_and_scope_hold_from_the_next_page_on(signed_in: Any, session: Session) -> None:
    officer, administrator = signed_in("officer"), signed_in("administrator")
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    ward = ward_id(session, "20194")
    page = f"/users/{user.id}/edit"
    assert administrator.post(page, {"role": ["analyst"], "area": [str(ward)]}, page=page).status_code == 303
    assert officer.get("/campaigns/new").status_code == 403
    assert "Phường Hòa Hiệp Bắc" in administrator.get("/users/").text
    assert "Phường Hòa Hiệp Bắc" in administrator.get(f"/users/{user.id}/").text


def test_nobody_takes_the_administrators_role_from_themselves(signed_in: Any, session: Session) -> None:
    user = session.scalars(select(User).where(User.email == email_of("administrator"))).one()
    answer = signed_in("administrator").post(f"/users/{user.id}/edit", {"role": ["analyst"]})
    assert answer.status_code == 422
    assert "Không ai tự bỏ quyền quản trị" in answer.text


def test_what_no_role_carries_is_given_by_name_and_taken_back(signed_in: Any, session: Session) -> None:
    administrator = signed_in("administrator")
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    for held, given in (("yes", ["campaign.emergency"]), ("no", [])):
        form = {"permission": "campaign.emergency", "held": held}
        assert administrator.post(f"/users/{user.id}/grant", form).status_code == 303
        session.refresh(user)
        assert user.granted == given
    own = session.scalars(select(User).where(User.email == email_of("administrator"))).one()
    refused = administrator.post(f"/users/{own.id}/grant", {**form, "held": "yes"}, follow_redirects=True)
    assert "Không ai tự cấp quyền cho mình" in refused.text


def test_a_department_is_added_and_ends_with_an_heir(signed_in: Any, session: Session) -> None:
    administrator = signed_in("administrator")
    administrator.post("/users/departments", {"name": "Sở  Xây dựng ", "valid_from": "2025-03-01"})
    built = session.scalars(select(Department).where(Department.name == "Sở Xây dựng")).one()
    heir = session.scalars(select(Department).where(Department.name == "Sở Tài chính")).one()
    end = {"valid_until": "2026-06-30", "successor": str(heir.id)}
    administrator.post(f"/users/departments/{built.id}/end", end)
    session.refresh(built)
    assert (str(built.valid_until), built.successor_id) == ("2026-06-30", heir.id)
    circle = administrator.post(
        f"/users/departments/{heir.id}/end",
        {"valid_until": "2026-06-30", "successor": str(built.id)},
        follow_redirects=True,
    )
    assert "Cơ quan tiếp nhận không hợp lệ" in circle.text


def test_a_limit_to_a_department_makes_it_ones_own(session: Session) -> None:
    health = session.scalars(select(Department.id).where(Department.name == "Sở Y tế")).one()
    assert Place(None, (health,)).checked(session, ["officer"]).department == health

"""``loa users``: people, roles, passwords that the console accepts."""

from __future__ import annotations

import pytest

from admin.console.accounts import verify_password
from campaigns.models import User
from campaigns.store.database import Database
from campaigns.store.users import find_user
from tests.admin.cli.conftest import Run

PASSWORD = "một mật khẩu đủ dài"


def saved(database: Database, email: str) -> User:
    with database.transaction() as session:
        user = find_user(session, email)
        assert user
        return user


def test_a_person_is_added_with_roles_and_the_password_from_stdin(loa: Run, database: Database) -> None:
    ended = loa(
        "users", "add", "An@DaNang.example", "--role", "officer", "--role", "analyst", "--password-stdin", "--json",
        stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert ended.code == 0
    assert ended.document["email"] == "an@danang.example"
    user = saved(database, "an@danang.example")
    assert {role.name for role in user.roles} == {"officer", "analyst"}
    assert user.password
    assert verify_password(user.password, PASSWORD)
    assert PASSWORD not in user.password


def test_without_stdin_a_password_is_made_and_shown_once(loa: Run, database: Database) -> None:
    made = loa("users", "add", "an@danang.example", "--role", "approver").out.strip()
    assert len(made) >= 12
    password = saved(database, "an@danang.example").password
    assert password
    assert verify_password(password, made)
    assert made not in loa("users", "list", "--json").out


@pytest.mark.parametrize("password", ["short", "", "aaaaaaaaaaaaaaaa"])
def test_a_weak_password_is_refused(loa: Run, password: str) -> None:
    ended = loa("users", "add", "an@danang.example", "--role", "officer", "--password-stdin", stdin=f"{password}\n")
    assert ended.code == 1
    assert loa("users", "list", "--json").document == []


def test_nobody_is_added_twice(loa: Run) -> None:
    assert loa("users", "add", "an@danang.example", "--role", "officer").code == 0
    assert loa("users", "add", "AN@danang.example", "--role", "analyst").code == 1


def test_a_role_that_does_not_exist_is_wrong_usage(loa: Run) -> None:
    assert loa("users", "add", "an@danang.example", "--role", "king").code == 2


def test_only_an_administrator_adds_people_in_the_name_of_a_person(loa: Run) -> None:
    loa("users", "add", "an@danang.example", "--role", "officer")
    loa("users", "add", "quan@danang.example", "--role", "administrator")
    refused = loa("users", "add", "b@danang.example", "--role", "analyst", "--as", "an@danang.example")
    assert refused.code == 1
    assert loa("users", "add", "b@danang.example", "--role", "analyst", "--as", "quan@danang.example").code == 0


def test_adding_is_audited(loa: Run, database: Database) -> None:
    from sqlalchemy import select

    from campaigns.models import AuditEntry

    loa("users", "add", "an@danang.example", "--role", "officer")
    with database.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.added")).one()
    assert entry.actor == "system"
    assert entry.detail["email"] == "an@danang.example"

"""``loa users``: people, roles, passwords that the console accepts."""

from __future__ import annotations

import pytest

from admin.console import joining
from admin.console.accounts import verify_password
from campaigns.models import User
from campaigns.store.database import Database
from campaigns.store.invites import write_place
from campaigns.store.scope import load_scope
from campaigns.store.users import find_user
from tests.admin.cli.conftest import Run
from tests.factories import make_campaign, make_user, ward_id

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


def test_an_invitation_prints_a_link_that_makes_the_person(loa: Run, database: Database) -> None:
    ended = loa(
        "users", "invite", "an@danang.example", "--role", "officer", "--districts", "490", "--wards", "20254",
        "--department", "Sở Y tế", "--only-department", "Sở Y tế", "--json",
    )  # fmt: skip
    assert ended.code == 0
    token = ended.document["link"].rsplit("/join/", 1)[1]
    with database.transaction() as session:
        user = joining.accept(session, token, PASSWORD)
        scope = load_scope(session, user.id)
        assert ward_id(session, "20254") in (scope.wards or ())
        assert ward_id(session, "20194") in (scope.wards or ())
        assert scope.departments == {user.department_id}


@pytest.mark.parametrize(
    ("option", "value"), [("--districts", "999"), ("--wards", "490x"), ("--department", "Sở Nào"), ("--role", "king")]
)
def test_a_place_that_does_not_exist_is_refused(loa: Run, option: str, value: str) -> None:
    assert loa("users", "invite", "an@danang.example", "--role", "officer", option, value).code in {1, 2}


def test_a_reset_helps_the_last_administrator_without_anybody_signed_in(loa: Run, database: Database) -> None:
    loa("users", "add", "quan@danang.example", "--role", "administrator")
    link = loa("users", "reset", "Quan@danang.example", "--drop-second-factor").out.strip()
    with database.transaction() as session:
        joining.accept(session, link.rsplit("/join/", 1)[1], PASSWORD)
    assert verify_password(saved(database, "quan@danang.example").password or "", PASSWORD)
    assert loa("users", "reset", "ai@danang.example").code == 1


def test_commands_show_somebody_with_a_limit_no_more_than_the_console(loa: Run, database: Database) -> None:
    with database.transaction() as session:
        person = make_user(session, email="an@danang.example", roles=("officer",))
        areas = [ward_id(session, "20194")]
        write_place(session, person, department=None, departments=[], areas=areas)
        inside = make_campaign(session, audience={"edition": "2023", "wards": ["20194"]}).id
        outside = make_campaign(session).id
    by = ("--as", "an@danang.example")
    assert [row["id"] for row in loa("campaigns", "list", *by, "--json").document] == [inside]
    assert {row["id"] for row in loa("campaigns", "list", "--json").document} == {inside, outside}
    for command in (["campaigns", "show"], ["campaigns", "estimate"], ["campaigns", "submit"], ["stats"]):
        assert loa(*command, str(outside), *by).code == 1, command
    assert loa("campaigns", "show", str(inside), *by).code == 0
    assert loa("stats", str(inside), *by).code == 0

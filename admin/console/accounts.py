"""Use cases about people who sign in: adding them, their roles and place, switching them off, and the first of all."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from admin.console.common_passwords import is_common
from campaigns.access import ROLES, Actor
from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.models import User
from campaigns.store import console as store
from campaigns.store.audit import append_audit
from campaigns.store.invites import list_departments, list_place_ids, write_place
from campaigns.store.signed_in import end_signed_in
from campaigns.store.users import count_holders, find_user, insert_user, load_roles

PASSWORD_LEAST = 12
PASSWORD_MOST = 200
WHOLE_CITY_ROLES = frozenset({"administrator", "operator"})
"""Roles that cannot be limited to a part of the city: what they look after belongs to all of it."""
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,}")


def hash_password(password: str) -> str:
    """The hash Flask-Security checks: Argon2 of the text in NFKD, as it normalises what people type."""
    return PasswordHasher().hash(unicodedata.normalize("NFKD", password))


def verify_password(hashed: str, password: str) -> bool:
    """Whether the password is the one that was hashed."""
    try:
        return PasswordHasher().verify(hashed, unicodedata.normalize("NFKD", password))
    except (VerificationError, InvalidHashError):
        return False


def check_email(email: str) -> str:
    """The address in lower case.

    Raises:
        InvalidInput: it is none.
    """
    address = email.strip().lower()
    if not address:
        raise InvalidInput("Hãy nhập địa chỉ email.", "Enter the email address.")
    if not EMAIL.fullmatch(address):
        raise InvalidInput("“{email}” không phải địa chỉ email.", "“{email}” is no email address.", email=address[:100])
    return address


def check_roles(roles: Sequence[str]) -> None:
    """Refuse no role at all, and roles that do not exist.

    Raises:
        InvalidInput: so it is.
    """
    if not roles or set(roles) - set(ROLES):
        raise InvalidInput("Hãy chọn ít nhất một vai trò.", "Choose at least one role.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person works, and what of the city the person is limited to; empty is no limit."""

    department: int | None = None
    departments: tuple[int, ...] = ()
    areas: tuple[int, ...] = ()

    def checked(self, session: Session, roles: Sequence[str]) -> Place:
        """The same, with a department of one's own for who is limited to departments.

        Raises:
            InvalidInput: a department or area does not exist, or the role works for the whole city.
        """
        known = {department.id for department in list_departments(session)}
        if ({*self.departments, self.department} - {None}) - known or set(self.areas) - list_place_ids(session):
            raise InvalidInput("Không có cơ quan hoặc địa bàn này.", "There is no such department or area.")
        if (self.departments or self.areas) and set(roles) & WHOLE_CITY_ROLES:
            raise InvalidInput(
                "Quản trị và người vận hành phụ trách toàn thành phố: hãy bỏ giới hạn phạm vi hoặc bỏ vai trò đó.",
                "Administrators and operators work for the whole city: take away the limits, or that role.",
            )
        if self.departments and self.department not in self.departments:
            return replace(self, department=self.departments[0])
        return self

    def columns(self) -> dict[str, Any]:
        """As the columns of an invitation."""
        return {
            "department_id": self.department,
            "departments": list(self.departments),
            "areas": list(self.areas),
        }


def check_password(password: str, email: str = "") -> None:
    """Refuse a password that is easy to guess.

    Raises:
        InvalidInput: it is too short, too long, one repeated character, made of the words that everybody takes, or
            holds the email's name.
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise InvalidInput(
            "Mật khẩu cần từ {least} ký tự trở lên; nên là vài từ ghép lại.",
            "A password takes {least} characters or more; a few words together do well.",
            least=PASSWORD_LEAST,
        )
    name = email.split("@")[0].lower()
    if len(set(password)) < 5 or (len(name) > 3 and name in password.lower()) or is_common(password):
        raise InvalidInput(
            "Mật khẩu này quá dễ đoán. Hãy ghép vài từ không liên quan tới nhau và tới bạn.",
            "This password is too easy to guess. Put a few words together that have nothing to do with each other or"
            " with you.",
        )


def add_user(session: Session, actor: Actor, email: str, roles: list[str]) -> tuple[User, str]:
    """Add a person with roles; the user and the first password, which is stored nowhere and shown once.

    Raises:
        InvalidInput: no email, the email is taken, or a role does not exist.
    """
    actor.require("user.edit")
    address = check_email(email)
    check_roles(roles)
    if find_user(session, address) is not None:
        raise InvalidInput("{email} đã có tài khoản.", "{email} has an account already.", email=address)
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    user = insert_user(session, address, roles, hash_password(password))
    append_audit(session, actor.email, "user.added", "user", user.id, {"email": address, "roles": sorted(roles)})
    return user, password


def change_person(session: Session, actor: Actor, user_id: int, roles: list[str], place: Place) -> User:
    """Change somebody's roles and place; in force with the next page they open.

    Raises:
        NotFound: there is no such user.
        Forbidden: nobody takes the right to manage people from themselves.
        InvalidInput: no role, or a role, department or area that does not exist.
    """
    actor.require("user.edit")
    check_roles(roles)
    user = _lock(session, user_id)
    if user.email == actor.email and "administrator" not in roles:
        raise Forbidden(
            "Không ai tự bỏ quyền quản trị của mình; hãy nhờ quản trị viên khác.",
            "Nobody takes the administrator's role from themselves; ask another administrator.",
        )
    checked = place.checked(session, roles)
    known = load_roles(session)
    user.roles = [known[name] for name in sorted(set(roles))]
    write_place(session, user, department=checked.department, departments=checked.departments, areas=checked.areas)
    detail = {"email": user.email, "roles": sorted(set(roles)), **checked.columns()}
    append_audit(session, actor.email, "user.changed", "user", user.id, detail)
    return user


def end_sessions(session: Session, actor: Actor, user_id: int) -> int:
    """End every session of a person; returns how many were open.

    Raises:
        NotFound: there is no such user.
    """
    actor.require("user.edit")
    user = _lock(session, user_id)
    ended = end_signed_in(session, user.id)
    append_audit(session, actor.email, "user.sessions_ended", "user", user.id, {"sessions": ended})
    return ended


def note_unlocked(session: Session, actor: Actor, user_id: int) -> User:
    """Write down that an administrator forgave a person's failed sign-ins.

    Raises:
        NotFound: there is no such user.
    """
    actor.require("user.edit")
    user = _lock(session, user_id)
    append_audit(session, actor.email, "user.unlocked", "user", user.id, {"email": user.email})
    return user


def _lock(session: Session, user_id: int) -> User:
    user = store.lock_user(session, user_id)
    if user is None:
        raise NotFound("Không có người dùng này.", "There is no such user.")
    return user


def set_active(session: Session, actor: Actor, user_id: int, active: bool) -> User:
    """Let a person in again, or keep the person out and end every session.

    Raises:
        NotFound: there is no such user.
        Forbidden: nobody switches off their own account.
    """
    actor.require("user.edit")
    user = _lock(session, user_id)
    if user.email == actor.email and not active:
        raise Forbidden("Không ai tự khoá tài khoản của mình.", "Nobody switches off their own account.")
    user.active = active
    user.fs_uniquifier = uuid4().hex
    end_signed_in(session, user.id)
    append_audit(
        session, actor.email, "user.activated" if active else "user.deactivated", "user", user.id, {"email": user.email}
    )
    return user


def change_password(session: Session, actor: Actor, user_id: int, password: str, *, stays: int | None = None) -> str:
    """Give a person a new password and end all their sessions but ``stays``; the new key, for that one."""
    check_password(password, actor.email)
    uniquifier = uuid4().hex
    end_signed_in(session, user_id, but=stays)
    store.save_credentials(session, user_id, hash_password(password), uniquifier)
    append_audit(session, actor.email, "user.password_changed", "user", user_id)
    return uniquifier


def setup_token_fits(home: Path, token: str) -> bool:
    """Whether the token of a one-time link is the one whose hash lies in ``LOA_HOME/setup_token``."""
    try:
        expected = (home / "setup_token").read_text(encoding="ascii").strip()
    except OSError:
        return False
    return hmac.compare_digest(hashlib.sha256(token.encode()).hexdigest(), expected)


def make_first_administrator(session: Session, home: Path, token: str, email: str, password: str) -> User:
    """Make the first administrator by the one-time link.

    Raises:
        Forbidden: the link is wrong, or there is an administrator already.
        InvalidInput: the email or the password will not do.
    """
    store.lock_users(session)
    if not setup_token_fits(home, token) or count_holders(session, "administrator"):
        raise Forbidden("Liên kết này không còn dùng được.", "This link can no longer be used.")
    address = check_email(email)
    check_password(password, address)
    user = insert_user(session, address, ["administrator"], hash_password(password))
    append_audit(session, address, "user.first_administrator", "user", user.id, {"email": address})
    return user

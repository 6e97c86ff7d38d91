"""Use cases about people who sign in: adding them, switching them off, their passwords, and the first of all."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from pathlib import Path
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from campaigns.access import ROLES, Actor
from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.models import User
from campaigns.store import console as store
from campaigns.store.audit import append_audit
from campaigns.store.users import count_holders, find_user, insert_user

PASSWORD_LEAST = 12
PASSWORD_MOST = 200
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


def check_password(password: str, email: str = "") -> None:
    """Refuse a password that is easy to guess.

    Raises:
        InvalidInput: it is too short, too long, one repeated character, or holds the email's name.
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise InvalidInput(
            "Mật khẩu cần từ {least} ký tự trở lên; nên là vài từ ghép lại.",
            "A password takes {least} characters or more; a few words together do well.",
            least=PASSWORD_LEAST,
        )
    name = email.split("@")[0].lower()
    if len(set(password)) < 5 or (len(name) > 3 and name in password.lower()):
        raise InvalidInput(
            "Mật khẩu này quá dễ đoán.",
            "This password is too easy to guess.",
        )


def add_user(session: Session, actor: Actor, email: str, roles: list[str]) -> tuple[User, str]:
    """Add a person with roles; the user and the first password, which is stored nowhere and shown once.

    Raises:
        InvalidInput: no email, the email is taken, or a role does not exist.
    """
    actor.require("user.edit")
    address = email.strip().lower()
    if not EMAIL.fullmatch(address):
        raise InvalidInput("“{email}” không phải địa chỉ email.", "“{email}” is no email address.", email=address[:100])
    if not roles or set(roles) - set(ROLES):
        raise InvalidInput("Hãy chọn ít nhất một vai trò.", "Choose at least one role.")
    if find_user(session, address) is not None:
        raise InvalidInput("{email} đã có tài khoản.", "{email} has an account already.", email=address)
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    user = insert_user(session, address, roles, hash_password(password))
    append_audit(session, actor.email, "user.added", "user", user.id, {"email": address, "roles": sorted(roles)})
    return user, password


def set_active(session: Session, actor: Actor, user_id: int, active: bool) -> User:
    """Let a person in again, or keep the person out and end every session.

    Raises:
        NotFound: there is no such user.
        Forbidden: nobody switches off their own account.
    """
    actor.require("user.edit")
    user = store.lock_user(session, user_id)
    if user is None:
        raise NotFound("Không có người dùng này.", "There is no such user.")
    if user.email == actor.email and not active:
        raise Forbidden("Không ai tự khoá tài khoản của mình.", "Nobody switches off their own account.")
    user.active = active
    user.fs_uniquifier = uuid4().hex
    append_audit(
        session, actor.email, "user.activated" if active else "user.deactivated", "user", user.id, {"email": user.email}
    )
    return user


def change_password(session: Session, actor: Actor, user_id: int, password: str) -> str:
    """Give a person a new password and end all their sessions; the new session key, for the one that stays."""
    check_password(password, actor.email)
    uniquifier = uuid4().hex
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
    address = email.strip().lower()
    if not EMAIL.fullmatch(address):
        raise InvalidInput("“{email}” không phải địa chỉ email.", "“{email}” is no email address.", email=address[:100])
    check_password(password, address)
    user = insert_user(session, address, ["administrator"], hash_password(password))
    append_audit(session, address, "user.first_administrator", "user", user.id, {"email": address})
    return user

"""Use cases about one-time links: inviting people, resetting passwords, and what somebody does who opens one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy.orm import Session

from admin.console import factors
from admin.console.accounts import Place, check_email, check_password, check_roles, hash_password
from campaigns.access import Actor
from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.models import Invite, User
from campaigns.store import console as store
from campaigns.store import invites
from campaigns.store.audit import append_audit
from campaigns.store.signed_in import end_signed_in
from campaigns.store.users import find_user, insert_user


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was made: ``token`` is stored nowhere and shown once."""

    invite: Invite
    token: str


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def invite(session: Session, actor: Actor, email: str, roles: Sequence[str], place: Place, *, hours: int) -> Link:
    """Invite somebody with roles and scope; an earlier invitation of the same address is withdrawn.

    Raises:
        InvalidInput: no email, the email is taken, a role or place does not exist.
    """
    actor.require("user.edit")
    address = check_email(email)
    check_roles(roles)
    if find_user(session, address) is not None:
        raise InvalidInput("{email} đã có tài khoản.", "{email} has an account already.", email=address)
    checked = place.checked(session, roles)
    link = _make(session, actor, address, hours=hours, roles=sorted(set(roles)), **checked.columns())
    detail = {"email": address, "roles": link.invite.roles, "invite": link.invite.id}
    append_audit(session, actor.email, "user.invited", "invite", link.invite.id, detail)
    return link


def reset(session: Session, actor: Actor, user_id: int, *, hours: int, drops_second_factor: bool = False) -> Link:
    """A link by which somebody sets a new password; nothing changes before it is opened.

    Raises:
        NotFound: there is no such user.
        Forbidden: the person is switched off.
    """
    actor.require("user.edit")
    user = store.lock_user(session, user_id)
    if user is None:
        raise NotFound("Không có người dùng này.", "There is no such user.")
    if not user.active:
        raise Forbidden("Tài khoản đang bị khoá; hãy mở lại trước.", "The account is switched off; switch it on first.")
    link = _make(
        session,
        actor,
        user.email,
        hours=hours,
        user_id=user.id,
        roles=[],
        departments=[],
        areas=[],
        drops_second_factor=drops_second_factor,
    )
    detail = {"email": user.email, "second_factor": drops_second_factor}
    append_audit(session, actor.email, "user.reset_link", "user", user.id, detail)
    return link


def _make(session: Session, actor: Actor, email: str, *, hours: int, **values: object) -> Link:
    invites.withdraw_invites(session, email=email)
    token = secrets.token_urlsafe(24)
    made = invites.insert_invite(
        session, hours=hours, email=email, token_hash=_hash(token), created_by=actor.email, **values
    )
    return Link(made, token)


def withdraw(session: Session, actor: Actor, invite_id: int) -> str:
    """Make a link good no more; the address it was for.

    Raises:
        NotFound: it was used, has had its time, or is withdrawn.
    """
    actor.require("user.edit")
    withdrawn = invites.withdraw_invites(session, only=invite_id)
    if not withdrawn:
        raise NotFound("Liên kết này không còn hiệu lực.", "This link is not good any more.")
    append_audit(session, actor.email, "user.link_withdrawn", "invite", invite_id, {"email": withdrawn[0]})
    return withdrawn[0]


def look_up(session: Session, token: str) -> Invite | None:
    """The open link with this token."""
    return invites.find_invite(session, _hash(token))


def accept(session: Session, token: str, password: str) -> User:
    """Do what a link is for: make the account, or give it the new password and end its sessions.

    Raises:
        Forbidden: the link was used meanwhile, withdrawn, or has had its time.
        InvalidInput: the password will not do.
    """
    found = invites.lock_invite(session, _hash(token))
    if found is None:
        raise Forbidden(
            "Liên kết này không còn dùng được. Hãy xin quản trị viên liên kết mới.",
            "This link can no longer be used. Ask an administrator for a new one.",
        )
    check_password(password, found.email)
    user = _join(session, found, password) if found.user_id is None else _reset(session, found, password)
    invites.use_invite(session, found)
    return user


def _join(session: Session, found: Invite, password: str) -> User:
    store.lock_users(session)
    if find_user(session, found.email) is not None:
        raise Forbidden("{email} đã có tài khoản.", "{email} has an account already.", email=found.email)
    user = insert_user(session, found.email, found.roles, hash_password(password))
    invites.write_place(session, user, department=found.department_id, departments=found.departments, areas=found.areas)
    detail = {"email": user.email, "roles": found.roles, "invited_by": found.created_by}
    append_audit(session, user.email, "user.joined", "user", user.id, detail)
    return user


def _reset(session: Session, found: Invite, password: str) -> User:
    user = store.lock_user(session, found.user_id or 0)
    if user is None or not user.active:
        raise Forbidden("Liên kết này không còn dùng được.", "This link can no longer be used.")
    store.save_credentials(session, user.id, hash_password(password), uuid4().hex)
    end_signed_in(session, user.id)
    if found.drops_second_factor:
        factors.clear(session, user.id)
    append_audit(session, user.email, "user.password_reset", "user", user.id, {"link_by": found.created_by})
    return user

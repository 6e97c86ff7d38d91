"""Permissions that no role carries, given by an administrator to persons by name."""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.access import PERSONAL, Actor
from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.models import User
from campaigns.store.audit import append_audit
from campaigns.store.users import find_user


def grant(session: Session, actor: Actor, email: str, permission: str) -> User:
    """Give a person a permission of ``campaigns.access.PERSONAL``.

    Raises:
        Forbidden: somebody would give it to themselves.
        NotFound: nobody has this address.
        InvalidInput: the permission comes with a role, or does not exist.
    """
    return _set(session, actor, email, permission, True)


def revoke(session: Session, actor: Actor, email: str, permission: str) -> User:
    """Take a permission of ``campaigns.access.PERSONAL`` back; in force with the person's next page."""
    return _set(session, actor, email, permission, False)


def _set(session: Session, actor: Actor, email: str, permission: str, held: bool) -> User:
    actor.require("user.edit")
    if permission not in PERSONAL:
        raise InvalidInput(
            "“{permission}” không cấp riêng được; có thể cấp: {known}.",
            "“{permission}” is not given to persons; these are: {known}.",
            permission=permission[:100],
            known=", ".join(sorted(PERSONAL)),
        )
    user = find_user(session, email)
    if user is None:
        raise NotFound("Không có người dùng “{who}”.", "There is no user “{who}”.", who=email[:250])
    if user.email == actor.email and held:
        raise Forbidden("Không ai tự cấp quyền cho mình.", "Nobody gives a permission to themselves.")
    kept = set(user.granted) | {permission} if held else set(user.granted) - {permission}
    if kept != set(user.granted):
        user.granted = sorted(kept)
        what = "user.granted" if held else "user.revoked"
        append_audit(session, actor.email, what, "user", user.id, {"email": user.email, "permission": permission})
    return user

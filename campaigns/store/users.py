"""Statements about people who use Loa and their roles."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from campaigns.access import ROLES, WHOLE_CITY, Actor, Scope
from campaigns.errors import Forbidden, NotFound
from campaigns.models import Role, User, user_role
from campaigns.store.scope import load_scope


def find_user(session: Session, email: str) -> User | None:
    """The person with this address, in any case of letters."""
    return session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def find_user_by_id(session: Session, user_id: int) -> User | None:
    """The person with this id."""
    return session.get(User, user_id)


def list_users(session: Session) -> list[User]:
    """Everybody, by address."""
    return list(session.scalars(select(User).order_by(User.email)))


def load_actor(session: Session, email: str) -> Actor:
    """The person as use cases want to know them.

    Raises:
        NotFound: nobody has this address.
        Forbidden: the person was switched off.
    """
    user = find_user(session, email)
    if user is None:
        raise NotFound(
            "Không có người dùng “{who}”. Xem danh sách bằng: loa users list.",
            "There is no user “{who}”. See the list with: loa users list.",
            who=email,
        )
    if not user.active:
        raise Forbidden("Tài khoản “{who}” đã bị khoá.", "The account “{who}” is switched off.", who=email)
    return actor_of(session, user)


def actor_of(session: Session, user: User) -> Actor:
    """A person with roles, scope and department."""
    roles = frozenset(role.name for role in user.roles)
    return Actor(user.email, roles, frozenset(user.granted), load_scope(session, user.id), user.department_id)


def scope_of(session: Session, email: str) -> Scope:
    """The limits somebody has now, whose wish is carried out later; the installation itself has none."""
    user = find_user(session, email)
    return load_scope(session, user.id) if user is not None else WHOLE_CITY


def load_roles(session: Session) -> dict[str, Role]:
    """Every role of ``campaigns.access`` by name; what is missing in the table is added."""
    session.execute(upsert(Role).values([{"name": name} for name in sorted(ROLES)]).on_conflict_do_nothing())
    return {role.name: role for role in session.scalars(select(Role).where(Role.name.in_(ROLES)))}


def insert_user(session: Session, email: str, roles: Iterable[str], password_hash: str | None) -> User:
    """Add a person; ``email`` is kept in lower case."""
    known = load_roles(session)
    user = User(
        email=email.strip().lower(),
        password=password_hash,
        fs_uniquifier=uuid4().hex,
        roles=[known[name] for name in sorted(set(roles))],
    )
    session.add(user)
    session.flush()
    return user


def count_holders(session: Session, role: str) -> int:
    """How many people who may sign in hold ``role``."""
    statement = (
        select(func.count())
        .select_from(User)
        .join(user_role, user_role.c.user_id == User.id)
        .join(Role, Role.id == user_role.c.role_id)
        .where(Role.name == role, User.active)
    )
    return session.scalar(statement) or 0

"""One-time links and departments; where people belong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from campaigns.models import Area, Department, Invite, User, user_area, user_department
from campaigns.store.sorting import alphabetically


def _open() -> ColumnElement[bool]:
    return and_(Invite.used_at.is_(None), Invite.withdrawn_at.is_(None), Invite.expires_at > func.now())


def insert_invite(session: Session, *, hours: int, **values: Any) -> Invite:
    """Add a link that is good for so many hours."""
    made = Invite(expires_at=func.now() + timedelta(hours=hours), **values)
    session.add(made)
    session.flush()
    session.refresh(made)
    return made


def find_invite(session: Session, token_hash: bytes) -> Invite | None:
    """The open link with this token."""
    return session.scalars(select(Invite).where(Invite.token_hash == token_hash, _open())).one_or_none()


def lock_invite(session: Session, token_hash: bytes) -> Invite | None:
    """The open link with this token, locked until the transaction ends."""
    query = select(Invite).where(Invite.token_hash == token_hash, _open()).with_for_update()
    return session.scalars(query).one_or_none()


def list_invites(session: Session) -> Sequence[Invite]:
    """Open links, the latest first."""
    return session.scalars(select(Invite).where(_open()).order_by(Invite.id.desc()).limit(200)).all()


def use_invite(session: Session, invite: Invite) -> None:
    """Note that a link has done its work."""
    session.execute(update(Invite).where(Invite.id == invite.id).values(used_at=func.now()))


def withdraw_invites(session: Session, *, only: int | None = None, email: str = "") -> list[str]:
    """Withdraw one open link, or all to an address; the addresses they were for."""
    chosen = Invite.email == email if only is None else Invite.id == only
    withdrawn = update(Invite).where(_open(), chosen).values(withdrawn_at=func.now()).returning(Invite.email)
    return list(session.scalars(withdrawn))


def list_departments(session: Session, *, current: bool = False) -> Sequence[Department]:
    """Departments by name; those whose name still stands, or all."""
    query = select(Department).order_by(Department.valid_until.is_not(None), *alphabetically(Department.name))
    if current:
        query = query.where(or_(Department.valid_until.is_(None), Department.valid_until >= func.current_date()))
    return session.scalars(query).all()


def find_department(session: Session, name: str) -> Department | None:
    """The department of this name."""
    return session.scalars(select(Department).where(Department.name == name)).one_or_none()


def insert_department(session: Session, name: str, valid_from: date | None) -> Department:
    """Add a department."""
    made = Department(name=name, valid_from=valid_from)
    session.add(made)
    session.flush()
    return made


def lock_department(session: Session, department_id: int) -> Department | None:
    """The department with this id, locked until the transaction ends."""
    return session.scalars(select(Department).where(Department.id == department_id).with_for_update()).one_or_none()


def list_place_ids(session: Session) -> frozenset[int]:
    """Ids of all districts and wards."""
    return frozenset(session.scalars(select(Area.id).where(Area.kind.in_(("district", "ward")))))


def read_limits(session: Session, user_id: int) -> tuple[list[int], list[int]]:
    """Ids of the departments and of the areas a person is limited to, as they were chosen."""
    departments = select(user_department.c.department_id).where(user_department.c.user_id == user_id)
    areas = select(user_area.c.area_id).where(user_area.c.user_id == user_id)
    return sorted(session.scalars(departments)), sorted(session.scalars(areas))


def write_place(
    session: Session, user: User, *, department: int | None, departments: Iterable[int], areas: Iterable[int]
) -> None:
    """Say where a person works and what the person is limited to."""
    user.department_id = department
    for table, column, values in (
        (user_department, "department_id", sorted(set(departments))),
        (user_area, "area_id", sorted(set(areas))),
    ):
        session.execute(delete(table).where(table.c.user_id == user.id))
        if values:
            session.execute(insert(table), [{"user_id": user.id, column: value} for value in values])
    session.flush()

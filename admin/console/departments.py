"""Use cases about departments of the city: adding one, and noting that one ended and who took over."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.areas.names import tidy
from campaigns.errors import InvalidInput, NotFound
from campaigns.models import Department
from campaigns.store.audit import append_audit
from campaigns.store.invites import find_department, insert_department, lock_department

NAME_MOST = 120


def add(session: Session, actor: Actor, name: str, valid_from: date | None) -> Department:
    """Add a department.

    Raises:
        InvalidInput: no name, one that is too long, or one that is known.
    """
    actor.require("user.edit")
    cleaned = tidy(name)
    if not 1 <= len(cleaned) <= NAME_MOST:
        raise InvalidInput("Hãy ghi tên, tối đa {n} ký tự.", "Give the name, {n} characters at most.", n=NAME_MOST)
    if find_department(session, cleaned) is not None:
        raise InvalidInput("Đã có “{name}”.", "“{name}” is there already.", name=cleaned)
    made = insert_department(session, cleaned, valid_from)
    append_audit(session, actor.email, "department.added", "department", made.id, {"name": cleaned})
    return made


def end(session: Session, actor: Actor, department_id: int, until: date | None, successor_id: int | None) -> None:
    """Note the last day of a department's name and who took over; people of the heir then see what it made.

    Raises:
        NotFound: there is no such department.
        InvalidInput: no day, a day before its first, or an heir that does not exist or leads back to itself.
    """
    actor.require("user.edit")
    department = lock_department(session, department_id)
    if department is None:
        raise NotFound("Không có cơ quan này.", "There is no such department.")
    if until is None or (department.valid_from is not None and until < department.valid_from):
        raise InvalidInput("Hãy ghi ngày cuối mang tên này.", "Give the last day of this name.")
    _refuse_circle(session, department_id, successor_id)
    department.valid_until, department.successor_id = until, successor_id
    detail = {"name": department.name, "until": until.isoformat(), "successor": successor_id}
    append_audit(session, actor.email, "department.ended", "department", department_id, detail)


def _refuse_circle(session: Session, department_id: int, successor_id: int | None) -> None:
    following = successor_id
    while following is not None:
        heir = lock_department(session, following)
        if heir is None or heir.id == department_id:
            raise InvalidInput(
                "Cơ quan tiếp nhận không hợp lệ: hãy chọn cơ quan khác.", "This cannot be the heir: choose another."
            )
        following = heir.successor_id

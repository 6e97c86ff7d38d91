"""The queue of files people ask for, and the pages of the lists that go into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.errors import NotFound
from campaigns.models import AuditEntry, Contact, ExportJob, OptOut
from campaigns.store.audit import conditions_of
from campaigns.store.console import wards_of
from campaigns.store.rows import lock_row
from campaigns.store.scope import contacts_within, numbers_within

_LOCK = 0x4C6F_6108
"""First key of the advisory lock that whoever writes a file holds; the second is the job's id."""

OPEN = ("waiting", "running")


def get_export(session: Session, job_id: int) -> ExportJob:
    """The export with this id.

    Raises:
        NotFound: there is none.
    """
    job = session.get(ExportJob, job_id)
    if job is None:
        raise NotFound("Không có tệp xuất số {id}.", "There is no export {id}.", id=job_id)
    return job


def lock_export(session: Session, job_id: int) -> ExportJob:
    """The export with this id, freshly read and locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return lock_row(session, ExportJob, job_id) or get_export(session, job_id)


def list_exports(session: Session, created_by: str, limit: int = 50) -> Sequence[ExportJob]:
    """The latest files of one person."""
    query = select(ExportJob).where(ExportJob.created_by == created_by)
    return session.scalars(query.order_by(ExportJob.id.desc()).limit(limit)).all()


def count_open_exports(session: Session, created_by: str) -> int:
    """How many files of one person are still to be written."""
    query = select(func.count()).where(ExportJob.created_by == created_by, ExportJob.state.in_(OPEN))
    return session.execute(query).scalar_one()


def try_lock_export(session: Session, job_id: int) -> bool:
    """Take the right to write a file until the transaction ends; False where another process has it."""
    return bool(session.execute(text("SELECT pg_try_advisory_xact_lock(:a, :b)"), {"a": _LOCK, "b": job_id}).scalar())


def list_waiting_exports(session: Session) -> list[int]:
    """Files nobody is writing: those that wait, and those whose writer died."""
    jobs = session.scalars(select(ExportJob.id).where(ExportJob.state.in_(OPEN)).order_by(ExportJob.id)).all()
    return [job for job in jobs if try_lock_export(session, job)]


def note_rows_written(session: Session, job_id: int, rows: int) -> None:
    """How far the writer has come."""
    session.execute(update(ExportJob).where(ExportJob.id == job_id).values(rows_done=rows))


def end_export(session: Session, job_id: int, *, error: Mapping[str, str] | None = None) -> None:
    """Note that a file is ready, or why there is none."""
    session.execute(
        update(ExportJob)
        .where(ExportJob.id == job_id)
        .values(state="failed" if error else "finished", error=error, finished_at=func.now())
    )


def note_files_gone(session: Session, days: int) -> list[str]:
    """Mark files older than ``days`` as gone; folders that are still needed."""
    old = func.now() - timedelta(days=days)
    session.execute(
        update(ExportJob).where(ExportJob.state == "finished", ExportJob.finished_at < old).values(state="gone")
    )
    return list(session.scalars(select(ExportJob.folder).where(ExportJob.state.in_((*OPEN, "finished")))))


def _page(session: Session, model: Any, conditions: Sequence[ColumnElement[bool]], after: int, limit: int) -> Any:
    query = select(model).where(model.id > after, *conditions).order_by(model.id).limit(limit)
    return session.scalars(query).all()


def read_contact_rows(
    session: Session, filters: Mapping[str, str], after: int, limit: int, scope: Scope = WHOLE_CITY
) -> Sequence[Contact]:
    """The next people by id, of an area and a carrier where they are named."""
    conditions = [contacts_within(scope)]
    if "area" in filters:
        conditions.append(Contact.ward_id.in_(wards_of(int(filters["area"]))))
    if "carrier" in filters:
        conditions.append(Contact.carrier == filters["carrier"])
    rows: Sequence[Contact] = _page(session, Contact, conditions, after, limit)
    return rows


def read_optout_rows(
    session: Session, filters: Mapping[str, str], after: int, limit: int, scope: Scope = WHOLE_CITY
) -> Sequence[OptOut]:
    """The next refusals by id, of a source and a standing (``yes``: in force) where they are named."""
    conditions = [numbers_within(scope, OptOut.phone_hash)]
    if "source" in filters:
        conditions.append(OptOut.source == filters["source"])
    if "standing" in filters:
        conditions.append(OptOut.ended_at.is_(None) if filters["standing"] == "yes" else OptOut.ended_at.is_not(None))
    rows: Sequence[OptOut] = _page(session, OptOut, conditions, after, limit)
    return rows


def read_audit_rows(
    session: Session, filters: Mapping[str, str], after: int, limit: int, _scope: Scope = WHOLE_CITY
) -> Sequence[AuditEntry]:
    """The next entries of the audit by id, narrowed by ``campaigns.store.audit.FILTERS``; the whole city's alone."""
    rows: Sequence[AuditEntry] = _page(session, AuditEntry, conditions_of(filters), after, limit)
    return rows

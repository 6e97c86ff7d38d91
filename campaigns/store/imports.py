"""The queue of imports that people start in the browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from campaigns.errors import NotFound
from campaigns.models import Contact, ImportJob
from campaigns.store.rows import lock_row

_LOCK = 0x4C6F_6107
"""First key of the advisory lock that whoever reads a file holds; the second is the job's id."""

OPEN = ("waiting", "running")


CONTACTS, DO_NOT_CALL = "contacts", "do-not-call"
"""What a list holds."""


def get_import(session: Session, job_id: int, kind: str | None = None) -> ImportJob:
    """The import with this id, of a list of this kind where one is given.

    Raises:
        NotFound: there is none.
    """
    job = session.get(ImportJob, job_id)
    if job is None or kind not in (None, job.kind):
        raise NotFound("Không có lượt nhập số {id}.", "There is no import {id}.", id=job_id)
    return job


def lock_import(session: Session, job_id: int) -> ImportJob:
    """The import with this id, freshly read and locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return lock_row(session, ImportJob, job_id) or get_import(session, job_id)


def list_imports(
    session: Session, limit: int = 20, kind: str = CONTACTS, *, by: str | None = None
) -> Sequence[ImportJob]:
    """The latest imports of lists of one kind, of one person where ``by`` names one."""
    query = select(ImportJob).where(ImportJob.state != "discarded", ImportJob.kind == kind)
    if by is not None:
        query = query.where(ImportJob.created_by == by)
    return session.scalars(query.order_by(ImportJob.id.desc()).limit(limit)).all()


def find_fields(session: Session, header_digest: bytes) -> Sequence[str] | None:
    """What the columns were last taken for in a file with this header; None where there was none."""
    query = select(ImportJob.fields).where(ImportJob.header_digest == header_digest, ImportJob.started_at.is_not(None))
    return session.scalars(query.order_by(ImportJob.id.desc()).limit(1)).one_or_none()


def list_waiting_imports(session: Session) -> list[int]:
    """Imports that nobody is reading: those that wait, and those whose reader died."""
    jobs = session.scalars(select(ImportJob.id).where(ImportJob.state.in_(OPEN)).order_by(ImportJob.id)).all()
    return [job for job in jobs if try_lock_import(session, job)]


def try_lock_import(session: Session, job_id: int) -> bool:
    """Take the right to read a file until the transaction ends; False where another process has it.

    The lock goes with the connection, so a reader that is killed gives it back without a word.
    """
    return bool(session.execute(text("SELECT pg_try_advisory_xact_lock(:a, :b)"), {"a": _LOCK, "b": job_id}).scalar())


def begin_import(session: Session, job: ImportJob) -> None:
    """Note that reading begins, or begins again."""
    job.state = "running"
    job.attempts += 1
    job.rows_done = 0
    if job.started_at is None:
        job.started_at = session.execute(select(func.now())).scalar_one()
        job.last_contact_id = session.execute(select(func.coalesce(func.max(Contact.id), 0))).scalar_one()
    session.flush()


def note_rows_done(session: Session, job_id: int, rows: int) -> None:
    """Note how far the reading has come."""
    session.execute(update(ImportJob).where(ImportJob.id == job_id).values(rows_done=rows))


def count_created(session: Session, job: ImportJob, source: str) -> int:
    """Contacts that all attempts of an import made together: its source, with ids after those it found."""
    query = select(func.count()).select_from(Contact).where(Contact.id > (job.last_contact_id or 0))
    return session.execute(query.where(Contact.source.startswith(source, autoescape=True))).scalar_one()


def end_import(
    session: Session,
    job_id: int,
    *,
    report: Mapping[str, Any] | None = None,
    error: Mapping[str, str] | None = None,
) -> None:
    """Note what came of an import: its report, why it failed, or both where the file was damaged in the middle."""
    session.execute(
        update(ImportJob)
        .where(ImportJob.id == job_id)
        .values(state="failed" if error else "finished", report=report, error=error, finished_at=func.now())
    )


def list_live_folders(session: Session, hours: int) -> set[str]:
    """Folders of imports that are under way, or that people may still want to look at."""
    recent = func.coalesce(ImportJob.finished_at, ImportJob.created_at) > _hours_ago(hours)
    query = select(ImportJob.folder).where(ImportJob.state.in_(OPEN) | recent)
    return set(session.scalars(query.where(ImportJob.state != "discarded")))


def discard_stale_imports(session: Session, hours: int) -> int:
    """Discard uploads that nobody confirmed in time."""
    too_old = ImportJob.created_at < _hours_ago(hours)
    stale = update(ImportJob).where(ImportJob.state == "uploaded", too_old).values(state="discarded")
    return int(session.execute(stale).rowcount)  # type: ignore[attr-defined]


def _hours_ago(hours: int) -> ColumnElement[datetime]:
    return func.now() - timedelta(hours=hours)

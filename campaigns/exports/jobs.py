"""Asking for a list as a file, and writing it: one process at a time, begun anew after a kill."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.sealed_files import seal_file
from campaigns.errors import InvalidInput, LoaError
from campaigns.exports.files import open_sheet
from campaigns.exports.kinds import kind_of
from campaigns.models import ExportJob
from campaigns.store.audit import append_audit
from campaigns.store.database import Database
from campaigns.store.exports import (
    OPEN,
    count_open_exports,
    end_export,
    lock_export,
    note_files_gone,
    note_rows_written,
    try_lock_export,
)
from campaigns.store.users import scope_of
from config.i18n import current_language, in_every_language, language
from config.keys import Keyring

FORMATS = ("csv", "xlsx")
KEEP_DAYS = 7
MOST_AT_ONCE = 5
"""Files of one person that wait or are being written."""
MOST_ATTEMPTS = 5
PAGE = 5_000
"""Rows read at a time."""


def ask_for(session: Session, actor: Actor, kind: str, filters: Mapping[str, str], file_format: str) -> ExportJob:
    """Queue a list for writing.

    Raises:
        Forbidden: the person may not have this list.
        InvalidInput: no such list, filter or format, or too many files at once.
    """
    chosen = kind_of(kind)
    actor.require(chosen.permission)
    if file_format not in FORMATS or not chosen.filters >= filters.keys():
        raise InvalidInput("Yêu cầu không đọc được.", "The request cannot be read.")
    if count_open_exports(session, actor.email) >= MOST_AT_ONCE:
        raise InvalidInput(
            "Bạn đang chờ {n} tệp. Hãy đợi xong rồi tải tiếp.",
            "You are waiting for {n} files. Let them be finished first.",
            n=MOST_AT_ONCE,
        )
    job = ExportJob(
        kind=kind,
        filters=dict(filters),
        format=file_format,
        folder=secrets.token_hex(16),
        language=current_language(),
        created_by=actor.email,
    )
    session.add(job)
    session.flush()
    append_audit(session, actor.email, "export.asked", "export", job.id, {"list": kind, "filters": dict(filters)})
    return job


def file_of(home: Path, job: ExportJob) -> Path:
    """Where its file lies once it is finished."""
    return home / "exports" / job.folder / f"loa-{job.kind}-{job.id}.{job.format}"


def run_export(database: Database, keyring: Keyring, home: Path, job_id: int) -> bool:
    """Write the file of a job; False where another process is at it, or nothing is left to do."""
    with database.transaction() as guard:
        if not try_lock_export(guard, job_id):
            return False
        job = _begin(database, job_id)
        if job is None:
            return False
        with language(job.language):
            try:
                rows = _write(database, keyring, file_of(home, job), job)
            except LoaError as refusal:
                with database.transaction() as session:
                    end_export(session, job.id, error=in_every_language(refusal.__str__))
                shutil.rmtree(file_of(home, job).parent, ignore_errors=True)
            else:
                with database.transaction() as session:
                    note_rows_written(session, job.id, rows)
                    end_export(session, job.id)
    return True


def _begin(database: Database, job_id: int) -> ExportJob | None:
    with database.transaction() as session:
        job = lock_export(session, job_id)
        if job.state not in OPEN:
            return None
        if job.attempts >= MOST_ATTEMPTS:
            given_up = LoaError(
                "Việc ghi tệp bị ngắt {n} lần nên đã dừng; hãy báo người vận hành.",
                "Writing the file was cut off {n} times, so it was given up; tell the operator.",
                n=job.attempts,
            )
            end_export(session, job_id, error=in_every_language(given_up.__str__))
            return None
        job.state, job.rows_done = "running", 0
        job.attempts += 1
        return job


def _write(database: Database, keyring: Keyring, path: Path, job: ExportJob) -> int:
    kind = kind_of(job.kind)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}")
    done = after = 0
    with open_sheet(part, job.format) as sheet:
        sheet.write([str(column) for column in kind.columns])
        while True:
            # A transaction a page: a list of millions must not hold back the vacuum for minutes.
            with database.transaction() as session:
                rows = kind.read(session, job.filters, after, PAGE, scope_of(session, job.created_by))
                for cells in kind.cells(session, keyring, rows):
                    sheet.write(cells)
                done += len(rows)
                note_rows_written(session, job.id, done)
            if len(rows) < PAGE:
                break
            after = rows[-1].id
    # It lies there for a week, and it names people.
    seal_file(keyring, part)
    part.replace(path)
    return done


def forget_old_exports(database: Database, home: Path) -> int:
    """Delete files that are a week old or belong to no job; how many folders went."""
    with database.transaction() as session:
        live = set(note_files_gone(session, KEEP_DAYS))
    gone = [folder for folder in (home / "exports").glob("*") if folder.name not in live]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return len(gone)

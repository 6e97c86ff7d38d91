"""Reads an uploaded list into the register: one process at a time, taken up again after a kill."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from campaigns.advertising.donotcall import import_do_not_call
from campaigns.audience.columns import REASON_TITLES
from campaigns.audience.importing import ImportReport, import_contacts
from campaigns.audience.problems import Outcome, no_formula
from campaigns.audience.sealed_files import open_text, seal_file
from campaigns.audience.tables import find_table
from campaigns.audience.uploads import BAD_ROWS, PROBLEMS, folder_of, list_of
from campaigns.errors import LoaError
from campaigns.models import ImportJob
from campaigns.store.audit import append_audit
from campaigns.store.database import Database
from campaigns.store.imports import (
    DO_NOT_CALL,
    OPEN,
    begin_import,
    count_created,
    end_import,
    lock_import,
    note_rows_done,
    try_lock_import,
)
from campaigns.store.users import load_actor
from config.i18n import Text, in_every_language, language
from config.keys import Keyring

MOST_ATTEMPTS = 5
"""A list on which the reader dies every time is given up."""


def run_import(database: Database, keyring: Keyring, home: Path, job_id: int) -> bool:
    """Read the list of a confirmed import; False where another process is at it, or nothing is left to do.

    A file that cannot be read ends the import with its reason; any other error leaves it for the next attempt.
    """
    with _alone(database, job_id) as mine:
        job = _begin(database, job_id) if mine else None
        if job is None:
            return False
        with language(job.language):
            (_read_do_not_call if job.kind == DO_NOT_CALL else _read)(database, keyring, home, job)
    return True


@contextmanager
def _alone(database: Database, job_id: int) -> Iterator[bool]:
    """Whether this process has the right to read; it lasts as long as the block, or as the process."""
    with database.transaction() as guard:
        yield try_lock_import(guard, job_id)


def _begin(database: Database, job_id: int) -> ImportJob | None:
    with database.transaction() as session:
        job = lock_import(session, job_id)
        if job.state not in OPEN:
            return None
        if job.attempts >= MOST_ATTEMPTS:
            _fail(session, job, _given_up(job))
            return None
        begin_import(session, job)
    return job


def _given_up(job: ImportJob) -> LoaError:
    if job.kind == DO_NOT_CALL:
        return LoaError(
            "Đọc tệp “{name}” bị ngắt {n} lần, nên đã dừng. Danh sách giữ nguyên; hãy báo người vận hành.",
            "Reading “{name}” was cut off {n} times, so it was given up. The list stays as it was; tell the operator.",
            name=job.file_name,
            n=job.attempts,
        )
    return LoaError(
        "Đọc tệp “{name}” bị ngắt {n} lần, nên đã dừng. Các dòng đã đọc vẫn ở trong danh bạ; hãy báo người vận hành.",
        "Reading “{name}” was cut off {n} times, so it was given up. What was read stays in the register; tell the "
        "operator.",
        name=job.file_name,
        n=job.attempts,
    )


def _read(database: Database, keyring: Keyring, home: Path, job: ImportJob) -> None:
    folder, source = folder_of(home, job), f"{job.file_name[:100]} · {job.id}"
    try:
        report = import_contacts(
            database,
            keyring,
            list_of(home, job),
            edition=job.edition,
            errors_to=folder / PROBLEMS,
            source=source,
            progress=_progress(database, job.id),
            fields=job.fields,
            wards=job.options.get("wards"),
        )
    except LoaError as refusal:
        with database.transaction() as session:
            _fail(session, job, refusal)
    else:
        write_bad_rows(keyring, list_of(home, job), folder / PROBLEMS, folder / BAD_ROWS)
        with database.transaction() as session:
            _finish(session, job, _of_all_attempts(session, job, source, report))
    # What stays for a day stays encrypted; the list itself goes.
    for kept in (PROBLEMS, BAD_ROWS):
        seal_file(keyring, folder / kept)
    list_of(home, job).unlink(missing_ok=True)


def _read_do_not_call(database: Database, keyring: Keyring, home: Path, job: ImportJob) -> None:
    """A list of the state's, not of people: it replaces the one before as a whole."""
    try:
        with database.transaction() as session:
            actor = load_actor(session, job.created_by)
        report = import_do_not_call(
            database,
            keyring,
            actor,
            list_of(home, job),
            issued_on=date.fromisoformat(job.options["issued_on"]),
            add_only=job.options["add_only"],
            may_shrink=job.options["may_shrink"],
            progress=lambda rows: _note(database, job.id, rows),
        )
    except LoaError as refusal:
        with database.transaction() as session:
            _fail(session, job, refusal)
    else:
        with database.transaction() as session:
            end_import(session, job.id, report=report.to_json())
    list_of(home, job).unlink(missing_ok=True)


def _note(database: Database, job_id: int, rows: int) -> None:
    with database.transaction() as session:
        note_rows_done(session, job_id, rows)


def _progress(database: Database, job_id: int) -> Callable[[int], None]:
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        _note(database, job_id, done)

    return advance


def _of_all_attempts(session: Session, job: ImportJob, source: str, report: ImportReport) -> ImportReport:
    """The report with those counted as created whom an earlier, killed attempt created."""
    if job.attempts == 1:
        return report
    before = count_created(session, job, f"{source} #") - report.created
    # Those somebody changed in the meantime are counted as updated: nobody is counted twice.
    before = max(0, min(before, report.unchanged))
    return replace(report, created=report.created + before, unchanged=report.unchanged - before)


def _finish(session: Session, job: ImportJob, report: ImportReport) -> None:
    counts: dict[str, Any] = {**report.as_dict(), "warnings": report.warnings}
    end_import(session, job.id, report={**counts, "kind": report.kind, "ignored": list(report.ignored)})
    detail = {**counts, "edition": job.edition, "job": job.id}
    append_audit(session, job.created_by, "contact.import", "import", report.source, detail)


def _fail(session: Session, job: ImportJob, refusal: LoaError) -> None:
    counts = refusal.detail.get("imported")
    end_import(session, job.id, report=counts, error=in_every_language(refusal.__str__))
    if counts:
        found = {**counts, "edition": job.edition, "job": job.id, "damaged": True}
        append_audit(session, job.created_by, "contact.import", "import", refusal.detail["source"], found)


def write_bad_rows(keyring: Keyring, source: Path, problems: Path, to: Path) -> int:
    """Write the rows that were not taken as the list has them, with the reason in a last column; how many.

    UTF-8 with BOM, formulas disarmed; mended and uploaded again, the last column is left out by its name.
    """
    reasons = _rejected(keyring, problems)
    table = find_table(source)
    count = 0
    with open(to, "w", encoding="utf-8-sig", newline="", opener=_private) as file:
        writer = csv.writer(file)
        width = len(table.header)
        writer.writerow([*map(no_formula, table.header), str(REASON_TITLES)])
        for line, cells in chain.from_iterable(table.rows) if reasons else ():
            if line in reasons:
                row = [*cells, *[""] * (width - len(cells))][: max(width, len(cells))]
                writer.writerow([*map(no_formula, row), no_formula(reasons[line])])
                count += 1
    return count


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _rejected(keyring: Keyring, problems: Path) -> dict[int, str]:
    """Reason by row number of the rows not taken. Few reasons repeat many times; each is kept once."""
    rejected = set(_both(Outcome.REJECTED.value))
    reasons: dict[int, str] = {}
    texts: dict[str, str] = {}
    for line, outcome, column, _value, reason, suggestion in read_problems(keyring, problems):
        if outcome in rejected and int(line) not in reasons:
            said = f"{column}: {reason}. {suggestion}"
            reasons[int(line)] = texts.setdefault(said, said)
    return reasons


def _both(text: Text) -> tuple[str, str]:
    return text.vi, text.en


def read_problems(keyring: Keyring, path: Path) -> Iterator[list[str]]:
    """(row, outcome, column, value, reason, suggestion) of a file of problems; values may be full numbers."""
    if not path.exists():
        return
    with open_text(keyring, path) as file:
        rows = csv.reader(file)
        next(rows, None)
        yield from rows

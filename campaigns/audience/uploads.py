"""Files that people upload: taken into a private folder, looked at, confirmed, and gone after a day."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.areas.names import tidy
from campaigns.audience.columns import FIELDS, assign_fields, guess_fields, header_digest, read_titles
from campaigns.audience.tables import Row, estimate_rows, find_table
from campaigns.errors import InvalidInput, NotFound, WrongState
from campaigns.models import ImportJob
from campaigns.store.database import Database
from campaigns.store.imports import discard_stale_imports, find_fields, list_live_folders, lock_import
from config.i18n import current_language

KEEP_HOURS = 24
"""How long files stay that nobody confirmed, and the bad rows of an import that is over."""

_UNDER_WAY = 3600
"""Seconds a folder may have no row yet: the upload goes on."""

_NAME_MOST = 120
_COPY_BYTES = 1024**2
PROBLEMS, BAD_ROWS = ".problems.csv", ".bad-rows.csv"
"""Beside the list in its folder; a list's own name never begins with a dot."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The first rows of a list, for the person who says what its columns hold."""

    kind: str
    rows: Sequence[Row]


def uploads_of(home: Path) -> Path:
    """The folder of all uploads, for nobody but this account."""
    folder = home / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def folder_of(home: Path, job: ImportJob) -> Path:
    """The private folder of one import."""
    return home / "uploads" / job.folder


def list_of(home: Path, job: ImportJob) -> Path:
    """The list itself."""
    return folder_of(home, job) / job.file_name


def take_in(database: Database, home: Path, actor: Actor, file: BinaryIO, file_name: str, edition: str) -> ImportJob:
    """Keep an uploaded list and find its columns: as they were last taken for under the same header, else by name.

    Raises:
        InvalidInput: it is no table; nothing is kept.
    """
    actor.require("contact.import")
    with kept_file(home, file, file_name) as path:
        titles = read_titles(find_table(path).header)
        with database.transaction() as session:
            known = find_fields(session, header_digest(titles))
            job = job_for(path, titles, actor, edition=edition, fields=list(known or guess_fields(titles)))
            session.add(job)
    return job


@contextmanager
def kept_file(home: Path, file: BinaryIO, file_name: str) -> Iterator[Path]:
    """The file in a private folder of its own; gone again where the block fails."""
    folder = uploads_of(home) / secrets.token_hex(16)
    folder.mkdir(mode=0o700)
    try:
        path = folder / _safe_name(file_name)
        _write(path, file)
        yield path
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def job_for(path: Path, titles: Sequence[str], actor: Actor, **more: Any) -> ImportJob:
    """The row of an import of a kept file, not yet in the database."""
    return ImportJob(
        folder=path.parent.name,
        file_name=path.name,
        size=path.stat().st_size,
        header_digest=header_digest(titles),
        titles=list(titles),
        rows_expected=estimate_rows(path),
        language=current_language(),
        created_by=actor.email,
        **more,
    )


def _safe_name(name: str) -> str:
    """The file's name as the person knows it, but no path, no hidden file, and not too long for a disk."""
    base = tidy(name.replace("\\", "/").rpartition("/")[2]).lstrip(".")
    stem, dot, ending = base.rpartition(".")
    short = f"{stem[: _NAME_MOST // 2]}{dot}{ending[:8]}" if dot else base[: _NAME_MOST // 2]
    return short or "danh-sach"


def _write(path: Path, file: BinaryIO) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        shutil.copyfileobj(file, kept, _COPY_BYTES)


def sketch(home: Path, job: ImportJob, rows: int = 5) -> Sketch:
    """The list's first rows.

    Raises:
        InvalidInput: the file is gone, or damaged.
    """
    found = find_table(list_of(home, job))
    return Sketch(found.kind, list(islice(chain.from_iterable(found.rows), rows)))


def confirm(session: Session, actor: Actor, job_id: int, fields: Sequence[str], edition: str) -> ImportJob:
    """Say what the columns hold and let a worker begin.

    Raises:
        InvalidInput: the columns cannot be taken so.
        WrongState: it was confirmed or discarded before.
    """
    actor.require("contact.import")
    job = _uploaded(session, actor, job_id)
    if len(fields) != len(job.titles) or not FIELDS.keys() >= set(fields):
        raise InvalidInput(
            "Bảng cột không khớp với tệp. Hãy tải lại trang.", "The columns do not fit the file. Reload the page."
        )
    if "phone" not in fields:
        raise InvalidInput(
            "Chưa có cột nào được lấy làm số điện thoại. Chọn “Số điện thoại” ở đúng cột bên dưới, hoặc bỏ tệp này.",
            "No column is taken for the phone number. Choose “Phone number” at the right one below, or discard the"
            " file.",
        )
    assign_fields(job.titles, fields)
    own = actor.scope.wards
    if own is not None:
        if not {"ward", "ward_code"} & set(fields):
            raise InvalidInput(
                "Bạn phụ trách một phần thành phố nên danh sách phải có cột phường, xã. Hãy chọn cột ấy, hoặc thêm vào "
                "tệp rồi tải lại.",
                "You work for a part of the city, so the list needs a column of wards. Choose it, or add it to the "
                "file and upload it again.",
            )
        job.options = {**job.options, "wards": sorted(own)}
    job.fields, job.edition, job.state = list(fields), edition, "waiting"
    session.flush()
    return job


def discard(session: Session, home: Path, actor: Actor, job_id: int) -> None:
    """Forget an upload that was not confirmed, and its file.

    Raises:
        WrongState: it was confirmed or discarded before.
    """
    actor.require("contact.import")
    job = _uploaded(session, actor, job_id)
    job.state = "discarded"
    session.flush()
    shutil.rmtree(folder_of(home, job), ignore_errors=True)


def require_own(actor: Actor, job: ImportJob) -> ImportJob:
    """A list of somebody else may hold the whole city: who is limited to wards sees their own alone.

    Raises:
        NotFound: it is somebody else's.
    """
    if actor.scope.wards is not None and job.created_by != actor.email:
        raise NotFound("Không có lượt nhập số {id}.", "There is no import {id}.", id=job.id)
    return job


def _uploaded(session: Session, actor: Actor, job_id: int) -> ImportJob:
    job = require_own(actor, lock_import(session, job_id))
    if job.state != "uploaded":
        raise WrongState("Tệp này đã được xác nhận nhập hoặc đã bỏ.", "This file was confirmed or discarded already.")
    return job


def forget_old_files(database: Database, home: Path) -> int:
    """Delete the folders that nobody needs any more; how many."""
    with database.transaction() as session:
        discard_stale_imports(session, KEEP_HOURS)
        live = list_live_folders(session, KEEP_HOURS)
    gone = [folder for folder in (home / "uploads").glob("*") if folder.name not in live and _is_settled(folder)]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return len(gone)


def _is_settled(folder: Path) -> bool:
    try:
        return folder.stat().st_mtime < time.time() - _UNDER_WAY
    except OSError:
        return False

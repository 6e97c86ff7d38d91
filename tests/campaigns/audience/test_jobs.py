"""Uploaded lists: taken in, confirmed, read once also when the reader is killed, and gone afterwards."""

from __future__ import annotations

import csv
import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.audience import jobs
from campaigns.audience.jobs import read_problems, run_import
from campaigns.audience.sealed_files import is_sealed, read_blocks
from campaigns.audience.uploads import (
    BAD_ROWS,
    PROBLEMS,
    confirm,
    discard,
    folder_of,
    forget_old_files,
    list_of,
    sketch,
    take_in,
)
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import ImportJob
from campaigns.store.database import Database
from campaigns.store.imports import get_import, list_waiting_imports
from config.i18n import language
from config.keys import Keyring
from tests.factories import OFFICER

LIST = """\
STT,Liên hệ,Tên gọi,Phường/Xã
1,0905123456,Trần Thị Bưởi,Hòa Hiệp Bắc
2,12345,=Lê Văn Cam,Hòa Hiệp Bắc
3,+84905123457,Phạm Đào,Phường Không Có
4,0905123456,Trần Thị Bưởi,Hòa Hiệp Bắc
"""
FIELDS = ["skip", "phone", "full_name", "ward"]


def upload(database: Database, home: Path, content: str = LIST, name: str = "dan-cu.csv") -> ImportJob:
    return take_in(database, home, OFFICER, io.BytesIO(content.encode()), name, "2023")


def ready(database: Database, home: Path, content: str = LIST, fields: list[str] = FIELDS) -> ImportJob:
    job = upload(database, home, content)
    with database.transaction() as session:
        return confirm(session, OFFICER, job.id, fields, "2023")


def seen(database: Database, job: ImportJob) -> ImportJob:
    with database.transaction() as session:
        return get_import(session, job.id)


def contacts(database: Database) -> int:
    with database.transaction() as session:
        return int(session.execute(text("SELECT count(*) FROM contact")).scalar_one())


def test_a_list_is_kept_where_nobody_else_can_read_it(database: Database, tmp_path: Path) -> None:
    job = upload(database, tmp_path, name="../../etc/.Danh sách phường.csv")
    path = list_of(tmp_path, job)
    assert path.name == "Danh sách phường.csv"
    assert path.parent.parent == tmp_path / "uploads"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, tmp_path / "uploads")} == {0o700}


def test_what_is_no_table_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="PDF"):
        upload(database, tmp_path, "%PDF-1.7 abc")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_list_without_a_known_header_can_be_explained_and_is_read_so(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    job = upload(database, tmp_path)
    assert job.fields == ["skip", "attribute", "attribute", "ward"]
    assert [line for line, _ in sketch(tmp_path, job, 2).rows] == [2, 3]
    with database.transaction() as session:
        confirm(session, OFFICER, job.id, FIELDS, "2023")
    assert run_import(database, keyring, tmp_path, job.id)
    done = seen(database, job)
    assert done.state == "finished"
    assert done.report is not None
    counts = {k: done.report[k] for k in ("rows", "created", "updated", "unchanged", "duplicates", "rejected")}
    assert counts == {"rows": 4, "created": 1, "updated": 0, "unchanged": 0, "duplicates": 1, "rejected": 2}
    assert not list_of(tmp_path, job).exists()
    again = upload(database, tmp_path)
    assert again.fields == FIELDS, "the same header is remembered"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (["skip", "attribute", "full_name", "ward"], "Chưa có cột nào được lấy làm số điện thoại"),
        (["phone", "phone", "full_name", "ward"], "cùng được lấy làm “Số điện thoại”"),
        (["skip", "phone"], "không khớp với tệp"),
        (["skip", "phone", "full_name", "id; DROP"], "không khớp với tệp"),
    ],
)
def test_columns_that_make_no_sense_are_refused_with_the_reason(
    database: Database, tmp_path: Path, fields: list[str], says: str
) -> None:
    job = upload(database, tmp_path)
    with database.transaction() as session, pytest.raises(InvalidInput, match=says):
        confirm(session, OFFICER, job.id, fields, "2023")
    assert seen(database, job).state == "uploaded"


def test_a_list_is_confirmed_once_and_a_discarded_one_is_gone(database: Database, tmp_path: Path) -> None:
    job, other = ready(database, tmp_path), upload(database, tmp_path)
    with database.transaction() as session:
        discard(session, tmp_path, OFFICER, other.id)
    assert not folder_of(tmp_path, other).exists()
    for each in (job, other):
        with database.transaction() as session, pytest.raises(WrongState):
            confirm(session, OFFICER, each.id, FIELDS, "2023")


def test_bad_rows_come_back_whole_and_can_be_mended(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    job = ready(database, tmp_path)
    run_import(database, keyring, tmp_path, job.id)
    folder = folder_of(tmp_path, job)
    assert is_sealed(folder / BAD_ROWS), "what stays is encrypted"
    assert b"905" not in (folder / PROBLEMS).read_bytes()
    raw = b"".join(read_blocks(keyring, folder / BAD_ROWS))
    assert raw.startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE((folder / BAD_ROWS).stat().st_mode) == 0o600
    header, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig")))
    assert header == ["STT", "Liên hệ", "Tên gọi", "Phường/Xã", "Loa: lý do không nhận"]
    assert [row[:4] for row in rows] == [
        ["2", "12345", "'=Lê Văn Cam", "Hòa Hiệp Bắc"],
        ["3", "'+84905123457", "Phạm Đào", "Phường Không Có"],
    ]
    assert all(row[4] for row in rows)
    assert [row[0] for row in read_problems(keyring, folder / PROBLEMS)] == ["3", "4"], "rows as in Excel"

    mended = raw.decode("utf-8-sig").replace("12345,", "0905123458,").replace("Phường Không Có", "Hòa Hiệp Nam")
    second = upload(database, tmp_path, mended)
    assert second.fields[-1] == "skip", "our own column says nothing about anybody"
    with database.transaction() as session:
        confirm(session, OFFICER, second.id, [*FIELDS, "skip"], "2023")
    run_import(database, keyring, tmp_path, second.id)
    report = seen(database, second).report
    assert report is not None
    assert (report["created"], report["rejected"]) == (2, 0)


def many(count: int) -> str:
    return "SĐT,Họ tên\n" + "".join(f"09051{n:05},Người {n}\n" for n in range(count))


def test_a_reader_that_is_killed_in_the_middle_is_followed_by_another(
    database: Database, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.audience.importing.CHUNK_ROWS", 500)
    job = ready(database, tmp_path, many(3000), ["phone", "full_name"])
    child = os.fork()
    if child == 0:
        # Another process, with connections of its own, that dies without a word after its third chunk.
        note = jobs.note_rows_done

        def die(session: Any, job_id: int, rows: int) -> None:
            note(session, job_id, rows)
            session.commit()
            if rows >= 1500:
                os._exit(9)

        monkeypatch.setattr(jobs, "note_rows_done", die)
        own = Database(database.url)
        run_import(own, keyring, tmp_path, job.id)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    left = seen(database, job)
    assert (left.state, left.rows_done >= 1500) == ("running", True)
    assert 1500 <= contacts(database) < 3000

    with database.transaction() as session:
        assert list_waiting_imports(session) == [job.id], "the dead reader's claim went with it"
    assert run_import(database, keyring, tmp_path, job.id)
    done = seen(database, job)
    assert contacts(database) == 3000
    assert (done.state, done.attempts) == ("finished", 2)
    assert done.report is not None
    assert (done.report["created"], done.report["unchanged"]) == (3000, 0), "both attempts together"
    assert not run_import(database, keyring, tmp_path, job.id), "nothing is left to do"


def test_two_readers_never_read_one_list_at_once(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    job = ready(database, tmp_path)
    with jobs._alone(database, job.id) as mine:
        assert mine
        assert not run_import(database, keyring, tmp_path, job.id)
        with database.transaction() as session:
            assert list_waiting_imports(session) == []
    assert run_import(database, keyring, tmp_path, job.id)


def test_a_damaged_list_says_so_in_both_languages_and_keeps_what_was_read(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    damaged = many(700) + '0905223457,"' + "x" * 200_000
    job = ready(database, tmp_path, damaged, ["phone", "full_name"])
    run_import(database, keyring, tmp_path, job.id)
    done = seen(database, job)
    assert done.state == "failed"
    assert done.error is not None
    assert "hỏng" in done.error["vi"]
    assert "damaged" in done.error["en"]
    assert 0 < contacts(database) <= 700


def test_a_list_on_which_the_reader_always_dies_is_given_up(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    job = ready(database, tmp_path)
    with database.transaction() as session:
        session.execute(text("UPDATE import_job SET state = 'running', attempts = 5"))
    assert not run_import(database, keyring, tmp_path, job.id)
    assert seen(database, job).state == "failed"


def test_reasons_speak_the_language_of_the_person(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    with language("en"):
        job = ready(database, tmp_path)
    run_import(database, keyring, tmp_path, job.id)
    assert {row[1] for row in read_problems(keyring, folder_of(tmp_path, job) / PROBLEMS)} == {"rejected"}


def test_files_go_after_a_day(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    old, young, waiting = upload(database, tmp_path), upload(database, tmp_path), ready(database, tmp_path)
    orphan = tmp_path / "uploads" / "orphan"
    orphan.mkdir()
    with database.transaction() as session:
        session.execute(
            text("UPDATE import_job SET created_at = now() - interval '25 hours' WHERE id IN (:a, :b)"),
            {"a": old.id, "b": waiting.id},
        )
    assert forget_old_files(database, tmp_path) == 0, "what was touched within the hour may still be coming in"
    for folder in (tmp_path / "uploads").iterdir():
        os.utime(folder, (0, 0))
    assert forget_old_files(database, tmp_path) == 2
    assert seen(database, old).state == "discarded"
    assert {f.name for f in (tmp_path / "uploads").iterdir()} == {young.folder, waiting.folder}

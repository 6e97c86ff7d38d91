"""A list as a file: asked for, written a page at a time, taken up again, forgotten after a week."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.errors import Forbidden, InvalidInput
from campaigns.exports import files, jobs
from campaigns.exports.jobs import MOST_AT_ONCE, ask_for, file_of, forget_old_exports, run_export
from campaigns.models import ExportJob
from campaigns.optouts.register import add_optout
from campaigns.store.database import Database
from campaigns.store.exports import get_export, try_lock_export
from config.keys import Keyring
from tests.factories import ADMINISTRATOR, ANALYST, OFFICER, make_contact

PHONE = b"84905123456"


@pytest.fixture
def people(session: Session, keyring: Keyring) -> None:
    """Five people in Liên Chiểu, one in Hải Châu whose name a spreadsheet would run."""
    for n in range(5):
        make_contact(session, keyring, full_name=f"Trần Thị {n}")
    make_contact(session, keyring, phone=PHONE, ward="20227", full_name="=cmd|' /c calc'!A1", carrier="mobifone")
    session.commit()


def asked(database: Database, listed: str = "contacts", file_format: str = "csv", **filters: str) -> ExportJob:
    with database.transaction() as session:
        return ask_for(session, ADMINISTRATOR if listed == "audit" else OFFICER, listed, filters, file_format)


def written(database: Database, keyring: Keyring, home: Path, job: ExportJob) -> ExportJob:
    assert run_export(database, keyring, home, job.id)
    with database.transaction() as session:
        return get_export(session, job.id)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_a_list_is_written_page_by_page_masked_and_for_its_owner_alone(
    database: Database, keyring: Keyring, tmp_path: Path, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAGE", 2)
    job = written(database, keyring, tmp_path, asked(database))
    path = file_of(tmp_path, job)
    found = rows(path)
    assert found[0][:2] == ["Số điện thoại", "Họ và tên"]
    assert [row[1] for row in found[1:]] == [*(f"Trần Thị {n}" for n in range(5)), "'=cmd|' /c calc'!A1"]
    assert found[6][0] == "09•• ••• 456"
    assert found[6][2:4] == ["Phường Thanh Bình", "Quận Hải Châu"]
    assert (job.state, job.rows_done) == ("finished", 6)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "905123456" not in path.read_text(encoding="utf-8-sig")


def test_an_xlsx_says_the_same_as_a_csv(database: Database, keyring: Keyring, tmp_path: Path, people: None) -> None:
    paths = [
        file_of(tmp_path, written(database, keyring, tmp_path, asked(database, file_format=f))) for f in ("csv", "xlsx")
    ]
    sheet = CalamineWorkbook.from_path(str(paths[1])).get_sheet_by_index(0).to_python()
    assert [list(map(str, row)) for row in sheet] == [[c.removeprefix("'") for c in row] for row in rows(paths[0])]
    assert stat.S_IMODE(paths[1].stat().st_mode) == 0o600


def test_a_file_holds_what_the_page_showed(
    database: Database, keyring: Keyring, tmp_path: Path, people: None, session: Session
) -> None:
    district = session.execute(text("SELECT id FROM area WHERE edition = '2023' AND code = '490'")).scalar_one()
    for filters, count in (({"area": str(district)}, 5), ({"carrier": "mobifone"}, 1), ({"carrier": "itel"}, 0)):
        job = written(database, keyring, tmp_path, asked(database, **filters))
        assert len(rows(file_of(tmp_path, job))) == count + 1
    for number in (PHONE.decode(), "84905999888"):
        add_optout(session, keyring, OFFICER, number, topic=None, source="hotline", evidence="gọi", confirm=False)
    session.commit()
    job = written(database, keyring, tmp_path, asked(database, "optouts"))
    numbers = [row[0] for row in rows(file_of(tmp_path, job))[1:]]
    assert numbers[0] == "09•• ••• 456"
    assert numbers[1].startswith("#"), "a number that is not in the register is only a hash"
    job = written(database, keyring, tmp_path, asked(database, "audit", kind="export"))
    assert {row[3] for row in rows(file_of(tmp_path, job))[1:]} == {"yêu cầu tải danh sách"}


def test_who_may_not_see_a_list_may_not_have_its_file(session: Session) -> None:
    for kind in ("contacts", "optouts", "audit"):
        with pytest.raises(Forbidden):
            ask_for(session, ANALYST, kind, {}, "csv")


@pytest.mark.parametrize(
    ("kind", "filters", "file_format"),
    [("messages", {}, "csv"), ("contacts", {"search": "Nguyễn"}, "csv"), ("contacts", {}, "pdf")],
)
def test_what_cannot_be_written_is_refused(
    session: Session, kind: str, filters: dict[str, str], file_format: str
) -> None:
    with pytest.raises(InvalidInput):
        ask_for(session, OFFICER, kind, filters, file_format)


def test_nobody_queues_more_than_a_handful(session: Session) -> None:
    for _ in range(MOST_AT_ONCE):
        ask_for(session, OFFICER, "contacts", {}, "csv")
    with pytest.raises(InvalidInput, match=str(MOST_AT_ONCE)):
        ask_for(session, OFFICER, "contacts", {}, "csv")


def test_a_list_too_long_for_a_sheet_says_so_and_leaves_nothing(
    database: Database, keyring: Keyring, tmp_path: Path, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "XLSX_ROWS", 3)
    job = written(database, keyring, tmp_path, asked(database, file_format="xlsx"))
    assert job.state == "failed"
    assert job.error is not None
    assert "CSV" in job.error["vi"]
    assert not file_of(tmp_path, job).parent.exists()


def test_one_process_writes_and_a_killed_one_is_taken_up_again(
    database: Database, keyring: Keyring, tmp_path: Path, people: None
) -> None:
    job = asked(database)
    with database.transaction() as other:
        assert try_lock_export(other, job.id)
        assert not run_export(database, keyring, tmp_path, job.id)
    with database.transaction() as session:
        session.execute(text("UPDATE export_job SET state = 'running', attempts = 1, rows_done = 3"))
    half = file_of(tmp_path, job)
    half.parent.mkdir(parents=True)
    half.with_name(f".{half.name}").write_text("half a row")
    assert len(rows(file_of(tmp_path, written(database, keyring, tmp_path, job)))) == 7
    assert not run_export(database, keyring, tmp_path, job.id), "what is done is not done again"


def test_a_list_on_which_the_writer_dies_every_time_is_given_up(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    job = asked(database)
    with database.transaction() as session:
        session.execute(text("UPDATE export_job SET state = 'running', attempts = 5"))
    assert not run_export(database, keyring, tmp_path, job.id)
    with database.transaction() as session:
        assert get_export(session, job.id).state == "failed"


def test_files_go_after_a_week_and_strays_at_once(
    database: Database, keyring: Keyring, tmp_path: Path, people: None
) -> None:
    old, new = (written(database, keyring, tmp_path, asked(database)) for _ in range(2))
    (tmp_path / "exports" / "stray").mkdir()
    with database.transaction() as session:
        session.execute(
            text("UPDATE export_job SET finished_at = now() - interval '8 days' WHERE id = :id"), {"id": old.id}
        )
    assert forget_old_exports(database, tmp_path) == 2
    assert not file_of(tmp_path, old).exists()
    assert file_of(tmp_path, new).exists()
    with database.transaction() as session:
        assert get_export(session, old.id).state == "gone"

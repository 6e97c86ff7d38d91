"""Importing files of people into a real register."""

from __future__ import annotations

import csv
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from campaigns.audience import importing
from campaigns.audience.demo import write_demo_people
from campaigns.audience.importing import ImportReport, import_contacts
from campaigns.audience.sampling import draw_sample
from campaigns.audience.sealing import open_attributes, open_name
from campaigns.delivery.trials import add_number, remove_number
from campaigns.errors import InvalidInput, NotFound
from campaigns.models import Contact
from campaigns.store.database import Database
from campaigns.store.people import erase_contact
from campaigns.store.reach import Reach, count_stages
from campaigns.store.senders import count_people_by_carrier
from config.i18n import language
from config.keys import Keyring
from tests.factories import OPERATOR, ward_id

HEADER = ["Số điện thoại", "Họ tên", "Phường/Xã", "Quận/Huyện", "Ngôn ngữ", "Mã hồ sơ"]


def _write(path: Path, *rows: list[str], header: list[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def _import(database: Database, keyring: Keyring, path: Path, **more: Any) -> ImportReport:
    report = import_contacts(database, keyring, path, edition=more.pop("edition", "2023"), **more)
    assert report.rows == report.created + report.updated + report.unchanged + report.duplicates + report.rejected
    return report


def _register(database: Database, keyring: Keyring) -> dict[str, tuple[Any, ...]]:
    """The whole register by number: (ward code, name, language, attributes, carrier)."""
    with database.transaction() as session:
        rows = session.execute(
            text(
                "SELECT c.phone_cipher, a.code, c.name_cipher, c.language, c.attributes, c.carrier"
                " FROM contact c LEFT JOIN area a ON a.id = c.ward_id WHERE c.phone_cipher IS NOT NULL"
            )
        )
        return {
            keyring.decrypt(cipher).decode(): (
                ward, open_name(keyring, name), language, open_attributes(keyring, attributes), carrier
            )
            for cipher, ward, name, language, attributes, carrier in rows
        }  # fmt: skip


def _versions(database: Database) -> list[Any]:
    """Which version of each row is stored: changes when a row is written, whatever is written."""
    with database.transaction() as session:
        return list(session.execute(text("SELECT id, xmin, ctid, phone_cipher FROM contact ORDER BY id")))


def _problems(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def test_a_row_becomes_a_contact(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Nguyễn  Thị\u00a0Thủy ")
    row = ["0905 123 456", decomposed, "P. Hoà Quý", "Q. Ngũ Hành Sơn", "Tiếng Anh", " HS1 "]
    path = _write(tmp_path / "people.csv", row)
    report = _import(database, keyring, path)
    assert report.as_dict() == {
        "rows": 1,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "duplicates": 0,
        "rejected": 0,
        "repaired": 0,
    }
    assert _register(database, keyring) == {
        "84905123456": ("20287", "Nguyễn Thị Thủy", "en", {"ma_ho_so": "HS1"}, "mobifone")
    }
    with database.transaction() as session:
        row = session.execute(text("SELECT phone_hash, phone_cipher, source, unusable FROM contact")).one()
    assert bytes(row.phone_hash) == keyring.hash(b"84905123456")
    assert b"905123456" not in bytes(row.phone_cipher)
    assert row.source.startswith("people.csv #")
    assert row.unusable is None


def test_importing_the_same_file_twice_changes_nothing(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    expected = write_demo_people(tmp_path / "people.csv", 3_000)
    first = _import(database, keyring, tmp_path / "people.csv")
    assert (first.rows, first.created, first.duplicates, first.rejected, first.repaired) == (
        expected.rows,
        expected.people,
        expected.duplicates,
        expected.rejected,
        expected.repaired,
    )
    before = _versions(database)
    again = _import(database, keyring, tmp_path / "people.csv")
    assert (again.created, again.updated, again.unchanged) == (0, 0, expected.people)
    assert (again.duplicates, again.rejected, again.repaired) == (first.duplicates, first.rejected, first.repaired)
    assert _versions(database) == before


@pytest.mark.parametrize("chunk", [1, 2, 7, 20_000])
def test_the_outcome_does_not_depend_on_where_chunks_end(
    chunk: int, database: Database, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", chunk)
    path = _write(
        tmp_path / "people.csv",
        ["0905000001", "", "", "", "", ""],
        ["0905000002", "Lan", "Hòa Minh", "", "", "A"],
        ["84905000001", "Hoa", "", "", "", ""],
        ["+84 905 000 001", "Huệ", "Hòa Minh", "", "", "B"],
        ["0905000002", "Mai", "Mỹ An", "", "en", "C"],
        ["905000001", "Cúc", "Mỹ An", "", "", "D"],
    )
    monkeypatch.setattr("campaigns.audience.tables._ROWS_AT_ONCE", chunk)
    report = _import(database, keyring, path)
    assert (report.created, report.duplicates, report.repaired) == (2, 4, 1)
    merged = {
        "84905000001": ("20200", "Hoa", "vi", {"ma_ho_so": "B"}, "mobifone"),
        "84905000002": ("20200", "Lan", "vi", {"ma_ho_so": "A"}, "mobifone"),
    }
    assert _register(database, keyring) == merged
    before = _versions(database)
    again = _import(database, keyring, path)
    assert (again.created, again.updated, again.unchanged, again.duplicates) == (0, 0, 2, 4)
    assert _versions(database) == before


def test_a_second_file_changes_what_it_says_and_leaves_what_it_does_not(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    _import(
        database,
        keyring,
        _write(
            tmp_path / "one.csv",
            ["0905000001", "Lan", "Hòa Minh", "", "en", "A"],
            ["0905000002", "Hoa", "", "", "", ""],
            ["0905000003", "Mai", "Mỹ An", "", "", "C"],
        ),
    )
    header = ["Phone", "Name", "Ward", "Đối tượng"]
    report = _import(
        database,
        keyring,
        _write(
            tmp_path / "two.csv",
            ["0905000001", "", "Mỹ An", "hưu trí"],
            ["0905000002", "Hoa", "Khuê Mỹ", ""],
            ["0905000003", "Mai", "", ""],
            ["0905000004", "Tư", "", ""],
            header=header,
        ),
    )
    assert (report.created, report.updated, report.unchanged) == (1, 2, 1)
    register = _register(database, keyring)
    assert register["84905000001"] == ("20284", "Lan", "en", {"ma_ho_so": "A", "doi_tuong": "hưu trí"}, "mobifone")
    assert register["84905000002"] == ("20285", "Hoa", "vi", {}, "mobifone")
    assert register["84905000003"] == ("20284", "Mai", "vi", {"ma_ho_so": "C"}, "mobifone")


def test_bad_rows_and_repairs_are_told_row_by_row(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    path = _write(
        tmp_path / "people.csv",
        ["0905000001", "Lan", "Hòa Minh", "", "", ""],
        ["8.49E+10", "Hoa", "Hóa Minh", "", "", ""],
        ["0905000003", "Mai", "Hòa Minh", "Quận Hải Châu", "", ""],
        ["01205000004", "Cúc", "", "", "", ""],
        ["=1+1", "Tư", "", "", "", ""],
        ["", "", "", "", "", ""],
        ["0520123456", "Năm", "", "", "tiếng Tày", ""],
        ["0905000008", "x" * 300, "", "", "", ""],
        ["+84905000009 / +84905000010", "", "", "", "", ""],
    )
    errors = tmp_path / "errors.csv"
    errors.write_text("old")
    errors.chmod(0o644)
    report = _import(database, keyring, path, errors_to=errors)
    assert (report.rows, report.created, report.rejected, report.repaired, report.warnings) == (8, 3, 5, 1, 2)
    assert errors.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(errors.stat().st_mode) == 0o600
    told = [(line, outcome, column, value) for line, outcome, column, value, _, _ in _problems(errors)]
    assert told == [
        ("3", "không nhận", "Số điện thoại", "8.49E+10"),
        ("3", "không nhận", "Phường/Xã", "Hóa Minh"),
        ("4", "không nhận", "Phường/Xã", "Hòa Minh"),
        ("5", "đã sửa", "Số điện thoại", "01205000004"),
        ("6", "không nhận", "Số điện thoại", "'=1+1"),
        ("8", "lưu ý", "Ngôn ngữ", "tiếng Tày"),
        ("8", "lưu ý", "Số điện thoại", "0520123456"),
        ("9", "không nhận", "Họ tên", "x" * 199 + "…"),
        ("10", "không nhận", "Số điện thoại", "'+84905000009 / +84905000010"),
    ]
    by_line = {row[0]: row for row in _problems(errors)}
    assert by_line["5"][5] == "0705000004"
    assert "thuộc Quận Liên Chiểu" in by_line["4"][4]
    assert by_line["10"][5].endswith("0905000009, 0905000010")
    assert all(row[4] for row in by_line.values())
    assert all(row[5] for row in by_line.values() if row[1] == "không nhận")


def test_no_cell_of_the_errors_file_is_a_formula(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    evil = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", '=HYPERLINK("http://x","y")']
    path = _write(tmp_path / "people.csv", *[[cell, "", "", "", "", ""] for cell in evil])
    _import(database, keyring, path, errors_to=tmp_path / "errors.csv")
    cells = [cell for row in _problems(tmp_path / "errors.csv") for cell in row]
    assert len(cells) == 6 * len(evil)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_errors_file_speaks_english_too(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", ["02363822131", "", "", "", "", ""])
    with language("en"):
        _import(database, keyring, path, errors_to=tmp_path / "e")
    [row] = _problems(tmp_path / "e")
    assert row[1] == "rejected"
    assert row[4] == "A landline; it cannot receive messages"


def test_a_code_and_a_name_must_mean_the_same_ward(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    header = ["SĐT", "Mã phường", "Phường"]
    path = _write(
        tmp_path / "people.csv",
        ["0905000001", "20200", "Hòa Minh"],
        ["0905000002", "20200.0", ""],
        ["0905000003", "", "hoa minh"],
        ["0905000004", "20200", "Mỹ An"],
        ["0905000005", "20200", "Hòa An"],
        header=header,
    )
    report = _import(database, keyring, path)
    assert (report.created, report.rejected) == (3, 2)
    assert {row[0] for row in _register(database, keyring).values()} == {"20200"}


def test_wards_are_read_in_the_edition_named(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    path = _write(tmp_path / "people.csv", ["0905000001", "", "20200", "", "", ""])
    _import(database, keyring, path, edition="2025")
    with database.transaction() as session:
        found = session.execute(text("SELECT a.edition, a.name FROM contact c JOIN area a ON a.id = c.ward_id")).one()
    assert tuple(found) == ("2025", "Hòa Khánh")
    with pytest.raises(NotFound):
        _import(database, keyring, path, edition="1997")
    with database.transaction() as session:
        session.execute(text("DELETE FROM area WHERE edition = '2023'"))
    with pytest.raises(NotFound, match="loa areas load"):
        _import(database, keyring, path)


def test_a_person_who_was_erased_is_not_brought_back(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    row = ["0905000001", "Lan", "Hòa Minh", "", "", "A"]
    path = _write(tmp_path / "people.csv", row, ["0905000002", "Hoa", "", "", "", ""], row)
    _import(database, keyring, path)
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE contact SET phone_cipher = NULL, name_cipher = NULL, attributes = '{}', unusable = 'erased'"
                " WHERE phone_hash = :hash"
            ),
            {"hash": keyring.hash(b"84905000001")},
        )
    report = _import(database, keyring, path, errors_to=tmp_path / "errors.csv")
    assert (report.created, report.unchanged, report.duplicates, report.rejected) == (0, 1, 0, 2)
    assert list(_register(database, keyring)) == ["84905000002"]
    assert [(r[0], r[3], r[4]) for r in _problems(tmp_path / "errors.csv")] == [
        ("2", "0905000001", "Người này đã yêu cầu xoá dữ liệu"),
        ("4", "0905000001", "Người này đã yêu cầu xoá dữ liệu"),
    ]


def test_who_is_erased_while_a_list_is_merged_stays_erased(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    _import(database, keyring, _write(tmp_path / "old.csv", ["0905000001", "Lan", "", "", "", ""]))
    path = _write(
        tmp_path / "new.csv", ["0905000001", "Hoa", "Hòa Minh", "", "", "A"], ["0905000001", "Mai", "", "", "", ""]
    )
    importer = threading.Thread(target=lambda: _import(database, keyring, path))
    with database.transaction() as session:
        erase_contact(session, session.scalars(select(Contact).with_for_update()).one())
        importer.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype <> 'advisory'")
        while not session.execute(waiting).scalar():
            assert importer.is_alive()
            time.sleep(0.01)
    importer.join()
    with database.transaction() as session:
        row = session.execute(text("SELECT name_cipher, name_words, ward_id, attributes FROM contact")).one()
        assert row == (None, [], None, {})
        assert session.execute(text("SELECT count(*) FROM household_member")).scalar() == 0


def test_a_number_that_proved_dead_stays_dead(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    path = _write(tmp_path / "people.csv", ["0905000001", "Lan", "", "", "", ""])
    _import(database, keyring, path)
    with database.transaction() as session:
        session.execute(text("UPDATE contact SET unusable = 'dead', name_cipher = NULL"))
    report = _import(database, keyring, path)
    assert report.updated == 1
    with database.transaction() as session:
        assert session.execute(text("SELECT unusable FROM contact")).scalar_one() == "dead"
    assert [person[1] for person in _register(database, keyring).values()] == ["Lan"]


def test_damage_in_the_middle_is_refused_and_the_rows_before_it_are_in(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    good = "".join(f"0905{n:06d},Lan\n" for n in range(30_000))
    path.write_text("SĐT,Tên\n" + good + '0905,"' + "chữ\n" * 100_000, encoding="utf-8")
    with pytest.raises(InvalidInput, match="hỏng"):
        _import(database, keyring, path)
    assert len(_register(database, keyring)) == 30_000


def test_no_number_is_readable_anywhere_in_the_database(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    header = ["Di động", "Điện thoại", "Zalo", "Tên"]
    path = _write(tmp_path / "people.csv", ["0905123456", "0905123457", "0905123458", "Lan"], header=header)
    report = _import(database, keyring, path)
    assert report.ignored == ("Điện thoại", "Zalo")
    with database.transaction() as session:
        dump = str(session.execute(text("SELECT contact::text FROM contact")).scalar_one())
    assert "905123" not in dump


_KILLED = """
import sys
from pathlib import Path
from campaigns.audience import importing
from campaigns.store.database import Database
from config.keys import Keyring
importing.CHUNK_ROWS = 1000
importing.import_contacts(Database(sys.argv[1]), Keyring.from_json(sys.stdin.read()), Path(sys.argv[2]), edition="2023")
"""


def test_an_import_killed_in_the_middle_is_completed_by_running_it_again(
    database: Database, database_url: str, keyring: Keyring, tmp_path: Path
) -> None:
    expected = write_demo_people(tmp_path / "people.csv", 60_000)
    command = [sys.executable, "-c", _KILLED, database_url, str(tmp_path / "people.csv")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        child.stdin.write(keyring.to_json())
        child.stdin.close()
        with psycopg.connect(database_url, autocommit=True) as watching:
            deadline = time.monotonic() + 60
            stored = 0
            while stored < 5_000 and time.monotonic() < deadline:
                stored = watching.execute("SELECT count(*) FROM contact").fetchone()[0]  # type: ignore[index]
        os.kill(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert 5_000 <= stored < expected.people
    report = _import(database, keyring, tmp_path / "people.csv")
    assert (report.rejected, report.duplicates) == (expected.rejected, expected.duplicates)
    assert report.created + report.unchanged == expected.people
    assert report.unchanged >= stored
    assert len(_register(database, keyring)) == expected.people


def test_imports_of_overlapping_files_at_once_neither_deadlock_nor_duplicate(
    database: Database, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 500)
    rows = [[f"0905{n:06d}", f"Người {n}", "Hòa Minh", "", "", ""] for n in range(6_000)]
    files = [
        _write(tmp_path / "a.csv", *rows[:4_000]),
        _write(tmp_path / "b.csv", *reversed(rows[2_000:])),
        _write(tmp_path / "c.csv", *rows[::-2]),
    ]
    reports: list[ImportReport] = []
    failures: list[BaseException] = []

    def run(path: Path) -> None:
        try:
            reports.append(_import(database, keyring, path))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(path,)) for path in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
    assert Counter(r.rows for r in reports) == {4_000: 2, 3_000: 1}
    assert sum(r.created for r in reports) == 6_000
    assert sum(r.updated + r.duplicates + r.rejected for r in reports) == 0
    assert len(_register(database, keyring)) == 6_000


def test_a_contact_that_appears_while_a_chunk_is_merged_is_met_on_the_second_try(
    database: Database, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = b"84905000001"
    real, calls = importing.stage_contacts, []

    def stage(session: Any, rows: bytes) -> None:
        real(session, rows)
        calls.append(1)
        if len(calls) == 1:
            # Somebody writes to us: an inbound message makes the contact, uncommitted until our insert waits for it.
            other = database.engine.connect()
            other.execute(
                text("INSERT INTO contact (phone_hash, phone_cipher, carrier, source) VALUES (:h, :c, 'x', 'inbound')"),
                {"h": keyring.hash(number), "c": keyring.encrypt(number)},
            )
            threading.Timer(0.5, lambda: (other.commit(), other.close())).start()

    monkeypatch.setattr(importing, "stage_contacts", stage)
    report = _import(database, keyring, _write(tmp_path / "a.csv", ["0905000001", "Lan", "", "", "", ""]))
    assert len(calls) == 2
    assert (report.created, report.updated) == (0, 1)


def test_memory_does_not_grow_with_the_file(database_url: str, keyring: Keyring, tmp_path: Path) -> None:
    measure = _KILLED.replace("importing.CHUNK_ROWS = 1000\n", "") + (
        # Not ru_maxrss: a child begins with the peak of the process that forked it, here the whole test run's.
        "print(next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM')) // 1024)\n"
    )
    peaks = []
    for count in (45_000, 180_000):
        path = tmp_path / f"{count}.csv"
        write_demo_people(path, count, seed=count)
        done = subprocess.run(
            [sys.executable, "-c", measure, database_url, str(path)],
            input=keyring.to_json(),
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 200
    assert peaks[1] - peaks[0] < 15


def _rows_read_in_sequence(database: Database) -> int:
    with database.transaction() as session:
        query = text("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'contact'")
        return int(session.execute(query).scalar_one())


def test_what_a_chunk_costs_does_not_grow_with_the_register(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    """The merge reads the register by its index: no statement of an import walks through it."""
    write_demo_people(tmp_path / "many.csv", 30_000)
    _import(database, keyring, tmp_path / "many.csv")
    with database.transaction() as session:
        session.execute(text("ANALYZE contact"))
    before = _rows_read_in_sequence(database)
    path = _write(tmp_path / "few.csv", *[[f"0906{n % 50:06d}", "", "Mỹ An", "", "", ""] for n in range(100)])
    _import(database, keyring, path)
    time.sleep(1.2)  # PostgreSQL publishes its counts once a second
    assert _rows_read_in_sequence(database) - before < 1_000


def test_a_desks_number_is_in_no_audience_until_a_list_names_it(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    everybody = Reach(ward_ids=None, topic="cu-tru", honours_refusals=True)

    def registered() -> int:
        with database.transaction() as session:
            people = sum(row.people for row in count_stages(session, everybody))
            planned = f"SELECT count(*) FROM contact c WHERE {everybody.chosen()} AND {everybody.reachable()}"
            assert session.execute(text(planned), everybody.bind()).scalar_one() == people
            assert sum(count_people_by_carrier(session, None).values()) == people
            assert len(draw_sample(session, keyring)) == people
        return people

    with database.transaction() as session:
        add_number(session, keyring, OPERATOR, "0905123456", "Trực ban")
    assert registered() == 0
    path = _write(tmp_path / "people.csv", ["0905123456", "", "", "", "", ""], ["0905123457", "Lan", "", "", "", ""])
    report = _import(database, keyring, path)
    assert (report.created, report.updated) == (1, 1)
    assert registered() == 2
    again = _import(database, keyring, path)
    assert (again.updated, again.unchanged) == (0, 2)
    with database.transaction() as session:
        remove_number(session, OPERATOR, session.execute(text("SELECT id FROM test_number")).scalar_one())
        add_number(session, keyring, OPERATOR, "0905123457", "Bàn hai")
    assert registered() == 2


def test_a_list_of_somebody_limited_to_wards_changes_nobody_elsewhere(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    whole = _write(
        tmp_path / "city.csv",
        ["0905000001", "Lan", "Hòa Minh", "", "", ""],
        ["0905000002", "Mai", "Mỹ An", "", "", ""],
        ["0905000003", "Huệ", "", "", "", ""],
    )
    _import(database, keyring, whole)
    with database.transaction() as session:
        add_number(session, keyring, OPERATOR, "0905000004", "Bàn một cửa")
        own = {ward_id(session, "20200")}  # Hòa Minh
    before = _register(database, keyring)
    path = _write(
        tmp_path / "ward.csv",
        ["0905000001", "Lan Anh", "Hòa Minh", "", "", ""],
        ["0905000002", "Kẻ mạo", "Hòa Minh", "", "", "LẤY"],
        ["0905000003", "Huệ", "Hòa Minh", "", "", ""],
        ["0905000004", "Cúc", "Hòa Minh", "", "", ""],
        ["0905000005", "Đào", "Hòa Minh", "", "", ""],
        ["0905000006", "Sen", "Mỹ An", "", "", ""],
        ["0905000007", "Trà", "", "", "", ""],
        ["0905000002", "Lần nữa", "Hòa Minh", "", "", ""],
    )
    errors = tmp_path / "errors.csv"
    report = _import(database, keyring, path, wards=own, errors_to=errors)
    assert (report.created, report.updated, report.rejected, report.duplicates) == (1, 2, 5, 0)
    after = _register(database, keyring)
    for untouched in ("84905000002", "84905000003"):
        assert after[untouched] == before[untouched]
    assert {number for number, row in after.items() if row[0] == "20200"} == {
        "84905000001",
        "84905000004",
        "84905000005",
    }
    assert [(row[0], row[4]) for row in _problems(errors)] == [
        ("3", "Số này không thuộc phạm vi phụ trách của bạn"),
        ("4", "Số này không thuộc phạm vi phụ trách của bạn"),
        ("7", "Phường Mỹ An ngoài địa bàn bạn phụ trách."),
        ("8", "Chưa ghi phường/xã; bạn chỉ nhập được người của địa bàn mình phụ trách."),
        ("9", "Số này không thuộc phạm vi phụ trách của bạn"),
    ]

"""``loa contacts``, ``loa areas`` and ``loa keys`` from the command line to the database and back."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from admin.cli import main
from campaigns.audience.demo import write_demo_people
from campaigns.store.audit import verify_audit
from campaigns.store.database import Database
from config.keys import load_keyring
from tests.factories import make_gateway, make_user

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def emails(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The commands work on the test's database; one person per role."""
    with database.transaction() as session:
        made = {role: make_user(session, roles=(role,)).email for role in ("officer", "operator", "analyst")}
    monkeypatch.setenv("LOA_DATABASE_URL", database.url)
    monkeypatch.setenv("LOA_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return made


def run(capsys: Capture, *arguments: str, expect: int = 0) -> tuple[str, str]:
    """What a command printed on stdout and stderr."""
    code = main(list(arguments))
    said = capsys.readouterr()
    assert code == expect, said.err
    return said.out, said.err


def run_json(capsys: Capture, *arguments: str) -> Any:
    """The JSON document a command printed."""
    return json.loads(run(capsys, *arguments, "--json")[0])


def test_an_officer_imports_a_file_and_the_audit_says_so(
    capsys: Capture, database: Database, emails: dict[str, str], tmp_path: Path
) -> None:
    made = write_demo_people(tmp_path / "people.csv", 1_000)
    arguments = ("contacts", "import", str(tmp_path / "people.csv"), "--as", emails["officer"])
    report = run_json(capsys, *arguments, "--errors-to", str(tmp_path / "errors.csv"))
    assert set(report) == {"rows", "created", "updated", "unchanged", "duplicates", "rejected", "repaired"}
    assert (report["created"], report["rejected"]) == (made.people, made.rejected)
    assert report["rows"] == sum(report[key] for key in ("created", "updated", "unchanged", "duplicates", "rejected"))
    assert run_json(capsys, *arguments)["unchanged"] == made.people
    with database.transaction() as session:
        entries = session.execute(text("SELECT actor, action, detail FROM audit ORDER BY id")).all()
        assert verify_audit(session) is None
    assert [(e.actor, e.action) for e in entries] == [(emails["officer"], "contact.import")] * 2
    assert entries[0].detail["created"] == made.people
    assert entries[0].detail["edition"] == "2023"


def test_for_people_the_report_is_a_table_and_names_the_file_of_errors(
    capsys: Capture, emails: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("SĐT;Điện thoại\n0905123456;0905123457\n8,49E+10;\n", encoding="utf-8")
    arguments = ("contacts", "import", str(tmp_path / "a.csv"), "--as", emails["officer"])
    out, err = run(capsys, *arguments, "--errors-to", str(tmp_path / "e.csv"))
    assert "Thêm mới" in out
    assert "0905" not in out + err
    assert "Điện thoại" in err
    assert str(tmp_path / "e.csv") in err
    assert stat.S_IMODE((tmp_path / "e.csv").stat().st_mode) == 0o600
    assert "--errors-to" in run(capsys, *arguments)[1]


def test_who_may_not_import_is_refused(capsys: Capture, emails: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("SĐT\n0905123456\n", encoding="utf-8")
    for email in (emails["analyst"], emails["operator"], "nobody@danang.example"):
        run(capsys, "contacts", "import", str(tmp_path / "a.csv"), "--as", email, expect=1)
    run(capsys, "contacts", "import", str(tmp_path / "a.csv"), expect=1)


@pytest.mark.parametrize("content", [None, b"", b"%PDF-1.7", "Tên\nLan\n".encode()])
def test_what_is_no_table_ends_with_one_and_a_sentence(
    content: bytes | None, capsys: Capture, emails: dict[str, str], tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_bytes(content)
    _, err = run(capsys, "contacts", "import", str(tmp_path / "a.csv"), "--as", emails["officer"], expect=1)
    assert "Traceback" not in err
    assert err.strip()


def test_the_errors_file_may_not_be_the_file_itself(capsys: Capture, emails: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("SĐT\n0905123456\n", encoding="utf-8")
    arguments = ("contacts", "import", str(path), "--as", emails["officer"], "--errors-to", str(path))
    run(capsys, *arguments, expect=1)
    assert path.read_text(encoding="utf-8").startswith("SĐT")


def test_rows_before_a_damage_are_in_the_audit(
    capsys: Capture, database: Database, emails: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("SĐT,Tên\n0905123456,Lan\n" + '0905,"' + "chữ\n" * 100_000, encoding="utf-8")
    run(capsys, "contacts", "import", str(path), "--as", emails["officer"], expect=1)
    path.write_text("SĐT,Tên\n" + "0905123456,Lan\n" * 600 + '0905,"' + "chữ\n" * 100_000, encoding="utf-8")
    run(capsys, "contacts", "import", str(path), "--as", emails["officer"], expect=1)
    with database.transaction() as session:
        details = [row.detail for row in session.execute(text("SELECT detail FROM audit ORDER BY id"))]
    assert [(d["damaged"], d["rows"], d["created"]) for d in details] == [(True, 0, 0), (True, 500, 1)]


def test_areas_are_listed_and_loaded(capsys: Capture, emails: dict[str, str]) -> None:
    listed = run_json(capsys, "areas", "list", "--edition", "2025")
    assert listed["edition"] == "2025"
    assert len(listed["areas"]) == 95
    assert "Phường Hòa Minh" in run(capsys, "areas", "list")[0]
    run(capsys, "areas", "list", "--edition", "1900", expect=1)
    assert run_json(capsys, "areas", "load", "--as", emails["operator"])["created"] == 0
    run(capsys, "areas", "load", "--as", emails["officer"], expect=1)


def test_rotating_adds_a_key_and_an_unfinished_rotation_is_finished_first(
    capsys: Capture, database: Database, emails: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    write_demo_people(tmp_path / "people.csv", 300)
    run(capsys, "contacts", "import", str(tmp_path / "people.csv"), "--as", emails["officer"])
    with database.transaction() as session:
        make_gateway(session, load_keyring(home))
    run(capsys, "keys", "rotate", "--as", emails["officer"], expect=1)
    done = run_json(capsys, "keys", "rotate", "--as", emails["operator"])
    assert done == {"key": 2, "contacts": 300, "gateways": 1, "left": 0}
    assert stat.S_IMODE((home / "keyring.json").stat().st_mode) == 0o600
    ring = load_keyring(home)
    assert (ring.current, set(ring.keys)) == (2, {1, 2})
    with database.transaction() as session:
        session.execute(
            text("UPDATE contact SET phone_cipher = :old WHERE id = (SELECT min(id) FROM contact)"),
            {"old": type(ring)(1, ring.keys, ring.hash_key).encrypt(b"84905123456")},
        )
    assert run_json(capsys, "keys", "rotate", "--as", emails["operator"]) == {
        "key": 2,
        "contacts": 1,
        "gateways": 0,
        "left": 0,
    }
    assert run_json(capsys, "keys", "rotate", "--as", emails["operator"])["key"] == 3


def test_a_ring_from_the_environment_cannot_be_rotated(
    capsys: Capture, emails: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOA_KEYRING", load_keyring(tmp_path).to_json())
    _, err = run(capsys, "keys", "rotate", "--as", emails["operator"], expect=1)
    assert "LOA_KEYRING" in err

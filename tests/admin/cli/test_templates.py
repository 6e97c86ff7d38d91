"""``loa templates`` from the command line to the database and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from campaigns.content.files import templates_folder
from campaigns.store.database import Database
from campaigns.store.templates import add_version, get_version
from tests.factories import OFFICER, make_template, make_user

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _installation(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command works on the test's database, as an operator."""
    with database.transaction() as session:
        operator = make_user(session, roles=("operator",))
    monkeypatch.setenv("LOA_DATABASE_URL", database.url)
    monkeypatch.setenv("LOA_HOME", str(tmp_path))
    monkeypatch.setenv("LOA_USER", operator.email)


def run(capsys: Capture, *arguments: str, expect: int = 0) -> tuple[str, str]:
    """What a command printed on stdout and stderr."""
    code = main(["templates", *arguments])
    said = capsys.readouterr()
    assert code == expect, said.err
    return said.out, said.err


def run_json(capsys: Capture, *arguments: str, expect: int = 0) -> Any:
    """The JSON document a command printed."""
    return json.loads(run(capsys, *arguments, "--json", expect=expect)[0])


def test_sync_loads_the_shipped_texts_and_again_changes_nothing(capsys: Capture) -> None:
    assert len(run_json(capsys, "sync")["created"]) == 33
    again = run_json(capsys, "sync")
    assert (again["created"], again["updated"], len(again["unchanged"]), again["conflicts"]) == ([], [], 33, [])
    out, _ = run(capsys, "list")
    assert "hk07-0-tong-quan" in out
    listed = run_json(capsys, "list")
    assert len(listed) == 33
    assert listed[0]["number"] == 1


def test_a_conflict_is_named_and_ends_with_one(capsys: Capture, database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "sms"
    folder.mkdir()
    source = (templates_folder() / "hk07-5-vneid.toml").read_text(encoding="utf-8")
    (folder / "hk07-5-vneid.toml").write_text(source, encoding="utf-8")
    run(capsys, "sync", "--folder", str(folder))
    with database.transaction() as session:
        add_version(session, "hk07-5-vneid", "Mở VNeID. Hỏi: 1022", "Mo VNeID. Hoi: 1022", OFFICER, 1)
    (folder / "hk07-5-vneid.toml").write_text(source.replace("Mở ứng dụng", "Dùng ứng dụng"), encoding="utf-8")
    out, err = run(capsys, "sync", "--folder", str(folder), expect=1)
    assert "xung đột: 1" in out
    assert "hk07-5-vneid" in err
    assert run_json(capsys, "sync", "--folder", str(folder), "--force")["updated"] == ["hk07-5-vneid"]
    with database.transaction() as session:
        assert get_version(session, "hk07-5-vneid").number == 3


def test_preview_shows_both_variants_with_alphabet_and_parts(capsys: Capture) -> None:
    run(capsys, "sync")
    document = run_json(capsys, "preview", "hk07-0-tong-quan")
    marked, plain = document["variants"]
    assert (marked["variant"], marked["alphabet"], marked["units"], marked["parts"], marked["room"]) == (
        "marked", "ucs2", 131, 2, 3,
    )  # fmt: skip
    assert marked["cut_for_one_less"] == 61
    assert (plain["variant"], plain["alphabet"], plain["units"], plain["parts"]) == ("plain", "gsm7", 152, 1)


def test_preview_fills_in_what_is_set_over_the_samples_of_the_file(capsys: Capture) -> None:
    run(capsys, "sync")
    (seen,) = run_json(
        capsys, "preview", "t17-moi-theo-dia-ban", "--variant", "plain", "--set", "phuong=Xã Hòa Bắc"
    )["variants"]
    assert seen["text"] == (
        "Cong an xa Hoa Bac thu nhan ho so CCCD, kich hoat VNeID tu 7:30 ngay 18/03/2023 tai tru so Cong an xa. "
        "Mang theo CCCD/CMND."
    )
    assert seen["placeholders"] == ["gio_bat_dau", "ngay", "phuong"]


def test_preview_tells_what_to_mend(capsys: Capture, database: Database) -> None:
    with database.transaction() as session:
        make_template(session, slug="mau", marked="UBND “mời” {{ ten_rieng }}", plain="UBND moi")
    run(capsys, "preview", "mau", expect=1)
    (seen,) = run_json(capsys, "preview", "mau", "--variant", "marked", "--set", "ten_rieng=bit.ly/x")["variants"]
    assert seen["problems"][0]["code"] == "link"
    assert [finding["replacement"] for finding in seen["findings"]] == ['"', '"']
    out, _ = run(capsys, "preview", "mau", "--set", "ten_rieng=bạn")
    assert "Có dấu (bản 1)" in out
    assert "Lưu ý:" in out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("preview", "khong-co"), 1), (("preview", "mau", "--set", "x"), 2), (("preview", "mau", "--variant", "x"), 2)],
)
def test_refusals_end_with_one_and_wrong_usage_with_two(capsys: Capture, arguments: tuple[str, ...], code: int) -> None:
    _, err = run(capsys, *arguments, expect=code)
    assert err


def test_loading_takes_a_role_that_may(capsys: Capture, database: Database) -> None:
    with database.transaction() as session:
        analyst = make_user(session, roles=("analyst",))
    _, err = run(capsys, "sync", "--as", analyst.email, expect=1)
    assert "template.sync" in err

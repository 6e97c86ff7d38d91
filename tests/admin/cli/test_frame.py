"""The frame of every command: languages, exit codes, refusals, settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from admin.cli import main
from admin.cli.base import Loa
from campaigns.errors import InvalidInput
from config.settings import get_settings
from tests.admin.cli.conftest import Run


def test_help_lists_every_command_in_vietnamese_and_english(loa: Run) -> None:
    assert "Chạy toàn bộ Loa trên máy này" in loa("--help").out
    assert "Run all of Loa on this machine" in loa("--help", LOA_LANGUAGE="en").out


def test_help_imports_no_command() -> None:
    code = "import sys; from admin.cli import main; main(['--help']); print([m for m in sys.modules if m == 'flask'])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("[]\n")


@pytest.mark.parametrize("words", [["nonsense"], ["users", "add"], ["up", "--exit"], ["stats", "x"], ["users", "x"]])
def test_wrong_usage_ends_with_2(loa: Run, words: list[str]) -> None:
    ended = loa(*words)
    assert ended.code == 2
    assert ended.out == ""


def test_a_refusal_ends_with_1_and_its_reason_on_stderr(loa: Run) -> None:
    ended = loa("campaigns", "show", 7)
    assert (ended.code, ended.out) == (1, "")
    assert "Không thực hiện được" in ended.err
    assert "7" in ended.err


def test_a_wrong_setting_is_named_and_ends_with_2(loa: Run) -> None:
    ended = loa("migrate", LOA_WEB_PORT="many")
    assert ended.code == 2
    assert "LOA_WEB_PORT" in ended.err


def test_a_misspelt_setting_is_reported_with_the_nearest_name(loa: Run) -> None:
    ended = loa("settings", LOA_WEB_PROT="1")
    assert ended.code == 0
    assert "LOA_WEB_PROT" in ended.err
    assert "LOA_WEB_PORT?" in ended.err


def test_a_database_that_is_not_there_is_a_refusal_in_words(loa: Run) -> None:
    ended = loa("users", "list", LOA_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert ended.code == 1
    assert "PostgreSQL" in ended.err
    assert "Traceback" not in ended.err


def test_tables_of_another_version_are_refused_where_the_server_is_not_ours(loa: Run, empty_database_url: str) -> None:
    ended = loa("users", "list", LOA_DATABASE_URL=empty_database_url)
    assert ended.code == 1
    assert "loa migrate" in ended.err


def test_migrating_loads_areas_and_texts(loa: Run, empty_database_url: str) -> None:
    first = loa("migrate", "--json", LOA_DATABASE_URL=empty_database_url)
    assert (first.code, first.document["before"]) == (0, None)
    again = loa("migrate", "--json")
    assert again.document == {"before": first.document["after"], "after": first.document["after"]}
    assert len(loa("templates", "list", "--json").document) >= 33
    assert loa("users", "list", "--json").document == []


def test_commands_that_change_something_want_to_know_who_acts(loa_home: Path) -> None:
    with pytest.raises(InvalidInput, match="--as"):
        Loa().actor()


def test_the_acting_person_must_exist(loa: Run) -> None:
    ended = loa("gateways", "disable", "viettel", "--as", "nobody@danang.example")
    assert ended.code == 1
    assert "nobody@danang.example" in ended.err


def test_settings_show_no_secret(loa: Run) -> None:
    ended = loa("settings", "--json", LOA_SECRET_KEY="hunter2", LOA_DATABASE_URL="postgresql://a:hunter2@127.0.0.1/b")
    assert "hunter2" not in ended.out
    assert ended.document["LOA_SECRET_KEY"] == "•••"
    assert ended.document["LOA_DATABASE_URL"] == "postgresql://•••@127.0.0.1/b"


def test_a_command_alone_starts_the_embedded_services_and_ends_them(
    loa_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from config.embedded import EmbeddedServices

    monkeypatch.setenv("LOA_HOME", str(loa_home))
    get_settings.cache_clear()
    assert main(["users", "add", "a@danang.example", "--role", "analyst", "--json"]) == 0
    assert main(["users", "list", "--json"]) == 0
    assert "a@danang.example" in capsys.readouterr().out.splitlines()[-1]
    assert not EmbeddedServices(loa_home).alive()

"""Settings: read once, typed, and a misspelt one is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import Settings, get_settings, misspelt_settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_HOME", "/srv/loa")
    monkeypatch.setenv("LOA_WEB_PORT", "9000")
    settings = get_settings()
    assert settings.home == Path("/srv/loa")
    assert settings.web_port == 9000


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = get_settings()
    monkeypatch.setenv("LOA_WEB_PORT", "9000")
    assert get_settings() is first


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().web_port = 9000


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOA_WEB_PORT", "0"), ("LOA_WEB_PORT", "much"), ("LOA_LANGUAGE", "fr"), ("LOA_BATCH_SIZE", "501")],
)
def test_a_value_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        get_settings()


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_SECRET_KEY", "hunter2")
    assert "hunter2" not in repr(get_settings())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LOA_WEB_PROT": "1"}, {"LOA_WEB_PROT": "LOA_WEB_PORT"}),
        ({"LOA_WEB_PORT": "1", "PATH": "x"}, {}),
        ({"LOA_QQQ": "1"}, {"LOA_QQQ": None}),
    ],
)
def test_a_misspelt_variable_is_found_with_the_nearest_name(
    environment: dict[str, str], expected: dict[str, str | None]
) -> None:
    assert misspelt_settings(environment) == expected

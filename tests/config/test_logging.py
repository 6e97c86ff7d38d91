"""Logs name no number and no secret, however they got into a record."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logging import configure_logging, hide_private, mask_phones
from config.settings import Settings


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("to 84905123456 now", "to 09•• ••• 456 now"),
        ("+84905123456", "09•• ••• 456"),
        ("0905123456", "09•• ••• 456"),
        ("(0905123456)", "(09•• ••• 456)"),
        ("84905123456,84905123457", "09•• ••• 456,09•• ••• 457"),
        ("in 0.0905123456 s", "in 0.0905123456 s"),
        ("batch 190512345678901", "batch 190512345678901"),
        ("port 2775", "port 2775"),
        ("at 2026-11-23T22:00:00.123456Z", "at 2026-11-23T22:00:00.123456Z"),
    ],
)
def test_what_looks_like_a_number_is_masked(said: str, shown: str) -> None:
    assert mask_phones(said) == shown


def test_numbers_are_masked_in_every_value() -> None:
    number = "0905123456"
    said = {"event": "sent", "to": b"84905123456", "all": [number], "by": {"x": number}, "n": 84905123456}
    event = hide_private(None, "info", dict(said))
    assert "905123" not in str(event)
    assert event["to"] == "09•• ••• 456"


@pytest.mark.parametrize("name", ["password", "smpp_password", "secret_key", "token", "keyring", "Authorization"])
def test_values_with_a_secrets_name_are_left_out(name: str) -> None:
    assert hide_private(None, "info", {"event": "x", name: "hunter2"})[name] == "•••"


def test_json_lines_go_to_stderr_with_utc_times(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"))
    structlog.get_logger("loa").info("claimed", batch=7)
    logging.getLogger("other").warning("to %s", "84905123456")
    captured = capsys.readouterr()
    ours, theirs = (json.loads(line) for line in captured.err.splitlines())
    assert captured.out == ""
    assert ours["event"] == "claimed"
    assert ours["batch"] == 7
    assert ours["timestamp"].endswith("Z")
    assert theirs["event"] == "to 09•• ••• 456"


def test_a_traceback_names_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"))
    try:
        raise ValueError("bad recipient 84905123456")
    except ValueError:
        structlog.get_logger("loa").exception("failed")
    said = capsys.readouterr().err
    assert "bad recipient" in said
    assert "905123" not in said


def test_below_the_level_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_level="error"))
    structlog.get_logger("loa").info("quiet")
    assert capsys.readouterr().err == ""

"""Numbers, dates and rates as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, time
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from admin.console import formats
from admin.console.forms import Form
from admin.console.progress import Progress
from admin.console.views import MENU
from campaigns.errors import InvalidInput
from campaigns.stats import STATE_LABELS
from config.i18n import Count, language


@pytest.mark.parametrize(
    ("value", "digits", "vi", "en"),
    [
        (1234567, 0, "1.234.567", "1,234,567"),
        (0, 0, "0", "0"),
        (12.5, 1, "12,5", "12.5"),
        (400.0, 2, "400", "400"),
        (None, 0, "–", "–"),
    ],
)
def test_numbers(value: float | None, digits: int, vi: str, en: str) -> None:
    with language("vi"):
        assert formats.number(value, digits) == vi
    with language("en"):
        assert formats.number(value, digits) == en


@pytest.mark.parametrize(
    ("part", "whole", "vi"),
    [(1, 3, "33,3%"), (2, 3, "66,6%"), (99_999, 100_000, "99,9%"), (5, 5, "100%"), (0, 5, "0%"), (0, 0, "–")],
)
def test_shares_are_rounded_down_so_that_all_means_all(part: int, whole: int, vi: str) -> None:
    assert formats.percent(part, whole) == vi


def test_moments_are_on_the_clocks_of_da_nang() -> None:
    assert formats.moment(datetime(2026, 11, 23, 7, 5, tzinfo=UTC)) == "23/11/2026 14:05"
    assert formats.moment(datetime(2026, 11, 23, 20, 0)) == "24/11/2026 03:00"
    assert formats.clock(time(7)) == "07:00"
    assert formats.moment(None) == formats.clock(None) == "–"


@pytest.mark.parametrize(
    ("number", "shown"),
    [(b"84905123456", "09•• ••• 456"), ("84325555789", "03•• ••• 789"), (None, "(đã xoá)"), (b"", "(đã xoá)")],
)
def test_numbers_of_people_are_covered(number: bytes | str | None, shown: str) -> None:
    assert formats.masked(number) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "1 giây"), (45, "45 giây"), (61, "1 phút"), (3599, "1 giờ 0 phút"), (7500, "2 giờ 5 phút")],
)
def test_durations_are_rough(seconds: float, shown: str) -> None:
    assert formats.duration(seconds) == shown


def test_the_bar_is_whole_whatever_the_mixture() -> None:
    totals = dict(zip(STATE_LABELS, range(1, len(STATE_LABELS) + 1), strict=True))
    planned = sum(totals.values())
    bar = Progress(1, "running", planned, planned, totals, None, {}).stretches
    assert sum(part.count for part in bar) == planned
    assert abs(sum(part.width for part in bar) - 1000) < 0.1
    assert all(abs(one.x + one.width - other.x) < 0.1 for one, other in pairwise(bar))


def test_every_file_we_serve_is_small_and_readable() -> None:
    static = Path(formats.__file__).with_name("static")
    for file in static.iterdir():
        lines = file.read_text(encoding="utf-8").splitlines()
        assert file.stat().st_size < 40_000, file.name
        assert max(map(len, lines)) < 400, f"{file.name} looks minified"


def test_counts_in_sentences_are_grouped_as_the_language_does() -> None:
    refusal = InvalidInput("{n} người ({n:05d})", "{n} people ({n:05d})", n=Count(3868))
    assert str(refusal) == "3.868 người (03868)"
    with language("en"):
        assert str(refusal) == "3,868 people (03868)"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("07:00", time(7)), ("7:30", time(7, 30)), ("19h30", time(19, 30)), ("7h", time(7)), ("07:00:00", time(7))],
)
def test_an_hour_is_read_as_people_write_it(written: str, meant: time) -> None:
    form = Form({"from": written})
    assert form.clock("from", time(0)) == meant
    assert form.errors == {}


@pytest.mark.parametrize("written", ["", "24:00", "7:60", "bảy giờ", "7", "700"])
def test_what_is_no_hour_is_refused(written: str) -> None:
    form = Form({"from": written})
    assert form.clock("from", time(9)) == time(9)
    assert "07:00" in form.errors["from"]


@pytest.mark.parametrize(("written", "meant"), [("300", 300), ("1.200", 1200), ("1 200", 1200), ("", None)])
def test_a_whole_number_may_be_grouped(written: str, meant: int | None) -> None:
    form = Form({"pace": written})
    assert (form.number("pace"), form.errors) == (meant, {})


@pytest.mark.parametrize("written", ["1,5", "-3", "12.34", "10000000000", "ba"])
def test_what_is_no_whole_number_is_refused(written: str) -> None:
    form = Form({"pace": written})
    assert form.number("pace") is None
    assert "1.200" in form.errors["pace"]


def test_every_screen_of_the_menu_has_an_icon_of_its_own() -> None:
    icons = ["home", *(entry.icon for _, entries in MENU for entry in entries)]
    assert sorted(set(icons)) == sorted(icons)
    drawn = (files("admin.console") / "templates/console/icons.html").read_text()
    assert [icon for icon in icons if f'name == "{icon}"' not in drawn] == []

"""The times the law gives, kind by kind."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.subjects.clocks import CLOCKS, acknowledge_by, due_on

CAME = date(2026, 11, 2)  # a Monday


@pytest.mark.parametrize(
    ("kinds", "plain", "extended", "with_processor"),
    [
        (("withdraw", "restrict", "object"), 15, 30, 20),
        (("view", "correct", "copy"), 10, 20, 15),
        (("delete",), 20, 40, 30),
        (("protect",), 15, 30, 15),
    ],
)
def test_every_kind_has_the_days_of_article_5(
    kinds: tuple[str, ...], plain: int, extended: int, with_processor: int
) -> None:
    for kind in kinds:
        assert (due_on(kind, CAME) - CAME).days == plain
        assert (due_on(kind, CAME, extended=True) - CAME).days == extended
        assert (due_on(kind, CAME, with_processor=True) - CAME).days == with_processor


def test_the_table_has_no_other_kind() -> None:
    assert set(CLOCKS) == {"withdraw", "restrict", "object", "view", "correct", "copy", "delete", "protect"}


@pytest.mark.parametrize(
    ("came", "by"),
    [
        (date(2026, 11, 2), date(2026, 11, 4)),
        (date(2026, 11, 5), date(2026, 11, 9)),
        (date(2026, 11, 6), date(2026, 11, 10)),
        (date(2026, 11, 7), date(2026, 11, 10)),
    ],
)
def test_it_is_acknowledged_within_two_working_days(came: date, by: date) -> None:
    assert acknowledge_by(came) == by


def test_holidays_do_not_count_where_they_are_known() -> None:
    holiday = date(2026, 11, 3)
    assert acknowledge_by(CAME, lambda day: day.weekday() < 5 and day != holiday) == date(2026, 11, 5)

"""The circuit breaker of a gateway, as a table of what happens and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.gateways.breaker import (
    CAUSES,
    Cause,
    Change,
    Health,
    Report,
    State,
    begin_probe,
    bind,
    end_probe,
    observe,
    refuse_bind,
    rest_seconds,
)
from config.i18n import language

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
REST = 30.0
OPEN = Health(State.OPEN, NOW + timedelta(seconds=30), rests=1)
TRYING = replace(OPEN, state=State.HALF_OPEN)


def hear(health: Health, *reports: Report) -> tuple[Health, list[Change]]:
    changes = []
    for report in reports:
        health, change = observe(health, report, NOW, REST)
        changes += [change] if change else []
    return health, changes


@pytest.mark.parametrize(
    ("reports", "state", "changes"),
    [
        ([Report(100_000, 0)], "closed", []),
        ([Report(19, 19, 19, "E")], "closed", []),
        ([Report(20, 20, 20, "E")], "open", [Change("open", Cause.FAILURES, 20, "E")]),
        ([Report(10, 10, 10, "E")] * 2, "open", [Change("open", Cause.FAILURES, 20, "E")]),
        ([Report(19, 19, 19, "E"), Report(1, 0), Report(19, 19, 19, "E")], "closed", []),
        ([Report(19, 19, 19, "E"), Report(2, 1, 1, "E"), Report(19, 19, 19, "E")], "open", [("failures", 20)]),
        ([Report(30, 15, 5, "E")] * 6, "closed", []),
        ([Report(30, 15, 5, "E")] * 7, "open", [("share", 105)]),
        ([Report(30, 14, 5, "E")] * 7, "closed", [("share", 98)]),
        ([Report(30, 5, 5, "E")] * 7, "closed", []),
        ([Report(250, 50, 5, "E"), Report(30, 6, 0, "E")], "closed", [("share", 50)]),
    ],
)
def test_failures_in_a_row_or_by_share_open_it_or_set_it_behind_others(
    reports: list[Report], state: str, changes: list[Change | tuple[str, int]]
) -> None:
    health, found = hear(Health(), *reports)
    assert health.state == state
    assert [c if isinstance(e, Change) else (c.cause, c.count) for c, e in zip(found, changes, strict=True)] == changes
    assert (health.demoted_until is not None) == any(change.state == "demoted" for change in found)


def test_what_lies_far_back_is_forgotten() -> None:
    health, changes = hear(Health(), Report(100, 90, 1, "E"), *[Report(50, 0)] * 5)
    assert sum(answers for answers, _ in health.recent) <= 250
    assert (health.clean, changes) == (True, [])


def test_good_news_never_sets_it_back() -> None:
    assert hear(Health(), Report(100, 90, 1, "E"), Report(100, 0))[1] == []


def test_a_demoted_gateway_is_not_demoted_again_before_its_time() -> None:
    demoted, _ = hear(Health(), Report(200, 60, 1, "E"))
    assert demoted.demoted_until == NOW + timedelta(seconds=600)
    assert hear(demoted, Report(200, 60, 1, "E"))[1] == []


@pytest.mark.parametrize(("rests", "seconds"), [(1, 30), (2, 60), (3, 120), (5, 480), (6, 600), (900, 600)])
def test_it_rests_longer_each_time(rests: int, seconds: float) -> None:
    assert rest_seconds(rests, REST) == seconds
    opened, _ = hear(Health(rests=rests - 1), Report(20, 20, 20, "E"))
    assert opened.retry_at == NOW + timedelta(seconds=seconds)


def test_only_who_comes_when_its_time_has_come_may_try_and_only_one() -> None:
    for health in (Health(), OPEN, replace(TRYING, retry_at=NOW + timedelta(seconds=1))):
        assert begin_probe(health, NOW, 60) == (health, None)
    trying, change = begin_probe(replace(OPEN, retry_at=NOW), NOW, 60)
    assert change == Change("half-open", Cause.PROBE)
    assert trying.retry_at == NOW + timedelta(seconds=60)
    assert begin_probe(trying, NOW, 60)[1] is None
    assert begin_probe(trying, NOW + timedelta(seconds=60), 60)[1] is not None, "the one who tried is gone"


@pytest.mark.parametrize(
    ("report", "state", "rest", "change"),
    [
        (Report(1, 0), "closed", None, Change("closed", Cause.ANSWERED)),
        (Report(1, 1, 1, "E"), "open", 60, Change("open", Cause.PROBE_FAILED, 1, "E")),
        (Report(), "open", 5, None),
    ],
)
def test_the_message_that_tries_it_decides(
    report: Report, state: str, rest: float | None, change: Change | None
) -> None:
    health, found = end_probe(TRYING, report, NOW, REST)
    assert (health.state, found) == (state, change)
    assert health.retry_at == (None if rest is None else NOW + timedelta(seconds=rest))
    assert end_probe(Health(), report, NOW, REST) == (Health(), None)


def test_late_answers_mean_nothing_while_it_rests_or_is_tried() -> None:
    for health in (OPEN, TRYING):
        assert hear(health, Report(500, 0), Report(500, 500, 500, "E")) == (health, [])


def test_its_rests_are_forgotten_only_once_it_has_gone_on_working() -> None:
    closed, _ = end_probe(replace(TRYING, rests=3), Report(1, 0), NOW, REST)
    assert hear(closed, Report(20, 1, 0, "E"))[0].rests == 3
    assert hear(closed, Report(100, 0))[0].rests == 0


@pytest.mark.parametrize(
    ("refusals", "permanent", "others", "state"),
    [(2, False, False, "closed"), (3, False, False, "open"), (1, True, False, "open"), (9, True, True, "closed")],
)
def test_a_gateway_that_lets_nobody_in_rests(refusals: int, permanent: bool, others: bool, state: str) -> None:
    health = Health()
    for _ in range(refusals):
        health, change = refuse_bind(health, "ESME_RBINDFAIL", NOW, REST, permanent=permanent, others_open=others)
    assert health.state == state
    if state == "open":
        assert change == Change("open", Cause.BINDS, refusals, "ESME_RBINDFAIL")
        assert bind(health, NOW)[0].retry_at == NOW, "tried as soon as somebody is let in"
    assert bind(health, NOW)[0].binds_refused == 0


def test_a_bind_does_not_shorten_a_rest_that_has_another_reason() -> None:
    assert bind(OPEN, NOW)[0] == OPEN


def test_every_cause_can_be_told_in_both_languages() -> None:
    assert set(CAUSES) == set(Cause)
    for text in CAUSES.values():
        for chosen in ("vi", "en"):
            with language(chosen):
                assert "{" not in text.format(count=3, error="E")

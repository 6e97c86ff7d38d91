"""The health of a gateway as workers write it down together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from campaigns.delivery.health import begin_probe, end_probe, report_answers, report_bound, report_refused
from campaigns.delivery.pulse import Pulse
from campaigns.gateways.breaker import Health, Report, State
from campaigns.stats import summary
from campaigns.store.delivery import list_gateways_with_work
from campaigns.store.gateways import note_session
from campaigns.store.health import list_changes, list_health, read_health
from config.i18n import language
from tests.campaigns.delivery.conftest import Planned

Make = Callable[..., Planned]
BAD = Report(20, 20, 20, "ESME_RSYSERR")


def report(campaign: Planned, heard: Report) -> Health:
    with campaign.database.transaction() as session:
        return report_answers(session, campaign.gateway_id, heard, 30)


def probe(campaign: Planned, seconds: float = 60) -> bool:
    with campaign.database.transaction() as session:
        return begin_probe(session, campaign.gateway_id, seconds)


def rest_is_over(campaign: Planned) -> None:
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE gateway_health SET retry_at = now()"))


def changes(campaign: Planned) -> list[tuple[str, str, int, str]]:
    with campaign.database.transaction() as session:
        return [(c.state, c.cause, c.times, c.error) for c in reversed(list_changes(session, campaign.gateway_id))]


def test_a_pulse_tells_failures_in_a_row_and_calls_at_once_when_there_are_many() -> None:
    called: list[int] = []
    pulse = Pulse(lambda: called.append(1))
    for _ in range(19):
        pulse.failed("E")
    pulse.answered()
    assert (pulse.take(), called) == (Report(20, 19, 0, "E"), [])
    for _ in range(20):
        pulse.failed("F")
    assert called == [1]
    assert (pulse.take(), pulse.take()) == (Report(20, 20, 20, "F"), Report())


def test_a_gateway_that_rests_is_given_nothing_but_the_one_message_that_tries_it(planned: Make) -> None:
    campaign = planned(10)
    with campaign.database.transaction() as session:
        note_session(session, campaign.gateway_id, 0, "host:1", "bound", "")
        assert len(list_gateways_with_work(session)) == 1
    assert report(campaign, BAD).state is State.OPEN
    with campaign.database.transaction() as session:
        assert list_gateways_with_work(session) == []
    assert campaign.claim() is None
    assert not probe(campaign), "not before its time"
    rest_is_over(campaign)
    with campaign.database.transaction() as session:
        assert len(list_gateways_with_work(session)) == 1
    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(lambda _: probe(campaign), range(4))) == [False, False, False, True]
    assert campaign.claim() is None
    claim = campaign.claim(probe=True)
    assert claim is not None
    assert len(claim.messages) == 1
    campaign.release(claim)
    with campaign.database.transaction() as session:
        assert end_probe(session, campaign.gateway_id, Report(1, 0), 30).state is State.CLOSED
    assert changes(campaign) == [
        ("open", "failures", 20, "ESME_RSYSERR"),
        ("half-open", "probe", 0, ""),
        ("closed", "answered", 0, ""),
    ]


def test_a_worker_that_dies_while_it_tries_is_followed_by_another(planned: Make) -> None:
    campaign = planned(1)
    report(campaign, BAD)
    rest_is_over(campaign)
    assert probe(campaign)
    assert not probe(campaign)
    rest_is_over(campaign)
    assert probe(campaign)


def test_failures_of_several_workers_are_counted_together(planned: Make) -> None:
    campaign = planned(1)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: report(campaign, Report(5, 5, 5, "E")), range(4)))
    assert changes(campaign) == [("open", "failures", 20, "E")]
    report(campaign, Report(100, 100, 100, "E"))
    assert len(changes(campaign)) == 1, "it rests already"


@pytest.mark.parametrize(("other", "opened"), [(None, True), ("bound", False), ("down", True)])
def test_refused_binds_make_it_rest_unless_another_session_is_open(
    planned: Make, other: str | None, opened: bool
) -> None:
    campaign = planned(1)
    with campaign.database.transaction() as session:
        if other:
            note_session(session, campaign.gateway_id, 1, "host:2", other, "")
        for _ in range(3):
            report_refused(session, campaign.gateway_id, "ESME_RBINDFAIL", 30, permanent=False, worker="host:1", slot=0)
        found = read_health(session, campaign.gateway_id)
    assert (found.state is State.OPEN) == opened
    with campaign.database.transaction() as session:
        report_bound(session, campaign.gateway_id)
    assert probe(campaign) == opened, "let in again, it is tried at once"


def test_a_gateway_that_never_failed_has_no_row(planned: Make) -> None:
    campaign = planned(1)
    with campaign.database.transaction() as session:
        assert read_health(session, campaign.gateway_id) == Health()
        assert report_bound(session, campaign.gateway_id) == Health()
        assert list_health(session) == {}
    assert changes(campaign) == []


def test_the_campaign_says_that_its_gateway_rests_and_until_when(planned: Make) -> None:
    campaign = planned(1)
    report(campaign, BAD)
    with campaign.database.transaction() as session:
        session.execute(text("UPDATE gateway SET name = 'viettel'"))
        session.execute(text("UPDATE gateway_health SET retry_at = '2099-12-31 07:05+00'"))
        for chosen, words in (
            ("vi", "viettel đang nghỉ (lỗi 20 lần liên tiếp: ESME_RSYSERR), thử lại lúc 14:05"),
            ("en", "viettel is resting after 20 failures in a row: ESME_RSYSERR, tries again at 14:05"),
        ):
            with language(chosen):
                assert summary(session, campaign.campaign_id).idle_reason == words
        session.execute(text("UPDATE gateway_health SET retry_at = now() - interval '1 s'"))
        with language("en"):
            assert summary(session, campaign.campaign_id).idle_reason == "no worker serves viettel"
        session.execute(text("UPDATE gateway_health SET state = 'half-open'"))
        with language("en"):
            assert summary(session, campaign.campaign_id).idle_reason == "viettel is being tried with one message"

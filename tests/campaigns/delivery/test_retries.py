"""Messages refused for now: how they wait, how long, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.delivery.consignment import Account, Consignment, Line, Policy
from campaigns.delivery.housekeeping import tidy
from campaigns.delivery.menu import Menu
from campaigns.delivery.retries import RULES, ErrorClass, error_class, waits
from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Answer, Hooks, Outbound, Trouble, Verdict
from campaigns.gateways.smpp import SmppAdapter
from campaigns.gateways.smpp.settings import SmppSettings
from campaigns.gateways.smpp.statuses import refusal_of
from campaigns.store.delivery import expire_refused_messages
from tests.campaigns.delivery.conftest import Planned
from tests.campaigns.delivery.test_consignment import Free

Make = Callable[..., Planned]
TELCO, SUBSCRIBER = ErrorClass.TELCO, ErrorClass.SUBSCRIBER


@pytest.mark.parametrize(
    ("answer", "met", "state", "counts", "blames"),
    [
        (Answer(Verdict.THROTTLED, (), "ESME_RTHROTTLED"), ErrorClass.CONGESTION, "queued", False, False),
        (refusal_of(Verdict.RETRY, "ESME_RSYSERR"), TELCO, "queued", True, True),
        (refusal_of(Verdict.RETRY, "ESME_RX_T_APPN"), SUBSCRIBER, "queued", True, False),
        (refusal_of(Verdict.FINAL, "ESME_RINVDSTADR"), ErrorClass.FINAL, "failed", True, False),
        (Answer(Verdict.FINAL, (), "x", Trouble.SUBSCRIBER), ErrorClass.FINAL, "failed", True, False),
        (Answer(Verdict.UNKNOWN, (), "LOA_NO_ANSWER"), ErrorClass.DOUBT, "unknown", True, True),
    ],
)
def test_every_class_of_error_has_its_consequence(
    answer: Answer, met: ErrorClass, state: str, counts: bool, blames: bool
) -> None:
    rule = RULES[error_class(answer)]
    assert error_class(answer) is met
    assert (rule.state.label, rule.counts, rule.gateway_failed) == (state, counts, blames)


def test_every_verdict_but_taken_has_a_class_and_every_class_a_rule() -> None:
    assert set(RULES) == set(ErrorClass)
    for verdict in set(Verdict) - {Verdict.ACCEPTED}:
        for trouble in Trouble:
            assert error_class(Answer(verdict, trouble=trouble)) in RULES


@pytest.mark.parametrize(
    ("met", "seconds", "expected"),
    [
        ({TELCO}, 10, (10, 20, 40, 80, 160, 320, 600)),
        ({SUBSCRIBER}, 10, (60, 120, 240, 480, 960, 1920, 3600)),
        ({SUBSCRIBER, TELCO, ErrorClass.FINAL}, 300, (300, 600)),
        ({ErrorClass.CONGESTION}, 300, (300, 600)),
        (set(), 300, (300, 600)),
        ({TELCO}, 900, (900,)),
        ({TELCO}, 0.25, (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600)),
    ],
)
def test_waits_grow_up_to_a_bound(met: set[ErrorClass], seconds: float, expected: tuple[float, ...]) -> None:
    found = waits(met, seconds)
    assert found == expected
    assert {type(wait) for wait in found} == {float}


def run(campaign: Planned, statement: str, **values: object) -> Any:
    with campaign.database.transaction() as session:
        found = session.execute(text(statement), values)
        return found.all() if found.returns_rows else None


def refuse(campaign: Planned, answer: Answer, heard: list[Outbound] | None = None) -> int:
    """Claim what is ready and let the telco answer everything so; how many messages there were."""

    class Refusing(SmppAdapter):
        async def submit(self, messages: Sequence[Outbound], permit: Any, settle: Any) -> None:
            for message in messages:
                if heard is not None:
                    heard.append(message)
                settle(message.key, answer)

    settings = SmppSettings(host="127.0.0.1", system_id="loa")
    line = Line(
        campaign.database,
        campaign.keyring,
        Account(campaign.gateway_id, "telco", 100_000.0),
        Refusing(settings, Hooks(lambda *_: None, lambda _: None)),
        Free(),
        Policy(20, 10, 500),
    )
    facts, claim = Menu(campaign.database, campaign.gateway_id).next(), campaign.claim()
    assert claim is not None
    assert facts is not None
    asyncio.run(Consignment(line, facts, claim, lambda: False).send())
    return len(claim.messages)


def due(campaign: Planned) -> None:
    run(campaign, "UPDATE batch SET not_before = now() - interval '1 s'")


BUSY = refusal_of(Verdict.RETRY, "ESME_RSYSERR")


def test_a_refused_message_is_tried_until_its_validity_ends_and_then_expires_with_its_last_error(planned: Make) -> None:
    campaign = planned(2, validity_minutes=30)
    for _ in range(12):
        assert refuse(campaign, BUSY) == 2
        due(campaign)
    assert campaign.totals() == {"queued": 2}, "however often it was refused"
    run(campaign, "UPDATE message SET retry_until = now() - interval '1 s' WHERE seq = 1")
    run(campaign, "UPDATE batch SET retry_until = (SELECT min(retry_until) FROM message), not_before = now() + '1 h'")
    done = tidy(campaign.database, lease_seconds=20, retry_attempts=5, thorough=False)
    assert done is not None
    assert done.expired == 1
    assert campaign.totals() == {"expired": 1, "queued": 1}, "also while its batch waits"
    assert run(campaign, "SELECT error, attempts FROM message WHERE seq = 1") == [("ESME_RSYSERR", 12)]
    assert run(campaign, "SELECT b.retry_until = m.retry_until FROM batch b JOIN message m ON m.seq = 2") == [(True,)]
    run(campaign, "UPDATE message SET retry_until = now() - interval '1 s'; UPDATE batch SET retry_until = now()")
    done = tidy(campaign.database, lease_seconds=20, retry_attempts=5, thorough=False)
    assert campaign.totals() == {"expired": 2}
    assert run(campaign, "SELECT state, not_before, retry_until FROM batch") == [("done", None, None)]
    assert done is not None
    assert done.finished == 1


def test_what_is_left_of_its_validity_travels_to_the_telco(planned: Make) -> None:
    campaign = planned(1, validity_minutes=60)
    heard: list[Outbound] = []
    refuse(campaign, BUSY, heard)
    run(campaign, "UPDATE message SET retry_until = retry_until - interval '19 minutes 30 s'")
    due(campaign)
    refuse(campaign, BUSY, heard)
    run(campaign, "UPDATE message SET retry_until = now() + interval '5 s'")
    due(campaign)
    refuse(campaign, BUSY, heard)
    assert [message.validity for message in heard] == [timedelta(minutes=n) for n in (60, 40, 1)]


def test_a_message_claimed_after_its_validity_is_not_sent(planned: Make) -> None:
    campaign = planned(1)
    refuse(campaign, BUSY)
    run(campaign, "UPDATE message SET retry_until = now() - interval '1 s'")
    due(campaign)
    heard: list[Outbound] = []
    refuse(campaign, BUSY, heard)
    assert heard == []
    assert campaign.totals() == {"expired": 1}
    assert run(campaign, "SELECT error FROM message") == [("ESME_RSYSERR",)]


@pytest.mark.parametrize(
    ("answer", "attempts", "least", "most"),
    [
        (BUSY, 1, 9, 11),
        (BUSY, 3, 36, 44),
        (BUSY, 60, 540, 660),
        (refusal_of(Verdict.RETRY, "ESME_RX_T_APPN"), 1, 54, 66),
    ],
)
def test_it_waits_longer_each_time(planned: Make, answer: Answer, attempts: int, least: float, most: float) -> None:
    campaign = planned(1)
    run(campaign, "UPDATE message SET attempts = :n", n=attempts - 1)
    refuse(campaign, answer)
    assert campaign.claim() is None
    ((wait,),) = run(campaign, "SELECT extract(epoch FROM not_before - now()) FROM batch")
    assert least - 2 < wait < most


def test_being_too_fast_uses_up_nothing(planned: Make) -> None:
    campaign = planned(3)
    refuse(campaign, Answer(Verdict.THROTTLED, (), "ESME_RTHROTTLED"))
    assert run(campaign, "SELECT DISTINCT attempts, retry_until FROM message") == [(0, None)]
    assert run(campaign, "SELECT not_before, retry_until FROM batch") == [(None, None)]


def test_what_was_taken_leaves_its_batch_nothing_to_wait_for(planned: Make) -> None:
    campaign = planned(2)
    refuse(campaign, Answer(Verdict.ACCEPTED, ((0, "r"),)))
    assert run(campaign, "SELECT state, not_before, retry_until FROM batch") == [("done", None, None)]


def test_expiring_leaves_what_is_unknown_and_what_a_worker_holds(planned: Make) -> None:
    campaign = planned(3)
    claim = campaign.claim(most=2)
    assert claim is not None
    campaign.record(claim, (1, MessageState.UNKNOWN, None), (2, MessageState.QUEUED, None))
    run(campaign, "UPDATE message SET retry_until = now() - interval '1 s'; UPDATE batch SET retry_until = now()")
    with campaign.database.transaction() as session:
        assert expire_refused_messages(session) == 0, "the batch is leased"
    campaign.release(claim)
    with campaign.database.transaction() as session:
        assert expire_refused_messages(session) == 1
        assert expire_refused_messages(session) == 0
    assert campaign.totals() == {"expired": 2, "unknown": 1}


def test_looking_for_what_expires_reads_its_index_and_never_all_messages(planned: Make) -> None:
    campaign = planned(40, batch_size=1)
    run(campaign, "ANALYZE batch; ANALYZE message")
    with campaign.database.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.execute(
            text("EXPLAIN SELECT id FROM batch WHERE retry_until <= now() AND state = 'ready' ORDER BY id LIMIT 200")
        )
        assert "ix_batch_retry_until" in "\n".join(plan.scalars())

"""Sessions of a worker, in this process, against a simulated telco on a socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.delivery.housekeeping import tidy
from campaigns.delivery.planner import plan_campaign
from campaigns.gateways.registry import add_gateway, change_gateway, switch_gateway
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.stats import reconcile, summary
from campaigns.store.gateways import list_sessions
from tests.factories import OPERATOR, make_campaign, make_contact, make_template
from workers.context import Context
from workers.hands import Hands

PATIENCE = 25.0
WARD = {"edition": "2023", "wards": ["20194"]}


@dataclass
class Town:
    """People of one ward, a gateway to a simulated telco, and a running campaign."""

    context: Context
    telco: SandboxProcess
    people: int
    bound: list[str] = field(default_factory=list)
    campaign: int = 0

    def found(self, tps: float, **settings: Any) -> None:
        with self.context.database.transaction() as session:
            chosen = {"host": "127.0.0.1", "port": self.telco.port, "system_id": "loa", **settings}
            add_gateway(
                session, self.context.keyring, OPERATOR, "telco", adapter="smpp", settings=chosen, tps=tps, binds=1
            )
            for _ in range(self.people):
                make_contact(session, self.context.keyring)
            campaign = make_campaign(
                session,
                template=make_template(session),
                state="scheduled",
                window_start="00:00",
                window_end="00:00",
                audience=WARD,
            )
            campaign.scheduled_for = campaign.created_at
        self.campaign = campaign.id
        assert plan_campaign(self.context.database, campaign.id, batch_size=50) == self.people

    @contextmanager
    def working(self, context: Context | None = None) -> Iterator[Hands]:
        hands = Hands(context or self.context, None, self.bound.append)
        hands.start()
        try:
            yield hands
        finally:
            hands.stop()

    def totals(self) -> dict[str, int]:
        with self.context.database.transaction() as session:
            assert reconcile(session).balanced
            found = summary(session, self.campaign).totals
        return {state: count for state, count in found.items() if count}

    def tick(self, hands: Hands) -> None:
        """What the beat does every second."""
        tidy(self.context.database, lease_seconds=5, retry_attempts=5, thorough=False)
        hands.kick("telco")

    def until(self, what: str, hands: Hands, true: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, (what, self.totals(), self.telco.do("stats"))
            self.tick(hands)
            time.sleep(0.1)

    def sessions(self) -> list[tuple[str, str, str]]:
        with self.context.database.transaction() as session:
            return [(row.worker, row.state, row.reason) for row in list_sessions(session)]


@pytest.fixture
def found_town(context: Context) -> Iterator[Callable[..., Town]]:
    """Makes a town with a telco of its own."""
    telcos: list[SandboxProcess] = []

    def found(people: int, options: SandboxOptions, tps: float, **settings: Any) -> Town:
        telco = SandboxProcess(options)
        telcos.append(telco)
        telco.start()
        town = Town(context, telco, people)
        town.found(tps, **settings)
        return town

    yield found
    for telco in telcos:
        telco.stop()


Found = Callable[..., Town]


def test_a_worker_binds_sends_takes_receipts_and_leaves_nothing_behind(
    found_town: Found, make_context: Callable[[str], Context]
) -> None:
    town = found_town(120, SandboxOptions(), tps=500)
    with town.working() as hands:
        town.until("everything delivered", hands, lambda: town.totals() == {"delivered": 120})
        assert town.bound == ["telco"]
        assert town.sessions() == [("host:1", "bound", "")]
        assert not hands.kick("another")
        with town.working(make_context("host:2")) as second:
            time.sleep(0.5)
            assert not second.kick("telco"), "the account has one bind, and the first worker has it"
            assert town.telco.do("stats")["sessions"] == 1
        with town.context.database.transaction() as session:
            switch_gateway(session, OPERATOR, "telco", False)
        town.until("its session to be closed", hands, lambda: town.sessions() == [])
    stats = town.telco.do("stats")
    assert (stats["taken"], stats["most_parts_to_one"], stats["sessions"]) == (120, 1, 0)


def test_a_worker_that_is_stopped_finishes_what_it_has_begun(found_town: Found) -> None:
    town = found_town(200, SandboxOptions(delay=0.1), tps=60)
    with town.working() as hands:
        town.until("sending to begin", hands, lambda: town.telco.do("stats")["taken"] > 10)
    sent = town.telco.do("stats")["taken"]
    assert 10 < sent < 200
    totals = town.totals()
    assert totals.keys() <= {"queued", "accepted", "delivered"}, "nothing claimed, nothing in doubt"
    assert totals["queued"] == 200 - sent
    with town.context.database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM batch WHERE lease_token IS NOT NULL")).scalar_one() == 0
    assert town.sessions() == []


def test_a_lost_connection_is_opened_again_and_nobody_is_lost_or_sent_to_twice(found_town: Found) -> None:
    town = found_town(150, SandboxOptions(delay=0.02, receipt_delay=0.2), tps=150)
    with town.working() as hands:
        for after in (20, 60):
            town.until("some to be sent", hands, lambda after=after: town.telco.do("stats")["taken"] > after)  # type: ignore[misc]
            assert town.telco.do("drop")["connections"] == 1
        town.until(
            "everybody to be settled",
            hands,
            lambda: town.totals().get("delivered", 0) + town.totals().get("unknown", 0) == 150,
        )
    stats = town.telco.do("stats")
    assert stats["binds"] == 3
    assert len(town.bound) == 3
    assert stats["most_parts_to_one"] == 1
    assert town.totals()["delivered"] >= 100


def test_a_telco_slower_than_its_contract_loses_nobody_and_fails_nobody(found_town: Found) -> None:
    town = found_town(40, SandboxOptions(tps=20, burst=10), tps=60)
    with town.working() as hands:
        town.until("everything delivered", hands, lambda: town.totals() == {"delivered": 40})
    stats = town.telco.do("stats")
    assert stats["throttled"] > 0
    assert (stats["taken"], stats["most_parts_to_one"]) == (40, 1)
    with town.context.database.transaction() as session:
        attempts = session.execute(text("SELECT max(attempts) FROM message")).scalar_one()
    assert attempts == 1, "waiting for the rate uses up no attempt"


def test_a_telco_whose_queue_is_full_for_a_while_loses_nobody_and_costs_no_attempt(found_town: Found) -> None:
    town = found_town(40, SandboxOptions(refuse_share=1, refuse_with=("ESME_RMSGQFUL",)), tps=60)
    with town.working() as hands:
        town.until("some refusals", hands, lambda: town.telco.do("stats")["refused"] >= 4)
        assert town.telco.do("stats")["taken"] == 0
        town.telco.do("set", options={"refuse_share": 0})
        town.until("everything delivered", hands, lambda: town.totals() == {"delivered": 40})
    stats = town.telco.do("stats")
    assert (stats["taken"], stats["most_parts_to_one"]) == (40, 1)
    with town.context.database.transaction() as session:
        attempts = session.execute(text("SELECT max(attempts) FROM message")).scalar_one()
    assert attempts == 1, "a full queue uses up no attempt"


def test_a_telco_that_lets_nobody_in_is_named_with_its_reason(found_town: Found) -> None:
    town = found_town(1, SandboxOptions(password="right"), tps=10, password="wrong")
    with town.working() as hands:
        town.until("the reason", hands, lambda: town.sessions() and town.sessions()[0][1] == "down")
        assert "PASWD" in town.sessions()[0][2]
        with town.context.database.transaction() as session:
            reason = summary(session, town.campaign).idle_reason
        assert reason is not None
        assert "PASWD" in reason
        assert town.totals() == {"queued": 1}
        # Nobody restarts anything: what was changed is used within seconds.
        with town.context.database.transaction() as session:
            keyring = town.context.keyring
            change_gateway(session, keyring, OPERATOR, "telco", settings={"password": "right"}, tps=20)
        town.until("the message", hands, lambda: town.totals() == {"delivered": 1})

"""The short form: a few thousand messages through one installation while it is tormented (`make chaos` is the long)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from campaigns.delivery.states import MessageState
from tests.chaos.evidence import Evidence
from tests.chaos.installation import Installation, installed, numbers_of
from tests.chaos.ordeal import Ordeal
from tests.chaos.plan import Plan, Planned, plan_for
from tests.chaos.report import story, undergo

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

PEOPLE = 1200
SPEEDS = {"viettel": 180.0, "others": 150.0}


@pytest.fixture(scope="module")
def place() -> Iterator[Installation]:
    """One installation for all: what one test did to it the next has to bear."""
    with installed(PEOPLE, SPEEDS) as running:
        yield running


def hold(place: Installation, plan: Plan) -> Evidence:
    """Everything holds, or the test fails with the run's story."""
    ordeal = Ordeal(place, replace(plan, people=PEOPLE, speeds=SPEEDS), numbers_of(PEOPLE))
    found, violations = undergo(ordeal)
    assert found is not None, story(ordeal, violations)
    assert not violations, story(ordeal, violations)
    return found


def single(kind: str, **more: object) -> Plan:
    """A campaign in whose middle one thing goes wrong."""
    plan = Plan(seed=1, people=PEOPLE, faults=(Planned(kind, 0.3),), speeds=SPEEDS)
    return replace(plan, habits={"delay": 0.05, "receipt_delay": 0.2} | more)


def test_a_worker_told_to_end_finishes_what_is_on_the_wire_and_leaves_nothing_unknown(place: Installation) -> None:
    found = hold(place, single("end worker"))
    assert found.count(MessageState.DELIVERED) == found.planned == PEOPLE
    assert found.settled == 0, "nothing was unknown even for a moment"


def test_a_database_killed_in_mid_batch_comes_back_and_nobody_is_lost_or_sent_to_twice(place: Installation) -> None:
    found = hold(place, single("kill postgres"))
    assert found.count(MessageState.DELIVERED) + found.count(MessageState.UNKNOWN) == found.planned


def test_a_flushed_redis_costs_nothing_and_the_limit_is_kept(place: Installation) -> None:
    found = hold(place, single("flush redis"))
    assert found.count(MessageState.DELIVERED) == found.planned


@pytest.mark.parametrize("seed", [9, 10])
def test_whatever_comes_together_everybody_has_one_outcome(place: Installation, seed: int) -> None:
    hold(place, plan_for(seed, PEOPLE))

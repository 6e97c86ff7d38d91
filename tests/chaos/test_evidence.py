"""The judge of the runs: it sees what must not be, and only that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.delivery.states import MessageState as S
from tests.chaos.evidence import Evidence, Limit, Silence, Taken
from tests.chaos.faults import KINDS
from tests.chaos.plan import plan_for


def evidence(**more: Any) -> Evidence:
    """A run in which all is well: one was delivered, one is unknown and came, one refused."""
    values: dict[str, Any] = {
        "state": "finished",
        "planned": 3,
        "outcomes": {"841": S.DELIVERED, "842": S.UNKNOWN, "843": S.SUPPRESSED},
        "sent": [Taken(10.0, "841", "t"), Taken(11.0, "842", "t")],
        "refused": {"843": 9.0},
        "silences": [Silence("pause", 11.0, 20.0)],
        "limits": [Limit("viettel", 100, 100, 0.0)],
    }
    return Evidence(**values | more)


def test_a_run_in_which_all_is_well_violates_nothing() -> None:
    assert list(evidence().violations()) == []


WRONG: list[tuple[str, Callable[[], Evidence]]] = [
    ("campaign is running", lambda: evidence(state="running")),
    ("4 planned, 3 people", lambda: evidence(planned=4)),
    ("books do not balance", lambda: evidence(differences=[{"column_name": "accepted"}])),
    ("1 lost", lambda: evidence(outcomes={"841": S.DELIVERED, "842": S.UNKNOWN, "843": S.QUEUED})),
    ("1 lost", lambda: evidence(sent=[Taken(11.0, "842", "t")])),
    ("1 sent to twice", lambda: evidence(sent=[Taken(at, "841", "t") for at in (10.0, 10.5)])),
    ("1 sent to but denied", lambda: evidence(outcomes={"841": S.DELIVERED, "842": S.CANCELLED, "843": S.SUPPRESSED})),
    ("1 sent to but denied", lambda: evidence(sent=[*evidence().sent, Taken(12.0, "844", "t")])),
    ("1 parts after the pause", lambda: evidence(silences=[Silence("pause", 8.5, 20.0)])),
    ("was sent to 5.1 s after the refusal", lambda: evidence(refused={"842": 5.9})),
    ("101 parts in a second at viettel", lambda: evidence(limits=[Limit("viettel", 100, 101, 0.0)])),
]


@pytest.mark.parametrize(("words", "made"), WRONG, ids=[words for words, _ in WRONG])
def test_whatever_must_not_be_is_seen(words: str, made: Callable[[], Evidence]) -> None:
    found = list(made().violations())
    assert len(found) == 1
    assert words in found[0]


def test_a_step_may_take_its_time_to_take_hold_and_ends_with_the_next() -> None:
    parts = [Taken(at, "841", "t") for at in (1.9, 5.0)]
    assert Silence("cancel", 0.0, 4.9).broken_by(parts) == []
    assert Silence("cancel", 0.0, 6.0).broken_by(parts) == [parts[1]]


def test_a_telco_that_could_not_read_for_a_while_is_no_proof_of_haste() -> None:
    assert not Limit("viettel", 100, 105, 0.05).exceeded
    assert Limit("viettel", 100, 106, 0.05).exceeded


def test_a_seed_always_plans_the_same_and_twenty_seeds_show_every_kind() -> None:
    plans = [plan_for(seed, 1000) for seed in range(1, 21)]
    assert plans == [plan_for(seed, 1000) for seed in range(1, 21)]
    assert {fault.kind for plan in plans for fault in plan.faults} == set(KINDS)
    assert any(plan.gap_after for plan in plans)

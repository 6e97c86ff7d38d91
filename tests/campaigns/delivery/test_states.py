"""The one table of steps, and the ranks that receipts climb."""

from __future__ import annotations

from itertools import product

import pytest

from campaigns.delivery.states import (
    CAMPAIGN_TITLES,
    MESSAGE_STATES,
    STATE_TITLES,
    STEPS_OF_THE_ENGINE,
    TRANSITIONS,
    CampaignState,
    MessageState,
    Step,
    next_state,
)
from campaigns.errors import WrongState
from config.i18n import language

S = CampaignState
LEADS_TO = {
    "draft": "edit→draft submit→submitted emergency→scheduled cancel→cancelled",
    "submitted": "edit→draft approve→approved reject→draft emergency→scheduled cancel→cancelled",
    "approved": "edit→draft schedule→scheduled undo→submitted cancel→cancelled",
    "scheduled": "edit→draft undo→submitted start→running pause→paused cancel→cancelled",
    "running": "pause→paused finish→finished cancel→cancelled",
    "paused": "resume→running cancel→cancelled",
    "finished": "",
    "cancelled": "",
}
"""The table as people agreed on it, written a second time."""
ALLOWED = {state: dict(pair.split("→") for pair in steps.split()) for state, steps in LEADS_TO.items()}
WORDS = {
    "edit": "sửa",
    "submit": "trình duyệt",
    "reject": "trả lại",
    "approve": "duyệt",
    "schedule": "lên lịch",
    "undo": "hoàn tác",
    "pause": "tạm dừng",
    "resume": "tiếp tục",
    "cancel": "huỷ",
}


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(CAMPAIGN_TITLES) == set(CampaignState)
    assert {state.value for state in CampaignState} == set(ALLOWED)


@pytest.mark.parametrize(("state", "step"), list(product(CampaignState, Step)), ids=lambda item: item.value)
def test_a_step_leads_where_the_table_says_or_is_refused_with_what_is_allowed(state: S, step: Step) -> None:
    allowed = ALLOWED[state.value]
    if step.value in allowed:
        assert next_state(state, step).value == allowed[step.value]
        return
    with pytest.raises(WrongState) as refused:
        next_state(state, step)
    offered = [name for name in allowed if name not in STEPS_OF_THE_ENGINE | {Step.BREAK_GLASS}]
    with language("en"):
        told = str(refused.value)
    assert f"The campaign is {state.value}," in told
    assert told.endswith(f"allowed now: {', '.join(offered) or 'nothing'}.")
    told = str(refused.value)
    assert f"“{CAMPAIGN_TITLES[state].vi}”" in told
    assert told.endswith(f"chỉ có thể: {', '.join(WORDS[name] for name in offered) or 'không bước nào'}.")


def test_an_edit_from_anywhere_leads_back_to_a_draft() -> None:
    assert {steps[Step.EDIT] for steps in TRANSITIONS.values() if Step.EDIT in steps} == {S.DRAFT}


def test_what_is_over_stays_over() -> None:
    assert TRANSITIONS[S.FINISHED] == TRANSITIONS[S.CANCELLED] == {}


def test_message_states_climb_from_waiting_to_delivered() -> None:
    way = ("queued", "claimed", "unknown", "accepted", "undelivered", "suppressed", "delivered")
    ranks = [MessageState[name.upper()].rank for name in way]
    assert ranks == sorted(set(ranks))


def test_ends_that_exclude_each_other_share_a_rank_and_delivered_stands_above_them() -> None:
    M = MessageState
    assert {state.rank for state in (M.UNDELIVERED, M.EXPIRED, M.REJECTED, M.FAILED)} == {4}
    assert M.SUPPRESSED.rank == M.CANCELLED.rank == 5
    assert max(MessageState, key=lambda state: state.rank) is M.DELIVERED


def test_every_message_state_is_listed_once_and_has_a_title() -> None:
    assert sorted(MESSAGE_STATES) == sorted(MessageState)
    assert set(STATE_TITLES) == set(MessageState)
    assert MessageState.DELIVERED.label == "delivered"

"""The contract, asked of every adapter in ``cases.CASES``."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Adapter, GatewayUnavailable, Inbound, Verdict
from tests.campaigns.gateways.cases import CASES
from tests.campaigns.gateways.suite import Behaviour, Case, OtherEnd
from tests.campaigns.gateways.support import LONG, MARKED, Ear, Ledger, NoMore, Permits, messages, run, until


def for_every_case(test: Callable[[Case], Awaitable[None]]) -> Callable[..., None]:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    @functools.wraps(test)
    def wrapper(case: Case) -> None:
        run(test(case), factory=case.loop)

    return wrapper


@asynccontextmanager
async def opened(case: Case, ear: Ear) -> AsyncIterator[tuple[Adapter[Any], OtherEnd]]:
    async with case.telco() as telco:
        adapter = case.adapter(telco, ear.hooks)
        await adapter.open()
        try:
            yield adapter, telco
        finally:
            await adapter.close()


@for_every_case
async def test_every_message_is_settled_once_and_its_receipt_names_the_reference(case: Case) -> None:
    ear, ledger, permits = Ear(), Ledger(), Permits()
    async with opened(case, ear) as (adapter, _telco):
        await adapter.submit(messages(50), permits, ledger.settle)
        assert sorted(ledger) == list(range(50))
        assert {answer.verdict for answer in ledger.values()} == {Verdict.ACCEPTED}
        await until(lambda: len(ear.receipts) >= 50)
    references = {reference for answer in ledger.values() for _part, reference in answer.references}
    assert {receipt.reference for receipt in ear.receipts} == references
    assert len(references) == 50
    assert {receipt.state for receipt in ear.receipts} == {MessageState.DELIVERED}
    assert {receipt.recipient for receipt in ear.receipts} == {message.recipient for message in messages(50)}
    assert permits.taken == 50


@for_every_case
async def test_a_long_message_has_a_reference_and_a_permit_for_every_part(case: Case) -> None:
    ear, ledger, permits = Ear(), Ledger(), Permits()
    async with opened(case, ear) as (adapter, telco):
        await adapter.submit([*messages(4, LONG), *messages(4, MARKED, first=4)], permits, ledger.settle)
        assert all(telco.parts_to(message.recipient) == 3 for message in messages(8))
        references = {reference for answer in ledger.values() for _part, reference in answer.references}
        await until(lambda: {receipt.reference for receipt in ear.receipts} == references)
    assert [[part for part, _reference in answer.references] for answer in ledger.values()] == [[0, 1, 2]] * 8
    assert permits.taken == 24


@for_every_case
async def test_what_no_permit_came_for_is_not_sent_and_not_settled(case: Case) -> None:
    ledger = Ledger()
    async with opened(case, Ear()) as (adapter, telco):
        with pytest.raises(NoMore):
            await adapter.submit(messages(10), Permits(ready=3, more=2), ledger.settle)
        assert sorted(ledger) == [0, 1, 2, 3, 4]
        assert {answer.verdict for answer in ledger.values()} == {Verdict.ACCEPTED}
        assert telco.arrived() == 5


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [
        (Behaviour.REFUSES_FOR_GOOD, Verdict.FINAL),
        (Behaviour.REFUSES_FOR_NOW, Verdict.RETRY),
        (Behaviour.THROTTLES, Verdict.THROTTLED),
        (Behaviour.ANSWERS_STRANGELY, Verdict.FINAL),
    ],
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refusal_says_what_to_do_and_never_that_it_was_taken(
    case: Case, behaviour: Behaviour, verdict: Verdict
) -> None:
    async def body() -> None:
        ledger = Ledger()
        async with opened(case, Ear()) as (adapter, telco):
            telco.behave(behaviour)
            await adapter.submit([*messages(3), *messages(2, LONG, first=3)], Permits(), ledger.settle)
            assert [ledger[key].verdict for key in range(5)] == [verdict] * 5
            assert all(answer.error and not answer.references for answer in ledger.values())
            telco.behave(Behaviour.TAKES)
            await adapter.submit(messages(1, first=9), Permits(), ledger.settle)
            assert ledger[9].verdict is Verdict.ACCEPTED

    run(body(), factory=case.loop)


@for_every_case
async def test_no_answer_leaves_it_unknown(case: Case) -> None:
    ledger = Ledger()
    async with opened(case, Ear()) as (adapter, telco):
        telco.behave(Behaviour.TAKES_SILENTLY)
        await adapter.submit([*messages(2), *messages(1, LONG, first=2)], Permits(), ledger.settle)
        assert {answer.verdict for answer in ledger.values()} == {Verdict.UNKNOWN}


@for_every_case
async def test_a_broken_connection_leaves_unknown_what_was_written_and_alone_what_was_not(case: Case) -> None:
    ear, ledger = Ear(), Ledger()
    async with opened(case, ear) as (adapter, telco):
        telco.behave(Behaviour.BREAKS)
        with pytest.raises(GatewayUnavailable):
            await adapter.submit(messages(2000), Permits(), ledger.settle)
        assert {answer.verdict for answer in ledger.values()} == {Verdict.UNKNOWN}
        assert 1 <= len(ledger) < 2000
        assert sorted(ledger) == list(range(len(ledger)))
        with pytest.raises(GatewayUnavailable):
            await adapter.submit(messages(1, first=5000), Permits(), ledger.settle)
        assert 5000 not in ledger
    assert len(ear.reasons) == 1


@for_every_case
async def test_calls_share_the_session(case: Case) -> None:
    ledger = Ledger()
    async with opened(case, Ear()) as (adapter, _telco):
        await asyncio.gather(
            *(adapter.submit(messages(40, first=first), Permits(), ledger.settle) for first in range(0, 400, 40))
        )
    assert len(ledger) == 400


@for_every_case
async def test_what_could_not_be_saved_comes_again(case: Case) -> None:
    ear, ledger = Ear(safe=False), Ledger()
    async with opened(case, ear) as (adapter, _telco):
        await adapter.submit(messages(1), Permits(), ledger.settle)
        await until(lambda: len(ear.receipts) >= 2)
        ear.safe = True
        await asyncio.sleep(0.3)
        heard = len(ear.receipts)
        await asyncio.sleep(0.3)
        assert len(ear.receipts) == heard
    assert len({receipt.reference for receipt in ear.receipts}) == 1


@for_every_case
async def test_what_is_not_saved_yet_is_handed_over_again_to_the_next_session(case: Case) -> None:
    first, second, ledger = Ear(safe=None), Ear(), Ledger()
    async with case.telco() as telco:
        adapter = case.adapter(telco, first.hooks)
        await adapter.open()
        await adapter.submit(messages(1), Permits(), ledger.settle)
        await until(lambda: first.open)
        await adapter.close()
        first.open[0](True)
        again = case.adapter(telco, second.hooks)
        await again.open()
        await until(lambda: second.receipts)
        await again.close()
    assert first.receipts == second.receipts


@for_every_case
async def test_people_can_write_to_us_at_any_length(case: Case) -> None:
    ear = Ear()
    texts = ["TC", "Cảm ơn phường ạ!", LONG.strip(), MARKED.strip(), "€ [x] {y} ~ \\ | ^", "👍" * 40]
    async with opened(case, ear) as (_adapter, telco):
        for text in texts:
            telco.say("84905123456", "1022", text)
        await until(lambda: len(ear.texts) == len(texts))
    assert sorted(ear.texts, key=str) == sorted((Inbound("84905123456", "1022", text) for text in texts), key=str)


@for_every_case
async def test_a_wrong_password_is_permanent_and_does_not_show(case: Case) -> None:
    async with case.telco() as telco:
        adapter = case.adapter(telco, Ear().hooks, wrong_secret=True)
        with pytest.raises(GatewayUnavailable) as refusal:
            await adapter.open()
        assert refusal.value.permanent
        assert "mistaken" not in f"{refusal.value!r} {refusal.value.reason}"
        await adapter.close()


@for_every_case
async def test_nobody_listening_is_worth_another_try(case: Case) -> None:
    async with case.telco() as telco:
        ear = Ear()
        adapter = case.adapter(telco, ear.hooks, nobody=True)
        with pytest.raises(GatewayUnavailable) as refusal:
            await adapter.open()
        await adapter.close()
    assert not refusal.value.permanent
    assert not ear.reasons


@for_every_case
async def test_the_secret_does_not_show_in_the_settings(case: Case) -> None:
    async with case.telco() as telco:
        adapter = case.adapter(telco, Ear().hooks)
        assert isinstance(adapter.settings, adapter.settings_type)
        assert case.secret not in f"{adapter.settings!r} {adapter.settings} {adapter.settings.model_dump_json()}"


@for_every_case
async def test_after_close_nothing_is_sent_and_nothing_lost_is_reported(case: Case) -> None:
    ear, ledger = Ear(), Ledger()
    async with case.telco() as telco:
        adapter = case.adapter(telco, ear.hooks)
        await adapter.open()
        await adapter.submit(messages(2), Permits(), ledger.settle)
        await adapter.close()
        await adapter.close()
        with pytest.raises(GatewayUnavailable):
            await adapter.submit(messages(1, first=7), Permits(), ledger.settle)
        assert telco.arrived() == 2
    assert not ear.reasons
    assert 7 not in ledger

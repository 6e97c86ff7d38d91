"""Messages of several parts: how they are written, and what becomes of one whose parts fare differently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from campaigns.gateways.contract import Answer, GatewayUnavailable, Verdict
from tests.campaigns.gateways.smpp.peer import Answer as Reply
from tests.campaigns.gateways.smpp.peer import PeerTelco, refuse, take
from tests.campaigns.gateways.smpp.test_adapter import opened
from tests.campaigns.gateways.support import LONG, MARKED, Ledger, NoMore, Permits, asynchronous, messages, until

THROTTLED, SYSTEM, WRONG_NUMBER = 0x58, 0x08, 0x0B


@pytest.mark.parametrize("text", [LONG, MARKED])
@asynchronous
async def test_a_user_data_header_stands_in_front_of_every_part(text: str) -> None:
    telco, ledger = PeerTelco(), Ledger()
    async with opened(telco) as adapter:
        await adapter.submit(messages(2, text), Permits(), ledger.settle)
    message = messages(1, text)[0]
    mine = [pdu for pdu in telco.commands("submit_sm") if pdu.destination_addr.decode() == message.recipient]
    assert [pdu.short_message[:3] for pdu in mine] == [b"\x05\x00\x03"] * 3
    assert [tuple(pdu.short_message[4:6]) for pdu in mine] == [(3, 1), (3, 2), (3, 3)]
    assert [pdu.short_message[6:] for pdu in mine] == [part.payload for part in message.parts]
    assert {(pdu.esm_class, pdu.data_coding) for pdu in mine} == {(0x40, 0 if text is LONG else 8)}
    references = {pdu.short_message[3] for pdu in telco.commands("submit_sm")}
    assert len(references) == 2


@asynchronous
async def test_parameters_say_which_part_it_is() -> None:
    telco, ledger = PeerTelco(), Ledger()
    async with opened(telco, concatenation="sar") as adapter:
        await adapter.submit(messages(1, LONG), Permits(), ledger.settle)
    parts = telco.commands("submit_sm")
    assert [(pdu.sar_total_segments, pdu.sar_segment_seqnum) for pdu in parts] == [(3, 1), (3, 2), (3, 3)]
    assert [pdu.short_message for pdu in parts] == [part.payload for part in messages(1, LONG)[0].parts]
    assert {pdu.esm_class for pdu in parts} == {0}


@asynchronous
async def test_one_pdu_carries_the_whole_text_and_costs_the_permits_of_all_parts() -> None:
    telco, ledger, permits = PeerTelco(), Ledger(), Permits()
    async with opened(telco, concatenation="payload") as adapter:
        await adapter.submit(messages(1, MARKED), permits, ledger.settle)
    (pdu,) = telco.commands("submit_sm")
    assert pdu.message_payload.decode("utf-16-be") == MARKED
    assert pdu.sm_length == 0
    assert permits.taken == 3
    assert ledger[0] == Answer(Verdict.ACCEPTED, ((0, "m1"), (1, "m1"), (2, "m1")))


@asynchronous
async def test_the_telcos_own_alphabet_is_used_or_the_message_refused() -> None:
    telco, ledger = PeerTelco(), Ledger()
    async with opened(telco, charset="ascii") as adapter:
        await adapter.submit(
            [*messages(1, "[TB] a@b"), *messages(1, "à", first=1), *messages(1, "Đà", first=2)],
            Permits(), ledger.settle,
        )  # fmt: skip
    assert [pdu.short_message for pdu in telco.commands("submit_sm")] == [b"[TB] a@b", "Đà".encode("utf-16-be")]
    assert ledger[1] == Answer(Verdict.FINAL, (), "LOA_NOT_IN_CHARSET")


def script(*answers: Reply) -> Callable[[Any, int], Reply]:
    """One answer after the other, then everything is taken."""

    def on_submit(pdu: Any, nth: int) -> Reply:
        return answers[nth - 1] if nth <= len(answers) else take(pdu, nth)

    return on_submit


TAKEN: Reply = ("submit_sm_resp", {"message_id": "one"})


@pytest.mark.parametrize(
    ("answers", "expected", "submits"),
    [
        # Nothing was taken: the refusal speaks for the message.
        ((refuse(THROTTLED),), Answer(Verdict.THROTTLED, (), "ESME_RTHROTTLED"), 1),
        ((refuse(SYSTEM),), Answer(Verdict.RETRY, (), "ESME_RSYSERR"), 1),
        ((refuse(WRONG_NUMBER),), Answer(Verdict.FINAL, (), "ESME_RINVDSTADR"), 1),
        ((None,), Answer(Verdict.UNKNOWN, (), "LOA_NO_ANSWER"), 1),
        # A part that is refused for now, after another was taken, is offered again by itself.
        ((TAKEN, refuse(THROTTLED)), Answer(Verdict.ACCEPTED, ((0, "one"), (1, "m4"), (2, "m3"))), 4),
        ((TAKEN, refuse(SYSTEM), refuse(THROTTLED)), Answer(Verdict.ACCEPTED, ((0, "one"), (1, "m4"), (2, "m5"))), 5),
        # Refused for good, or without an answer: settled with what was taken, and never sent anew.
        ((TAKEN, refuse(WRONG_NUMBER)), Answer(Verdict.FINAL, ((0, "one"), (2, "m3")), "ESME_RINVDSTADR"), 3),
        ((TAKEN, None), Answer(Verdict.UNKNOWN, ((0, "one"), (2, "m3")), "LOA_NO_ANSWER"), 3),
    ],
)
@asynchronous
async def test_parts_that_fare_differently(answers: tuple[Reply, ...], expected: Answer, submits: int) -> None:
    telco, ledger, permits = PeerTelco(script(*answers)), Ledger(), Permits()
    async with opened(telco) as adapter:
        await adapter.submit(messages(1, LONG), permits, ledger.settle)
    assert len(telco.commands("submit_sm")) == submits
    assert ledger[0].verdict is expected.verdict
    assert dict(ledger[0].references).keys() == dict(expected.references).keys()
    assert ledger[0].error == expected.error
    assert permits.taken == submits


@asynchronous
async def test_a_part_offered_again_keeps_its_number_and_its_reference() -> None:
    telco, ledger = PeerTelco(script(TAKEN, refuse(THROTTLED))), Ledger()
    async with opened(telco) as adapter:
        await adapter.submit(messages(1, LONG), Permits(), ledger.settle)
    headers = [pdu.short_message[3:6] for pdu in telco.commands("submit_sm")]
    assert [header[2] for header in headers] == [1, 2, 3, 2]
    assert len({header[0] for header in headers}) == 1


@asynchronous
async def test_offering_again_ends() -> None:
    telco, ledger = PeerTelco(lambda pdu, nth: TAKEN if nth == 1 else refuse(THROTTLED)), Ledger()
    async with opened(telco, finish_seconds=0.6) as adapter:
        await adapter.submit(messages(1, LONG), Permits(), ledger.settle)
    assert ledger[0] == Answer(Verdict.FINAL, ((0, "one"),), "ESME_RTHROTTLED")


@asynchronous
async def test_without_permits_for_the_rest_a_message_is_cut_short() -> None:
    telco, ledger = PeerTelco(), Ledger()
    async with opened(telco) as adapter:
        with pytest.raises(NoMore):
            await adapter.submit(messages(3, LONG), Permits(ready=0, more=2), ledger.settle)
    assert {key: answer.verdict for key, answer in ledger.items()} == {0: Verdict.FINAL, 1: Verdict.FINAL} or {
        key: (answer.verdict, len(answer.references)) for key, answer in ledger.items()
    } == {0: (Verdict.FINAL, 2)}
    assert {answer.error for answer in ledger.values()} == {"LOA_CUT_SHORT"}
    assert sum(len(answer.references) for answer in ledger.values()) == 2


@asynchronous
async def test_a_connection_that_breaks_between_parts_cuts_short_and_never_says_accepted() -> None:
    telco, ledger = PeerTelco(), Ledger()

    def hang_up(pdu: Any, nth: int) -> Reply:
        if nth == 2:
            telco.hang_up()
            return None
        return take(pdu, nth)

    telco.on_submit = hang_up
    async with opened(telco, window=1) as adapter:
        with pytest.raises(GatewayUnavailable):
            await adapter.submit(messages(2, LONG), Permits(), ledger.settle)
    assert ledger[0].verdict is Verdict.UNKNOWN
    assert ledger[0].references == ((0, "m1"),)
    assert set(ledger) == {0}


@asynchronous
async def test_cancelled_begins_nothing_more_but_leaves_nobody_with_half_a_message() -> None:
    telco, ledger = PeerTelco(lambda pdu, nth: None), Ledger()
    async with opened(telco, window=1) as adapter:
        call = asyncio.create_task(adapter.submit(messages(3, LONG), Permits(), ledger.settle))
        await until(lambda: telco.commands("submit_sm"))
        telco.on_submit = take
        call.cancel()
        await asyncio.sleep(0.02)
        telco.reply(telco.commands("submit_sm")[0], "submit_sm_resp", message_id="m1")
        with pytest.raises(asyncio.CancelledError):
            await call
    assert {key: answer.verdict for key, answer in ledger.items()} == {0: Verdict.ACCEPTED}
    assert len(telco.commands("submit_sm")) == 3

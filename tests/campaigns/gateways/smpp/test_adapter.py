"""The adapter against a telco that speaks with ``smpplib``'s codec: binds, windows, odd answers, keeping alive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Answer, GatewayUnavailable, Receipt, Verdict
from campaigns.gateways.smpp import SmppAdapter, SmppSettings
from campaigns.gateways.smpp.constants import ENQUIRE_LINK, MAX_SEQUENCE
from tests.campaigns.gateways.smpp.peer import PeerTelco, refuse, take
from tests.campaigns.gateways.support import (
    SHORT,
    Ear,
    Ledger,
    Permits,
    asynchronous,
    messages,
    until,
)


def settings(telco: PeerTelco, **other: Any) -> SmppSettings:
    return SmppSettings(
        **{"host": "127.0.0.1", "port": telco.port, "system_id": "loa", "password": "pw", "response_timeout": 1.0}
        | other
    )


@asynccontextmanager
async def opened(telco: PeerTelco, ear: Ear | None = None, **other: Any) -> AsyncIterator[SmppAdapter]:
    async with telco:
        adapter = SmppAdapter(settings(telco, **other), (ear or Ear()).hooks)
        await adapter.open()
        try:
            yield adapter
        finally:
            await adapter.close()


@asynchronous
async def test_the_peer_reads_what_we_write() -> None:
    telco, ledger = PeerTelco(), Ledger()
    chosen: dict[str, Any] = {"system_type": "CITY", "address_range": "^1022", "source_ton": 5, "service_type": "CMT"}
    async with opened(telco, **chosen) as adapter:
        await adapter.submit(messages(1), Permits(), ledger.settle)
    bind = telco.commands("bind_transceiver")[0]
    assert (bind.system_id, bind.password, bind.system_type, bind.address_range) == (b"loa", b"pw", b"CITY", b"^1022")
    assert bind.interface_version == 0x34
    submit = telco.commands("submit_sm")[0]
    assert (submit.source_addr, submit.source_addr_ton, submit.source_addr_npi) == (b"UBND DN", 5, 0)
    assert (submit.destination_addr, submit.dest_addr_ton, submit.dest_addr_npi) == (b"84905000000", 1, 1)
    assert (submit.service_type, submit.esm_class, submit.data_coding, submit.registered_delivery) == (b"CMT", 0, 0, 1)
    assert submit.validity_period == b"000001000000000R"
    assert submit.short_message == SHORT.encode()
    assert ledger[0] == Answer(Verdict.ACCEPTED, ((0, "m1"),))
    assert [pdu.command for pdu in telco.seen] == ["bind_transceiver", "submit_sm", "unbind"]


@asynchronous
async def test_two_binds_receive_on_one_and_send_on_the_other() -> None:
    telco = PeerTelco()
    async with opened(telco, bind="transmitter+receiver") as adapter:
        await adapter.submit(messages(1), Permits(), Ledger().settle)
    assert [pdu.command for pdu in telco.seen] == [
        "bind_receiver", "bind_transmitter", "submit_sm", "unbind", "unbind",
    ]  # fmt: skip


@asynchronous
async def test_a_message_without_a_sender_takes_the_accounts_own() -> None:
    telco = PeerTelco()
    async with opened(telco, sender="1022", source_ton=3) as adapter:
        await adapter.submit([*messages(1, sender=""), *messages(1, first=1)], Permits(), Ledger().settle)
    assert [pdu.source_addr for pdu in telco.commands("submit_sm")] == [b"1022", b"UBND DN"]


@pytest.mark.parametrize(
    ("status", "permanent"), [(0x0E, True), (0x0F, True), (0x0D, False), (0x05, False), (0x08, False), (0x499, False)]
)
@asynchronous
async def test_a_refused_bind_says_whether_to_try_again(status: int, permanent: bool) -> None:
    telco = PeerTelco()
    telco.on_bind = ("bind_transceiver_resp", {"status": status})
    with pytest.raises(GatewayUnavailable) as refusal:
        async with opened(telco):
            pass
    assert refusal.value.permanent is permanent


@asynchronous
async def test_a_bind_without_an_answer_is_given_up() -> None:
    telco = PeerTelco()
    telco.quiet = {"bind_transceiver"}
    with pytest.raises(GatewayUnavailable, match="does not answer"):
        async with opened(telco, response_timeout=0.2):
            pass


@asynchronous
async def test_the_window_is_never_larger_than_agreed() -> None:
    waiting: list[Any] = []
    most = 0

    def hold(pdu: Any, nth: int) -> None:
        nonlocal most
        waiting.append(pdu)
        most = max(most, len(waiting))

    telco, ledger = PeerTelco(hold), Ledger()
    async with opened(telco, window=5) as adapter:
        calls = [
            asyncio.create_task(adapter.submit(messages(10, first=first), Permits(0, 10), ledger.settle))
            for first in (0, 10)
        ]
        while len(ledger) < 20:
            await asyncio.sleep(0.01)
            if waiting:
                telco.reply(waiting.pop(0), "submit_sm_resp", message_id="x")
        await asyncio.gather(*calls)
    assert most == 5


@asynchronous
async def test_answers_may_come_in_any_order() -> None:
    waiting: list[Any] = []
    telco, ledger = PeerTelco(lambda pdu, nth: waiting.append(pdu)), Ledger()
    async with opened(telco) as adapter:
        call = asyncio.create_task(adapter.submit(messages(3), Permits(), ledger.settle))
        await until(lambda: len(waiting) == 3)
        for pdu in reversed(waiting):
            telco.reply(pdu, "submit_sm_resp", message_id=pdu.destination_addr.decode())
        await call
    assert [ledger[key].references[0][1] for key in range(3)] == [m.recipient for m in messages(3)]


@asynchronous
async def test_a_late_answer_and_one_to_nothing_change_nothing() -> None:
    telco, ledger = PeerTelco(lambda pdu, nth: None), Ledger()
    async with opened(telco, response_timeout=0.2) as adapter:
        await adapter.submit(messages(1), Permits(), ledger.settle)
        assert ledger[0] == Answer(Verdict.UNKNOWN, (), "LOA_NO_ANSWER")
        telco.reply(telco.commands("submit_sm")[0], "submit_sm_resp", message_id="late")
        telco.raw(bytes.fromhex("00000011 80000004 00000000 7FFFFFF0 00"))
        telco.on_submit = take
        await adapter.submit(messages(1, first=1), Permits(), ledger.settle)
    assert ledger[0].verdict is Verdict.UNKNOWN
    assert ledger[1].verdict is Verdict.ACCEPTED


@asynchronous
async def test_a_generic_nack_refuses_the_part_it_names() -> None:
    telco, ledger = PeerTelco(lambda pdu, nth: ("generic_nack", {"status": 3})), Ledger()
    async with opened(telco) as adapter:
        await adapter.submit(messages(1), Permits(), ledger.settle)
        telco.on_submit = lambda pdu, nth: ("generic_nack", {"status": 0x58})
        await adapter.submit(messages(1, first=1), Permits(), ledger.settle)
        telco.on_submit = lambda pdu, nth: ("generic_nack", {"status": 0})
        await adapter.submit(messages(1, first=2), Permits(), ledger.settle)
        telco.raw(bytes.fromhex("00000010 80000000 00000002 00000000"))
        telco.on_submit = take
        await adapter.submit(messages(1, first=3), Permits(), ledger.settle)
    assert [ledger[key].verdict for key in range(4)] == [
        Verdict.FINAL, Verdict.THROTTLED, Verdict.FINAL, Verdict.ACCEPTED,
    ]  # fmt: skip
    assert ledger[0].error == "ESME_RINVCMDID"


@pytest.mark.parametrize("body", ["", "00"])
@asynchronous
async def test_taken_without_an_id_is_taken(body: str) -> None:
    telco, ledger = PeerTelco(lambda pdu, nth: None), Ledger()
    async with opened(telco) as adapter:
        call = asyncio.create_task(adapter.submit(messages(1), Permits(), ledger.settle))
        await until(lambda: telco.commands("submit_sm"))
        raw = bytes.fromhex(body)
        sequence = telco.commands("submit_sm")[0].sequence.to_bytes(4, "big")
        telco.raw((16 + len(raw)).to_bytes(4, "big") + bytes.fromhex("80000004 00000000") + sequence + raw)
        await call
    assert ledger[0] == Answer(Verdict.ACCEPTED)


@asynchronous
async def test_sequence_numbers_start_again() -> None:
    telco, ledger = PeerTelco(), Ledger()
    async with opened(telco) as adapter:
        adapter._links[0]._sequence = MAX_SEQUENCE - 2
        await adapter.submit(messages(5), Permits(), ledger.settle)
    assert [pdu.sequence for pdu in telco.commands("submit_sm")] == [MAX_SEQUENCE - 1, MAX_SEQUENCE, 1, 2, 3]
    assert len(ledger) == 5


@asynchronous
async def test_the_telco_is_asked_whether_it_is_there_and_told_that_we_are() -> None:
    telco = PeerTelco()
    async with opened(telco, enquire_link=0.1):
        await until(lambda: len(telco.commands("enquire_link")) >= 2)
        sequence = telco.send("enquire_link")
        await until(lambda: any(pdu.sequence == sequence for pdu in telco.commands("enquire_link_resp")))


@asynchronous
async def test_a_telco_that_is_not_there_any_more_is_given_up() -> None:
    telco, ear, ledger = PeerTelco(), Ear(), Ledger()
    async with opened(telco, ear, enquire_link=0.1, response_timeout=0.4) as adapter:
        telco.quiet = {"enquire_link", "submit_sm"}
        await adapter.submit(messages(1), Permits(), ledger.settle)
        await until(lambda: ear.reasons)
    assert ear.reasons == ["the telco does not answer enquire_link"]
    assert ledger[0].verdict is Verdict.UNKNOWN


@asynchronous
async def test_a_telco_that_says_goodbye_is_answered_and_what_it_still_answers_counts() -> None:
    telco, ear, ledger = PeerTelco(lambda pdu, nth: None), Ear(), Ledger()
    async with opened(telco, ear) as adapter:
        call = asyncio.create_task(adapter.submit(messages(2), Permits(), ledger.settle))
        await until(lambda: len(telco.commands("submit_sm")) == 2)
        telco.send("unbind")
        await until(lambda: telco.commands("unbind_resp"))
        with pytest.raises(GatewayUnavailable):
            await adapter.submit(messages(1, first=5), Permits(), ledger.settle)
        telco.reply(telco.commands("submit_sm")[0], "submit_sm_resp", message_id="m1")
        await until(lambda: ledger)
        telco.hang_up()
        await call
    assert ledger == {
        0: Answer(Verdict.ACCEPTED, ((0, "m1"),)),
        1: Answer(Verdict.UNKNOWN, (), "LOA_CONNECTION_LOST"),
    }
    assert ear.reasons == ["the telco unbound us"]


@asynchronous
async def test_bytes_that_are_no_smpp_end_the_session() -> None:
    telco, ear = PeerTelco(), Ear()
    async with opened(telco, ear):
        telco.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await until(lambda: ear.reasons)
        await until(lambda: telco.commands("generic_nack"))
    assert "no SMPP" in ear.reasons[0]


@asynchronous
async def test_a_command_we_do_not_know_is_nacked_and_the_session_goes_on() -> None:
    telco, ledger = PeerTelco(), Ledger()
    async with opened(telco) as adapter:
        telco.raw(bytes.fromhex("00000010 00000021 00000000 00000063"))
        await until(lambda: telco.commands("generic_nack"))
        telco.raw(bytes.fromhex("00000010 80000021 00000000 00000063"))
        telco.raw(bytes.fromhex("00000010 00000102 00000000 00000064"))
        await adapter.submit(messages(1), Permits(), ledger.settle)
    nack = telco.commands("generic_nack")
    assert [(pdu.status, pdu.sequence) for pdu in nack] == [(3, 0x63)]
    assert ledger[0].verdict is Verdict.ACCEPTED


@asynchronous
async def test_a_receipt_is_answered_only_when_it_is_safe() -> None:
    telco, ear = PeerTelco(), Ear(safe=None)
    async with opened(telco, ear):
        sequence = telco.send(
            "deliver_sm", source_addr="84905123456", destination_addr="UBND DN", esm_class=4,
            short_message=b"id:m1 sub:001 dlvrd:001 submit date:2303030900 done date:2303030901 stat:DELIVRD err:000",
        )  # fmt: skip
        await until(lambda: ear.open)
        await asyncio.sleep(0.05)
        assert not telco.commands("deliver_sm_resp")
        ear.open[0](True)
        ear.open[0](False)
        await until(lambda: telco.commands("deliver_sm_resp"))
        await asyncio.sleep(0.05)
    assert [(pdu.sequence, pdu.status) for pdu in telco.commands("deliver_sm_resp")] == [(sequence, 0)]
    assert ear.events == [Receipt("m1", MessageState.DELIVERED, "84905123456", None)]


@asynchronous
async def test_what_could_not_be_saved_is_refused_for_now() -> None:
    telco, ear = PeerTelco(), Ear(safe=False)
    async with opened(telco, ear):
        telco.send("deliver_sm", source_addr="84905123456", destination_addr="1022", short_message=b"TC")
        await until(lambda: telco.commands("deliver_sm_resp"))
    assert telco.commands("deliver_sm_resp")[0].status == 0x64


@asynchronous
async def test_a_receipt_nobody_can_read_is_answered_so_that_it_does_not_come_again() -> None:
    telco, ear = PeerTelco(), Ear()
    async with opened(telco, ear):
        telco.send("deliver_sm", source_addr="84905123456", esm_class=4, short_message=b"?")
        telco.raw(bytes.fromhex("00000013 00000005 00000000 00000063 000000"))
        await until(lambda: len(telco.commands("deliver_sm_resp")) == 2)
    assert sorted(pdu.status for pdu in telco.commands("deliver_sm_resp")) == [0, 0x65]
    assert not ear.events


@asynchronous
async def test_cancelling_waits_for_what_is_on_the_wire_and_cancelling_twice_does_not() -> None:
    for times in (1, 2):
        telco, ledger = PeerTelco(lambda pdu, nth: None), Ledger()
        async with opened(telco, window=2) as adapter:
            call = asyncio.create_task(adapter.submit(messages(5), Permits(), ledger.settle))
            await until(lambda: len(telco.commands("submit_sm")) == 2)  # noqa: B023
            for _ in range(times):
                call.cancel()
                await asyncio.sleep(0.02)
            if times == 1:
                assert not ledger
                for pdu in telco.commands("submit_sm"):
                    telco.reply(pdu, "submit_sm_resp", message_id="late")
            with pytest.raises(asyncio.CancelledError):
                await call
            verdict = Verdict.ACCEPTED if times == 1 else Verdict.UNKNOWN
            assert {key: answer.verdict for key, answer in ledger.items()} == {0: verdict, 1: verdict}


@asynchronous
async def test_a_sender_or_recipient_that_cannot_be_written_is_final_and_others_go_out() -> None:
    telco, ledger, permits = PeerTelco(), Ledger(), Permits()
    good = messages(3)
    bad = [
        type(good[0])(10, "0905-123", "UBND DN", good[0].parts, good[0].validity),
        type(good[0])(11, "84905123456", "Phường", good[0].parts, good[0].validity),
        type(good[0])(12, "84905123456", "x" * 21, good[0].parts, good[0].validity),
        type(good[0])(13, "84905123456", "UBND DN", (), good[0].validity),
    ]
    async with opened(telco) as adapter:
        await adapter.submit([*bad, *good], permits, ledger.settle)
    assert [ledger[key].error for key in range(10, 14)] == [
        "LOA_INVALID_RECIPIENT", "LOA_INVALID_SENDER", "LOA_INVALID_SENDER", "LOA_EMPTY",
    ]  # fmt: skip
    assert {ledger[key].verdict for key in range(10, 14)} == {Verdict.FINAL}
    assert {ledger[key].verdict for key in range(3)} == {Verdict.ACCEPTED}
    assert len(telco.commands("submit_sm")) == 3
    assert permits.taken == 7


@asynchronous
async def test_an_answer_that_cannot_be_recorded_ends_the_call_when_all_are_answered() -> None:
    telco = PeerTelco()
    seen = []

    def settle(key: int, answer: Answer) -> None:
        seen.append(key)
        raise RuntimeError("full")

    async with opened(telco) as adapter:
        with pytest.raises(RuntimeError, match="full"):
            await adapter.submit(messages(3), Permits(), settle)
    assert seen == [0, 1, 2]


@asynchronous
async def test_a_telco_may_refuse_with_codes_of_its_own() -> None:
    telco, ledger = PeerTelco(lambda pdu, nth: refuse(0x400 + nth)), Ledger()
    async with opened(telco, verdicts="0x401=throttled,0x402=retry") as adapter:
        await adapter.submit(messages(3), Permits(), ledger.settle)
    assert [ledger[key].verdict for key in range(3)] == [Verdict.THROTTLED, Verdict.RETRY, Verdict.FINAL]


@pytest.mark.parametrize(
    "wrong",
    [{"port": 0}, {"system_id": "x" * 16}, {"password": "123456789"}, {"sender": "Phường"}, {"verdicts": "x"},
     {"window": 0}, {"hosts": "x"}, {"concatenation": "glue"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        SmppSettings(**{"host": "127.0.0.1", "system_id": "loa"} | wrong)
    assert "123456789" not in str(error.value)


def test_enquire_link_is_the_command_the_specification_says() -> None:
    assert ENQUIRE_LINK == 0x15

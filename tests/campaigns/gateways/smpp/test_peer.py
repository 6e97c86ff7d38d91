"""``smpplib``'s client, an independent peer, against the simulated telco."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from campaigns.gateways.smpp.sandbox import Sandbox, SandboxOptions
from campaigns.gateways.smpp.sandbox.control import execute
from tests.campaigns.gateways.support import LONG, run


class Peer:
    """A bound client of smpplib, in the thread of its test."""

    def __init__(self, port: int, bind: str, **account: str) -> None:
        self.client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=True)
        self.taken: list[Any] = []
        self.received: list[Any] = []
        self.client.set_message_sent_handler(lambda pdu: self.taken.append(pdu))
        self.client.set_message_received_handler(lambda pdu: self.received.append(pdu))
        self.client.connect()
        try:
            getattr(self.client, f"bind_{bind}")(**account)
        except smpplib.exceptions.PDUError:
            self.client.disconnect()
            raise

    def send(self, **fields: Any) -> None:
        self.client.send_message(
            source_addr_ton=5, source_addr="UBND DN", dest_addr_ton=1, dest_addr_npi=1, registered_delivery=1,
            **{"destination_addr": "84905123456", "short_message": b"xin chao"} | fields,
        )  # fmt: skip

    def read(self, until: Callable[[], bool]) -> None:
        for _ in range(100):
            if until():
                return
            self.client.read_once()

    def close(self) -> None:
        self.client.unbind()
        self.client.disconnect()


def against(options: SandboxOptions, work: Callable[[Sandbox], None]) -> None:
    """Run ``work`` in a thread while a sandbox serves."""

    async def serve() -> None:
        async with Sandbox(options) as sandbox:
            await asyncio.to_thread(work, sandbox)

    run(serve())


@pytest.fixture(params=["text", "tlv", "both"])
def receipts(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_peer_sends_and_reads_its_receipt(receipts: str) -> None:
    def work(sandbox: Sandbox) -> None:
        peer = Peer(sandbox.port, "transceiver", system_id="city", password="pw")
        peer.send()
        peer.read(lambda: bool(peer.taken and peer.received))
        message_id = peer.taken[0].message_id
        receipt = peer.received[0]
        assert (receipt.source_addr, receipt.destination_addr, receipt.esm_class) == (b"84905123456", b"UBND DN", 4)
        if receipts != "tlv":
            assert receipt.short_message.startswith(b"id:" + message_id + b" sub:001 dlvrd:001 submit date:")
            assert b"stat:DELIVRD err:000" in receipt.short_message
        if receipts != "text":
            assert receipt.receipted_message_id == message_id
            assert receipt.message_state == 2
        peer.close()

    against(SandboxOptions.model_validate({"receipts": receipts}), work)


def test_the_peer_sends_a_long_message_and_gets_an_inbound_one() -> None:
    def work(sandbox: Sandbox) -> None:
        peer = Peer(sandbox.port, "transceiver", system_id="city", password="pw")
        parts, coding, esm_class = smpplib.gsm.make_parts(LONG)
        for part in parts:
            peer.send(short_message=part, data_coding=coding, esm_class=esm_class)
        peer.read(lambda: len(peer.taken) == len(parts))
        assert len({pdu.message_id for pdu in peer.taken}) == len(parts)
        assert sandbox.tally.parts_to("84905123456") == len(parts)
        peer.close()

    against(SandboxOptions(missing_share=1), work)


def test_the_peer_reads_what_people_write() -> None:
    async def serve() -> None:
        async with Sandbox() as sandbox:
            peer = await asyncio.to_thread(Peer, sandbox.port, "receiver", system_id="city", password="pw")
            execute(sandbox, {"do": "inbound", "sender": "84905123456", "recipient": "1022", "text": "Đà Nẵng"})
            await asyncio.to_thread(peer.read, lambda: bool(peer.received))
            inbound = peer.received[0]
            assert inbound.short_message.decode("utf-16-be") == "Đà Nẵng"
            assert (inbound.source_addr, inbound.destination_addr, inbound.data_coding) == (b"84905123456", b"1022", 8)
            await asyncio.to_thread(peer.close)
            assert sandbox.stats()["delivers_taken"] == 1

    run(serve())


@pytest.mark.parametrize(
    ("account", "code"),
    [({"system_id": "other", "password": "pw"}, 0x0F), ({"system_id": "city", "password": "x"}, 0x0E)],
)
def test_the_peer_is_let_in_with_its_password_only(account: dict[str, str], code: int) -> None:
    def work(sandbox: Sandbox) -> None:
        with pytest.raises(smpplib.exceptions.PDUError) as error:
            Peer(sandbox.port, "transmitter", **account)
        assert error.value.args[1] == code

    against(SandboxOptions(system_id="city", password="pw"), work)


def test_the_peer_is_told_when_it_is_too_fast() -> None:
    statuses: list[int] = []

    def work(sandbox: Sandbox) -> None:
        peer = Peer(sandbox.port, "transmitter", system_id="city", password="pw")
        peer.client.set_error_pdu_handler(lambda pdu: statuses.append(pdu.status))
        for _ in range(10):
            peer.send()
        for _ in range(10):
            peer.client.read_once()
        peer.close()

    against(SandboxOptions(tps=0.001, burst=4), work)
    assert statuses == [smpplib.consts.SMPP_ESME_RTHROTTLED] * 6

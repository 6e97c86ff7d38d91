"""Any bytes give a clean error, at either end: no hang, no unbounded memory, and the next session works."""

from __future__ import annotations

import asyncio
import contextlib
import struct

import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.gateways.contract import GatewayUnavailable, Verdict
from campaigns.gateways.smpp import SmppAdapter, SmppSettings, codec, gsm7
from campaigns.gateways.smpp.assembly import split_header
from campaigns.gateways.smpp.charsets import Charset, decode_text
from campaigns.gateways.smpp.codec import Frames, Malformed, Message
from campaigns.gateways.smpp.receipts import read_receipt
from campaigns.gateways.smpp.references import ReferenceStyle
from campaigns.gateways.smpp.sandbox import Sandbox
from tests.campaigns.gateways.support import Ear, Ledger, Permits, messages

COMMANDS = [
    0x80000000, 1, 2, 9, 4, 0x80000004, 5, 0x80000005, 6, 0x80000006, 0x0B, 0x15, 0x80000015, 0x102, 0x103, 0x21,
]  # fmt: skip
BODY = bytes.fromhex("00 0101 383439303500 0500 5542000400000000 00010000 00 02 4142")


@st.composite
def nearly_pdus(draw: st.DrawFn) -> bytes:
    """A PDU whose header is right and whose body need not be, or may be damaged in one place."""
    body = draw(st.one_of(st.binary(max_size=300), st.just(BODY), st.just(BODY + bytes.fromhex("0424 0003 616263"))))
    if body and draw(st.booleans()):
        place = draw(st.integers(0, len(body) - 1))
        body = body[:place] + draw(st.binary(max_size=4)) + body[place + 1 :]
    command = draw(st.sampled_from(COMMANDS))
    sequence = draw(st.one_of(st.integers(0, 5), st.integers(0, 0xFFFFFFFF)))
    return struct.pack(">LLLL", 16 + len(body), command, draw(st.sampled_from([0, 0, 8, 0xFFFFFFFF])), sequence) + body


streams = st.one_of(
    st.binary(max_size=200), st.lists(nearly_pdus(), max_size=8).map(b"".join), st.lists(nearly_pdus(), max_size=4).map(
        lambda pdus: b"".join(pdus)[:-3] + b"\xff\xff"
    )
)  # fmt: skip


@given(streams, st.integers(1, 50))
def test_frames_end_or_go_on_and_keep_no_more_than_one(stream: bytes, size: int) -> None:
    frames = Frames(limit=400)
    whole = 0
    try:
        for start in range(0, len(stream), size):
            for frame in frames.feed(stream[start : start + size]):
                whole += 16 + len(frame.body)
            assert len(frames._rest) < 400
    except Malformed:
        return
    assert whole + len(frames._rest) == len(stream)


@given(st.one_of(st.binary(max_size=400), nearly_pdus().map(lambda pdu: pdu[16:])))
def test_every_body_is_read_or_malformed(body: bytes) -> None:
    for read in (codec.read_message, codec.read_data_sm, codec.read_bind, codec.read_message_id):
        with contextlib.suppress(Malformed):
            found = read(body)
            if isinstance(found, Message):
                assert len(found.content) <= len(body)
                split_header(found)
                for style in ReferenceStyle:
                    read_receipt(found, style, "84905123456")


@given(st.binary(max_size=400), st.integers(0, 255))
def test_every_text_is_read(content: bytes, coding: int) -> None:
    assert len(gsm7.decode(content)) <= len(content)
    for charset in Charset:
        decode_text(content, coding, charset)


def test_a_receipt_made_to_be_slow_is_not() -> None:
    content = b"id:x " * 20_000 + b"stat" * 5_000
    message = Message(1, "84905", "x", 4, 0, 0, content, {}, b"")
    assert read_receipt(message, ReferenceStyle.AS_IS, None) is None


bounded = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@bounded
@given(streams, st.booleans())
def test_the_adapter_survives_any_telco(stream: bytes, bind_first: bool) -> None:
    served = asyncio.Event()

    async def telco(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            bind = await reader.readexactly(16)
            if bind_first:
                writer.write(struct.pack(">LLLL", 17, 0x80000009, 0, int.from_bytes(bind[12:], "big")) + b"\0")
            writer.write(stream)
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        served.set()

    async def body() -> None:
        async with asyncio.timeout(10):
            server = await asyncio.start_server(telco, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            ear, ledger = Ear(), Ledger()
            adapter = SmppAdapter(
                SmppSettings(host="127.0.0.1", port=port, system_id="loa", response_timeout=0.2), ear.hooks
            )
            with contextlib.suppress(GatewayUnavailable):
                await adapter.open()
                await adapter.submit(messages(3), Permits(), ledger.settle)
            await adapter.close()
            await served.wait()
            server.close()
        assert len(ear.reasons) <= 1
        assert all(answer.verdict in Verdict for answer in ledger.values())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(body())


@bounded
@given(st.lists(streams, min_size=1, max_size=3))
def test_the_sandbox_survives_any_client(streams: list[bytes]) -> None:
    async def body() -> None:
        async with asyncio.timeout(10), Sandbox() as sandbox:
            for stream in streams:
                reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
                writer.write(struct.pack(">LLLL", 23, 9, 0, 1) + b"\0\0\0\x34\0\0\0" + stream)
                writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
            ledger = Ledger()
            adapter = SmppAdapter(SmppSettings(host="127.0.0.1", port=sandbox.port, system_id="x"), Ear().hooks)
            await adapter.open()
            await adapter.submit(messages(1), Permits(), ledger.settle)
            await adapter.close()
            assert ledger[0].verdict is Verdict.ACCEPTED

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(body())

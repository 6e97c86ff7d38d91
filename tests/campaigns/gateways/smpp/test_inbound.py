"""Messages from people, in all the ways phones and telcos cut and write them, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from campaigns.gateways.contract import Inbound
from campaigns.gateways.smpp import SmppAdapter, SmppSettings
from campaigns.gateways.smpp.intake import MAX_UNSAVED
from campaigns.gateways.smpp.sandbox import Sandbox, SandboxOptions
from campaigns.gateways.smpp.sandbox.control import execute
from tests.campaigns.gateways.support import LONG, MARKED, Ear, asynchronous, until

PHONE, CODE = "84905123456", "1022"


@asynccontextmanager
async def listening(ear: Ear, **options: Any) -> AsyncIterator[tuple[Sandbox, SmppAdapter]]:
    async with Sandbox(SandboxOptions(receipt_retry=0.05, **options)) as sandbox:
        adapter = SmppAdapter(
            SmppSettings(host="127.0.0.1", port=sandbox.port, system_id="loa", response_timeout=2), ear.hooks
        )
        await adapter.open()
        try:
            yield sandbox, adapter
        finally:
            await adapter.close()


def say(sandbox: Sandbox, text: str, **how: Any) -> None:
    done = execute(sandbox, {"do": "inbound", "sender": PHONE, "recipient": CODE, "text": text, **how})
    assert done["ok"], done


@pytest.mark.parametrize("cut", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("text", ["TC", LONG.strip(), MARKED.strip(), "👍" * 100])
@pytest.mark.parametrize("backwards", [False, True])
@asynchronous
async def test_a_text_comes_whole_however_it_was_cut(cut: str, text: str, backwards: bool) -> None:
    ear = Ear()
    async with listening(ear) as (sandbox, _adapter):
        say(sandbox, text, cut=cut, backwards=backwards)
        await until(lambda: ear.texts)
    assert ear.events == [Inbound(PHONE, CODE, text)]


@asynchronous
async def test_latin_1_is_read() -> None:
    ear = Ear()
    async with listening(ear) as (sandbox, _adapter):
        say(sandbox, "Hòa đ".replace("đ", "d") + " àéîõü" * 40, latin1=True)
        await until(lambda: ear.texts)
    assert ear.texts[0].text == "Hòa d" + " àéîõü" * 40


@asynchronous
async def test_a_long_text_that_could_not_be_saved_comes_whole_again() -> None:
    ear = Ear(safe=False)
    async with listening(ear) as (sandbox, _adapter):
        say(sandbox, LONG.strip())
        await until(lambda: len(ear.texts) >= 2)
        ear.safe = True
        await until(lambda: sandbox.stats()["delivers_taken"] == 3)
    assert {event.text for event in ear.texts} == {LONG.strip()}


@asynchronous
async def test_half_a_text_is_handed_over_when_the_session_ends() -> None:
    ear = Ear()
    async with listening(ear) as (sandbox, _adapter):
        say(sandbox, "TC " + LONG.strip(), only=[1])
        await until(lambda: sandbox.stats()["delivers_taken"] == 1)
        assert not ear.texts
    assert ear.texts[0].text.startswith("TC Thong bao")
    assert ear.texts[0].text.endswith("…")


@asynchronous
async def test_texts_of_two_people_with_one_reference_are_not_mixed() -> None:
    ear = Ear()
    async with listening(ear) as (sandbox, _adapter):
        for sender, word in (("84905000001", "a"), ("84905000002", "b")):
            execute(
                sandbox,
                {"do": "inbound", "sender": sender, "recipient": CODE, "text": word * 200, "reference": 7},
            )
        await until(lambda: len(ear.texts) == 2)
    assert {event.text for event in ear.texts} == {"a" * 200, "b" * 200}


@asynchronous
async def test_more_than_can_be_saved_is_asked_for_again_later() -> None:
    ear = Ear(safe=None)
    async with listening(ear, receipt_window=100_000) as (sandbox, adapter):
        adapter._intake._unsaved = MAX_UNSAVED - 2
        for _ in range(5):
            say(sandbox, "TC")
        await until(lambda: sandbox.stats().get("delivers_refused", 0) >= 3)
        assert len(ear.texts) == 2
        adapter._intake._unsaved = 2
        await until(lambda: len(ear.texts) == 5)
        for answer in ear.open:
            answer(True)
        await asyncio.sleep(0.05)
        assert sandbox.stats()["delivers_taken"] == 5

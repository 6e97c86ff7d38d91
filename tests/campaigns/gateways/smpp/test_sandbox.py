"""The simulated telco: what it counts is exact, and it misbehaves just as it is told."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Answer, GatewayUnavailable, Verdict
from campaigns.gateways.smpp import SmppAdapter, SmppSettings
from campaigns.gateways.smpp.references import ReferenceStyle
from campaigns.gateways.smpp.sandbox import Sandbox, SandboxOptions, SandboxProcess
from campaigns.gateways.smpp.sandbox.tally import Rhythm, SlidingSecond
from campaigns.gateways.smpp.sandbox.telco import STRAY_NUMBER, Limit, decide
from campaigns.gateways.smpp.sandbox.wheel import Wheel
from tests.campaigns.gateways.support import LONG, Ear, Ledger, Permits, asynchronous, messages, run, until


@asynccontextmanager
async def bound(sandbox: Sandbox, ear: Ear, **settings: Any) -> AsyncIterator[SmppAdapter]:
    chosen = {"host": "127.0.0.1", "port": sandbox.port, "system_id": "loa", "response_timeout": 2.0} | settings
    adapter = SmppAdapter(SmppSettings(**chosen), ear.hooks)
    await adapter.open()
    try:
        yield adapter
    finally:
        await adapter.close()


@given(st.lists(st.tuples(st.floats(0, 0.7), st.integers(1, 5)), max_size=60))
def test_the_most_in_a_sliding_second_is_exact(steps: list[tuple[float, int]]) -> None:
    second, now, arrivals = SlidingSecond(), 0.0, []
    for step, parts in steps:
        now += step
        arrivals.append((now, parts))
        second.add(now, parts)
    assert second.most == max(
        (sum(parts for at, parts in arrivals if end - 1.0 < at <= end) for end, _parts in arrivals), default=0
    )


@given(st.lists(st.tuples(st.floats(0, 2.5), st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=60))
def test_the_rhythm_tells_gaps_and_what_was_taken_in_each_second(steps: list[tuple[float, int, int]]) -> None:
    rhythm, now, taken, arrivals = Rhythm(taken_before=7), 100.0, 7, []
    for step, parts, newly in steps:
        now, taken = now + step, taken + newly
        arrivals.append((now, parts, newly))
        rhythm.add(now, parts, taken)
    first = arrivals[0][0]
    each = Counter(int(at - first) for at, _parts, newly in arrivals for _ in range(newly))
    assert rhythm.taken == [each[second] for second in range(int(now - first) + 1)]
    assert rhythm.seconds == now - first
    moments = [at for at, parts, _newly in arrivals for _ in range(parts)]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert rhythm.shortest_gap == (min(gaps) if gaps else None)


@given(st.lists(st.floats(0, 0.5), max_size=100), st.integers(1, 20), st.integers(1, 10))
def test_the_limit_lets_through_no_more_than_its_bucket_and_rate(steps: list[float], tps: int, burst: int) -> None:
    limit, now, taken = Limit(tps, burst, 0.0), 0.0, []
    for step in steps:
        now += step
        if limit.take(1, now):
            taken.append(now)
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            assert end - start + 1 <= burst + (taken[end] - taken[start]) * tps + 1e-6


@given(st.lists(st.floats(0, 5), max_size=50))
def test_the_wheel_gives_everything_back_and_nothing_too_soon(times: list[float]) -> None:
    wheel: Wheel[float] = Wheel(0.02)
    for due in times:
        wheel.add(due, due)
    out: list[float] = []
    for step in range(260):
        now = step * 0.02
        found = wheel.due(now)
        assert all(due <= now + 1e-9 for due in found)
        out += found
    assert sorted(out) == sorted(times)
    assert len(wheel) == 0


@asynchronous
async def test_what_is_above_its_limit_is_throttled_and_what_is_below_is_not() -> None:
    ledger = Ledger()
    async with Sandbox(SandboxOptions(tps=20, burst=5)) as sandbox, bound(sandbox, Ear()) as adapter:
        await adapter.submit(messages(30), Permits(), ledger.settle)
        verdicts = Counter(answer.verdict for answer in ledger.values())
        assert verdicts[Verdict.ACCEPTED] in (5, 6)
        assert verdicts[Verdict.THROTTLED] == 30 - verdicts[Verdict.ACCEPTED]
        await asyncio.sleep(0.3)
        await adapter.submit(messages(5, first=100), Permits(), ledger.settle)
        assert {ledger[key].verdict for key in range(100, 105)} == {Verdict.ACCEPTED}
        assert sandbox.stats()["most_parts_in_a_second"] == 35
        assert sum(sandbox.stats()["taken_each_second"]) == verdicts[Verdict.ACCEPTED] + 5


@asynchronous
async def test_parts_are_counted_also_where_the_telco_cuts_them_itself() -> None:
    async with Sandbox() as sandbox:
        for way in ("udh", "sar", "payload"):
            async with bound(sandbox, Ear(), concatenation=way) as adapter:
                await adapter.submit(messages(10, LONG), Permits(), Ledger().settle)
        assert sandbox.stats()["taken"] == 90
        assert sandbox.tally.parts_to(messages(1)[0].recipient) == 9


@pytest.mark.parametrize("style", list(ReferenceStyle))
@pytest.mark.parametrize("receipts", ["text", "tlv", "both"])
@asynchronous
async def test_receipts_meet_their_answers_in_every_style(style: ReferenceStyle, receipts: str) -> None:
    ear, ledger = Ear(), Ledger()
    options = SandboxOptions.model_validate({"ids": style, "receipts": receipts})
    async with Sandbox(options) as sandbox, bound(sandbox, ear, reference_style=style) as adapter:
        await adapter.submit(messages(20), Permits(), ledger.settle)
        await until(lambda: len(ear.receipts) == 20)
    assert {receipt.reference for receipt in ear.receipts} == {answer.references[0][1] for answer in ledger.values()}


@asynchronous
async def test_shares_are_kept_and_the_same_seed_decides_the_same() -> None:
    options = SandboxOptions(fail_share=0.2, refuse_share=0.1, duplicate_share=0.1, missing_share=0.1, shuffle=0.1)
    outcomes = []
    for _ in range(2):
        ear, ledger = Ear(), Ledger()
        async with Sandbox(options) as sandbox, bound(sandbox, ear) as adapter:
            await adapter.submit(messages(2000), Permits(), ledger.settle)
            await asyncio.sleep(0.4)
        refused = {key for key, answer in ledger.items() if answer.verdict is not Verdict.ACCEPTED}
        failed = {r.recipient for r in ear.receipts if r.state is not MessageState.DELIVERED}
        outcomes.append((refused, failed, len(ear.receipts)))
        assert 140 < len(refused) < 260
        assert 250 < len(failed) < 420
        assert {r.state for r in ear.receipts} == {
            MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REJECTED,
        }  # fmt: skip
    assert outcomes[0] == outcomes[1]


def test_a_number_refused_once_is_not_refused_for_ever() -> None:
    options = SandboxOptions(refuse_share=0.5)
    assert {decide(options, "84905123456", nth).refused is None for nth in range(20)} == {True, False}


@asynchronous
async def test_receipts_may_come_before_the_answer() -> None:
    ear, ledger = Ear(), Ledger()
    seen: list[int] = []

    def settle(key: int, answer: Answer) -> None:
        seen.append(len(ear.receipts))
        ledger.settle(key, answer)

    async with Sandbox(SandboxOptions(early_share=1, delay=0.1)) as sandbox, bound(sandbox, ear) as adapter:
        await adapter.submit(messages(5), Permits(), settle)
    assert seen == [5] * 5


@asynchronous
async def test_receipts_wait_for_the_next_bind() -> None:
    first, second, ledger = Ear(), Ear(), Ledger()
    async with Sandbox(SandboxOptions(receipt_delay=0.1)) as sandbox:
        async with bound(sandbox, first) as adapter:
            await adapter.submit(messages(50), Permits(), ledger.settle)
        await asyncio.sleep(0.2)
        assert sandbox.stats()["receipts_waiting"] == 50
        async with bound(sandbox, second):
            await until(lambda: len(second.receipts) == 50)
    assert not first.receipts


@asynchronous
async def test_a_dropped_connection_took_what_it_did_not_answer_and_its_receipts_come_later() -> None:
    ear, again, ledger = Ear(), Ear(), Ledger()
    async with Sandbox(SandboxOptions(drop_after=10)) as sandbox:
        async with bound(sandbox, ear) as adapter:
            with pytest.raises(GatewayUnavailable):
                await adapter.submit(messages(500), Permits(), ledger.settle)
        assert sandbox.stats()["taken"] == 10
        unknown = {key for key, answer in ledger.items() if answer.verdict is Verdict.UNKNOWN}
        async with bound(sandbox, again):
            await until(lambda: len(again.receipts) + len(ear.receipts) >= 10)
    people = {message.recipient: message.key for message in messages(500)}
    assert {people[str(receipt.recipient)] for receipt in again.receipts} <= unknown
    assert len(unknown) > 0


@asynchronous
async def test_a_hanging_telco_reads_and_says_nothing() -> None:
    ear, ledger = Ear(), Ledger()
    async with Sandbox() as sandbox, bound(sandbox, ear, response_timeout=0.3, enquire_link=0.1) as adapter:
        sandbox.set(hang=True)
        await adapter.submit(messages(3), Permits(), ledger.settle)
        await until(lambda: ear.reasons)
        assert sandbox.stats()["ignored"] == 3
    assert {answer.verdict for answer in ledger.values()} == {Verdict.UNKNOWN}


@asynchronous
async def test_a_telco_that_refuses_binds_lets_nobody_in_until_it_is_told_to() -> None:
    async with Sandbox(SandboxOptions(refuse_binds=True)) as sandbox:
        with pytest.raises(GatewayUnavailable, match="ESME_RBINDFAIL"):
            async with bound(sandbox, Ear()):
                pass
        sandbox.set(refuse_binds=False)
        async with bound(sandbox, Ear()):
            assert sandbox.stats()["binds"] == 1


@asynchronous
async def test_stray_receipts_name_ids_that_were_never_given_out_and_a_number_of_nobody() -> None:
    ear, ledger = Ear(), Ledger()
    async with Sandbox(SandboxOptions(stray_share=0.5, seed=2)) as sandbox, bound(sandbox, ear) as adapter:
        await adapter.submit(messages(400), Permits(), ledger.settle)
        await until(lambda: len({receipt.recipient for receipt in ear.receipts}) == 401)
    given = {reference for answer in ledger.values() for _part, reference in answer.references}
    strays = [receipt for receipt in ear.receipts if receipt.reference not in given]
    assert 140 < len(strays) < 260
    assert {receipt.recipient for receipt in strays} == {STRAY_NUMBER}
    assert len(ear.receipts) - len(strays) == 400, "every message has its own receipt all the same"


@asynchronous
async def test_a_hanging_telco_still_hears_that_its_receipts_were_taken() -> None:
    ear, ledger = Ear(), Ledger()
    async with Sandbox(SandboxOptions(receipt_delay=0.2)) as sandbox, bound(sandbox, ear) as adapter:
        await adapter.submit(messages(3), Permits(), ledger.settle)
        sandbox.set(hang=True)
        await until(lambda: sandbox.stats()["delivers_taken"] == 3)
        assert sandbox.stats()["receipts_unanswered"] == 0


@asynchronous
async def test_the_log_names_every_part_taken(tmp_path: Path) -> None:
    ledger = Ledger()
    async with Sandbox(SandboxOptions(log=tmp_path / "parts.log")) as sandbox, bound(sandbox, Ear()) as adapter:
        await adapter.submit([*messages(5), *messages(1, LONG, first=5)], Permits(), ledger.settle)
    lines = [line.split() for line in (tmp_path / "parts.log").read_text().splitlines()]
    assert [line[1:4] for line in lines[:5]] == [[message.recipient, "1", "1/1"] for message in messages(5)]
    assert [line[3] for line in lines[5:]] == ["1/3", "2/3", "3/3"]
    assert {line[4] for line in lines} == {ref for answer in ledger.values() for _part, ref in answer.references}


@asynchronous
async def test_the_same_text_to_the_same_number_is_counted_as_repeated() -> None:
    async with Sandbox() as sandbox, bound(sandbox, Ear()) as adapter:
        await adapter.submit([*messages(3), *messages(1, "Tin khac")], Permits(), lambda key, answer: None)
        assert sandbox.stats()["repeated"] == 0
        await adapter.submit(
            [*messages(1), *messages(1, LONG), *messages(1, LONG)], Permits(), lambda key, answer: None
        )
        assert sandbox.stats()["repeated"] == 1 + 3
        assert sandbox.stats()["most_parts_to_one"] == 1 + 1 + 1 + 6


def test_a_process_of_its_own_takes_commands_and_ends_with_the_block() -> None:
    async def send(port: int) -> None:
        ear = Ear()
        adapter = SmppAdapter(SmppSettings(host="127.0.0.1", port=port, system_id="loa"), ear.hooks)
        await adapter.open()
        await adapter.submit(messages(10), Permits(), Ledger().settle)
        await asyncio.to_thread(telco.do, "inbound", sender="84905123456", recipient="1022", text="TC")
        await until(lambda: ear.texts)
        await adapter.close()

    with SandboxProcess(SandboxOptions(seed=3)) as telco:
        run(send(telco.port))
        assert telco.do("stats")["taken"] == 10
        assert telco.do("parts", destination=messages(1)[0].recipient) == {"parts": 1}
        assert telco.do("stats")["most_parts_in_a_second"] >= 1
        assert telco.do("anew") == {}
        told = telco.do("stats")
        assert (told["taken"], told["taken_before"], told["most_parts_in_a_second"]) == (10, 10, 0)
        assert telco.do("set", options={"hang": True}) == {}
        for wrong in ({"do": "fly"}, {"do": "set", "options": {"fail_share": 3}}, {"do": "inbound", "sender": "1"}):
            action = wrong.pop("do")
            with pytest.raises(RuntimeError):
                telco.do(str(action), **wrong)
        process = telco._process
    assert process is not None
    assert process.returncode == 0


def test_it_ends_when_the_process_that_started_it_is_killed() -> None:
    code = (
        "import os, sys; from campaigns.gateways.smpp.sandbox import SandboxProcess;"
        "telco = SandboxProcess(); telco.start(); print(telco.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    pid = int(done.stdout)

    async def gone() -> None:
        await until(lambda: not _running(pid))

    run(gone())


def _running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_control_by_a_path_and_by_bad_lines(tmp_path: Path) -> None:
    async def talk() -> None:
        path = str(tmp_path / "control")
        async with Sandbox(SandboxOptions(control=path)) as sandbox:
            assert sandbox.control == path
            reader, writer = await asyncio.open_unix_connection(path)
            for line in (b"nonsense", b"[1]", b'{"do": "stats"}'):
                writer.write(line + b"\n")
            answers = [json.loads(await reader.readline()) for _ in range(3)]
            assert [answer["ok"] for answer in answers] == [False, False, True]
            writer.write(b"x" * 200_000)
            assert await reader.read() == b""
            writer.close()

    run(talk())


@pytest.mark.parametrize(
    "wrong", [{"port": 70000}, {"fail_share": 1.5}, {"tps": -1}, {"refuse_with": ()}, {"refuse_with": ("x",)},
              {"refuse_with": ("ESME_ROK",)}, {"ids": "other"}, {"colour": "red"}],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SandboxOptions(**wrong)

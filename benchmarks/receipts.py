"""Receipts alone: how fast they are applied, whatever shape they come in, through the inbox a gateway session uses.

Every shape has 200,000 accepted messages of its own. ``deliver`` is called as an adapter calls it, a telco's window of
receipts ahead of what is safe; time runs from the first call to the last answer.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

import uvloop

from benchmarks import way
from benchmarks.world import World, report, world
from campaigns.access import SYSTEM
from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Event, Receipt
from campaigns.gateways.registry import add_gateway
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.receipts.events import take_in
from campaigns.stats import reconcile
from workers.inbox import Inbox

SIZE = 200_000
TOGETHER = (1, 10, 100, 2000)
"""Receipts of one call of ``deliver``."""
WINDOW = way.RECEIPT_WINDOW
UNKNOWN_SHARE, TWICE_SHARE, FAILED_SHARE = 0.05, 0.10, 0.04

# As they are once everything was sent: of the mixed shape one message in three has three parts.
_ACCEPT = """
    WITH moved AS (
        UPDATE message SET state = 30, attempts = 1, parts = CASE WHEN :mixed AND seq % 3 = 0 THEN 3 ELSE 1 END
        WHERE campaign_id = :campaign RETURNING batch_id, seq, parts
    ), noted AS (
        INSERT INTO submission (batch_id, gateway_id, seq, part, reference)
        SELECT m.batch_id, b.gateway_id, m.seq, part, lpad((m.batch_id * 4096 + m.seq * 4 + part)::text, 16, '0')
        FROM moved m JOIN batch b ON b.id = m.batch_id, generate_series(0, m.parts - 1) AS part
    )
    UPDATE batch b SET state = 'done', queued = 0, accepted = size,
           parts = (SELECT sum(m.parts) FROM moved m WHERE m.batch_id = b.id)
    WHERE campaign_id = :campaign
"""
_REFERENCES = """
    SELECT json_agg(reference ORDER BY s.batch_id, s.seq, s.part) FROM submission s JOIN batch b ON b.id = s.batch_id
    WHERE b.campaign_id = :campaign AND s.gateway_id = :gateway
"""


def accepted_campaign(place: World, size: int, *, mixed: bool = False) -> int:
    """A campaign whose messages were all accepted; the mixed one's went over two gateways."""
    campaign = way.plan(place, size)
    if mixed:
        second = "(SELECT max(id) FROM gateway)"
        place.run(f"UPDATE batch SET gateway_id = {second} WHERE campaign_id = :c AND id % 2 = 0", c=campaign)
    place.run(_ACCEPT, campaign=campaign, mixed=mixed)
    place.vacuum()
    return campaign


def _plain(references: list[str], together: int) -> list[list[Event]]:
    events: list[Event] = [Receipt(reference, MessageState.DELIVERED) for reference in references]
    return [events[start : start + together] for start in range(0, len(events), together)]


def _mixed(references: list[str], chance: random.Random) -> list[list[Event]]:
    """Out of order, some twice, some that failed, some of nobody's messages, in handfuls of 1 … 50."""
    sent = references + chance.sample(references, int(len(references) * TWICE_SHARE))
    sent += [f"unknown-{n}" for n in range(int(len(references) * UNKNOWN_SHARE))]
    chance.shuffle(sent)
    failed = set(chance.sample(references, int(len(references) * FAILED_SHARE)))
    states = {True: MessageState.UNDELIVERED, False: MessageState.DELIVERED}
    events: Iterator[Event] = iter([Receipt(reference, states[reference in failed], "849") for reference in sent])
    handfuls = []
    while handful := list(islice(events, chance.randint(1, 50))):
        handfuls.append(handful)
    return handfuls


class _Session:
    """What a gateway session does with receipts, and nothing else."""

    def __init__(self, place: World, gateway: int, threads: ThreadPoolExecutor) -> None:
        self._place, self._gateway, self._threads = place, gateway, threads
        self._unsafe = 0
        self._room = asyncio.Event()
        self._inbox = Inbox(self._take_in, set())

    async def _take_in(self, events: Sequence[Event]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self._write, events)

    def _write(self, events: Sequence[Event]) -> None:
        with self._place.database.transaction() as session:
            take_in(session, self._place.keyring, self._gateway, events)

    async def feed(self, handfuls: list[list[Event]]) -> None:
        taking_in = asyncio.create_task(self._inbox.run())
        for handful in handfuls:
            while self._unsafe and self._unsafe + len(handful) > WINDOW:
                self._room.clear()
                await self._room.wait()
            self._unsafe += len(handful)
            self._inbox.deliver(handful, partial(self._safe, len(handful)))
        while self._unsafe:
            self._room.clear()
            await self._room.wait()
        self._inbox.close()
        await taking_in

    def _safe(self, count: int, saved: bool) -> None:
        assert saved
        self._unsafe -= count
        self._room.set()


async def _feed_all(place: World, feeds: dict[int, list[list[Event]]]) -> float:
    with ThreadPoolExecutor(12) as threads:
        started = time.perf_counter()
        await asyncio.gather(*(_Session(place, gateway, threads).feed(each) for gateway, each in feeds.items()))
        return time.perf_counter() - started


def _measure(place: World, size: int, shape: str, together: int | None) -> dict[str, Any]:
    campaign = accepted_campaign(place, size, mixed=together is None)
    feeds: dict[int, list[list[Event]]] = {}
    for gateway in place.run("SELECT array_agg(id ORDER BY id) FROM gateway"):
        references = place.run(_REFERENCES, campaign=campaign, gateway=gateway)
        if references:
            feeds[gateway] = _plain(references, together) if together else _mixed(references, random.Random(gateway))
    count = sum(len(handful) for handfuls in feeds.values() for handful in handfuls)
    seconds = uvloop.run(_feed_all(place, feeds))
    with place.database.transaction() as session:
        assert reconcile(session, campaign).balanced
    assert place.run("SELECT sum(accepted) FROM batch WHERE campaign_id = :id", id=campaign) == 0
    return report(
        "receipts",
        load=f"{size} accepted messages, {shape}; {WINDOW} receipts on the wire",
        shape=shape,
        receipts=count,
        seconds=round(seconds, 2),
        per_second=round(count / seconds),
    )


def main(size: int = SIZE) -> list[dict[str, Any]]:
    """Every shape, one after the other in one world."""
    shapes: list[tuple[str, int | None]] = [(f"{count} a call", count) for count in TOGETHER]
    shapes.append(("mixed: 2 gateways, 1 or 3 parts, 10 % twice, 5 % unknown, 4 % failed, 1 to 50 a call", None))
    with world() as place, SandboxProcess() as telco:
        way.prepare(place, telco, size, way.UNLIMITED, 500)
        with place.database.transaction() as session:
            settings = {"host": "127.0.0.1", "system_id": "other"}
            add_gateway(session, place.keyring, SYSTEM, "other", adapter="smpp", settings=settings, tps=1000.0)
        return [_measure(place, size, shape, together) for shape, together in shapes]


if __name__ == "__main__":
    main()

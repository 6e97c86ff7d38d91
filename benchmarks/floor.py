"""The plain loop: one process that claims, speaks SMPP, records, applies receipts and counts, and nothing else.

It writes what Loa writes, into the same tables, one transaction a step. It has none of Loa's promises: no lease and
no mark (a crash loses or repeats what it held), no limiter, no refusals, no retries, no long messages, no Celery, one
gateway, one campaign. So it shows what the promises cost: ``main`` runs it and Loa turn by turn.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psycopg
import uvloop

from benchmarks import way
from benchmarks.watch import Watch
from benchmarks.world import ROOT, report, world
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.gateways.smpp.codec import Frames, build_bind, build_message, message_head, message_middle, pack_header
from campaigns.gateways.smpp.constants import BIND_TRANSCEIVER, DELIVER_SM, DELIVER_SM_RESP, SUBMIT_SM, SUBMIT_SM_RESP
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.store.campaigns import get_campaign
from campaigns.store.database import Database
from config.keys import load_keyring

SIZE, ROUNDS = 200_000, 2
WINDOW = 500
GATHER_SECONDS = 0.02
AHEAD = 3
"""Claims that wait for the wire."""

_CLAIM = """
    WITH picked AS (SELECT id FROM batch WHERE campaign_id = %s AND state = 'ready' ORDER BY id LIMIT 1),
    counted AS (UPDATE batch b SET state = 'leased', queued = 0, claimed = size, started_at = now()
                FROM picked WHERE b.id = picked.id)
    UPDATE message m SET state = 10 FROM picked, contact c WHERE m.batch_id = picked.id AND c.id = m.contact_id
    RETURNING m.batch_id, m.seq, c.phone_cipher
"""
_RECORD = """
    WITH taken AS (SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::text[]) AS taken(batch_id, seq, reference)),
    noted AS (INSERT INTO submission (batch_id, gateway_id, seq, part, reference)
              SELECT batch_id, 1, seq, 0, reference FROM taken),
    moved AS (UPDATE message m SET state = 30, attempts = 1 FROM taken t
              WHERE m.batch_id = t.batch_id AND m.seq = t.seq RETURNING m.batch_id),
    gained AS (SELECT batch_id, count(*) AS n FROM moved GROUP BY batch_id)
    UPDATE batch b SET claimed = claimed - n, accepted = accepted + n, state = 'done'
    FROM gained g WHERE b.id = g.batch_id
"""
_APPLY = """
    WITH moved AS (UPDATE message m SET state = 60, delivered_mask = 1
                   FROM unnest(%s::text[]) AS r(reference) JOIN submission s ON s.reference = r.reference
                   WHERE m.batch_id = s.batch_id AND m.seq = s.seq RETURNING m.batch_id),
    gained AS (SELECT batch_id, count(*) AS n FROM moved GROUP BY batch_id)
    UPDATE batch b SET accepted = accepted - n, delivered = delivered + n FROM gained g WHERE b.id = g.batch_id
    RETURNING n
"""


@dataclass(slots=True)
class _Claim:
    batch: int
    numbers: list[tuple[int, bytes]]
    """(seq, number)"""
    seqs: list[int] = field(default_factory=list)
    references: list[str] = field(default_factory=list)


class _Store:
    """One connection in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._thread = ThreadPoolExecutor(1)

    async def run(self, statement: str, *values: Any, then: Callable[[list[Any]], Any] = list) -> Any:
        def work() -> Any:
            cursor = self._connection.cursor(binary=True)
            cursor.execute(cast(Any, statement), values)
            return then(cursor.fetchall() if cursor.description else [])

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class PlainLoop(asyncio.Protocol):
    """The loop, and its one connection to the telco."""

    def __init__(self, home: Path, url: str, campaign: int, content: bytes) -> None:
        self._url, self._campaign, self._content = url, campaign, content
        self._decrypt = load_keyring(home).decrypt
        self._frames = Frames()
        self._window: dict[int, tuple[_Claim, int]] = {}
        self._claims: asyncio.Queue[_Claim | None] = asyncio.Queue(AHEAD)
        self._full: asyncio.Queue[_Claim] = asyncio.Queue()
        self._unrecorded: set[str] = set()
        self._receipts: list[tuple[int, str]] = []
        self._room, self._news, self._bound = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._left = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        names = {"system_id": "floor", "password": "x", "system_type": "", "address_range": ""}
        self.transport.write(build_bind(BIND_TRANSCEIVER, 1, ton=0, npi=0, **names))

    def data_received(self, data: bytes) -> None:
        for command, _status, sequence, body in self._frames.feed(data):
            if command == SUBMIT_SM_RESP:
                claim, seq = self._window.pop(sequence)
                reference = body[:-1].decode()
                claim.seqs.append(seq)
                claim.references.append(reference)
                self._unrecorded.add(reference)
                if len(claim.seqs) == len(claim.numbers):
                    self._full.put_nowait(claim)
            elif command == DELIVER_SM:
                start = body.index(b"id:") + 3
                self._receipts.append((sequence, body[start : body.index(b" ", start)].decode()))
            else:
                self._bound.set()
        self._room.set()
        if self._receipts:
            self._news.set()

    async def run(self, size: int) -> float:
        """Send ``size`` messages and apply their receipts; seconds from the first claim to the last count."""
        self._left = size
        claims, records, receipts = (_Store(self._url) for _ in range(3))
        await self._bound.wait()
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._claim(claims))
            recording = group.create_task(self._record(records))
            group.create_task(self._send())
            await group.create_task(self._apply(receipts))
            seconds = time.perf_counter() - started
            recording.cancel()
        return seconds

    def _read(self, rows: list[Any]) -> _Claim | None:
        return _Claim(rows[0][0], [(seq, self._decrypt(cipher)) for _, seq, cipher in rows]) if rows else None

    async def _claim(self, store: _Store) -> None:
        claim: _Claim | None = _Claim(0, [])
        while claim is not None:
            claim = await store.run(_CLAIM, self._campaign, then=self._read)
            await self._claims.put(claim)

    async def _send(self) -> None:
        head, middle = message_head("", 5, 0, "UBND", 1, 1), message_middle(0, b"", 1, 0)
        sequence = 1
        while (claim := await self._claims.get()) is not None:
            done = 0
            while done < len(claim.numbers):
                room = WINDOW - len(self._window)
                if not room:
                    self._room.clear()
                    await self._room.wait()
                    continue
                out = []
                for seq, number in claim.numbers[done : done + room]:
                    sequence += 1
                    self._window[sequence] = (claim, seq)
                    out.append(build_message(SUBMIT_SM, sequence, head, number, middle, self._content))
                done += len(out)
                self.transport.write(b"".join(out))

    async def _record(self, store: _Store) -> None:
        while True:
            claims = [await self._full.get()]
            while len(claims) < AHEAD and not self._full.empty():
                claims.append(self._full.get_nowait())
            batches = [claim.batch for claim in claims for _ in claim.seqs]
            references = [reference for claim in claims for reference in claim.references]
            await store.run(_RECORD, batches, [seq for claim in claims for seq in claim.seqs], references)
            self._unrecorded.difference_update(references)

    async def _apply(self, store: _Store) -> None:
        while self._left:
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._news.clear()
            known = [one for one in self._receipts if one[1] not in self._unrecorded]
            self._receipts = [one for one in self._receipts if one[1] in self._unrecorded]
            if not known:
                self._news.set()
                continue
            counts = await store.run(_APPLY, [reference for _, reference in known])
            self._left -= sum(row[0] for row in counts)
            answers = [pack_header(17, DELIVER_SM_RESP, 0, sequence) + b"\0" for sequence, _ in known]
            self.transport.write(b"".join(answers))


def _text_of(url: str, campaign: int) -> bytes:
    database = Database(url, pool_size=1)
    with database.transaction() as session:
        parts = campaign_text(get_campaign(session, campaign)).for_place(Place("", ""))
    database.close()
    assert len(parts) == 1
    return parts[0].payload


async def _loop(home: Path, url: str, port: int, campaign: int, size: int) -> float:
    content = _text_of(url, campaign)
    loop = asyncio.get_running_loop()
    _, plain = await loop.create_connection(lambda: PlainLoop(home, url, campaign, content), "127.0.0.1", port)
    return await plain.run(size)


def measure(size: int) -> dict[str, Any]:
    """The loop in a process of its own, in a world like that of ``way``."""
    with world() as place, SandboxProcess(way.telco_options()) as telco:
        campaign = way.prepare(place, telco, size, way.UNLIMITED, WINDOW)
        watch = Watch({"telco": [telco.pid], **place.pids()})
        words = (str(place.home), place.services.database_url, str(telco.port), str(campaign), str(size))
        command = [sys.executable, "-m", "benchmarks.floor", *words]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
        cpu = {"loop": round(1e6 * done["cpu"] / size, 1), **watch.per_message(size)}
        counted = place.run("SELECT sum(delivered) FROM batch WHERE size = delivered")
        assert counted == size == telco.do("stats")["taken"], counted
    steady = done["seconds"] - way.RECEIPT_DELAY
    return report(
        "floor",
        load=f"the plain loop: {size} messages of one part, window {WINDOW}, receipts after {way.RECEIPT_DELAY} s",
        messages=size,
        seconds=round(done["seconds"], 2),
        per_second=round(size / done["seconds"]),
        steady_seconds=round(steady, 2),
        steady_per_second=round(size / steady),
        cpu_us=cpu,
    )


def main(size: int = SIZE, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """The loop and Loa turn by turn, so that a machine that slows down slows both; then what Loa reaches of it."""
    pairs = [(measure(size), way.measure(size)) for _ in range(rounds)]
    each = [loa["steady_per_second"] / loop["steady_per_second"] for loop, loa in pairs]
    raw = [loa["per_second"] / loop["per_second"] for loop, loa in pairs]
    compared = report(
        "floor_ratio",
        load=f"Loa beside the plain loop, {size} messages, {rounds} rounds in turn",
        floor_per_second=round(statistics.mean(loop["steady_per_second"] for loop, _ in pairs)),
        loa_per_second=round(statistics.mean(loa["steady_per_second"] for _, loa in pairs)),
        ratio=round(statistics.mean(each), 2),
        ratio_each_round=[round(one, 2) for one in each],
        ratio_with_the_start=round(statistics.mean(raw), 2),
    )
    return [*(one for pair in pairs for one in pair), compared]


if __name__ == "__main__":
    home, url, port, campaign, size = sys.argv[1:]
    began = time.process_time()
    seconds = uvloop.run(_loop(Path(home), url, int(port), int(campaign), int(size)))
    print(json.dumps({"seconds": seconds, "cpu": time.process_time() - began}))

"""The plain loop: one process, one connection to the database, one to the telco, one step after the other.

It claims five hundred, writes them to the wire, waits for the answers, records them, applies the receipts that came
meanwhile, and begins again; it writes what Loa writes, into the same tables, one transaction a step. It has none of
Loa's promises: no lease and no mark (a crash loses or repeats what it held), no limiter, no refusals, no retries, no
long messages, no Celery, one gateway, one campaign. So it shows what the promises cost: ``main`` runs it and Loa turn
by turn.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import way
from benchmarks.watch import Watch
from benchmarks.world import ROOT, report, world
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.gateways.smpp.codec import (
    Frames,
    build_bind,
    build_message,
    message_head,
    message_middle,
    pack_header,
    read_message,
    read_message_id,
)
from campaigns.gateways.smpp.constants import BIND_TRANSCEIVER, DELIVER_SM, DELIVER_SM_RESP, SUBMIT_SM, SUBMIT_SM_RESP
from campaigns.gateways.smpp.receipts import read_receipt
from campaigns.gateways.smpp.references import ReferenceStyle
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.store.campaigns import get_campaign
from campaigns.store.database import Database
from config.keys import load_keyring

SIZE, ROUNDS = 200_000, 2
WINDOW = 500

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


class PlainLoop:
    """The loop and its two connections."""

    def __init__(self, home: Path, url: str, port: int) -> None:
        self._decrypt = load_keyring(home).decrypt
        self._database = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._telco = socket.create_connection(("127.0.0.1", port))
        self._frames = Frames()
        self._taken: dict[int, str] = {}
        """Reference by sequence number, of the submits on the wire that were answered."""
        self._receipts: list[tuple[int, str]] = []
        self._telco.sendall(build_bind(BIND_TRANSCEIVER, 1, system_id="floor", password="x"))
        self._listen()

    def run(self, campaign: int, content: bytes, size: int) -> float:
        """Send ``size`` messages and apply their receipts; seconds from the first claim to the last count."""
        started = time.perf_counter()
        left = size
        while claim := self._run(_CLAIM, campaign):
            self._send(claim, content)
            left -= self._apply()
        while left:
            self._listen()
            left -= self._apply()
        return time.perf_counter() - started

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with self._database.cursor(binary=True) as cursor:
            cursor.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def _send(self, claim: list[Any], content: bytes) -> None:
        head, middle = message_head("", 5, 0, "UBND", 1, 1), message_middle(0, b"", 1, 0)
        numbers = (self._decrypt(cipher) for _batch, _seq, cipher in claim)
        out = [build_message(SUBMIT_SM, n, head, number, middle, content) for n, number in enumerate(numbers, 2)]
        self._taken = {}
        self._telco.sendall(b"".join(out))
        while len(self._taken) < len(claim):
            self._listen()
        batches, seqs = [row[0] for row in claim], [row[1] for row in claim]
        self._run(_RECORD, batches, seqs, [self._taken[n] for n in range(2, len(claim) + 2)])

    def _listen(self) -> None:
        for command, _status, sequence, body in self._frames.feed(self._telco.recv(1 << 18)):
            if command == SUBMIT_SM_RESP:
                self._taken[sequence] = read_message_id(body)
            elif command == DELIVER_SM:
                message = read_message(body)
                receipt = read_receipt(message, ReferenceStyle.AS_IS, message.source)
                assert receipt is not None
                self._receipts.append((sequence, receipt.reference))

    def _apply(self) -> int:
        """Apply what came, and answer it; how many messages were delivered."""
        known, self._receipts = self._receipts, []
        if not known:
            return 0
        counts = self._run(_APPLY, [reference for _, reference in known])
        answers = [pack_header(17, DELIVER_SM_RESP, 0, sequence) + b"\0" for sequence, _ in known]
        self._telco.sendall(b"".join(answers))
        return sum(row[0] for row in counts)


def _text_of(url: str, campaign: int) -> bytes:
    database = Database(url, pool_size=1)
    with database.transaction() as session:
        parts = campaign_text(get_campaign(session, campaign)).for_place(Place("", ""))
    database.close()
    assert len(parts) == 1
    return parts[0].payload


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
    content = _text_of(url, int(campaign))
    seconds = PlainLoop(Path(home), url, int(port)).run(int(campaign), content, int(size))
    print(json.dumps({"seconds": seconds, "cpu": time.process_time() - began}))

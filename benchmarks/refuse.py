"""Refusals that pour into a running campaign: who is still sent to, counted at the telco by the time of every part.

50,000 messages at 1,000 parts a second; 1,000 people from all over the campaign refuse while it runs, half of them by a
word through the telco, half registered by staff: some have had their message, some are about to get it, most wait.
Also how fast a long list of refusals is read.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from zlib import crc32

from benchmarks.way import prepare, wait_until_bound
from benchmarks.world import World, clock, loa, report, world
from campaigns.access import SYSTEM
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.optouts import add_optout
from campaigns.optouts.lists import import_optout_file
from campaigns.stats import reconcile, summary
from campaigns.stats.effect import measure_effect

SIZE = 50_000
TPS = 1000.0
REFUSING = 1000
LIST = 1_000_000
PROMISE = 60.0
PATIENCE = 300.0


def _number(n: int) -> str:
    return f"84{900_000_000 + n}"


def _refuse(place: World, telco: SandboxProcess, numbers: list[str], seconds: float) -> None:
    """Every other one by a word, every other one through staff, evenly over so many seconds."""
    words = ("TC", "Từ chối", "huỷ", "STOP")
    began = time.monotonic()
    for place_in_line, number in enumerate(numbers):
        if place_in_line % 2:
            telco.do("inbound", sender=number, recipient="1022", text=words[place_in_line % 4])
        else:
            with place.database.transaction() as session:
                add_optout(session, place.keyring, SYSTEM, number, source="staff", evidence="benchmark")
        time.sleep(max(0.0, began + seconds * place_in_line / len(numbers) - time.monotonic()))


def _body(place: World, campaign: int) -> str:
    return str(
        place.run(
            "SELECT v.body_plain FROM campaign c JOIN template_version v ON v.id = c.template_version_id"
            " WHERE c.id = :id",
            id=campaign,
        )
    ).strip()


def _after(log: Path, body: str, since: dict[str, float]) -> list[float]:
    """Seconds from the refusal to the campaign's part, for each who got it; negative where it came before."""
    wanted = f"{crc32(body.encode()):08x}"
    lines = (line.split() for line in log.read_text().splitlines())
    return [float(at) - since[number] for at, number, _, _, _, sum_ in lines if sum_ == wanted and number in since]


def _since(place: World, numbers: list[str]) -> dict[str, float]:
    by_hash = {place.keyring.hash(number.encode()): number for number in numbers}
    found = place.run("SELECT jsonb_object_agg(encode(phone_hash, 'hex'), extract(epoch FROM created_at)) FROM opt_out")
    return {by_hash[bytes.fromhex(key)]: float(at) for key, at in (found or {}).items()}


def measure(size: int = SIZE, refusing: int = REFUSING, tps: float = TPS) -> dict[str, Any]:
    """One campaign, refusals in its middle."""
    with world() as place:
        log = place.home / "telco.log"
        with SandboxProcess(SandboxOptions(receipt_delay=0.5, log=log, receipt_window=5000)) as telco:
            campaign = prepare(place, telco, size, tps, 200)
            numbers = [_number(n) for n in Random(1).sample(range(size), refusing)]
            with loa(place, "worker"), loa(place, "beat"):
                wait_until_bound(place)
                place.run("UPDATE campaign SET state = 'running' WHERE id = :id", id=campaign)
                while telco.do("stats")["taken"] < size // 20:
                    time.sleep(0.05)
                _refuse(place, telco, numbers, 0.8 * size / tps)
                until = time.monotonic() + PATIENCE
                while place.run("SELECT state FROM campaign WHERE id = :id", id=campaign) != "finished":
                    assert time.monotonic() < until, "the campaign does not end"
                    time.sleep(0.5)
                time.sleep(2)
        since = _since(place, numbers)
        after = _after(log, _body(place, campaign), since)
        late = [seconds for seconds in after if seconds > 0]
        with place.database.transaction() as session:
            found, effect, books = summary(session, campaign), measure_effect(session), reconcile(session)
    return report(
        "refuse",
        load=f"{size} messages at {tps:g}/s, {refusing} refusals while it runs, half by word, half by staff",
        registered=len(since),
        suppressed=found.totals["suppressed"],
        sent_before=len(after) - len(late),
        sent_after_60_s=sum(seconds > PROMISE for seconds in late),
        sent_until_it_took_effect=len(late),
        longest_s=round(max(late, default=0.0), 2),
        median_of_those_s=round(median(late), 2) if late else 0.0,
        shown_longest_s=round(effect.longest, 2),
        shown_median_s=round(effect.median, 2),
        balanced=books.balanced,
    )


def measure_list(rows: int = LIST) -> dict[str, Any]:
    """A long list, and the same list again."""
    with world() as place:
        table = place.home / "refusals.csv"
        table.write_text("Số điện thoại\n" + "".join(f"0{900_000_000 + n}\n" for n in range(rows)), encoding="utf-8")

        def read() -> tuple[dict[str, int], float]:
            with clock() as taken:
                found = import_optout_file(place.database, place.keyring, SYSTEM, table, topic=None, evidence="x")
            return found.to_json(), taken[0]

        first, seconds = read()
        again, seconds_again = read()
        assert first["added"] == again["known"] == rows
    return report(
        "refusal-list",
        load=f"{rows} rows of CSV, all new, then the same file again",
        rows_per_s=round(rows / seconds),
        again_rows_per_s=round(rows / seconds_again),
    )


def main() -> list[dict[str, Any]]:
    """Both."""
    return [measure(), measure_list()]


if __name__ == "__main__":
    if sys.argv[1:] == ["list"]:
        measure_list()
    else:
        main()

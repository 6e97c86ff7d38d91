"""Refusals that come while a campaign runs, by three ways at once: counted at the telco, by the time of every part."""

from __future__ import annotations

import socket
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from sqlalchemy import text

from campaigns.content.links import make_token
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.stats.effect import measure_effect
from campaigns.store.database import Database
from config.keys import load_keyring
from tests.factories import make_template
from tests.journeys.city import City
from tests.journeys.test_nobody_lost_nobody_twice import taken

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

PEOPLE = 3000
LINKED = 60
"""People of a ward that got a message with a link earlier."""
ADDRESS = "https://tn.danang.gov.vn"
BODY = "Tin cua UBND TP Da Nang. Tu choi, bam {{ lien_ket_tu_choi }}"
TPS = 150
PROMISE = 60.0
"""Seconds from a refusal to the last part that may still go out."""


@pytest.fixture
def people(city: City) -> list[str]:
    """Numbers as the telco writes them; the first ``LINKED`` live in a ward of their own."""
    numbers = [f"849{n:08d}" for n in range(10_000_000, 10_000_000 + PEOPLE)]
    wards = ["Hòa Cường Bắc", "Hòa Hiệp Bắc"]
    rows = "".join(f"0{number[2:]},{wards[place < LINKED]}\n" for place, number in enumerate(numbers))
    (city.home / "people.csv").write_text("sdt,phuong\n" + rows)
    return numbers


def sent(log: Path, content: str) -> dict[str, float]:
    """When the telco took this text, by number."""
    wanted = f"{crc32(content.encode()):08x}"
    lines = (line.split() for line in log.read_text().splitlines())
    return {number: float(at) for at, number, _, _, _, checksum in lines if checksum == wanted}


@contextmanager
def pages(city: City) -> Iterator[str]:
    """The citizens' pages at an address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with city.process("web", "--port", str(port)):
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return urllib.request.urlopen(address + "/healthz", timeout=5).status == 200
            except OSError:
                return False

        city.wait("the pages", answers)
        yield address


def press(address: str, token: str) -> None:
    form = urllib.parse.urlencode({"wish": "refuse", "scope": "all"}).encode()
    with urllib.request.urlopen(f"{address}/o/{token}", form, timeout=30) as answer:
        assert answer.status == 200


def test_refusals_hold_in_a_running_campaign_whatever_way_they_come(
    city: City, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, approver = city.users()
    assert city.loa("contacts", "import", city.home / "people.csv", "--json", by=officer)["created"] == PEOPLE
    monkeypatch.setenv("LOA_PUBLIC_URL", ADDRESS)
    city.public_url = ADDRESS
    keyring, database = load_keyring(city.home), Database(city.database_url, pool_size=2)
    with database.transaction() as session:
        make_template(session, slug="co-lien-ket", plain=BODY, marked=BODY)
        rows = session.execute(text("SELECT id, phone_hash FROM contact")).all()
    ids = {bytes(row.phone_hash): row.id for row in rows}
    token = {number: make_token(keyring, ids[keyring.hash(number.encode())]) for number in people[:LINKED]}
    log = city.home / "telco.log"
    with SandboxProcess(SandboxOptions(receipt_delay=0.2, log=log)) as telco:
        city.gateway("telco", telco, tps=TPS, sender="1022")
        with city.process("worker"), city.process("beat"), pages(city) as address:
            first = city.campaign(officer, approver, "--wards", "20194", slug="co-lien-ket")
            city.loa("campaigns", "wait", first, "--timeout", 60)
            second = city.campaign(officer, approver, "--all", slug="hk07-0-tong-quan-ngan")
            city.wait("sending to begin", lambda: taken(telco) > LINKED + 100)

            by_link = people[20:LINKED]
            by_word, by_list = people[-40:], people[-100:-40]
            (city.home / "refusals.csv").write_text("sdt\n" + "".join(f"0{number[2:]}\n" for number in by_list))
            with ThreadPoolExecutor(4) as hands:
                work = [hands.submit(press, address, token[number]) for number in by_link]
                for number, word in zip(by_word, ["TC", "Từ chối", "huy", "STOP"] * 10, strict=True):
                    telco.do("inbound", sender=number, recipient="1022", text=word)
                city.loa("optouts", "import", city.home / "refusals.csv", "--evidence", "CV 12", by=officer)
                for each in work:
                    each.result()
            city.loa("campaigns", "wait", second, "--timeout", 90)
            city.wait("every answer", lambda: int(telco.do("stats")["taken"]) >= LINKED + PEOPLE - 100)
        time.sleep(1)
    refusing = {*by_link, *by_word, *by_list}
    with database.transaction() as session:
        rows = session.execute(text("SELECT phone_hash, extract(epoch FROM created_at) AS at FROM opt_out")).all()
        effect = measure_effect(session)
        body = session.execute(
            text(
                "SELECT v.body_plain FROM campaign c JOIN template_version v ON v.id = c.template_version_id"
                " WHERE c.id = :id"
            ),
            {"id": second},
        ).scalar_one()
        confirmed = session.execute(
            text("SELECT count(*) FROM message m JOIN campaign c ON c.id = m.campaign_id WHERE c.standing IS NOT NULL")
        ).scalar_one()
    since = {bytes(row.phone_hash): float(row.at) for row in rows}
    assert len(since) == len(refusing)
    for number in people[:LINKED]:
        own = BODY.replace("{{ lien_ket_tu_choi }}", f"{ADDRESS}/o/{token[number]}")
        assert number in sent(log, own), "everybody got the link that is their own"

    times = sent(log, body.strip())
    late = {n: times[n] - since[keyring.hash(n.encode())] for n in refusing if n in times}
    assert max(late.values(), default=0) < PROMISE, "nobody is sent to once the refusal holds"
    assert sum(seconds > 0 for seconds in late.values()) <= 2 * TPS, "only what was claimed: a second or two of rate"
    found = city.show(second)
    assert found["totals"]["suppressed"] == len(refusing - times.keys()) > 50
    assert len(times) == PEOPLE - found["totals"]["suppressed"]
    assert confirmed == len(by_word) + len(by_link), "who wrote or pressed is told so once; a list is not"
    assert effect.people >= len({*by_link, *by_word} - times.keys())
    assert 0 <= effect.longest < PROMISE
    assert city.loa("reconcile", "--json")["balanced"]
    database.close()

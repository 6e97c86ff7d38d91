"""An installation to torment: ``loa up`` with services of its own, two telcos, and a worker more where wanted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import psycopg

from admin.cli.supervisor import Child, Supervisor
from campaigns.gateways.smpp.sandbox import SandboxOptions, SandboxProcess
from campaigns.store.database import Database
from config.embedded import EmbeddedServices
from config.embedded.processes import Identity, read_identities
from config.keys import load_keyring
from tests.chaos.office import Office
from tests.journeys.city import LOA, ROOT, City, end

WARDS = ("Hòa Cường Bắc", "Hòa Cường Nam", "Hòa Thuận Tây", "Thanh Khê Tây", "Xuân Hà", "Mân Thái")
VIETTEL, MOBIFONE = "8497", "8490"
"""How numbers of two carriers begin, as the telco sees them."""

PROCESSES = ("web", "worker", "beat")
LEASE_SECONDS = 4.0
START_SECONDS = 180.0
GATEWAY = {
    "host": "127.0.0.1",
    "system_id": "loa",
    "sender": "1022",
    "response_timeout": 4,
    "enquire_link": 3,
    "connect_timeout": 3,
}


class Telco(SandboxProcess):
    """A simulated telco that several threads may talk to."""

    def __init__(self, options: SandboxOptions) -> None:
        super().__init__(options)
        self._turn = threading.Lock()

    def do(self, action: str, **values: Any) -> dict[str, Any]:
        """One command and its answer."""
        with self._turn:
            return super().do(action, **values)


def numbers_of(people: int) -> list[str]:
    """Numbers of so many people as the telco sees them, of two carriers in turn."""
    return [f"{(VIETTEL, MOBIFONE)[n % 2]}{1_000_000 + n:07d}" for n in range(people)]


@dataclass
class Installation:
    """A running ``loa up`` and its telcos."""

    city: City
    office: Office
    telcos: Mapping[str, Telco]
    up: subprocess.Popen[bytes]
    more: Supervisor
    """Keeps workers beside that of ``loa up``."""
    services: EmbeddedServices
    """Where PostgreSQL and Redis are; never held by us, so that we keep nothing alive."""

    @property
    def home(self) -> Path:
        """Its folder."""
        return self.city.home

    def child(self, name: str) -> Identity | None:
        """A process of ``loa up``, if it runs at this moment."""
        found = read_identities(self.home / "up.json").get(name)
        return found if found and found.alive() else None

    def postgres(self) -> Identity | None:
        """The postmaster."""
        return self.services.postgres.running()

    def redis(self) -> Identity | None:
        """The Redis server."""
        found = read_identities(self.services.places.record).get("redis")
        return found if found and found.alive() else None

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of the harness's own; fails while the database is away."""
        return psycopg.connect(self.city.database_url, autocommit=True, connect_timeout=3)

    def taken(self) -> int:
        """Parts the telcos have taken so far."""
        return sum(int(telco.do("stats")["taken"]) for telco in self.telcos.values())

    def add_worker(self, shift: float = 0.0) -> None:
        """One more worker, whose clock is off by ``shift`` seconds."""
        environment = self.city.environment() | {
            "PYTHONPATH": str(Path(__file__).with_name("shifted")),
            "CHAOS_SHIFT": str(shift),
        }
        log = self.home / "logs" / "more-worker.log"
        self.more.add(Child("worker", [str(LOA), "worker"], environment, log))

    def missing(self) -> list[str]:
        """What does not run or answer, by name."""
        gone = [name for name in PROCESSES if self.child(name) is None]
        gone += [] if self.services.postgres.answers() else ["postgres"]
        gone += [] if self.services.redis.answers() else ["redis"]
        return gone if "web" in gone or self._healthy() else [*gone, "healthz"]

    def _healthy(self) -> bool:
        with suppress(OSError, ValueError):
            url = json.loads((self.home / "up.lock").read_text())["url"]
            with urlopen(f"{url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        return False


@contextmanager
def installed(people: int, speeds: Mapping[str, float], *, binds: int = 1) -> Iterator[Installation]:
    """A fresh ``loa up`` with people and a gateway per name in ``speeds`` (parts per second); gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="loa-chaos-"))
    services = EmbeddedServices(home)
    city = City(home, services.database_url, services.redis_url)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        stack.callback(_end_services, home)
        telcos = {name: stack.enter_context(_telco(home, name)) for name in speeds}
        up = stack.enter_context(_up(city))
        city.wait("loa up to run", lambda: _runs(home, up), patience=START_SECONDS)
        database = Database(city.database_url, pool_size=2, application="chaos")
        stack.callback(database.close)
        more = Supervisor(home / "more.json", lambda *_: None)
        stack.callback(more.stop)
        office = Office(database, load_keyring(home))
        office.import_people(numbers_of(people), WARDS, home)
        for name, tps in speeds.items():
            account = GATEWAY | {"port": telcos[name].port}
            office.add_gateway(name, account, tps, binds, "viettel" if name == "viettel" else "*")
        yield Installation(city, office, telcos, up, more, services)


def _telco(home: Path, name: str) -> Telco:
    return Telco(SandboxOptions(log=home / f"telco-{name}.log"))


@contextmanager
def _up(city: City) -> Iterator[subprocess.Popen[bytes]]:
    """``loa up`` on the services of its home, which it alone keeps alive."""
    own = {key: value for key, value in city.environment().items() if not key.endswith(("DATABASE_URL", "REDIS_URL"))}
    own |= {"LOA_WEB_PORT": "18200", "LOA_WEB_WORKERS": "1", "LOA_LANGUAGE": "en"}
    with (city.home / "up.log").open("ab") as log:
        process = subprocess.Popen([LOA, "up"], env=own, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            end(process)


def _runs(home: Path, up: subprocess.Popen[bytes]) -> bool:
    said = (home / "up.log").read_text(errors="replace")
    assert up.poll() is None, f"loa up ended: {said}"
    return "Loa runs at" in said


def _end_services(home: Path) -> None:
    left = EmbeddedServices(home)
    if left.attach():
        left.stop()


def family(identities: Sequence[Identity | None]) -> list[psutil.Process]:
    """The processes and everything they started, as far as they live."""
    found: list[psutil.Process] = []
    for identity in identities:
        with suppress(psutil.NoSuchProcess):
            if identity is not None:
                first = psutil.Process(identity.pid)
                found += [first, *first.children(recursive=True)]
    return found


def signal_to(identity: Identity | None, number: int) -> bool:
    """Signal a process by its number; whether there was one."""
    if identity is None or not identity.alive():
        return False
    with suppress(ProcessLookupError):
        os.kill(identity.pid, number)
        return True
    return False

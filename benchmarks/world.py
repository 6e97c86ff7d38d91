"""A small world for benchmarks: embedded services of its own, people, a template, gateways, campaigns."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import text

from campaigns.access import SYSTEM
from campaigns.audience.sealing import seal_person
from campaigns.content.files import templates_folder
from campaigns.content.sync import sync_templates
from campaigns.migrations import upgrade
from campaigns.store.areas import load_areas
from campaigns.store.database import Database
from config.embedded import EmbeddedServices
from config.keys import Keyring, load_keyring

ROOT = Path(__file__).resolve().parent.parent
CARRIERS = ("viettel", "viettel", "vinaphone", "mobifone")


# Campaigns are planned in this process too; only simulated telcos get anything, at any hour.
os.environ["LOA_ANY_HOUR"] = "true"

NO_CAP = '{"thong-bao": {"cap": null}}'
"""Many campaigns go to the same people here; what the cap itself costs is measured in ``way`` and ``caps``."""

@dataclass
class World:
    """Services, database and keys of one benchmark."""

    home: Path
    services: EmbeddedServices
    database: Database
    keyring: Keyring
    more: dict[str, str] = field(default_factory=lambda: {"LOA_CLASS_RULES": NO_CAP})
    """Variables its processes get besides."""

    def environment(self) -> dict[str, str]:
        """Environment of Loa processes that belong to this world."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("LOA_")}
        return kept | {
            "LOA_HOME": str(self.home),
            "LOA_DATABASE_URL": self.services.database_url,
            "LOA_REDIS_URL": self.services.redis_url,
            "LOA_LOG_LEVEL": "warning",
            "LOA_ANY_HOUR": os.environ["LOA_ANY_HOUR"],
            **self.more,
        }

    def run(self, statement: str, **values: Any) -> Any:
        """Run one statement in a transaction of its own; its first value, if it has any."""
        with self.database.transaction() as session:
            result: Any = session.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None

    def pids(self) -> dict[str, list[int]]:
        """Process numbers of the services, for a ``Watch``."""
        postmaster = (self.services.places.postgres_data / "postmaster.pid").read_text().split()[0]
        with redis.from_url(self.services.redis_url) as client:
            return {"postgresql": [int(postmaster)], "redis": [int(client.info("server")["process_id"])]}

    def vacuum(self) -> None:
        """Statistics and visibility as a database has that has been running for a while."""
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))

    def fill_contacts(
        self, count: int, carriers: tuple[str, ...] = CARRIERS, names: Sequence[str] = ("Nguyễn Văn A",)
    ) -> None:
        """People with encrypted numbers and names, evenly over the 56 wards of 2023, by COPY; as of yesterday."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        with self.database.transaction() as session:
            query = "SELECT id FROM area WHERE edition = '2023' AND kind = 'ward' ORDER BY id"
            wards = [row.id for row in session.execute(text(query))]
            raw = session.connection().connection.driver_connection
            assert raw is not None
            with raw.cursor().copy(
                "COPY contact (phone_hash, phone_cipher, carrier, ward_id, name_cipher, name_words, source, updated_at)"
                " FROM STDIN (FORMAT binary)"
            ) as copy:
                copy.set_types(["bytea", "bytea", "varchar", "int2", "bytea", "int4[]", "varchar", "timestamptz"])
                for n in range(count):
                    number = b"84%d" % (900_000_000 + n)
                    sealed = seal_person(self.keyring, self.keyring.hash(number), names[n % len(names)])
                    copy.write_row(
                        (
                            self.keyring.hash(number),
                            self.keyring.encrypt(number),
                            carriers[n % len(carriers)],
                            wards[n % len(wards)],
                            sealed.name_cipher,
                            sealed.name_words,
                            "benchmark",
                            yesterday,
                        )
                    )

    def campaign(self, *, slug: str = "hk07-0-tong-quan", name: str = "benchmark") -> int:
        """A scheduled campaign to everybody, due now, at all hours."""
        return int(
            self.run(
                """INSERT INTO campaign (name, template_version_id, message_class, topic, audience, created_by,
                                         edited_by, state, scheduled_for, window_start, window_end)
                   SELECT :name, v.id, t.message_class, t.topic, '{"edition": "2023", "everybody": true}', 'b', 'b',
                          'scheduled', now(), '00:00', '00:00'
                   FROM template t JOIN template_version v ON v.template_id = t.id WHERE t.slug = :slug
                   ORDER BY v.number DESC LIMIT 1 RETURNING id""",
                name=name,
                slug=slug,
            )
        )


@contextmanager
def world() -> Iterator[World]:
    """A world in a temporary folder, durable like a real one, gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="loa-bench-"))
    services = EmbeddedServices(home).start()
    try:
        upgrade(services.database_url)
        database = Database(services.database_url)
        with database.transaction() as session:
            load_areas(session)
            sync_templates(session, templates_folder(), SYSTEM)
        yield World(home, services, database, load_keyring(home))
        database.close()
    finally:
        services.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def loa(world: World, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Loa command as a process of its own, ended by its id."""
    with running(world, [str(Path(sys.executable).with_name("loa")), *arguments], arguments[0]) as process:
        yield process


@contextmanager
def running(world: World, command: list[str], name: str) -> Iterator[subprocess.Popen[str]]:
    """Any command with the world's environment, ended with all its children by their ids; ``name`` names its log."""
    log = (world.home / f"{name}.log").open("a")
    process = subprocess.Popen(command, env=world.environment(), cwd=ROOT, stdout=log, stderr=log, text=True)
    try:
        yield process
    finally:
        family = [process, *psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
        for member in family:
            member.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            for member in family:
                member.kill()
            process.wait()
        log.close()


@contextmanager
def clock() -> Iterator[list[float]]:
    """Seconds the block took, in the first element afterwards."""
    taken = [0.0]
    started = time.perf_counter()
    yield taken
    taken[0] = time.perf_counter() - started


_before: dict[str, float] = {}


def look_around() -> None:
    """Note what the machine does while we rest, so that every result says how quiet it was before."""
    _before["load_average_before"] = round(os.getloadavg()[0], 2)
    _before["busy_percent_before"] = psutil.cpu_percent(interval=1.0)


def report(name: str, **figures: Any) -> dict[str, Any]:
    """Print one result as a line of JSON, with the machine it was measured on, and return it."""
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), **_before}
    result = {"benchmark": name, **machine, **figures}
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return result

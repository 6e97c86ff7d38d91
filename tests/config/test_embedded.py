"""The embedded PostgreSQL and Redis: shared while used, ended by the last user, back after every kind of death."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded import EmbeddedServices, broker_url, postgres, service_urls
from config.embedded.account import service_account
from config.embedded.processes import Identity
from config.errors import ConfigError
from config.i18n import language
from config.settings import Settings

TUNING = {"fsync": "off", "shared_buffers": "16MB"}

USER = """
import sys
from pathlib import Path
from config.embedded import EmbeddedServices
services = EmbeddedServices(Path(sys.argv[1]), tuning={"fsync": "off", "shared_buffers": "16MB"}, durable=False)
services.start()
print(services.postgres.running().pid, flush=True)
sys.stdin.read()
services.stop()
"""


def services_of(home: Path) -> EmbeddedServices:
    return EmbeddedServices(home, tuning=TUNING, durable=False)


@contextmanager
def user_elsewhere(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the services until its stdin ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def server_of(process: subprocess.Popen[str]) -> int:
    """The number of the PostgreSQL that the other process uses, once it runs."""
    assert process.stdout is not None
    return int(process.stdout.readline())


@pytest.fixture
def started(loa_home: Path) -> Iterator[EmbeddedServices]:
    services = services_of(loa_home).start()
    yield services
    services.stop()


def test_both_answer_at_their_addresses(started: EmbeddedServices) -> None:
    with psycopg.connect(started.database_url) as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int / 10000").fetchone()
    assert row == (18,)
    with redis.from_url(started.redis_url) as client:
        assert client.ping()
        assert client.config_get("save") == {"save": ""}


def test_only_the_owner_reaches_the_sockets(started: EmbeddedServices) -> None:
    assert stat.S_IMODE(started.places.run.stat().st_mode) == 0o700
    with psycopg.connect(started.database_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    with redis.from_url(started.redis_url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_starting_twice_is_starting_once(started: EmbeddedServices) -> None:
    before = started.postgres.running()
    assert started.start().postgres.running() == before


def test_stopping_ends_both(loa_home: Path) -> None:
    services = services_of(loa_home).start()
    server = services.postgres.running()
    assert server
    assert services.stop()
    assert not services.alive()
    assert not server.alive()
    assert not services.stop(), "who is no user ends nothing"


def test_the_last_user_ends_them(started: EmbeddedServices, loa_home: Path) -> None:
    with user_elsewhere(loa_home) as other:
        server = started.postgres.running()
        assert server
        assert server_of(other) == server.pid
        assert not started.stop()
        assert started.alive(), "somebody else still uses them"
        other.communicate(timeout=30)
    assert not started.alive()


def test_two_that_start_at_once_share_one_server(loa_home: Path) -> None:
    with user_elsewhere(loa_home) as one, user_elsewhere(loa_home) as two:
        assert server_of(one) == server_of(two)
        one.communicate(timeout=30)
        assert services_of(loa_home).alive()
        two.communicate(timeout=30)
    assert not services_of(loa_home).alive()


def test_servers_of_a_killed_user_are_taken_over_and_then_ended(loa_home: Path) -> None:
    with user_elsewhere(loa_home) as other:
        pid = server_of(other)
        other.kill()
    services = services_of(loa_home)
    assert services.alive(), "they outlive the one that started them"
    services.start()
    server = services.postgres.running()
    assert server
    assert server.pid == pid
    assert services.stop(), "a dead user holds nothing"
    assert not server.alive()


def test_attaching_does_not_start_anything(loa_home: Path) -> None:
    services = services_of(loa_home)
    assert not services.attach()
    assert not services.held
    assert not services.alive()


def test_postgres_comes_back_with_its_data_after_a_kill(started: EmbeddedServices) -> None:
    with psycopg.connect(started.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    server = started.postgres.running()
    assert server
    os.kill(server.pid, signal.SIGKILL)
    await_end(server)
    assert started.start().alive()
    with psycopg.connect(started.database_url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_who_cannot_revive_them_now_tries_again(started: EmbeddedServices) -> None:
    server = started.postgres.running()
    assert server
    own = started.places.postgres_data / "postgresql.auto.conf"
    kept = own.read_text()
    own.write_text("no_such_setting = on\n")
    os.kill(server.pid, signal.SIGKILL)
    with pytest.raises(ConfigError, match="no_such_setting"):
        started.start()
    assert started.held, "still a user, who looks again"
    own.write_text(kept)
    assert started.start().alive()


def test_redis_comes_back_after_a_kill(started: EmbeddedServices) -> None:
    with redis.from_url(started.redis_url) as client:
        pid = int(client.info()["process_id"])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while started.redis.answers() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert started.start().alive()


def test_a_redis_that_lost_its_socket_is_replaced(started: EmbeddedServices) -> None:
    with redis.from_url(started.redis_url) as client:
        old = Identity.of(int(client.info()["process_id"]))
    assert old
    started.places.redis_socket.unlink()
    assert started.start().redis.answers()
    assert not old.alive()


def test_a_pid_file_that_names_somebody_elses_process_is_no_obstacle(loa_home: Path) -> None:
    services = services_of(loa_home).start()
    services.stop()
    somebody = subprocess.Popen(["sleep", "60"], cwd="/", **service_account().process_options())
    stale = loa_home / "postgres" / "postmaster.pid"
    stale.write_text(f"{somebody.pid}\n{loa_home}/postgres\n1700000000\n5432\n\n\n0 0\nready\n")
    try:
        assert services.start().alive()
        assert services.stop()
        assert somebody.poll() is None, "it is left alone"
    finally:
        somebody.kill()
        somebody.wait()


def test_a_home_too_deep_for_sockets_gets_a_short_folder_for_them(loa_home: Path) -> None:
    deep = loa_home.joinpath(*["mot-thu-muc-rat-dai"] * 6)
    services = services_of(deep).start()
    try:
        assert not services.places.run.is_relative_to(deep)
        assert stat.S_IMODE(services.places.run.stat().st_mode) == 0o700
        assert services_of(deep).alive(), "everybody finds the same folder"
    finally:
        services.stop()
        shutil.rmtree(services.places.run)


def test_a_folder_for_sockets_that_belongs_to_somebody_else_is_refused(loa_home: Path) -> None:
    deep = loa_home.joinpath(*["mot-thu-muc-rat-dai"] * 6)
    run = services_of(deep).places.run
    shutil.rmtree(run)
    run.symlink_to(loa_home)
    try:
        with pytest.raises(ConfigError, match="người khác"):
            services_of(deep)
    finally:
        run.unlink()


def test_a_half_made_cluster_is_made_anew(loa_home: Path) -> None:
    half = loa_home / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with services_of(loa_home) as services:
        assert services.alive()
    assert not half.exists()


def test_a_cluster_of_another_version_is_refused_by_name(loa_home: Path) -> None:
    data = loa_home / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("13\n")
    with pytest.raises(ConfigError, match=r"PostgreSQL 13.*bản 18"):
        services_of(loa_home).start()


def test_a_disk_without_room_is_said_in_both_languages(loa_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "NEEDED_BYTES", 2**60)
    with pytest.raises(ConfigError) as refused:
        services_of(loa_home).start()
    assert "chỉ còn trống" in str(refused.value)
    with language("en"):
        assert "MB left" in str(refused.value)
    assert not services_of(loa_home).alive()


def test_a_server_that_cannot_start_says_its_last_words(loa_home: Path) -> None:
    services = EmbeddedServices(loa_home, tuning={"shared_buffers": "nonsense"}, durable=False)
    with pytest.raises(ConfigError, match="shared_buffers"):
        services.start()
    assert not services.held
    assert not services.redis.answers(), "half of the services is of no use to anybody"


def test_servers_of_the_environment_come_first(loa_home: Path) -> None:
    settings = Settings(home=loa_home, database_url="postgresql://a@b/c", redis_url="redis://d:6379/0")
    assert service_urls(settings) == ("postgresql://a@b/c", "redis://d:6379/0")
    assert not (loa_home / "postgres").exists()


@pytest.mark.parametrize(
    ("redis_url", "expected"),
    [
        ("redis://h:6379/2", "redis://h:6379/2"),
        ("unix:///run/redis.sock?db=0", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
    ],
)
def test_celery_gets_addresses_it_understands(redis_url: str, expected: str) -> None:
    assert broker_url(redis_url) == expected


def await_end(identity: Identity) -> None:
    deadline = time.monotonic() + 10
    while identity.alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not identity.alive()

"""What goes wrong: each kind of fault, how it is done and how it ends. Nothing here repairs what Loa has to repair."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import redis

from config.embedded.account import Account
from tests.chaos.installation import VIETTEL, family, signal_to

if TYPE_CHECKING:
    from config.embedded.processes import Identity
    from tests.chaos.ordeal import Ordeal

Act = Callable[["Ordeal", Random], None]
KINDS: dict[str, Act] = {}
"""Every kind of fault by its name. A fault returns when it is over."""

HOUR = 3600.0
REFUSING = 40
"""People who refuse at once."""


def fault(name: str) -> Callable[[Act], Act]:
    """Register a kind."""

    def keep(act: Act) -> Act:
        KINDS[name] = act
        return act

    return keep


# Processes


def _signal(ordeal: Ordeal, name: str, identity: Identity | None, number: signal.Signals) -> None:
    done = signal_to(identity, number)
    ordeal.note(f"{number.name} to {name}" if done and identity else f"{name} was down already")


@fault("kill worker")
def kill_worker(ordeal: Ordeal, chance: Random) -> None:
    """kill -9 while messages are on the wire."""
    _signal(ordeal, "worker", ordeal.place.child("worker"), signal.SIGKILL)


@fault("end worker")
def end_worker(ordeal: Ordeal, chance: Random) -> None:
    """SIGTERM: it has to finish what is on the wire."""
    _signal(ordeal, "worker", ordeal.place.child("worker"), signal.SIGTERM)


@fault("kill beat")
def kill_beat(ordeal: Ordeal, chance: Random) -> None:
    """No ticks until it is back."""
    _signal(ordeal, "beat", ordeal.place.child("beat"), signal.SIGKILL)


@fault("kill web")
def kill_web(ordeal: Ordeal, chance: Random) -> None:
    """The console's first process, or one that serves."""
    people = family([ordeal.place.child("web")])
    for process in chance.choice((people[:1], people[-1:])):
        with suppress(psutil.NoSuchProcess):
            process.kill()
            ordeal.note(f"SIGKILL to web ({process.pid} of {len(people)} processes)")


@fault("clock off")
def clock_off(ordeal: Ordeal, chance: Random) -> None:
    """A second worker whose clock is an hour off takes over from the first, which is killed."""
    shift = chance.choice((-HOUR, HOUR))
    ordeal.place.add_worker(shift)
    ordeal.note(f"one more worker, its clock {shift:+.0f} s off")
    ordeal.sleep(6)
    kill_worker(ordeal, chance)


# Services


@fault("kill redis")
def kill_redis(ordeal: Ordeal, chance: Random) -> None:
    """Everything in it is gone."""
    _signal(ordeal, "redis", ordeal.place.redis(), signal.SIGKILL)


@fault("restart redis")
def restart_redis(ordeal: Ordeal, chance: Random) -> None:
    """Ended in order; it has saved nothing all the same."""
    _signal(ordeal, "redis", ordeal.place.redis(), signal.SIGTERM)


@fault("flush redis")
def flush_redis(ordeal: Ordeal, chance: Random) -> None:
    """FLUSHALL, three times within a second or so."""
    for _ in range(3):
        with suppress(redis.RedisError), redis.from_url(ordeal.place.city.redis_url) as client:
            client.flushall()
        ordeal.sleep(chance.uniform(0.1, 0.5))
    ordeal.note("FLUSHALL")


@fault("kill postgres")
def kill_postgres(ordeal: Ordeal, chance: Random) -> None:
    """kill -9 of the postmaster: its backends may live a moment longer."""
    _signal(ordeal, "postgres", ordeal.place.postgres(), signal.SIGKILL)


@fault("stop postgres")
def stop_postgres(ordeal: Ordeal, chance: Random) -> None:
    """An immediate stop, as of a machine going down."""
    _signal(ordeal, "postgres", ordeal.place.postgres(), signal.SIGQUIT)


@fault("cut connections")
def cut_connections(ordeal: Ordeal, chance: Random) -> None:
    """Every session of the database, several times."""
    for _ in range(chance.randint(1, 4)):
        with suppress(psycopg.Error), ordeal.place.connect() as connection:
            query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            row = connection.execute(query + " AND backend_type = 'client backend'").fetchone()
            ordeal.note(f"{row[0] if row else 0} database connections cut")
        ordeal.sleep(chance.uniform(0.3, 1.5))


@contextmanager
def _no_room(who: Callable[[], Sequence[psutil.Process]], size: int, account: Account) -> Iterator[None]:
    """No file of those processes may grow beyond ``size`` bytes: to who writes, a full disk, without being root.

    PostgreSQL and Python both ignore SIGXFSZ, so their writes fail (EFBIG) as on a full disk (ENOSPC).
    """
    limited = [_limit(process, str(size), account) for process in who()]
    if not any(limited):
        raise RuntimeError("no process could be limited")
    try:
        yield
    finally:
        # Those that came meanwhile inherited it.
        for process in who():
            _limit(process, "unlimited", account)


def _limit(process: psutil.Process, size: str, account: Account) -> bool:
    """Bound what a process may write; as its own account, for even root may lack the right to."""
    program = ["prlimit", "--pid", str(process.pid), f"--fsize={size}:"]
    return subprocess.run(program, capture_output=True, check=False, **account.process_options()).returncode == 0


@fault("disk full")
def fill_disk(ordeal: Ordeal, chance: Random) -> None:
    """PostgreSQL cannot extend a table, or not even write its log, for some seconds; old backends and new."""
    size = chance.choice((1 << 20, 8 << 20))
    seconds = chance.uniform(2, 5)
    place = ordeal.place
    ordeal.insist_on(place.postgres)
    ordeal.note(f"no file of postgres may grow beyond {size >> 20} MB for {seconds:.1f} s")
    with _no_room(lambda: family([place.postgres()]), size, place.services.postgres.account):
        ordeal.sleep(seconds)
    ordeal.note("room again for postgres")


@fault("logs full")
def fill_logs(ordeal: Ordeal, chance: Random) -> None:
    """No process of Loa can write a line of its log."""
    seconds = chance.uniform(3, 6)
    names = ("worker", "beat", "web")
    ordeal.insist_on(lambda: ordeal.place.child("worker"))
    ordeal.note(f"no room for logs for {seconds:.1f} s")
    with _no_room(lambda: family([ordeal.place.child(name) for name in names]), 0, Account()):
        ordeal.sleep(seconds)


# The telcos


def _telcos(ordeal: Ordeal, chance: Random) -> list[str]:
    names = list(ordeal.place.telcos)
    return chance.choice(([names[0]], [names[-1]], names))


def _behave(ordeal: Ordeal, chance: Random, seconds: float, **options: Any) -> None:
    """Let one telco or both behave so for a while."""
    names = _telcos(ordeal, chance)
    words = ", ".join(f"{key}={value}" for key, value in options.items())
    ordeal.note(f"{' and '.join(names)}: {words} for {seconds:.1f} s")
    for name in names:
        ordeal.place.telcos[name].do("set", options=options)
    try:
        ordeal.sleep(seconds)
    finally:
        for name in names:
            usual = {key: ordeal.usual(key) for key in options}
            ordeal.place.telcos[name].do("set", options=usual)
    ordeal.note(f"{' and '.join(names)}: as before")


@fault("drop link")
def drop_link(ordeal: Ordeal, chance: Random) -> None:
    """Connections broken in mid-window, one time or a few."""
    for _ in range(chance.randint(1, 3)):
        for name in _telcos(ordeal, chance):
            ordeal.place.telcos[name].do("drop")
            ordeal.note(f"{name} drops its connections")
        ordeal.sleep(chance.uniform(0.2, 1.0))


@fault("telco hangs")
def hang(ordeal: Ordeal, chance: Random) -> None:
    """It reads and says nothing, shorter or longer than an answer may take."""
    _behave(ordeal, chance, chance.uniform(1, 7), hang=True)


@fault("late answers")
def answer_late(ordeal: Ordeal, chance: Random) -> None:
    """Answers after a second or two."""
    _behave(ordeal, chance, chance.uniform(4, 9), delay=chance.uniform(0.5, 2.5))


@fault("no answers")
def answer_nothing(ordeal: Ordeal, chance: Random) -> None:
    """Some parts are taken and never answered; their receipts come."""
    _behave(ordeal, chance, chance.uniform(2, 5), mute_share=chance.uniform(0.01, 0.05))


@fault("refuse binds")
def refuse_binds(ordeal: Ordeal, chance: Random) -> None:
    """Hung up on, and not let in again for a while."""
    seconds = chance.uniform(2, 6)
    for telco in ordeal.place.telcos.values():
        telco.do("set", options={"refuse_binds": True})
        telco.do("drop")
    ordeal.note(f"both telcos hang up and refuse binds for {seconds:.1f} s")
    ordeal.sleep(seconds)
    for telco in ordeal.place.telcos.values():
        telco.do("set", options={"refuse_binds": False})
    ordeal.note("binds are taken again")


@fault("refused messages")
def refuse_messages(ordeal: Ordeal, chance: Random) -> None:
    """Some for good, some for now."""
    _behave(ordeal, chance, chance.uniform(3, 6), refuse_share=chance.uniform(0.02, 0.2))


@fault("odd receipts")
def odd_receipts(ordeal: Ordeal, chance: Random) -> None:
    """Twice, out of order, before the answer, for ids nobody knows, and never."""
    odd = {
        "duplicate_share": 0.2,
        "early_share": 0.2,
        "stray_share": 0.1,
        "shuffle": 2.0,
        "missing_share": 0.02,
        "delay": 0.05,
    }
    _behave(ordeal, chance, chance.uniform(4, 8), **odd)


# People


@fault("refusals")
def refusals(ordeal: Ordeal, chance: Random) -> None:
    """People write TC, others are entered by an officer: whose turn is next, and whose turn is far."""
    numbers = ordeal.unsent(REFUSING)
    writing = chance.sample(numbers, len(numbers) * 2 // 3)
    for number in writing:
        telco = ordeal.place.telcos["viettel" if number.startswith(VIETTEL) else "others"]
        telco.do("inbound", sender=number, recipient="1022", text="TC")
    ordeal.note(f"{len(writing)} people write TC")
    told = [number for number in numbers if number not in writing]
    for number in told:
        ordeal.place.office.refuse(number)
    ordeal.note(f"{len(told)} refusals entered")


@fault("pause")
def pause(ordeal: Ordeal, chance: Random) -> None:
    """Paused for some seconds, then resumed."""
    if not ordeal.step("pause"):
        ordeal.note("too late to pause")
        return
    paused_at = ordeal.note("paused")
    ordeal.sleep(chance.uniform(3, 5))
    resuming_at = ordeal.note("resuming")
    ordeal.silent("pause", paused_at, resuming_at)
    ordeal.step("resume")


@fault("cancel")
def cancel(ordeal: Ordeal, chance: Random) -> None:
    """Cancelled for good."""
    if ordeal.step("cancel"):
        ordeal.silent("cancel", ordeal.note("cancelled"), float("inf"))
    else:
        ordeal.note("too late to cancel")

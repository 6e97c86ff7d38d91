"""The limiter's scripts on a real Redis: what its log may hold, and what it learns from a telco's refusals."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workers.limit_scripts import ASK, TELL

KEYS = ["log", "state"]
CAP, WINDOW, VALID = 10, 20_000, 4_000
"""Parts, and microseconds: a limit that runs fifty times as fast, so that a test sees many windows."""
EVEN = WINDOW / CAP


@dataclass
class Asker:
    """A worker as Redis sees it: sends some of what it was given as late as it may, gives back the rest, asks again."""

    client: Any
    want: int = 3
    grant: tuple[str, int] = ("0", 0)
    latest: int = 0
    sent: list[tuple[int, int]] = field(default_factory=list)
    """(moment by Redis' clock at which the parts went out, parts)."""

    def clock(self) -> int:
        seconds, micros = self.client.time()
        return int(seconds * 1_000_000 + micros)

    def ask(self, keep: float = 1.0, *, pace: float = EVEN / 1.1, accepted: int = 0) -> tuple[int, int]:
        """Account for the last grant, and ask again: (parts, wait)."""
        number, parts = self.grant
        now = self.clock()
        kept = round(parts * keep)
        left = max(0, self.latest - now)
        if kept:
            self.sent.append((min(now, self.latest), kept))
        # Between reading the clock and Redis doing it some time goes by: what is said is never too soon.
        granted = self.client.eval(
            ASK, 2, *KEYS, WINDOW, CAP, self.want, VALID, pace, EVEN, 3_000, 10_000, accepted,
            number, parts, parts - kept, left,
        )  # fmt: skip
        self.grant = (granted[2].decode(), granted[0])
        self.latest = self.clock() + VALID
        return granted[0], granted[1]


@pytest.fixture
def client(redis_url: str) -> Any:
    """A connection to an empty Redis."""
    with redis.from_url(redis_url) as opened:
        yield opened


def fill(client: Any) -> None:
    """As if Redis had been running for long: nothing is in the log, and nothing was forgotten."""
    client.flushall()
    client.hset("state", mapping={"grants": 1, "used": 0})


def state(client: Any) -> dict[str, float]:
    return {key.decode(): float(value) for key, value in client.hgetall("state").items()}


def logged(client: Any) -> int:
    return sum(int(entry.split(b":")[1]) for entry in client.zrange("log", 0, -1))


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from((0.0, 0.0, 0.001, 0.003)), st.sampled_from((0.0, 0.4, 1.0))),
    min_size=20,
    max_size=60,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whoever_asks_gives_back_and_stalls_no_window_holds_more_than_the_limit(
    client: Any, steps: list[tuple[int, float, float]]
) -> None:
    fill(client)
    askers = [Asker(client, want) for want in (1, 3, 5)]
    for who, pause, keep in steps:
        time.sleep(pause)
        askers[who].ask(keep)
        assert state(client)["used"] == logged(client), "the sum is kept, not counted"
        assert logged(client) <= CAP
    sent = sorted(one for asker in askers for one in asker.sent)
    for start, _ in sent:
        # The moment of sending is known to the length of a call; the log looks back a margin further for it.
        assert sum(parts for at, parts in sent if start <= at < start + WINDOW * 0.9) <= CAP


def test_who_was_idle_gets_one_grant_and_no_burst(client: Any) -> None:
    fill(client)
    asker = Asker(client, want=1)
    client.hset("state", "due", asker.clock() - 5_000_000)
    assert asker.ask(pace=EVEN * 50)[0] == 1
    parts, wait = asker.ask(pace=EVEN * 50)
    assert parts == 0
    assert 0 < wait <= EVEN * 50


def test_a_log_that_was_forgotten_or_lies_ahead_counts_as_full(client: Any) -> None:
    asker = Asker(client)
    for _ in range(2):
        parts, wait = asker.ask()
        assert parts == 0
        assert WINDOW < wait <= WINDOW + 100_001
        client.zadd("log", {"7:1": asker.clock() + 3_600_000_000})
    client.hdel("state", "used")
    assert asker.ask()[0] == 0, "a state without its sum is that of another version"
    assert logged(client) == CAP


def test_a_grant_of_before_redis_forgot_frees_nothing(client: Any) -> None:
    fill(client)
    client.hset("state", "grants", asker_id := 56)
    old = Asker(client)
    assert old.ask()[0] == 3
    assert old.grant[0] == str(asker_id + 1)
    client.flushall()
    Asker(client).ask()
    assert old.ask(keep=0.0)[0] == 0
    assert logged(client) == CAP


def tell(client: Any, *, refused: int = 1, accepted: int = 0, usual: float = 6.0) -> None:
    client.eval(TELL, 1, "state", 1_000, refused, accepted, usual, 1.0)


def age(client: Any, seconds: float) -> None:
    """Let what was learned lie so far back."""
    for name in ("learned", "grown", "hold"):
        client.hset("state", name, int(state(client)[name] - seconds * 1_000_000))


def test_the_first_refusal_teaches_a_smaller_burst_and_no_lower_rate(client: Any) -> None:
    fill(client)
    tell(client)
    assert state(client)["burst"] == 3
    assert state(client)["share"] == 1
    tell(client, refused=100)
    assert state(client)["burst"] == 3, "what comes at once is one refusal"


def test_many_refusals_teach_a_lower_rate_down_to_what_is_accepted(client: Any) -> None:
    fill(client)
    tell(client)
    age(client, 0.3)
    tell(client, refused=20, accepted=80)
    assert state(client)["share"] == pytest.approx(0.85)
    assert state(client)["burst"] == 1.5
    age(client, 0.3)
    tell(client, refused=4, accepted=96)
    assert state(client)["share"] == pytest.approx(0.85), "a twentieth is the price of knowing the rate"
    age(client, 0.3)
    tell(client, refused=90, accepted=10)
    assert state(client)["share"] == pytest.approx(0.425), "never by more than half at once"


def test_a_telco_that_accepts_nothing_says_nothing_about_its_rate(client: Any) -> None:
    fill(client)
    for _ in range(5):
        tell(client, refused=50)
        age(client, 1.0)
    assert state(client)["share"] == 1


def test_a_lesson_slows_every_asker_and_is_forgotten(client: Any) -> None:
    fill(client)
    tell(client, usual=4.0)
    client.hset("state", "share", 0.5)
    client.hset("state", "hold", 0)
    client.hset("state", "due", 0)
    asker = Asker(client)
    assert asker.ask()[0] == 1, "smaller grants"
    assert asker.latest
    assert state(client)["due"] - asker.clock() <= EVEN * 2
    before = state(client)
    age(client, 5.0)
    asker.ask()
    assert before["share"] < state(client)["share"] < before["share"] * 1.2
    age(client, 600.0)
    asker.ask()
    assert "burst" not in state(client), "and then it is as if nothing had been"


def test_accepted_parts_are_counted_only_while_there_is_something_to_learn(client: Any) -> None:
    fill(client)
    asker = Asker(client)
    asker.ask(accepted=5)
    assert "accepted" not in state(client)
    tell(client)
    asker.ask(accepted=5)
    assert state(client)["accepted"] == 5

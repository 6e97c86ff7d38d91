"""The rate limit of a gateway account, in message parts, exact over all workers, kept in Redis.

Redis holds a log of what was allowed in the last second. A worker asks for a handful of parts to send at once; they
are allowed when the log, with them, stays within the limit. So no sliding second holds more than the limit, and a
stall costs nothing: what it left unused is free a moment later. A pace a little above the limit spreads parts evenly
and forbids a burst after idleness. Times are Redis' own, so workers need no common clock. It fails closed: without
Redis nothing goes out, and a Redis that forgot (flushed, restarted) counts as full for one window.

A telco that refuses although the limit is kept has a smaller bucket, or a lower rate, than its contract says. The
account learns both from its refusals, for all workers, and forgets them slowly (``workers.limit_scripts``).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from workers.limit_scripts import ASK, TELL

log = structlog.get_logger(__name__)

VALID_SECONDS = 0.02
"""Parts allowed must be on the wire so soon after asking; the rest is given back."""

VALID_MOST = 0.1
"""A process too busy to use its grants in time gets longer ones."""

MARGIN_SECONDS = 0.022
"""The log looks back this much further than a second: what the way to the telco may vary. It costs the mean 2.2 %."""

CREDIT_SECONDS = 0.05
"""Lateness that may be caught up, or that of one part; the log still bounds every second."""

IDLE_SECONDS = 1.0
"""Who comes later than this was idle, not late, and has nothing to catch up."""

GRANT_SECONDS = 0.02
"""A grant holds about so much of the rate, one part at least."""

PACE = 1.1
"""The usual pace, as a share of the limit: room to catch up after a stall, which the log then bounds."""

SMALL_BURST_SECONDS = 0.004
"""The smallest burst that is learned, as so much of the rate: below it asking would be all there is to do."""

HOLD_PARTS = 3
"""A refusal holds the account for as long as so many parts take: less than any bucket fills in."""

HOLD_LEAST, HOLD_MOST = 0.005, 8.0
"""Seconds. A hold doubles each time that nothing was accepted since the one before."""

FORGIVEN_SECONDS = 10.0
"""After so long a refusal is the first again."""

SLOWED = 0.9
"""Below this share of the limit people are told that the telco slows us down."""


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


class RedisPacer:
    """Leave for parts of one gateway account, shared by all its sessions in a process (``campaigns.delivery.pacing``).

    Sessions with a pacer each would wake together for the same part, and ask several times for every one they get.
    """

    def __init__(self, redis: Redis, account: str, tps: float) -> None:
        self._keys = [f"loa:rate:{{{account}}}:log", f"loa:rate:{{{account}}}:state"]
        self._ask_script = redis.register_script(ASK)
        self._tell_script = redis.register_script(TELL)
        # The shortest time from a second on in which a whole number of parts is allowed.
        self._cap = max(1, math.ceil(tps))
        span = self._cap / tps
        self._even = span / self._cap
        self._want = max(1, int(tps * GRANT_SECONDS))
        window = span + max(MARGIN_SECONDS, span * 0.01)
        pace = window / self._cap / PACE
        credit = max(CREDIT_SECONDS, pace)
        self._limits = [_microseconds(window), self._cap, self._want]
        self._paces = [f"{seconds * 1e6:.3f}" for seconds in (pace, self._even, credit, IDLE_SECONDS)]
        self._bursts = [f"{self._want + credit / pace:.3f}", f"{max(1.0, tps * SMALL_BURST_SECONDS):.3f}"]
        self._left = 0
        self._granted = 0
        self._grant = "0"
        self._asked_at = 0.0
        self._valid = VALID_SECONDS
        self._valid_until = 0.0
        self._queue = asyncio.Lock()
        self._asking: asyncio.Task[float] | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._share = 1.0
        self._refused = 0
        self._refusals_in_a_row = 0
        self._accepted_told = 0
        self._accepted_at_hold = 0
        self._counts: list[Callable[[], int]] = []
        """Of those who send now, each tells how many messages the telco accepted."""
        self._accepted_before = 0
        """How many it accepted from those who have ended."""
        self.held_until = 0.0
        """On this process's monotonic clock: until then the telco wants nothing."""

    @property
    def slowed(self) -> bool:
        """Whether the telco holds us now, or makes us go clearly below the limit."""
        now = time.monotonic()
        return now < self.held_until or (self._share < SLOWED and now - self._asked_at < FORGIVEN_SECONDS)

    @contextmanager
    def counting(self, accepted: Callable[[], int]) -> Iterator[None]:
        """Inside, ``accepted`` tells how many messages the telco accepted from one who sends, from nought on.

        It is read many times a second, so that nobody has to tell each one.
        """
        self._counts.append(accepted)
        try:
            yield
        finally:
            self._counts.remove(accepted)
            self._accepted_before += accepted()

    def _accepted(self) -> int:
        return self._accepted_before + sum(count() for count in self._counts)

    def try_take(self) -> bool:
        """Take leave for one part if it is there this instant."""
        if self._left > 0 and time.monotonic() < self._valid_until:
            self._left -= 1
            return True
        return False

    async def __call__(self) -> None:
        """Wait for leave for one part and take it; lanes are served in the order they came."""
        async with self._queue:
            while not self.try_take():
                # In a task of its own: cancelled inside, redis-py 8.1 drops its connection or forgets the cancelling.
                if self._asking is None or self._asking.done():
                    self._asking = asyncio.create_task(self._ask())
                pause = await asyncio.shield(self._asking)
                if pause:
                    await asyncio.sleep(pause)

    async def _ask(self) -> float:
        """Ask for more, accounting for the last grant; the seconds to wait where there is none."""
        valid = self._next_valid()
        arguments: list[str | int] = [*self._limits, _microseconds(valid), *self._paces, self._newly_accepted()]
        arguments += self._account_for_grant()
        self._valid = valid
        self._asked_at = time.monotonic()
        try:
            parts, wait, grant, share = await self._ask_script(keys=self._keys, args=arguments)
        except (RedisError, OSError) as error:
            log.warning("rate_limiter_unreachable", error=f"{type(error).__name__}: {error}")
            return 0.5
        self._left = self._granted = int(parts)
        self._grant = grant
        self._share = float(share)
        self._valid_until = self._asked_at + self._valid
        return min(1.0, int(wait) / 1e6)

    def _next_valid(self) -> float:
        wasted = self._left > 0 and self._left == self._granted
        return min(VALID_MOST, self._valid * 1.5) if wasted else max(VALID_SECONDS, self._valid * 0.98)

    def _account_for_grant(self) -> list[str | int]:
        """The last grant, what of it was not sent, and how much sooner than it held the rest was; said only once.

        Whoever asks has put on the wire what was taken, so everything sent went out before now.
        """
        early = max(0.0, self._valid - (time.monotonic() - self._asked_at))
        told: list[str | int] = [self._grant, self._granted, self._left, _microseconds(early)]
        self._grant, self._granted, self._left = "0", 0, 0
        return told

    def _newly_accepted(self) -> int:
        before, self._accepted_told = self._accepted_told, self._accepted()
        return self._accepted_told - before

    def throttled(self) -> None:
        """The telco said slow down: hold the account for a few parts, longer where it accepts nothing in between."""
        self._refused += 1
        now = time.monotonic()
        if now < self.held_until:
            return
        in_a_row = now - self.held_until < FORGIVEN_SECONDS and self._accepted() == self._accepted_at_hold
        self._refusals_in_a_row = min(self._refusals_in_a_row + 1, 30) if in_a_row else 0
        self._accepted_at_hold = self._accepted()
        few = max(HOLD_LEAST, HOLD_PARTS * self._even / self._share)
        hold = min(HOLD_MOST, few * 2**self._refusals_in_a_row)
        self.held_until = now + hold
        self._valid_until = 0.0
        telling = asyncio.create_task(self._tell(hold))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _tell(self, hold: float) -> None:
        refused, self._refused = self._refused, 0
        arguments: list[str | int] = [_microseconds(hold), refused, self._newly_accepted(), *self._bursts]
        try:
            await self._tell_script(keys=self._keys[1:], args=arguments)
        except (RedisError, OSError) as error:
            log.warning("rate_limiter_unreachable", error=f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        """Let the last word be said."""
        asking = [] if self._asking is None else [self._asking]
        await asyncio.gather(*asking, *self._telling, return_exceptions=True)

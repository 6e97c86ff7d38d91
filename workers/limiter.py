"""The rate limit of a gateway account, in message parts, exact over all workers: GCRA in Redis.

A reservation takes a small quantum of slots from the account's one time line and answers when it begins, on Redis'
clock; nobody polls. Slots are spaced evenly and a slot missed is a slot lost, so there is no burst after idleness or
after a stall, and no sliding second holds more than the limit. It fails closed: without Redis nothing goes out.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

SPACING = 0.98
"""Slots are planned at this share of the limit: the rest absorbs the jitter between our clock and the telco's."""

LATE_SECONDS = 0.012
"""A slot this late is given up: with ``SPACING`` a full second of late and punctual slots still fits the limit."""

QUANTUM_SECONDS = 0.02
"""How much of the rate one reservation takes, one part at least."""

AHEAD_SECONDS = 0.2
"""How far ahead a quantum may be reserved."""

# KEYS: time line, hold. ARGV: microseconds per part, parts, microseconds ahead allowed.
# An unknown time line (first use, flush, restart) begins after whatever may still be reserved on the lost one, and
# after a full interval. One that lies absurdly far ahead means the clock was set back; it counts as lost too.
_RESERVE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, parts, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local fresh = now + math.max(1000000, interval) + ahead
local line = tonumber(redis.call('GET', KEYS[1]) or fresh)
if line > fresh + parts * interval then line = fresh end
local hold = tonumber(redis.call('GET', KEYS[2]) or 0)
local start = math.max(now, line, math.min(hold, now + 60000000))
if start - now > ahead then
  redis.call('SET', KEYS[1], string.format('%.0f', line))
  return {-1, start - now, now}
end
redis.call('SET', KEYS[1], string.format('%.0f', start + parts * interval))
return {start, 0, now}
"""

_HOLD = """
local t = redis.call('TIME')
local till = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', 120000)
end
return 1
"""


@dataclass(slots=True)
class _Quantum:
    """Slots of one reservation, on this process's monotonic clock."""

    next_at: float
    left: int


class RedisPacer:
    """Leave for parts of one gateway account, shared by the lanes of one session (``campaigns.delivery.pacing``)."""

    def __init__(self, redis: Redis, account: str, tps: float) -> None:
        self._redis = redis
        self._line = f"loa:rate:{account}"
        self._hold = f"loa:hold:{account}"
        self._reserve = redis.register_script(_RESERVE)
        self._hold_script = redis.register_script(_HOLD)
        self._interval = 1.0 / (tps * SPACING)
        self._parts = max(1, int(tps * QUANTUM_SECONDS))
        self._now: _Quantum = _Quantum(0.0, 0)
        self._ahead: asyncio.Task[_Quantum] | None = None
        self._queue = asyncio.Lock()
        self._offsets: deque[float] = deque(maxlen=64)
        self._penalty = 0.0
        self._penalised_at = 0.0
        self.lost_slots = 0
        self.held_until = 0.0

    def try_take(self) -> bool:
        """Take leave for one part if its slot is due this instant."""
        quantum = self._now
        if not quantum.left:
            return False
        late = time.monotonic() - quantum.next_at
        if late < 0:
            return False
        if late > LATE_SECONDS:
            self.lost_slots += quantum.left
            quantum.left = 0
            return False
        quantum.left -= 1
        quantum.next_at += self._interval
        return True

    async def __call__(self) -> None:
        """Wait for the next slot; lanes are served in the order they came."""
        async with self._queue:
            while not self.try_take():
                if self._now.left:
                    await asyncio.sleep(max(0.0, self._now.next_at - time.monotonic()))
                else:
                    await self._refill()

    async def _refill(self) -> None:
        if self._ahead is None:
            self._ahead = asyncio.create_task(self._reserved())
        self._now = await asyncio.shield(self._ahead)
        # The next quantum is asked for while this one is used, or every quantum would lose a round trip.
        self._ahead = asyncio.create_task(self._reserved())

    async def _reserved(self) -> _Quantum:
        """The next quantum of the time line, however long Redis is away."""
        while True:
            try:
                start, wait, now = await self._reserve(
                    keys=[self._line, self._hold],
                    args=[round(self._interval * 1e6), self._parts, round(AHEAD_SECONDS * 1e6)],
                )
            except (RedisError, OSError) as error:
                log.warning("rate_limiter_unreachable", error=type(error).__name__)
                await asyncio.sleep(0.5)
                continue
            offset = self._offset(int(now) / 1e6)
            if int(start) < 0:
                await asyncio.sleep(max(0.001, int(wait) / 1e6 - AHEAD_SECONDS / 2))
                continue
            return _Quantum(int(start) / 1e6 + offset, self._parts)

    def _offset(self, server_now: float) -> float:
        """Our monotonic clock minus Redis' clock: the least of late answers, so that a slow one shifts nothing."""
        seen = time.monotonic() - server_now
        if self._offsets and abs(seen - self._offsets[-1]) > 1.0:
            self._offsets.clear()
        self._offsets.append(seen)
        return min(self._offsets)

    def throttled(self) -> None:
        """The telco said slow down: hold the account, a little longer each time it says so again."""
        now = time.monotonic()
        if now < self.held_until:
            return
        recent = now - self._penalised_at < 10.0
        self._penalty = min(8.0, self._penalty * 2) if recent and self._penalty else 0.25
        self._penalised_at = now
        self.held_until = now + self._penalty
        self._now.left = 0
        self._held = asyncio.ensure_future(self._tell_hold(self._penalty))

    async def _tell_hold(self, seconds: float) -> None:
        try:
            await self._hold_script(keys=[self._hold], args=[round(seconds * 1e6)])
        except (RedisError, OSError) as error:
            log.warning("rate_limiter_unreachable", error=type(error).__name__)

    async def close(self) -> None:
        """Give up what is reserved ahead."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)
            self._ahead = None

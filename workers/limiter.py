"""The rate limit of a gateway account, in message parts, exact over all workers, kept in Redis.

Redis holds a log of what was allowed in the last second. A worker asks for a handful of parts to send at once; they
are allowed when the log, with them, stays within the limit. So no sliding second holds more than the limit, and a
stall costs nothing: what it left unused is free a moment later. A pace a little above the limit spreads parts evenly
and forbids a burst after idleness. Times are Redis' own, so workers need no common clock. It fails closed: without
Redis nothing goes out, and a Redis that forgot (flushed, restarted) counts as full for one window.
"""

from __future__ import annotations

import asyncio
import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

VALID_SECONDS = 0.012
"""Parts allowed must be on the wire so soon after asking; the rest is given back."""

VALID_MOST = 0.1
"""A process too busy to use its grants in time gets longer ones, which cost a little of the rate."""

MARGIN_SECONDS = 0.013
"""The log looks back this much further than a second: what the way to the telco may vary."""

CREDIT_SECONDS = 0.05
"""Lateness that may be caught up; the log still bounds every second."""

GRANT_SECONDS = 0.01
"""A grant holds about so much of the rate, one part at least."""

PACE = 1.1
"""The even pace, as a share of the limit: room to catch up after a stall, which the log then bounds."""

# KEYS: log (sorted set of "id:parts" by time), state. ARGV: window and pace in microseconds, parts of the window,
# parts wanted, id and parts of a grant to give back, how long a grant holds, what lateness may be caught up.
# An entry's time is the latest at which its parts may go out. Entries far in the future mean that the clock was set
# back; like a forgotten log they count as a full window.
_ASK = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window, pace, cap, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local back, valid, credit = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if back > 0 then
  for _, entry in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')) do
    local id, parts = string.match(entry, '^(%d+):(%d+)$')
    if id == ARGV[5] then
      local score = redis.call('ZSCORE', KEYS[1], entry)
      redis.call('ZREM', KEYS[1], entry)
      if tonumber(parts) > back then redis.call('ZADD', KEYS[1], score, id .. ':' .. (parts - back)) end
    end
  end
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if redis.call('HEXISTS', KEYS[2], 'grants') == 0 or (last[2] and tonumber(last[2]) > now + 1000000) then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + 100000), '0:' .. cap)
  redis.call('HSET', KEYS[2], 'grants', 0)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local hold = tonumber(redis.call('HGET', KEYS[2], 'hold') or 0)
if hold > now and hold <= now + 60000000 then return {0, hold - now, '0'} end
local used, oldest = 0, nil
for _, entry in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  used = used + tonumber(string.match(entry, ':(%d+)$'))
end
if used >= cap then
  oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  return {0, tonumber(oldest) + window - now + 1, '0'}
end
local due = tonumber(redis.call('HGET', KEYS[2], 'due') or 0)
if due > now + 10 * window then due = now end
due = math.max(due, now - credit)
local parts = math.min(want, cap - used, math.floor((now + want * pace - due) / pace))
if parts < 1 then return {0, due + pace - want * pace - now + 1, '0'} end
local id = redis.call('HINCRBY', KEYS[2], 'grants', 1)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + valid), id .. ':' .. parts)
redis.call('HSET', KEYS[2], 'due', string.format('%.0f', due + parts * pace))
return {parts, 0, tostring(id)}
"""

_HOLD = """
local t = redis.call('TIME')
local till = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if till > tonumber(redis.call('HGET', KEYS[1], 'hold') or 0) then
  redis.call('HSET', KEYS[1], 'hold', string.format('%.0f', till))
end
return 1
"""


class RedisPacer:
    """Leave for parts of one gateway account, shared by the lanes of one session (``campaigns.delivery.pacing``)."""

    def __init__(self, redis: Redis, account: str, tps: float) -> None:
        self._keys = [f"loa:rate:{{{account}}}:log", f"loa:rate:{{{account}}}:state"]
        self._ask_script = redis.register_script(_ASK)
        self._hold_script = redis.register_script(_HOLD)
        # A limit that is no whole number of parts a second becomes one part per interval.
        whole = tps >= 1 and float(tps).is_integer()
        self._cap = int(tps) if whole else 1
        span = 1.0 if whole else 1.0 / tps
        self._window = span + max(MARGIN_SECONDS, span * 0.01)
        self._pace = self._window / self._cap / PACE
        self._want = max(1, int(tps * GRANT_SECONDS))
        self._left = 0
        self._granted = 0
        self._grant = "0"
        self._valid = VALID_SECONDS
        self._valid_until = 0.0
        self._queue = asyncio.Lock()
        self._penalty = 0.0
        self._asking: asyncio.Task[float] | None = None
        self._telling: asyncio.Task[None] | None = None
        self.held_until = 0.0
        """On this process's monotonic clock: until then the telco wants nothing."""

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
        """Ask for more, giving back what is left of the last grant; the seconds to wait where there is none."""
        asked_at = time.monotonic()
        back, self._left = self._left, 0
        wasted = back > 0 and back == self._granted
        self._valid = min(VALID_MOST, self._valid * 1.5) if wasted else max(VALID_SECONDS, self._valid * 0.98)
        times = [round(seconds * 1e6) for seconds in (self._window, self._pace, self._valid, CREDIT_SECONDS)]
        window, pace, valid, credit = times
        arguments: list[str | int] = [window, pace, self._cap, self._want, self._grant, back, valid, credit]
        try:
            parts, wait, grant = await self._ask_script(keys=self._keys, args=arguments)
        except (RedisError, OSError) as error:
            log.warning("rate_limiter_unreachable", error=f"{type(error).__name__}: {error}")
            self._granted = 0
            return 0.5
        self._left = self._granted = int(parts)
        self._grant = grant
        self._valid_until = asked_at + self._valid
        return min(1.0, int(wait) / 1e6)

    def throttled(self) -> None:
        """The telco said slow down: hold the account, a little longer each time it says so again."""
        now = time.monotonic()
        if now < self.held_until:
            return
        recent = now - self.held_until < 10.0
        self._penalty = min(8.0, self._penalty * 2) if recent and self._penalty else 0.25
        self.held_until = now + self._penalty
        self._valid_until = 0.0
        self._telling = asyncio.ensure_future(self._tell_hold(self._penalty))

    async def _tell_hold(self, seconds: float) -> None:
        try:
            await self._hold_script(keys=self._keys[1:], args=[round(seconds * 1e6)])
        except (RedisError, OSError) as error:
            log.warning("rate_limiter_unreachable", error=f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        """Let the last word be said."""
        open_tasks = [task for task in (self._asking, self._telling) if task is not None]
        await asyncio.gather(*open_tasks, return_exceptions=True)

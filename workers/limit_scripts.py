"""The limiter's two scripts in Redis: asking for leave, and telling that the telco refused.

Times are microseconds of Redis' own clock. The log is a sorted set of ``id:parts`` by the latest moment those parts
may go out. The state is a hash:

- ``grants``, the last id given; ``used``, the parts in the log; ``due``, when the even pace wants the next part;
- ``hold``, until when the telco wants nothing;
- what it taught (absent until it refuses something): ``burst``, parts it takes at once; ``share`` of the limit it
  really takes; ``learned``, when; ``grown``, up to when both were forgotten a little; ``refused`` and ``accepted``
  since then. Losing it is harmless: it is learned again.
"""

from __future__ import annotations

ASK = """
local log, state = KEYS[1], KEYS[2]
local window, cap, want, valid = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local pace, even, credit, idle = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local accepted = tonumber(ARGV[9])
local id, granted, back, early = ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function whole(number) return string.format('%.0f', number) end
local function parts_of(entry) return tonumber(string.match(entry, ':(%d+)$')) end

-- A log that was forgotten counts as full. So does one with entries far ahead: then the clock was set back.
local last = redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')[2]
if redis.call('HEXISTS', state, 'used') == 0 or (last and tonumber(last) > now + 1000000) then
  redis.call('DEL', log, state)
  redis.call('ZADD', log, whole(now + 100000), '0:' .. cap)
  -- Ids go on from the clock: a worker may still speak of a grant from before.
  redis.call('HSET', state, 'grants', whole(now), 'used', cap)
end
local kept = redis.call('HMGET', state, 'used', 'due', 'hold', 'burst', 'share', 'learned', 'grown')
local used, due, hold = tonumber(kept[1]), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
local burst, share, learned, grown = tonumber(kept[4] or 0), tonumber(kept[5] or 1), kept[6], kept[7]

-- The asker's last grant: what was not sent is free again, what was sent went out before this moment.
local score = back + early > 0 and redis.call('ZSCORE', log, id .. ':' .. granted)
if score then
  redis.call('ZREM', log, id .. ':' .. granted)
  used = used - back
  if granted > back then redis.call('ZADD', log, whole(tonumber(score) - early), id .. ':' .. (granted - back)) end
end
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', log, '-inf', whole(now - window))) do
  used = used - parts_of(entry)
  redis.call('ZREM', log, entry)
end

-- A lesson is forgotten slowly, and faster when nothing was refused for a while.
if burst > 0 then
  local seconds = math.max(0, now - tonumber(grown)) / 1000000
  share = math.min(1, share * math.exp(seconds * (now - tonumber(learned) > 10000000 and 0.1 or 0.02)))
  burst = burst * math.exp(seconds * 0.012)
  if share >= 1 and burst >= want + credit / pace then
    burst = 0
    redis.call('HDEL', state, 'burst', 'share', 'learned', 'grown', 'refused', 'accepted')
  else
    redis.call('HSET', state, 'burst', burst, 'share', share, 'grown', whole(now))
    if accepted > 0 then redis.call('HINCRBY', state, 'accepted', accepted) end
    pace = even / share
    want = math.max(1, math.min(want, math.floor(burst / 2)))
    credit = math.max(3000, (burst - want) * pace)
  end
end
local function answer(parts, wait)
  redis.call('HSET', state, 'used', used)
  return {parts, math.ceil(wait), whole(parts > 0 and redis.call('HGET', state, 'grants') or 0), tostring(share)}
end

if hold > now and hold <= now + 60000000 then return answer(0, hold - now) end
-- Half of what is wanted is worth coming for, less is not.
local least = math.min(cap, math.ceil(want / 2))
local room = cap - used
if room < least then
  local oldest = redis.call('ZRANGE', log, 0, 19, 'WITHSCORES')
  local freed
  for place = 1, #oldest, 2 do
    room, freed = room + parts_of(oldest[place]), tonumber(oldest[place + 1])
    if room >= least then break end
  end
  if freed then return answer(0, freed + window - now + 1) end
  used, room = 0, cap
end
if due > now + 10 * window / share or due < now - math.max(idle, credit) then due = now end
due = math.max(due, now - credit)
-- Who comes late gets what it missed in one go: a busy machine may not let it ask again soon.
local parts = math.min(room, math.floor((now - due) / pace) + want)
if parts < least then return answer(0, due + (least - want) * pace - now + 1) end
local new = whole(redis.call('HINCRBY', state, 'grants', 1))
redis.call('ZADD', log, whole(now + valid), new .. ':' .. parts)
redis.call('HSET', state, 'due', whole(due + parts * pace))
used = used + parts
return answer(parts, 0)
"""
"""Leave for a few parts, or how long to wait.

KEYS: log, state. ARGV: how far the log looks back; parts allowed in that time; parts wanted; how long they hold;
microseconds between parts at the usual pace, and at one that is even; what lateness may be caught up; after what rest
nothing is; parts the telco accepted since the last time; the id and parts of the last grant, parts of it not sent, and
how much sooner than it held everything else was. Answers {parts, wait, id, share}.
"""

TELL = """
local state = KEYS[1]
local till, refused, accepted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local usual, least = tonumber(ARGV[4]), tonumber(ARGV[5])
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function whole(number) return string.format('%.0f', number) end
local kept = redis.call('HMGET', state, 'hold', 'burst', 'share', 'learned')
local burst = tonumber(kept[2] or 0)
till = math.max(now + till, tonumber(kept[1] or 0))
-- What the hold costs is not caught up: the telco's bucket is empty.
redis.call('HSET', state, 'hold', whole(till), 'due', whole(till))
if burst == 0 then
  burst = math.max(least, usual / 2)
  redis.call('HSET', state, 'burst', burst, 'share', 1, 'learned', whole(now), 'grown', whole(now))
  redis.call('HSET', state, 'refused', 0, 'accepted', 0)
  return 1
end
refused = redis.call('HINCRBY', state, 'refused', refused)
accepted = redis.call('HINCRBY', state, 'accepted', accepted)
if now - tonumber(kept[4]) < 250000 or refused + accepted < 8 then return 1 end
local share, part = tonumber(kept[3]), refused / (refused + accepted)
-- Where nothing at all is accepted the telco is closed, which says nothing about its rate.
if accepted > 0 and part > 0.05 then share = math.max(0.001, share * math.max(0.5, 1.05 - part)) end
redis.call('HSET', state, 'burst', math.max(least, burst / 2), 'share', share, 'learned', whole(now))
redis.call('HSET', state, 'refused', 0, 'accepted', 0)
return 1
"""
"""The telco refused: hold the account, and learn first a smaller burst, then, where a twentieth and more is refused, a
lower rate.

KEYS: state. ARGV: how long to hold; parts refused and accepted since the last time; parts at once at the usual pace;
the smallest burst worth learning.
"""

"""Set the clock of one Python process off by ``CHAOS_SHIFT`` seconds; read at its start from ``PYTHONPATH``.

Only what Python reads as the time of day moves: ``time.time``, ``time.time_ns`` and the ``datetime`` class. The
monotonic clock, and with it every wait, stays.
"""

from __future__ import annotations

import datetime
import os
import time

SHIFT = datetime.timedelta(seconds=float(os.environ.get("CHAOS_SHIFT", "0")))
_real, _time, _time_ns = datetime.datetime, time.time, time.time_ns


class _AnyDatetime(type(_real)):
    """Whatever is a datetime is one of ours too: libraries check with isinstance."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real)


class _Shifted(_real, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _real:
        return _real.now(tz) + SHIFT

    @classmethod
    def utcnow(cls) -> _real:
        return _real.now(datetime.UTC).replace(tzinfo=None) + SHIFT


if SHIFT:
    time.time = lambda: _time() + SHIFT.total_seconds()
    time.time_ns = lambda: _time_ns() + int(SHIFT.total_seconds() * 1e9)
    datetime.datetime = _Shifted

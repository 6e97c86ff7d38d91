"""How often something may be done, counted in Redis for all processes together, and where a request comes from."""

from __future__ import annotations

import hashlib
import ipaddress

import structlog
from flask import request
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class Allowance:
    """``most`` times in ``seconds``, for each key apart; the count begins anew when the time is over.

    Where Redis does not answer nothing is refused: a citizen must be able to make it stop, and what the limit guards
    against takes years (docs/adr/0014).
    """

    def __init__(self, redis: Redis, name: str, *, most: int, seconds: int) -> None:
        self._redis, self._name, self._most, self._seconds = redis, name, most, seconds

    def spent(self, key: str) -> bool:
        """Whether nothing is left for this key; an empty key is never limited."""
        try:
            return bool(key) and int(self._redis.get(self._key(key)) or 0) >= self._most
        except RedisError:
            log.warning("limit_unknown", limit=self._name)
            return False

    def note(self, key: str) -> None:
        """Count one."""
        if not key:
            return
        try:
            pipe = self._redis.pipeline()
            # Redis 6 cannot set an end only where there is none; a counter is made with its end instead.
            pipe.set(self._key(key), 0, ex=self._seconds, nx=True)
            pipe.incr(self._key(key))
            pipe.execute()
        except RedisError:
            log.warning("limit_unknown", limit=self._name)

    def _key(self, key: str) -> str:
        return f"loa:limit:{self._name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def network_of(address: str) -> str:
    """What one subscriber holds: the address, of IPv6 the /64; empty where it is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def caller_address() -> str:
    """Where the request comes from: behind a proxy on this machine, what that proxy saw; empty for this machine itself.

    A proxy appends the address it saw, so only the last one counts; those before it anybody can make up.
    """
    address = request.remote_addr or ""
    if not ipaddress.ip_address(address or "127.0.0.1").is_loopback:
        return address
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()[:64]

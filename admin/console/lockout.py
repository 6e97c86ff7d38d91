"""Lock-out: failed passwords and codes, counted in Redis for all processes together, per account and per address."""

from __future__ import annotations

import hashlib

from redis import Redis

LOCK_AFTER = 5
LOCK_AFTER_FROM_ONE_ADDRESS = 30
LOCK_SECONDS = 15 * 60


class LockOut:
    """Five failures lock an account for a quarter of an hour, thirty from one address that address."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @staticmethod
    def _account(email: str) -> str:
        return f"loa:login:account:{hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]}"

    def _limits(self, email: str, address: str) -> list[tuple[str, int]]:
        # Without a name only the address counts, or strangers together would lock everybody out who gives none.
        limits = [(self._account(email), LOCK_AFTER)] if email.strip() else []
        return limits + ([(f"loa:login:address:{address}", LOCK_AFTER_FROM_ONE_ADDRESS)] if address else [])

    def locked(self, email: str, address: str) -> bool:
        """Whether too many attempts failed lately."""
        return any(int(self._redis.get(key) or 0) >= limit for key, limit in self._limits(email, address))

    def locked_seconds(self, email: str) -> int:
        """For how long the account stays locked; 0 where it is not."""
        key = self._account(email)
        if int(self._redis.get(key) or 0) < LOCK_AFTER:
            return 0
        return max(1, int(self._redis.ttl(key)))

    def note_failure(self, email: str, address: str) -> None:
        """Count a failed attempt; the count is forgotten a quarter of an hour after the last one."""
        for key, _ in self._limits(email, address):
            pipe = self._redis.pipeline()
            pipe.incr(key)
            pipe.expire(key, LOCK_SECONDS)
            pipe.execute()

    def forgive(self, email: str) -> bool:
        """Forget the account's failures, after a good sign-in or on an administrator's word; whether there were any."""
        return bool(self._redis.delete(self._account(email)))

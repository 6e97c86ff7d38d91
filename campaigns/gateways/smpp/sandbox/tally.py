"""What a simulated telco counts of what it was sent, so that others can prove their promises on it."""

from __future__ import annotations

from collections import Counter, deque
from pathlib import Path
from time import time
from typing import Any, TextIO
from zlib import crc32

_LOG_LINES = 10_000
_SECONDS_KEPT = 3600
COUNTED = (
    "connections",
    "binds",
    "parts",
    "taken",
    "throttled",
    "refused",
    "muted",
    "ignored",
    "delivers_sent",
    "delivers_taken",
    "delivers_refused",
    "malformed",
)
"""``parts`` arrived = taken + throttled + refused; ``muted`` of the taken have no answer; ``ignored`` while hanging."""


class SlidingSecond:
    """The most parts that arrived within any one second, exactly; keeps no more than the last second."""

    def __init__(self, seconds: float = 1.0) -> None:
        """``seconds``: of another time than a second."""
        self._seconds = seconds
        self._arrivals: deque[tuple[float, int]] = deque()
        self._within = 0
        self.most = 0

    def add(self, now: float, parts: int) -> None:
        """``parts`` arrived at ``now`` (a clock that never goes back); the window is (now - 1 s, now]."""
        arrivals = self._arrivals
        arrivals.append((now, parts))
        self._within += parts
        while arrivals[0][0] <= now - self._seconds:
            self._within -= arrivals.popleft()[1]
        if self._within > self.most:
            self.most = self._within


class Rhythm:
    """How evenly parts arrived, and how many the telco took in each second since the first."""

    def __init__(self, taken_before: int = 0) -> None:
        self.tenth = SlidingSecond(0.1)
        self.taken_before = taken_before
        self.shortest_gap: float | None = None
        self.taken: list[int] = []
        self._first_at: float | None = None
        self._last_at = 0.0
        self._counted = taken_before

    def add(self, now: float, parts: int, taken: int) -> None:
        """``parts`` arrived at ``now``; the telco has taken ``taken`` since it began."""
        self.tenth.add(now, parts)
        if self._first_at is None:
            self._first_at = now
        else:
            gap = now - self._last_at
            self.shortest_gap = gap if self.shortest_gap is None else min(gap, self.shortest_gap)
        self._last_at = now
        if parts > 1:
            self.shortest_gap = 0.0
        second = int(now - self._first_at)
        if second < _SECONDS_KEPT:
            self.taken.extend([0] * (second + 1 - len(self.taken)))
            self.taken[second] += taken - self._counted
        self._counted = taken

    @property
    def seconds(self) -> float:
        """From the first part to the last."""
        return self._last_at - (self._first_at or self._last_at)


class Tally:
    """Counts, and the log of parts taken.

    A line of the log: Unix time, destination, parts, segment ``number/total``, reference, checksum of the text.
    """

    def __init__(self, log: Path | None = None) -> None:
        self.second = SlidingSecond()
        self.rhythm = Rhythm()
        self.counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self.statuses: Counter[str] = Counter()
        self._destinations: dict[str, int] = {}
        self._texts: dict[int, int] = {}
        self._tries: dict[str, int] = {}
        self._lines: list[str] = []
        self._log: TextIO | None = log.open("a", encoding="ascii", errors="replace") if log else None

    def begin_anew(self) -> None:
        """Count the rhythm and the most in a second from now on; every other count goes on."""
        self.second = SlidingSecond()
        self.rhythm = Rhythm(self.counts["taken"])

    def arrived(self, now: float, parts: int) -> None:
        """``parts`` came at once, and those the telco wants have been counted as taken."""
        self.second.add(now, parts)
        self.rhythm.add(now, parts, self.counts["taken"])

    def took(self, destination: str, parts: int, segment: str, reference: str, content: bytes) -> None:
        """A part was taken: ``content`` is its text without header."""
        destinations = self._destinations
        destinations[destination] = destinations.get(destination, 0) + parts
        key = hash((destination, segment, content))
        self._texts[key] = self._texts.get(key, 0) + 1
        if self._log is not None:
            self._lines.append(f"{time():.3f} {destination} {parts} {segment} {reference} {crc32(content):08x}\n")
            if len(self._lines) >= _LOG_LINES:
                self.flush()

    def tries(self, destination: str) -> int:
        """How many parts came for a number before, taken or refused by chance."""
        nth = self._tries.get(destination, 0)
        self._tries[destination] = nth + 1
        return nth

    def parts_to(self, destination: str) -> int:
        """Parts taken for one number."""
        return self._destinations.get(destination, 0)

    def flush(self) -> None:
        """Write the log's lines."""
        if self._log is not None and self._lines:
            lines, self._lines = self._lines, []
            self._log.write("".join(lines))
            self._log.flush()

    def close(self) -> None:
        """End the log."""
        self.flush()
        if self._log is not None:
            self._log.close()

    def summary(self) -> dict[str, Any]:
        """Everything counted.

        ``repeated`` are parts that came again with the same text to the same number. The rhythm runs over
        ``seconds`` from its first part to its last, and began when ``taken_before`` had been taken.
        """
        return {
            **self.counts,
            "refusals": dict(self.statuses),
            "most_parts_in_a_second": self.second.most,
            "most_parts_in_a_tenth": self.rhythm.tenth.most,
            "shortest_gap": self.rhythm.shortest_gap,
            "seconds": self.rhythm.seconds,
            "taken_before": self.rhythm.taken_before,
            "taken_each_second": self.rhythm.taken,
            "destinations": len(self._destinations),
            "most_parts_to_one": max(self._destinations.values(), default=0),
            "repeated": sum(count - 1 for count in self._texts.values()),
        }

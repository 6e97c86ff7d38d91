"""Whose processor time it was: of each process of a benchmark, and of the rest of the machine meanwhile."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping

import psutil


def busy_seconds() -> float:
    """Processor seconds this machine has worked since it started, whoever for."""
    now = psutil.cpu_times()
    return float(sum(getattr(now, kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq", "steal")))


def _seconds(times: object) -> float:
    kinds = ("user", "system", "children_user", "children_system")
    return float(sum(getattr(times, kind, 0.0) for kind in kinds))


def used_seconds(pid: int) -> float:
    """Processor seconds of a process and its children, also of those that have ended."""
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += _seconds(one.cpu_times())
    return total


class Watch:
    """Processor time by group of processes from now on; ``elsewhere`` is the rest of the machine, noise included."""

    def __init__(self, groups: Mapping[str, list[int]]) -> None:
        self._groups = groups
        self._before = self._now()
        self._began = time.perf_counter()

    def _now(self) -> dict[str, float]:
        used = {name: sum(used_seconds(pid) for pid in pids) for name, pids in self._groups.items()}
        own = sum(os.times()[:4])
        return {**used, "elsewhere": busy_seconds() - sum(used.values()) - own}

    def per_message(self, messages: int) -> dict[str, float]:
        """Microseconds of each group a message; call it before the processes end."""
        now = self._now()
        return {name: round(1e6 * (now[name] - self._before[name]) / messages, 1) for name in now}

    def busy_share(self) -> float:
        """The share of the machine's cores that was at work, ours or others'."""
        cores, seconds = os.cpu_count() or 1, time.perf_counter() - self._began
        now, before = sum(self._now().values()), sum(self._before.values())
        return round((now - before) / seconds / cores, 2)


def thread_seconds(pid: int) -> dict[int, float]:
    """Processor seconds of each thread of a process."""
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process(pid).threads()}


def busiest_and_rest(before: Mapping[int, float], after: Mapping[int, float]) -> tuple[float, float]:
    """What the busiest thread used between two looks, and what all others did together."""
    gained = sorted(seconds - before.get(thread, 0.0) for thread, seconds in after.items())
    return gained[-1], sum(gained[:-1])

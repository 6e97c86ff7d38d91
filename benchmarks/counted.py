"""A simulated telco that counts, and a line of what it counted as shares of a limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from benchmarks.world import report
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess

Result = dict[str, Any]

LEAST = 97.0
"""Percent of the limit that is to be used while there is work."""


@contextmanager
def telco(**options: Any) -> Iterator[SandboxProcess]:
    """A telco with a machine of its own, as far as this one allows: what it is late in reading it counts too late."""
    with SandboxProcess(SandboxOptions(**options)) as process:
        with suppress(psutil.AccessDenied):
            psutil.Process(process.pid).nice(-20)
        yield process


def row(told: Result, limit: float, load: str, *, least: float | None = LEAST, **more: Any) -> Result:
    """One line: what the telco counted, as shares of ``limit``; the mean runs from its first part to its last."""
    # Below one part a second: how much nearer than the limit allows any two came.
    interval = 1 / limit
    gap = told["shortest_gap"] or 0.0
    most = told["most_parts_in_a_second"] / limit if limit >= 1 else (interval / gap if gap else 0.0)
    per_second = (told["taken"] - told["taken_before"] - 1) / max(told["seconds"], interval)
    mean = per_second / more.get("real", limit)
    return report(
        "limit",
        load=load,
        limit=limit,
        most_in_a_sliding_second=told["most_parts_in_a_second"],
        most_in_a_tenth=told["most_parts_in_a_tenth"],
        worst_percent=round(100 * most, 1),
        mean_percent=round(100 * mean, 1),
        least_percent=least,
        throttled=told["throttled"],
        **more,
    )

"""What was wanted, what was measured, and how they compare, for everything that has a target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Result = dict[str, Any]
Reader = Callable[[list[Result]], Iterable[tuple[object, object, object]]]


class Verdict(NamedTuple):
    """One line of the table."""

    what: str
    target: str
    measured: str
    ratio: str
    """Measured as a multiple of the target; empty where there is nothing to divide."""
    held: str
    """``yes`` or ``no``; empty where nothing was asked."""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"


def at_least(what: str, target: float, measured: float) -> Verdict:
    """More is better."""
    held = "yes" if measured >= target else "no"
    return Verdict(what, f"≥ {_number(target)}", _number(measured), f"{measured / target:.2f}", held)


def at_most(what: str, target: float, measured: float) -> Verdict:
    """Less is better."""
    ratio = f"{measured / target:.2f}" if target else ""
    held = "yes" if measured <= target else "no"
    return Verdict(what, f"≤ {_number(target)}", _number(measured), ratio, held)


def told(what: str, measured: object) -> Verdict:
    """Nothing was asked, but people will want to know."""
    return Verdict(what, "", _number(measured) if isinstance(measured, int | float) else str(measured), "", "")


def _import(results: list[Result]) -> list[Verdict]:
    return [
        verdict
        for found in results[-1:]
        if "rows_per_s" in found
        for verdict in (
            at_least(f"import {found['rows']:,} rows, rows/s", 60_000, found["rows_per_s"]),
            at_most("import, memory, MB", 300, found["peak_rss_mb"]),
        )
    ]


def _plan(results: list[Result]) -> list[Verdict]:
    return [at_least(f"plan {results[-1]['messages']:,} messages, /s", 120_000, results[-1]["per_second"])]


def _growth(each: list[Result]) -> float:
    """By how many percent the slowest size takes longer a message than the quickest."""
    times = [float(result["us_per_message"]) for result in each]
    return round(100 * (max(times) / min(times) - 1), 1)


def _way(results: list[Result]) -> list[Verdict]:
    rows = [
        told(
            f"the way, {one['messages']:,} messages beside {one['older']:,} older, steady /s", one["steady_per_second"]
        )
        for one in results
    ]
    memory = [one["worker_mb"] for one in results]
    largest = max(results, key=lambda one: int(one["messages"]))
    rows += [
        at_most("time a message over all sizes, spread, %", 15, _growth(results)),
        told("worker memory, least to most, MB", f"{min(memory)} – {max(memory)}"),
        told("database, bytes a message", largest["bytes_per_message"]["together"]),
        told("updates of messages that stay on their page, %", largest["hot_updates_percent"]),
        at_most("lost, or sent twice", 0, sum(one["lost"] + one["sent_twice"] for one in results)),
    ]
    return rows


def _floor(results: list[Result]) -> list[Verdict]:
    compared, loa = results[-1], [one for one in results if one["benchmark"] == "way"]
    size = loa[0]["messages"]
    return [
        at_least(f"the whole way, {size:,} messages, steady /s", 15_000, compared["loa_per_second"]),
        told("the plain loop, steady /s", compared["floor_per_second"]),
        at_least("Loa as a share of the plain loop", 0.8, compared["ratio"]),
        at_most(f"Celery tasks for {size:,} messages", size / 100, loa[-1]["celery_tasks"]),
    ]


def _receipts(results: list[Result]) -> list[Verdict]:
    return [at_least(f"receipts alone, {one['shape'].split(':')[0]}, /s", 30_000, one["per_second"]) for one in results]


def _pages(results: list[Result]) -> list[Verdict]:
    return [at_most(f"10,000,000 messages, {one['what']}, p95, ms", 50, one["p95_ms"]) for one in results]


def _lists(results: list[Result]) -> list[Verdict]:
    return [at_most(f"full tables, {one['what']}, p95, ms", one["target_ms"], one["p95_ms"]) for one in results]


def _latency(results: list[Result]) -> list[Verdict]:
    return [
        at_least(f"answers after 50 ms, window 100, {one['binds']} bind(s), share of the possible", 0.9, one["ratio"])
        for one in results
    ]


def _many(results: list[Result]) -> list[Verdict]:
    rows = []
    for one in results:
        who = f"{one['workers']} worker(s) on {one['accounts']} account(s)"
        rows.append(told(f"{who}, steady /s", one["steady_per_second"]))
        rows.append(at_most(f"{who}, most in a sliding second, % of the limit", 100, one["worst_percent"]))
        rows.append(at_least(f"{who}, mean, % of the limit", 97, one["mean_percent"]))
    return rows


def _limit(results: list[Result]) -> list[Verdict]:
    rows = []
    for one in results:
        what = one["load"].split(",")[0]
        rows.append(at_most(f"limit {what}, most in a sliding second, %", 100, one["worst_percent"]))
        rows.append(at_least(f"limit {what}, mean, %", 97, one["mean_percent"]))
    return rows


def _crash(results: list[Result]) -> list[Verdict]:
    keys = ("sent_after_refusal", "lost", "sent_twice")
    return [at_most(f"over a kill -9: {key.replace('_', ' ')}", 0, results[0][key]) for key in keys]


def _rivals(results: list[Result]) -> list[Verdict]:
    names = {"way": "Loa", "kannel": "Kannel", "task_each": "a Celery task for each message"}
    rows = []
    for one in results[:-1]:
        kept = f", {one['load'].rpartition(', ')[2]}" if one["benchmark"] == "kannel" else ""
        rows.append(told(f"{names[one['benchmark']]}{kept}, /s", one.get("steady_per_second", one.get("skipped"))))
    for name, times in results[-1]["times_as_fast"].items():
        rows.append(told(f"Loa beside {name.replace('_', ' ')}, times as fast", times))
    return rows


_READERS: dict[str, Callable[[list[Result]], list[Verdict]]] = {
    "import": _import,
    "plan": _plan,
    "way": _way,
    "floor": _floor,
    "receipts": _receipts,
    "pages": _pages,
    "lists": _lists,
    "latency": _latency,
    "many": _many,
    "limit": _limit,
    "crash": _crash,
    "rivals": _rivals,
}


def verdicts(results: dict[str, list[Result]], brought: Mapping[str, Reader]) -> list[Verdict]:
    """The table. ``brought`` are readers of the benchmarks' own, which give (what, target, measured); results without
    any reader may hold their line themselves, as ``what``, ``target`` and ``measured``."""
    rows = []
    for name, found in results.items():
        try:
            rows += _read(name, found, brought)
        except (KeyError, IndexError) as error:
            # A table is not worth the loss of what was measured for it.
            rows.append(told(name, f"figures of another shape: {error}"))
    return rows


def _read(name: str, found: list[Result], brought: Mapping[str, Reader]) -> list[Verdict]:
    if name in brought:
        return [Verdict(str(what), str(target), str(had), "", "") for what, target, had in brought[name](found)]
    if found and name in _READERS:
        return _READERS[name](found)
    return [_own(one) for one in found if {"what", "target", "measured"} <= one.keys()]


def _own(one: Result) -> Verdict:
    held = {True: "yes", False: "no", None: ""}[one.get("held")]
    return Verdict(one["what"], str(one["target"]), str(one["measured"]), str(one.get("ratio", "")), held)

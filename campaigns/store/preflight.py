"""Counts that tell before sending whether every chosen person can be sent to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.store.reach import WILL_SEND, Counted, Reach


@dataclass(frozen=True, slots=True)
class CarrierCount:
    """How many people can be reached, and those whose carrier no enabled gateway carries."""

    reachable: int
    without_route: Mapping[str, int]


_ROUTED = text("""
    SELECT DISTINCT r.carrier FROM route r JOIN gateway g ON g.id = r.gateway_id WHERE g.enabled
""")


def carriers_without_route(session: Session, counted: Sequence[Counted]) -> CarrierCount:
    """Reachable people of an audience that was counted, and by carrier those no gateway would take."""
    routed = set(session.execute(_ROUTED).scalars())
    reachable = 0
    without: dict[str, int] = {}
    for row in counted:
        if row.stage != WILL_SEND:
            continue
        reachable += row.people
        if row.carrier not in routed and "*" not in routed:
            without[row.carrier] = without.get(row.carrier, 0) + row.people
    return CarrierCount(reachable, without)


_LACKS = {
    "ho_ten": "c.name_cipher IS NULL",
    "phuong": "w.id IS NULL",
    "quan": "d.id IS NULL",
}
"""When a person has no value for a placeholder of Loa's own; wards of 2025 lie in no district."""

_ATTRIBUTE = "NOT jsonb_exists(c.attributes, :a{n})"


def count_missing_values(session: Session, reach: Reach, names: Sequence[str]) -> dict[str, int]:
    """Reachable people of the audience who lack a value that a text needs, by placeholder; empty where nobody does."""
    if not names:
        return {}
    lacks = [_LACKS.get(name) or _ATTRIBUTE.format(n=n) for n, name in enumerate(names)]
    columns = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in lacks)
    values = {f"a{n}": name for n, name in enumerate(names) if name not in _LACKS}
    statement = f"{_MISSING.format(columns=columns)} WHERE {reach.chosen()} AND {reach.reachable()}"
    row = session.execute(text(statement), reach.bind(**values)).one()
    return {name: count for name, count in zip(names, row, strict=True) if count}


_MISSING = """
    SELECT {columns} FROM contact c
    LEFT JOIN area w ON w.id = c.ward_id AND w.kind = 'ward'
    LEFT JOIN area d ON d.edition = w.edition AND d.code = w.parent_code AND d.kind = 'district'
"""

"""Counts that tell before sending whether every chosen person can be sent to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.store.planning import count_waterfall


@dataclass(frozen=True, slots=True)
class CarrierCount:
    """How many people can be reached, and those whose carrier no enabled gateway carries."""

    reachable: int
    without_route: Mapping[str, int]


_ROUTED = text("""
    SELECT DISTINCT r.carrier FROM route r JOIN gateway g ON g.id = r.gateway_id WHERE g.enabled
""")


def count_carriers_without_route(
    session: Session, *, ward_ids: Sequence[int] | None, topic: str, honours_refusals: bool
) -> CarrierCount:
    """Reachable people of the audience, and by carrier those no gateway would take."""
    routed = set(session.execute(_ROUTED).scalars())
    reachable = 0
    without: dict[str, int] = {}
    for row in count_waterfall(session, topic=topic, honours_refusals=honours_refusals, ward_ids=ward_ids):
        people = row.registered - row.no_number - row.refused
        reachable += people
        if people and row.carrier not in routed and "*" not in routed:
            without[row.carrier] = without.get(row.carrier, 0) + people
    return CarrierCount(reachable, without)


def count_missing_values(
    session: Session, *, ward_ids: Sequence[int] | None, attributes: Sequence[str], full_name: bool, ward: bool
) -> dict[str, int]:
    """People of the audience who lack a value that a text needs, by placeholder; empty where nobody does."""
    columns = [f"count(*) FILTER (WHERE coalesce(c.attributes->>:a{n}, '') = '')" for n in range(len(attributes))]
    names = list(attributes)
    if full_name:
        columns.append("count(*) FILTER (WHERE coalesce(c.full_name, '') = '')")
        names.append("ho_ten")
    if ward:
        columns.append("count(*) FILTER (WHERE c.ward_id IS NULL)")
        names.append("phuong")
    if not columns:
        return {}
    audience = "" if ward_ids is None else "AND c.ward_id = ANY(:wards)"
    parameters = {f"a{n}": name for n, name in enumerate(attributes)} | {"wards": list(ward_ids or ())}
    row = session.execute(
        text(f"SELECT {', '.join(columns)} FROM contact c WHERE c.unusable IS NULL {audience}"), parameters
    ).one()
    return {name: count for name, count in zip(names, row, strict=True) if count}

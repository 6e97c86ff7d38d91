"""Delivery over many campaigns: narrowed, by any dimension, in either edition of the areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.areas.restating import Home, homes
from campaigns.models import Area
from campaigns.stats.summary import STATE_LABELS, StatsRow, by_state
from campaigns.store.gateways import list_gateways
from campaigns.store.narrowed import Narrowing, list_areas_and_successors, sum_batches
from config.i18n import Text, t
from config.zone import CITY_TIME

LEAST_PEOPLE = 30
"""Areas with fewer messages are not shown alone: a handful of people could be told apart."""

_UNPLACED: Mapping[str, Text] = {
    "": Text("Chưa rõ địa bàn", "Area unknown"),
    "split": Text("Đơn vị đã chia tách, không quy đổi được", "Divided units, cannot be restated"),
    "other": Text("Đơn vị của danh mục khác, không quy đổi được", "Units of another edition, cannot be restated"),
}


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """What an analyst asks for, as the address holds it. Days are those of Da Nang, both included."""

    by: str = "district"
    edition: str = "2023"
    campaign_id: int | None = None
    since: date | None = None
    until: date | None = None
    topic: str | None = None
    message_class: str | None = None
    district: str | None = None
    ward: str | None = None
    carrier: str | None = None
    gateway: str | None = None


def delivery(session: Session, query: DeliveryQuery, *, scope: Scope = WHOLE_CITY) -> list[StatsRow]:
    """The rows of a table; they add up to everything the narrowing lets through, in every column.

    Only of the wards and departments inside the scope. Restated figures keep what cannot be placed in rows of its own.
    """
    areas, successors = list_areas_and_successors(session)
    placed = homes(areas, successors, query.edition)
    narrowing = _narrowing(query, _chosen_wards(query, placed), scope)
    if query.by in {"district", "ward"}:
        return merge_small(_by_place(session, narrowing, query.by, placed, areas))
    if query.by == "state":
        return by_state(_rows(sum_batches(session, narrowing, "carrier"), str, str))
    if query.by == "gateway":
        names = {gateway.id: gateway.name for gateway in list_gateways(session)}
        return _rows(sum_batches(session, narrowing, "gateway"), lambda g: names.get(g, ""), lambda g: names.get(g, ""))
    if query.by == "hour":
        return _rows(sum_batches(session, narrowing, "hour"), _hour_key, _hour_name)
    return _rows(sum_batches(session, narrowing, "carrier"), str, str)


def _narrowing(query: DeliveryQuery, chosen: set[int] | None, scope: Scope) -> Narrowing:
    own = scope.wards
    wards = chosen if own is None else own if chosen is None else chosen & own
    return Narrowing(
        campaign_id=query.campaign_id,
        since=_midnight(query.since) if query.since else None,
        until=_midnight(query.until + timedelta(days=1)) if query.until else None,
        topic=query.topic,
        message_class=query.message_class,
        carrier=query.carrier,
        gateway=query.gateway,
        ward_ids=None if wards is None else sorted(wards),
        departments=None if scope.departments is None else sorted(scope.departments),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CITY_TIME)


def _chosen_wards(query: DeliveryQuery, placed: Mapping[int, Home]) -> set[int] | None:
    """Wards of every edition that stand in the chosen ward or district; None where none was chosen."""
    if query.ward is None and query.district is None:
        return None
    return {
        ward_id
        for ward_id, home in placed.items()
        if home.ward is not None
        and query.ward in (None, home.ward.code)
        and query.district in (None, home.ward.parent_code)
    }


def _by_place(
    session: Session, narrowing: Narrowing, by: str, placed: Mapping[int, Home], areas: Iterable[Area]
) -> list[StatsRow]:
    units = {(area.edition, area.code): area for area in areas}
    gathered: dict[tuple[str, str], StatsRow] = {}
    for row in sum_batches(session, narrowing, "place"):
        home = placed.get(row.place, Home(None))
        key, name = _place(home, by, units)
        made = _row(key, name, row)
        known = gathered.get((key, name))
        gathered[key, name] = made if known is None else added([known, made], key, name)
    return sorted(gathered.values(), key=lambda row: (not row.key, row.key, row.name))


def _place(home: Home, by: str, units: Mapping[tuple[str, str], Area]) -> tuple[str, str]:
    unit = home.ward
    if unit is not None and by == "district":
        unit = units.get((unit.edition, unit.parent_code or ""))
    return (unit.code, f"{unit.prefix} {unit.name}") if unit is not None else ("", str(_UNPLACED[home.why]))


def _row(key: str, name: str, row: Any) -> StatsRow:
    return StatsRow(key, name, row.planned, row.parts, {label: getattr(row, label) for label in STATE_LABELS})


def _rows(found: Iterable[Any], key: Any, name: Any) -> list[StatsRow]:
    none_yet = t("Chưa có", "None yet")
    rows = [_row("", none_yet, r) if r.place is None else _row(key(r.place), name(r.place), r) for r in found]
    return sorted(rows, key=lambda row: (not row.key, row.key))


def _hour_key(hour: datetime) -> str:
    return hour.astimezone(CITY_TIME).strftime("%Y-%m-%dT%H:00")


def _hour_name(hour: datetime) -> str:
    return hour.astimezone(CITY_TIME).strftime("%d/%m/%Y %H:00")


def added(rows: Sequence[StatsRow], key: str, name: str) -> StatsRow:
    """Rows added up in every column."""
    return StatsRow(
        key=key,
        name=name,
        planned=sum(row.planned for row in rows),
        parts=sum(row.parts for row in rows),
        totals={label: sum(row.totals[label] for row in rows) for label in STATE_LABELS},
    )


def merge_small(rows: Sequence[StatsRow]) -> list[StatsRow]:
    """Areas of fewer than ``LEAST_PEOPLE`` messages as one row, with the next smallest where they are too few still.

    One small area alone beside the total could be worked out; so at least two stand together.
    """
    by_size = sorted((row for row in rows if row.planned), key=lambda row: row.planned)
    merged: list[StatsRow] = []
    for row in by_size:
        if row.planned >= LEAST_PEOPLE and (not merged or (len(merged) > 1 and _people(merged) >= LEAST_PEOPLE)):
            break
        merged.append(row)
    if len(merged) < 2:
        return list(rows)
    keep = [row for row in rows if row not in merged]
    name = t("{n} địa bàn có dưới 30 tin, gộp lại", "{n} areas with fewer than 30 messages", n=len(merged))
    return [*keep, added(merged, "", name)]


def _people(rows: Sequence[StatsRow]) -> int:
    return sum(row.planned for row in rows)

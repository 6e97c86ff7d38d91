"""Statements about areas: loading the editions' data files, and looking units up by edition and code."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from campaigns.areas.units import Unit, all_units, successions, units_of
from campaigns.models import Area, AreaSuccessor


def load_areas(session: Session, edition: str | None = None) -> dict[str, int]:
    """Bring the areas of ``edition`` (of all when None) and the successor map up to the data files.

    Writes only what differs, so loading again changes nothing; ids stay. Returns ``{"units", "created", "updated",
    "successors"}``, the last counting new or changed rows.

    Raises:
        NotFound: there is no such edition.
    """
    chosen = all_units() if edition is None else {edition: units_of(edition)}
    counts = {"units": 0, "created": 0, "updated": 0, "successors": 0}
    # Two processes that start at once would both insert; whoever comes second waits and finds nothing to do.
    session.connection().exec_driver_sql("LOCK TABLE area IN SHARE ROW EXCLUSIVE MODE")
    for name, units in chosen.items():
        counts["units"] += len(units)
        known = {a.code: a for a in session.scalars(select(Area).where(Area.edition == name))}
        # Not ON CONFLICT: its failed attempts use up ids, and area ids are small integers.
        created = [_values(u) for u in units if u.code not in known]
        if created:
            session.execute(insert(Area), created)
        counts["created"] += len(created)
        for unit in units:
            row, values = known.get(unit.code), _values(unit)
            if row is not None and any(getattr(row, column) != value for column, value in values.items()):
                session.execute(update(Area).where(Area.id == row.id).values(**values))
                counts["updated"] += 1
    counts["successors"] = _load_successors(session)
    session.flush()
    return counts


def _values(unit: Unit) -> dict[str, Any]:
    return {
        "edition": unit.edition,
        "code": unit.code,
        "kind": unit.kind,
        "prefix": unit.prefix,
        "name": unit.name,
        "parent_code": unit.parent_code,
        "population": unit.population,
    }


def _load_successors(session: Session) -> int:
    rows = [
        {
            "from_edition": s.from_edition,
            "from_code": s.from_code,
            "to_edition": s.to_edition,
            "to_code": s.to_code,
            "exact": s.exact,
            "note": s.note,
        }
        for s in successions()
    ]
    statement = upsert(AreaSuccessor).values(rows)
    new = statement.excluded
    changed = session.execute(
        statement.on_conflict_do_update(
            index_elements=["from_edition", "from_code", "to_edition", "to_code"],
            set_={"exact": new.exact, "note": new.note},
            where=(AreaSuccessor.exact != new.exact) | AreaSuccessor.note.is_distinct_from(new.note),
        ).returning(AreaSuccessor.from_code)
    )
    return len(changed.all())


def load_area_ids(session: Session, edition: str) -> dict[str, int]:
    """``{code: id}`` of the units of ``edition`` that are loaded."""
    rows = session.execute(select(Area.code, Area.id).where(Area.edition == edition))
    return {row.code: row.id for row in rows}


def list_areas(session: Session, edition: str) -> list[Area]:
    """The loaded units of ``edition``: the city, districts, wards, each by code."""
    kinds = {"city": 0, "district": 1, "ward": 2}
    rows = session.scalars(select(Area).where(Area.edition == edition))
    return sorted(rows, key=lambda a: (kinds.get(a.kind, 3), a.code))

"""Areas as campaigns need them: which wards an audience means, and how a text names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.access import Scope
from campaigns.areas.alphabet import alphabetical
from campaigns.models import Area

_PLACES = text("""
    SELECT w.id, w.prefix || ' ' || w.name AS ward, coalesce(d.prefix || ' ' || d.name, '') AS district
    FROM area w LEFT JOIN area d ON d.edition = w.edition AND d.code = w.parent_code AND d.kind = 'district'
    WHERE w.kind = 'ward'
""")


def load_places(session: Session) -> Mapping[int, tuple[str, str]]:
    """Ward id → (ward, district) as a text names them: ``("Phường Hòa Cường Bắc", "Quận Hải Châu")``."""
    return {row.id: (row.ward, row.district) for row in session.execute(_PLACES)}


def list_ward_ids(session: Session) -> list[int]:
    """Ids of the wards of every edition, in order."""
    return list(session.scalars(select(Area.id).where(Area.kind == "ward").order_by(Area.id)))


def within_scope(areas: Sequence[Area], scope: Scope) -> Sequence[Area]:
    """Of one edition's units the wards inside the scope, and the districts and the city they are in."""
    if scope.wards is None:
        return areas
    kept = {area.code: area for area in areas if area.kind == "ward" and area.id in scope.wards}
    above = {area.parent_code for area in kept.values()}
    return [area for area in areas if area.code in kept or area.code in above]


def load_areas_by_id(session: Session, ids: Sequence[int]) -> Sequence[Area]:
    """Units by their ids, in the order of the list of areas."""
    return session.scalars(select(Area).where(Area.id.in_(ids)).order_by(Area.id)).all()


def load_areas_of(session: Session, edition: str) -> Sequence[Area]:
    """Every unit of one edition, by code."""
    areas = session.scalars(select(Area).where(Area.edition == edition)).all()
    return sorted(areas, key=lambda area: (alphabetical(area.name), area.code))

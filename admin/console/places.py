"""Between the form that says where a person works and the place that use cases take."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from admin.console.accounts import Place
from admin.console.forms import Form
from campaigns.store.invites import list_departments
from campaigns.store.places import load_areas_by_id, load_areas_of
from config.i18n import t


@dataclass(frozen=True, slots=True)
class Unit:
    """A district with its wards, or a ward; ``id`` is ``area.id``, empty for a heading that cannot be chosen."""

    id: str
    title: str
    wards: tuple[Unit, ...] = ()


def place_tree(session: Session, edition: str, form: Form) -> list[Unit]:
    """Districts with their wards, or the wards of an edition without districts, and what else was chosen before."""
    areas = load_areas_of(session, edition)
    wards = [area for area in areas if area.kind == "ward"]
    tree = [
        Unit(
            str(district.id),
            f"{district.prefix} {district.name}",
            tuple(Unit(str(w.id), f"{w.prefix} {w.name}") for w in wards if w.parent_code == district.code),
        )
        for district in areas
        if district.kind == "district"
    ] or [Unit(str(w.id), f"{w.prefix} {w.name}") for w in wards]
    known = {unit.id for unit in tree} | {ward.id for unit in tree for ward in unit.wards}
    others = [int(each) for each in form.list("area") if each.isdecimal() and each not in known and len(each) < 6]
    found = load_areas_by_id(session, others)
    return tree + [Unit(str(a.id), f"{a.prefix} {a.name} ({a.edition})") for a in found]


def place_of(form: Form) -> Place:
    """What the form says; what is no number is nothing."""
    return Place(
        next(iter(_numbers([form.get("department")])), None),
        _numbers(form.list("departments")),
        _numbers(form.list("area")),
    )


def _numbers(given: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted({int(each) for each in given if each.isascii() and each.isdecimal() and len(each) < 6}))


def titles_of(session: Session, departments: Sequence[int], areas: Sequence[int]) -> list[str]:
    """Limits in words; none for the whole city."""
    names = {each.id: each.name for each in list_departments(session)} if departments else {}
    found = load_areas_by_id(session, areas) if areas else []
    return [names[each] for each in departments if each in names] + [f"{a.prefix} {a.name}" for a in found]


def wards_in_words(session: Session, edition: str, wards: Collection[int], *, most: int = 12) -> str:
    """Wards of one edition by name, the first few of many."""
    named = [f"{a.prefix} {a.name}" for a in load_areas_of(session, edition) if a.kind == "ward" and a.id in wards]
    more = len(named) - most
    return ", ".join(named[:most]) + (t(" và {n} nơi khác", " and {n} more", n=more) if more > 0 else "")

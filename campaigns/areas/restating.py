"""Figures of one edition's areas said in another's: by the successor map, never by code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from campaigns.models import Area, AreaSuccessor


@dataclass(frozen=True, slots=True)
class Home:
    """Where a ward's figures stand in the edition that is shown."""

    ward: Area | None
    """None where they cannot be placed."""
    why: str = ""
    """``split``: it was divided, and nobody knows who went where; ``other``: the editions have no such step."""


def homes(areas: Iterable[Area], successors: Iterable[AreaSuccessor], edition: str) -> Mapping[int, Home]:
    """``area.id`` of every ward of every edition → where it stands in ``edition``.

    A ward that was divided is not shared out: a recipient cannot be moved by a code (two wards of 2023 were).
    """
    units = list(areas)
    shown = {unit.code: unit for unit in units if unit.edition == edition}
    steps: dict[tuple[str, str], list[AreaSuccessor]] = {}
    for step in successors:
        if step.to_edition == edition:
            steps.setdefault((step.from_edition, step.from_code), []).append(step)
    return {
        unit.id: Home(unit) if unit.edition == edition else _home(steps.get((unit.edition, unit.code), []), shown)
        for unit in units
        if unit.kind == "ward"
    }


def _home(steps: list[AreaSuccessor], shown: Mapping[str, Area]) -> Home:
    if len(steps) == 1 and steps[0].exact and steps[0].to_code in shown:
        return Home(shown[steps[0].to_code])
    return Home(None, "split" if steps else "other")

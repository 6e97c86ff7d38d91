"""The units of every edition and their successors, as the project's own data files hold them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from campaigns.errors import NotFound

Kind = Literal["city", "district", "ward"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One administrative unit of one edition; ``population`` is of 2019 (2023 edition) or unverified (2025)."""

    edition: str
    code: str
    kind: Kind
    prefix: str
    name: str
    parent_code: str | None
    population: int | None

    @property
    def title(self) -> str:
        """Prefix and name: ``Phường Hòa Minh``."""
        return f"{self.prefix} {self.name}"


@dataclass(frozen=True, slots=True)
class Succession:
    """``to`` took over ``from``; ``exact`` where everybody of the old unit belongs to the new one."""

    from_edition: str
    from_code: str
    to_edition: str
    to_code: str
    exact: bool
    note: str | None


def _rows(name: str) -> list[dict[str, str]]:
    content = files("campaigns.areas").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(content.splitlines()))


@cache
def all_units() -> Mapping[str, tuple[Unit, ...]]:
    """Units by edition, in the order of the files: the city, then each district with its wards."""
    editions: dict[str, list[Unit]] = {}
    for row in _rows("units.csv"):
        unit = Unit(
            row["edition"],
            row["code"],
            cast(Kind, row["kind"]),
            row["prefix"],
            row["name"],
            row["parent_code"] or None,
            int(row["population"]) if row["population"] else None,
        )
        editions.setdefault(unit.edition, []).append(unit)
    return {edition: tuple(units) for edition, units in editions.items()}


def units_of(edition: str) -> tuple[Unit, ...]:
    """The units of ``edition``.

    Raises:
        NotFound: there is no such edition; the text names those there are.
    """
    editions = all_units()
    if edition not in editions:
        raise NotFound(
            "Không có danh mục địa bàn “{edition}”; hiện có: {known}.",
            "There is no edition “{edition}” of the areas; there are: {known}.",
            edition=edition,
            known=", ".join(editions),
        )
    return editions[edition]


@cache
def successions() -> tuple[Succession, ...]:
    """Every step from a unit of one edition to one of a later edition."""
    return tuple(
        Succession(
            row["from_edition"],
            row["from_code"],
            row["to_edition"],
            row["to_code"],
            row["exact"] == "yes",
            row["note"] or None,
        )
        for row in _rows("successors.csv")
    )

"""Districts with their wards, as a form ticks them and as a page reads them out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.areas.names import fold
from campaigns.audience.selection import Audience
from campaigns.models import Area
from campaigns.store.places import load_areas_of, within_scope
from config.i18n import t


@dataclass(frozen=True, slots=True)
class WardNode:
    """One ward of the tree."""

    code: str
    title: str
    chosen: bool
    found: bool = True
    """Whether it is among what was searched for; others are folded away, and stay chosen if they are."""


@dataclass(frozen=True, slots=True)
class AreaNode:
    """One district with its wards; ``chosen`` is the whole district. Its code is empty where an edition has none."""

    code: str
    title: str
    wards: tuple[WardNode, ...]
    chosen: bool
    found: bool = True

    @property
    def some(self) -> bool:
        """Whether single wards are chosen."""
        return not self.chosen and any(ward.chosen for ward in self.wards)

    @property
    def count(self) -> int:
        """Wards that are chosen."""
        return sum(ward.chosen for ward in self.wards)


def area_tree(
    session: Session,
    edition: str,
    districts: Collection[str],
    wards: Collection[str],
    find: str = "",
    *,
    scope: Scope = WHOLE_CITY,
) -> list[AreaNode]:
    """Districts with wards inside a scope, ticked as given; an edition without districts is one list of wards."""
    everywhere = load_areas_of(session, edition)
    areas = within_scope(everywhere, scope)
    # A district that lies partly outside cannot be chosen as a whole.
    parted = {area.parent_code for area in everywhere if area not in areas}
    heads = [area for area in areas if area.kind == "district"]
    units = [area for area in areas if area.kind == "ward"]
    words = fold(find).split()[:5]
    tree = [_node(d, [w for w in units if w.parent_code == d.code], districts, wards, words) for d in heads]
    tree = [replace(node, code="") if node.code in parted else node for node in tree]
    orphans = [w for w in units if w.parent_code not in {d.code for d in heads}]
    if orphans:
        leaves = _wards(orphans, False, wards, words)
        tree.append(AreaNode("", t("Phường, xã, đặc khu", "Wards"), leaves, False, any(leaf.found for leaf in leaves)))
    return tree


def _node(
    district: Area, units: Sequence[Area], districts: Collection[str], wards: Collection[str], words: list[str]
) -> AreaNode:
    chosen, title = district.code in districts, f"{district.prefix} {district.name}"
    itself = _matches(title, words)
    leaves = _wards(units, chosen, wards, [] if itself else words)
    return AreaNode(district.code, title, leaves, chosen, itself or any(leaf.found for leaf in leaves))


def _wards(units: Sequence[Area], all_of_them: bool, wards: Collection[str], words: list[str]) -> tuple[WardNode, ...]:
    titled = [(unit.code, f"{unit.prefix} {unit.name}") for unit in units]
    return tuple(
        WardNode(code, title, all_of_them or code in wards, _matches(title, words)) for code, title in titled
    )


def _matches(title: str, words: list[str]) -> bool:
    folded = fold(title)
    return all(word in folded for word in words)


def places_of(session: Session, audience: Audience) -> list[AreaNode]:
    """The districts an audience means whole and in part, for reading."""
    tree = area_tree(session, audience.edition, set(audience.districts), set(audience.wards))
    return [node for node in tree if node.chosen or node.some]

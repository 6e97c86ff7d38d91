"""Finds the ward that a file means, by code or by name as people write it; never guesses."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import cache

from campaigns.areas.names import agrees, fold, number_words, spelled, strip_prefix, tidy
from campaigns.areas.units import Unit, all_units, units_of
from campaigns.errors import InvalidInput

_CODE = re.compile(r"^(\d{2,5})(?:\.0+)?$")
_PARTS = re.compile(r"\s*[,;/|]\s*|\s+[-–—]\s+")
_SUGGESTIONS = 3


class UnknownArea(InvalidInput):
    """No unit of the edition has this code or name."""


class AmbiguousArea(InvalidInput):
    """Several units of the edition fit; which one is meant has to be written."""


class AreaIndex:
    """Wards and districts of one edition by code and by every way their names are written."""

    def __init__(self, edition: str) -> None:
        self.edition = edition
        self._units = {unit.code: unit for unit in units_of(edition)}
        self.wards = tuple(u for u in self._units.values() if u.kind == "ward")
        self.districts = tuple(u for u in self._units.values() if u.kind == "district")

    def unit(self, code: str) -> Unit:
        """The unit with ``code``.

        Raises:
            UnknownArea: the edition has none.
        """
        if code in self._units:
            return self._units[code]
        raise self._unknown(code, self.wards)

    def ward(self, written: str, district: str = "") -> Unit:
        """The ward that ``written`` (a code or a name) means, narrowed by ``district`` where given.

        ``written`` may carry its district after a comma or a dash: ``P. Hòa Minh, Q. Liên Chiểu``.

        Raises:
            UnknownArea: no ward fits; the text suggests the nearest names.
            AmbiguousArea: several fit.
        """
        code = _CODE.match(written.strip())
        parent = self.district(district) if district.strip() and self.districts else None
        if code:
            return self._within(self._by_code(code[1]), parent, written)
        name, *rest = _PARTS.split(tidy(written)) or [""]
        if parent is None and rest and self.districts:
            parent = self._district_among(rest)
        found = _by_name(name, self.wards)
        if parent is not None and len(found) > 1:
            found = [u for u in found if u.parent_code == parent.code]
        if len(found) > 1:
            raise self._ambiguous(written, found)
        if not found:
            raise self._unknown(written, [u for u in self.wards if parent is None or u.parent_code == parent.code])
        return self._within(found[0], parent, written)

    def district(self, written: str) -> Unit:
        """The district that ``written`` (a code or a name) means.

        Raises:
            UnknownArea: no district fits.
            AmbiguousArea: several fit.
        """
        code = _CODE.match(written.strip())
        found = (
            [u for u in self.districts if u.code == code[1]]
            if code
            else _by_name(_PARTS.split(tidy(written))[0], self.districts)
        )
        if len(found) > 1:
            raise self._ambiguous(written, found)
        if not found:
            raise self._unknown(written, self.districts)
        return found[0]

    def _by_code(self, code: str) -> Unit:
        unit = self._units.get(code)
        if unit is None or unit.kind != "ward":
            raise self._unknown(code, self.wards)
        return unit

    def _district_among(self, parts: Iterable[str]) -> Unit | None:
        for part in parts:
            found = _by_name(part, self.districts)
            if len(found) == 1:
                return found[0]
        return None

    def _within(self, ward: Unit, district: Unit | None, written: str) -> Unit:
        if district is None or ward.parent_code == district.code:
            return ward
        own = self._units[ward.parent_code].title if ward.parent_code else "?"
        raise UnknownArea(
            "“{written}” là {ward}, thuộc {own}, không thuộc {district}.",
            "“{written}” is {ward}, which is in {own}, not in {district}.",
            written=_short(written),
            ward=ward.title,
            own=own,
            district=district.title,
        )

    def _unknown(self, written: str, units: Iterable[Unit]) -> UnknownArea:
        near = self._nearest(written, units)
        other = _elsewhere(written, self.edition)
        if other is not None:
            return UnknownArea(
                "Danh mục địa bàn {edition} không có “{written}”; danh mục {other} thì có: {title}.",
                "Edition {edition} of the areas has no “{written}”; edition {other} has: {title}.",
                edition=self.edition,
                written=_short(written),
                other=other.edition,
                title=other.title,
                suggestions=near,
            )
        return UnknownArea(
            "Danh mục địa bàn {edition} không có “{written}”.",
            "Edition {edition} of the areas has no “{written}”.",
            edition=self.edition,
            written=_short(written),
            suggestions=near,
        )

    def _ambiguous(self, written: str, found: list[Unit]) -> AmbiguousArea:
        return AmbiguousArea(
            "“{written}” có thể là: {titles}.",
            "“{written}” may be any of: {titles}.",
            written=_short(written),
            titles=", ".join(f"{u.title} ({u.code})" for u in found),
            suggestions=[u.title for u in found],
        )

    @staticmethod
    def _nearest(written: str, units: Iterable[Unit]) -> list[str]:
        titles: dict[str, str] = {}
        for unit in units:
            titles.setdefault(fold(unit.name), unit.title)
        name = fold(number_words(strip_prefix(spelled(_PARTS.split(written)[0]))))[:60]
        return [titles[key] for key in difflib.get_close_matches(name, titles, n=_SUGGESTIONS, cutoff=0.6)]


def _by_name(written: str, units: Sequence[Unit]) -> list[Unit]:
    """Units that ``written`` names: an exact accented match wins, else those it is a form of without marks."""
    whole = spelled(written)
    for key in dict.fromkeys((whole, strip_prefix(whole, units[0].kind if units else "ward"))):
        key = number_words(key)
        exact = [u for u in units if _key(u.name) == key]
        if exact:
            return exact
        folded = [u for u in units if agrees(key, _key(u.name))]
        if folded:
            return folded
    return []


@cache
def _key(name: str) -> str:
    return spelled(name)


def _short(written: str) -> str:
    return written if len(written) <= 60 else written[:59] + "…"


def _elsewhere(written: str, edition: str) -> Unit | None:
    """The ward of another edition that ``written`` names by code or exactly, if there is one."""
    code = _CODE.match(written.strip())
    key = number_words(strip_prefix(spelled(_PARTS.split(tidy(written))[0])))
    for other, units in all_units().items():
        if other == edition:
            continue
        for unit in units:
            if unit.kind == "ward" and (unit.code == code[1] if code else _key(unit.name) == key):
                return unit
    return None

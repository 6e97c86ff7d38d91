"""Turns the rows of a table into people: number, ward, name, language, attributes; or says what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from campaigns.areas.index import AreaIndex
from campaigns.areas.names import fold, tidy
from campaigns.audience.columns import Columns
from campaigns.audience.phone import PhoneProblem, canonical_phone, parse_phone
from campaigns.audience.problems import Outcome, Problem
from campaigns.errors import LoaError
from campaigns.store.contacts import encode_attributes, encode_field, encode_ward
from config.i18n import t

MAX_NAME = 200
MAX_ATTRIBUTE = 1000
_CACHED_PLACES = 20_000
_LANGUAGES = {
    "": None,
    **dict.fromkeys(("vi", "vn", "vie", "tieng viet", "viet", "viet nam", "vietnamese", "vi-vn"), "vi"),
    **dict.fromkeys(("en", "eng", "tieng anh", "anh", "english", "en-us", "en-gb"), "en"),
}


@dataclass(slots=True)
class Chunk:
    """Good rows, ready to be encrypted and staged, and what there is to say about others."""

    lines: list[int] = field(default_factory=list)
    numbers: list[bytes] = field(default_factory=list)
    """E.164 without the plus."""
    rest: list[bytes] = field(default_factory=list)
    """The other columns, encoded for COPY."""
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    repaired: int = 0
    warnings: int = 0


class RowReader:
    """Reads rows of one file. Places, which repeat, are worked out once."""

    def __init__(self, columns: Columns, index: AreaIndex, area_ids: Mapping[str, int]) -> None:
        self._columns = columns
        self._index = index
        self._area_ids = area_ids
        self._places: dict[tuple[str, str, str], bytes | tuple[int, LoaError]] = {}
        self._carriers: dict[str, bytes] = {}
        self._nothing = encode_ward(None), encode_field(None)

    def read(self, rows: Sequence[tuple[int, list[str]]], chunk: Chunk) -> None:
        """Add ``rows`` to ``chunk``; rows without any text do not count."""
        columns, phone = self._columns, self._columns.phone
        for line, cells in rows:
            raw = cells[phone] if phone < len(cells) else ""
            quick = canonical_phone(raw)
            if quick is None:
                if not raw and not any(cell.strip() for cell in cells):
                    continue
                self._read_odd(line, cells, raw, chunk)
                continue
            chunk.rows += 1
            rest = self._rest(line, cells, chunk, quick[1])
            if rest is None:
                chunk.rejected += 1
                continue
            if quick[2] is not None:
                self._warn(chunk, line, columns.phone, raw, str(quick[2]))
            chunk.lines.append(line)
            chunk.numbers.append(quick[0].encode())
            chunk.rest.append(rest)

    def _read_odd(self, line: int, cells: list[str], raw: str, chunk: Chunk) -> None:
        """A row whose number takes more than a glance."""
        chunk.rows += 1
        result = parse_phone(raw)
        if isinstance(result, PhoneProblem):
            self._reject(chunk, line, self._columns.phone, raw, result.reason, result.suggestion)
            self._rest(line, cells, chunk, "")
            chunk.rejected += 1
            return
        rest = self._rest(line, cells, chunk, result.carrier)
        if rest is None:
            chunk.rejected += 1
            return
        if result.repair is not None:
            chunk.repaired += 1
            reason, title = str(result.repair.value), self._title(self._columns.phone)
            chunk.problems.append(Problem(line, Outcome.REPAIRED, title, raw, reason, result.national))
        if result.warning is not None:
            self._warn(chunk, line, self._columns.phone, raw, str(result.warning))
        chunk.lines.append(line)
        chunk.numbers.append(result.number.encode())
        chunk.rest.append(rest)

    def _rest(self, line: int, cells: list[str], chunk: Chunk, carrier: str) -> bytes | None:
        """The columns beside the number, encoded; None, with its problems noted, where one makes the row bad."""
        ward = self._ward(line, cells, chunk)
        name = self._name(line, cells, chunk)
        attributes = self._attributes(line, cells, chunk)
        if ward is None or name is None or attributes is None:
            return None
        found = self._carriers.get(carrier)
        if found is None:
            found = self._carriers[carrier] = encode_field(carrier)
        language = self._language(line, cells, chunk)
        return b"".join((found, ward, language, name, attributes))

    def _ward(self, line: int, cells: list[str], chunk: Chunk) -> bytes | None:
        columns = self._columns
        written = (_at(cells, columns.ward), _at(cells, columns.ward_code), _at(cells, columns.district))
        place = self._places.get(written)
        if place is None:
            if len(self._places) >= _CACHED_PLACES:
                self._places.clear()
            place = self._places[written] = self._find_ward(*written)
        if isinstance(place, bytes):
            return place
        column, error = place
        near = error.detail.get("suggestions") or []
        suggestion = (
            t("Có phải: {near}?", "Did you mean: {near}?", near=", ".join(near))
            if near
            else t("Ghi đúng tên hoặc mã phường/xã", "Write the ward's name or code")
        )
        self._reject(chunk, line, column, cells[column], str(error), suggestion)
        return None

    def _find_ward(self, ward: str, code: str, district: str) -> bytes | tuple[int, LoaError]:
        """The ward encoded, or (column, error). A code and a name in one row must mean the same ward."""
        columns = self._columns
        column = columns.ward_code if code.strip() else columns.ward
        try:
            if not ward.strip() and not code.strip():
                return self._nothing[0]
            unit = self._index.ward(code if code.strip() else ward, district)
            if code.strip() and ward.strip():
                column = columns.ward
                self._index.ward(ward, unit.parent_code or "").code == unit.code or self._disagree(ward, unit.title)
            return encode_ward(self._area_ids[unit.code])
        except LoaError as error:
            return column or 0, error

    @staticmethod
    def _disagree(ward: str, title: str) -> None:
        raise LoaError(
            "Tên “{ward}” khác với mã, mã là {title}.",
            "The name “{ward}” and the code differ: the code is {title}.",
            ward=ward[:60],
            title=title,
        )

    def _name(self, line: int, cells: list[str], chunk: Chunk) -> bytes | None:
        place = self._columns.full_name
        raw = _at(cells, place)
        if not raw:
            return self._nothing[1]
        name = tidy(raw) if len(raw) <= 4 * MAX_NAME else raw
        if len(name) > MAX_NAME:
            self._too_long(chunk, line, place or 0, raw, MAX_NAME)
            return None
        return encode_field(name or None)

    def _language(self, line: int, cells: list[str], chunk: Chunk) -> bytes:
        place = self._columns.language
        raw = _at(cells, place)
        if not raw:
            return self._nothing[1]
        key = fold(tidy(raw[:40]))
        if key not in _LANGUAGES:
            reason = t("Ngôn ngữ không rõ, bỏ qua", "Unknown language, left out")
            self._warn(chunk, line, place or 0, raw, reason, "vi, en")
        return encode_field(_LANGUAGES.get(key))

    def _attributes(self, line: int, cells: list[str], chunk: Chunk) -> bytes | None:
        found: dict[str, str] = {}
        for key, place in self._columns.attributes:
            raw = _at(cells, place)
            if not raw:
                continue
            if len(raw) > MAX_ATTRIBUTE:
                self._too_long(chunk, line, place, raw, MAX_ATTRIBUTE)
                return None
            value = tidy(raw)
            if value:
                found[key] = value
        return encode_attributes(found)

    def _too_long(self, chunk: Chunk, line: int, place: int, raw: str, limit: int) -> None:
        reason = t("Ô dài quá {limit} ký tự", "The cell has more than {limit} characters", limit=limit)
        self._reject(chunk, line, place, raw, reason, t("Rút ngắn nội dung", "Shorten it"))

    def _reject(self, chunk: Chunk, line: int, place: int, raw: str, reason: str, suggestion: str) -> None:
        chunk.problems.append(Problem(line, Outcome.REJECTED, self._title(place), raw, reason, suggestion))

    def _warn(self, chunk: Chunk, line: int, place: int, raw: str, reason: str, suggestion: str = "") -> None:
        chunk.warnings += 1
        chunk.problems.append(Problem(line, Outcome.WARNING, self._title(place), raw, reason, suggestion))

    def _title(self, place: int) -> str:
        return self._columns.titles[place]


def _at(cells: list[str], place: int | None) -> str:
    return "" if place is None or place >= len(cells) else cells[place]

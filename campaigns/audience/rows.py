"""Turns the rows of a table into people: number, ward, name, language, attributes; or says what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from campaigns.areas.index import AreaIndex
from campaigns.areas.names import fold, tidy
from campaigns.audience.columns import Columns
from campaigns.audience.phone import PhoneProblem, canonical_phone, parse_phone
from campaigns.audience.problems import Outcome, Problem
from campaigns.errors import LoaError
from campaigns.store.contact_rows import encode_field, encode_ward
from config.i18n import t

MAX_NAME = 200
MAX_ATTRIBUTE = 1000
_CACHED_PLACES = 20_000
_CACHED_LANGUAGES = 1_000
_NULL = encode_field(None)
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
    """Carrier, ward and language, encoded for COPY."""
    names: list[str] = field(default_factory=list)
    """Empty where the row gives none."""
    attributes: list[list[str]] = field(default_factory=list)
    """Of each row its values in the order of the columns that hold them; empty where the row gives none."""
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    repaired: int = 0
    warnings: int = 0


class RowReader:
    """Reads rows of one file. Places, which repeat, are worked out once."""

    def __init__(
        self, columns: Columns, index: AreaIndex, area_ids: Mapping[str, int], wards: Collection[int] | None = None
    ) -> None:
        """``wards`` are those whose people may be taken, by ``area.id``; None is every ward, and no ward."""
        self._wards = wards
        self._columns = columns
        self._index = index
        self._area_ids = area_ids
        self._places: dict[Hashable, bytes | tuple[int, LoaError]] = {}
        self._place_key = _picker(columns.ward, columns.ward_code, columns.district)
        self._carriers: dict[str, bytes] = {}
        self._languages: dict[str, bytes] = {}
        self._keys = columns.attributes
        self._width = len(columns.titles)

    def read(self, rows: Sequence[tuple[int, list[str]]], chunk: Chunk) -> None:
        """Add ``rows`` to ``chunk``; rows without any text do not count."""
        phone = self._columns.phone
        for line, cells in rows:
            raw = cells[phone] if phone < len(cells) else ""
            quick = canonical_phone(raw)
            if quick is None:
                if raw or any(cell.strip() for cell in cells):
                    self._read_odd(line, cells, raw, chunk)
                continue
            chunk.rows += 1
            number, carrier, warning = quick
            if not self._take(line, cells, chunk, number, carrier):
                chunk.rejected += 1
            elif warning is not None:
                self._warn(chunk, line, phone, raw, str(warning))

    def _read_odd(self, line: int, cells: list[str], raw: str, chunk: Chunk) -> None:
        """A row whose number takes more than a glance."""
        chunk.rows += 1
        result = parse_phone(raw)
        if isinstance(result, PhoneProblem):
            self._reject(chunk, line, self._columns.phone, raw, result.reason, result.suggestion)
            self._beside(line, cells, chunk)
            chunk.rejected += 1
            return
        if not self._take(line, cells, chunk, result.number, result.carrier):
            chunk.rejected += 1
            return
        if result.repair is not None:
            chunk.repaired += 1
            reason, title = str(result.repair.value), self._title(self._columns.phone)
            chunk.problems.append(Problem(line, Outcome.REPAIRED, title, raw, reason, result.national))
        if result.warning is not None:
            self._warn(chunk, line, self._columns.phone, raw, str(result.warning))

    def _take(self, line: int, cells: list[str], chunk: Chunk, number: str, carrier: str) -> bool:
        """Add one person; False, with its problems noted, where a column beside the number makes the row bad."""
        beside = self._beside(line, cells, chunk)
        if beside is None:
            return False
        ward, language, name, attributes = beside
        found = self._carriers.get(carrier)
        if found is None:
            found = self._carriers[carrier] = encode_field(carrier)
        chunk.lines.append(line)
        chunk.numbers.append(number.encode())
        chunk.rest.append(found + ward + language)
        chunk.names.append(name)
        chunk.attributes.append(attributes)
        return True

    def _beside(self, line: int, cells: list[str], chunk: Chunk) -> tuple[bytes, bytes, str, list[str]] | None:
        """Ward and language, encoded, name and attributes; None, with its problems noted, of a bad row."""
        if len(cells) < self._width:
            cells = cells + [""] * (self._width - len(cells))
        columns = self._columns
        key = self._place_key(cells)
        ward = self._places.get(key)
        if ward is None:
            ward = self._remember(key, cells)
        if not isinstance(ward, bytes):
            self._bad_ward(chunk, line, cells, *ward)
        name: str | None = ""
        if columns.full_name is not None and (raw := cells[columns.full_name]):
            name = self._text(line, columns.full_name, raw, MAX_NAME, chunk)
        language = _NULL
        if columns.language is not None and (raw := cells[columns.language]):
            language = self._languages.get(raw) or self._language(line, raw, chunk)
        attributes = self._attributes(line, cells, chunk) if self._keys else []
        if not isinstance(ward, bytes) or name is None or attributes is None:
            return None
        return ward, language, name, attributes

    def _place_cells(self, cells: list[str]) -> tuple[str, str, str]:
        c = self._columns
        return (
            "" if c.ward is None else cells[c.ward],
            "" if c.ward_code is None else cells[c.ward_code],
            "" if c.district is None else cells[c.district],
        )

    def _remember(self, key: Hashable, cells: list[str]) -> bytes | tuple[int, LoaError]:
        if len(self._places) >= _CACHED_PLACES:
            self._places.clear()
        place = self._places[key] = self._find_ward(*self._place_cells(cells))
        return place

    def _bad_ward(self, chunk: Chunk, line: int, cells: list[str], column: int, error: LoaError) -> None:
        near = error.detail.get("suggestions") or []
        if error.detail.get("outside"):
            suggestion = t("Chuyển dòng này cho người phụ trách nơi ấy", "Hand the row to whoever works for that place")
        elif near:
            suggestion = t("Có phải: {near}?", "Did you mean: {near}?", near=", ".join(near))
        else:
            suggestion = t("Ghi đúng tên hoặc mã phường/xã", "Write the ward's name or code")
        self._reject(chunk, line, column, cells[column], str(error), suggestion)

    def _find_ward(self, ward: str, code: str, district: str) -> bytes | tuple[int, LoaError]:
        """The ward encoded, or (column, error). A code and a name in one row must mean the same ward."""
        columns = self._columns
        column = columns.ward_code if code.strip() else columns.ward
        try:
            if not ward.strip() and not code.strip():
                if self._wards is not None:
                    raise _nowhere()
                return _NULL
            unit = self._index.ward(code if code.strip() else ward, district)
            if code.strip() and ward.strip():
                column = columns.ward
                if self._index.ward(ward, unit.parent_code or "").code != unit.code:
                    raise _disagreement(ward, unit.title)
            found = self._area_ids[unit.code]
            if self._wards is not None and found not in self._wards:
                raise _outside(unit.title)
            return encode_ward(found)
        except LoaError as error:
            return column or 0, error

    def _text(self, line: int, place: int, raw: str, limit: int, chunk: Chunk) -> str | None:
        """A cell of text; None, with the problem noted, where it is too long."""
        if len(raw) > 4 * limit or len(text := tidy(raw)) > limit:
            self._too_long(chunk, line, place, raw, limit)
            return None
        return text

    def _language(self, line: int, raw: str, chunk: Chunk) -> bytes:
        key = fold(tidy(raw[:40]))
        if key not in _LANGUAGES:
            reason = t("Ngôn ngữ không rõ, bỏ qua", "Unknown language, left out")
            self._warn(chunk, line, self._columns.language or 0, raw, reason, "vi, en")
            return _NULL
        encoded = encode_field(_LANGUAGES[key])
        if len(self._languages) < _CACHED_LANGUAGES:
            self._languages[raw] = encoded
        return encoded

    def _attributes(self, line: int, cells: list[str], chunk: Chunk) -> list[str] | None:
        found = []
        for _, place in self._keys:
            raw = cells[place]
            if len(raw) > MAX_ATTRIBUTE:
                self._too_long(chunk, line, place, raw, MAX_ATTRIBUTE)
                return None
            found.append(tidy(raw))
        return found

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


def _picker(*places: int | None) -> Callable[[list[str]], Hashable]:
    """What takes the cells of those columns that exist out of a row, as one key."""
    present = [place for place in places if place is not None]
    return itemgetter(*present) if present else lambda _: ()


def _nowhere() -> LoaError:
    return LoaError(
        "Chưa ghi phường/xã; bạn chỉ nhập được người của địa bàn mình phụ trách.",
        "No ward is given; you can import only people of the places you work for.",
    )


def _outside(title: str) -> LoaError:
    return LoaError(
        "{title} ngoài địa bàn bạn phụ trách.",
        "{title} is outside the places you work for.",
        title=title,
        outside=True,
    )


def _disagreement(ward: str, title: str) -> LoaError:
    return LoaError(
        "Tên “{ward}” khác với mã, mã là {title}.",
        "The name “{ward}” and the code differ: the code is {title}.",
        ward=ward[:60],
        title=title,
    )

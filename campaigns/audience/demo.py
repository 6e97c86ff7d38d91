"""Makes a file of made-up people of Da Nang, the same for the same seed, with the dirt of real files in it.

For trying Loa with simulated telcos and for measuring. The numbers are made up but may belong to somebody, so the
file must never be sent to through a real gateway.
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campaigns.areas.names import fold
from campaigns.areas.units import Unit, units_of
from campaigns.audience.phone import canonical_phone, carriers, migrations

EDITION = "2023"
HEADER = ("STT", "Họ và tên", "Số điện thoại", "Phường/Xã", "Quận/Huyện", "Ngôn ngữ", "Mã hồ sơ")


def _words(text: str) -> list[str]:
    return text.split()


_SURNAMES = _words(
    "Nguyễn Trần Lê Phạm Huỳnh Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Trương Đinh Mai Thái Tăng Ông Ngụy Quách"
)
_MIDDLE = _words("Văn Thị Hữu Đức Ngọc Minh Thanh Quốc Xuân Thu Kim Anh Bảo Gia Hồng Công Đình Thùy")
_GIVEN = _words(
    "An Anh Bình Châu Chi Cường Diệp Dũng Duy Giang Hà Hải Hạnh Hiền Hiếu Hoa Hòa Hùng Hương Huy Khánh Khoa Lan Lâm "
    "Linh Loan Long Mai Minh My Nam Nga Ngân Nghĩa Nhân Nhung Oanh Phong Phúc Phương Quân Quang Quý Quyên Sơn Tâm "
    "Thảo Thịnh Thủy Tiến Trang Trí Trinh Trung Tú Tuấn Tùng Uyên Vân Việt Vy Yến"
)
_WEIGHTS = {"viettel": 12, "vinaphone": 8, "mobifone": 8}

# Each is written instead of a clean number and read back with one repair.
_REPAIRS = ("lost_zero", "decimal", "scientific", "apostrophe", "letter_o", "surplus_zero", "legacy")
_REJECTED_NUMBERS = (
    "", "8.49E+10", "9.05E+08", "02363822131", "0236 3 822 131", "05113822131", "1022", "113", "18001098", "19001075",
    "+16502530000", "090512345", "09051234567", "01791234567", "0605123456", "không có", "0905123456 / 0913123456",
    "0905 123 456 (số của con)", "đã chuyển đi", "=1+1", "#REF!", "0905-12-3x56",
)
_REJECTED_WARDS = ("Phường Hóa Minh", "Phường 5", "Hải Vân", "20333", "Hải Châu", "99999", "Xã Hòa Mỹ", "Quận Hải Châu")


@dataclass(frozen=True, slots=True)
class DemoFile:
    """What an import of the file into an empty register will say."""

    rows: int
    people: int
    duplicates: int
    rejected: int
    repaired: int


def write_demo_people(path: Path, count: int = 20_000, seed: int = 52) -> DemoFile:
    """Write ``count`` people of all wards (more where more live) and, for each hundred, one further dirty row.

    CSV as Excel writes it: UTF-8 with BOM, comma. Every prefix of the carrier table occurs. One in a hundred
    of the people carries a number that has to be repaired.
    """
    maker = _Maker(random.Random(seed))  # noqa: S311  the same people for the same seed
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(maker.rows(count))
    return DemoFile(maker.number, count, maker.duplicates, maker.rejected, maker.repaired)


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.number = self.duplicates = self.rejected = self.repaired = 0
        self._rng = rng
        units = units_of(EDITION)
        self._districts = {u.code: u for u in units if u.kind == "district"}
        self._wards = [u for u in units if u.kind == "ward"]
        self._written = {u.code: _ways_to_write(u) for u in self._wards}
        self._given_out: dict[str, int] = {}

    def rows(self, count: int) -> Iterator[list[str]]:
        """The people in order, dirty rows between them."""
        wards = self._draw_wards(count)
        prefixes = self._draw_prefixes(count)
        for i in range(count):
            national = self._next_number(prefixes[i])
            row = self._person(wards[i], national)
            if i % 100 == 7:
                row[2] = self._spoil(national, i // 100)
                self.repaired += row[2] != national
            yield row
            if i % 100 == 99:
                yield self._dirty(row, national, i // 100)

    def _draw_wards(self, count: int) -> list[Unit]:
        parents = [w.parent_code or "" for w in self._wards]
        weights = [(self._districts[p].population or 0) / parents.count(p) for p in parents]
        return (self._wards + self._rng.choices(self._wards, weights, k=max(0, count - len(self._wards))))[:count]

    def _draw_prefixes(self, count: int) -> list[str]:
        table = {prefix: carrier for prefix, carrier in carriers().items() if len(prefix) == 3}
        weights = [_WEIGHTS.get(carrier, 1) for carrier in table.values()]
        return [*table, *self._rng.choices([*table], weights, k=max(0, count - len(table)))][:count]

    def _next_number(self, prefix: str) -> str:
        """The next number of a prefix: each once, in an order that looks like none."""
        turn = self._given_out[prefix] = self._given_out.get(prefix, 0) + 1
        return f"{prefix}{turn * 7_368_787 % 10_000_000:07d}"

    def _person(self, ward: Unit, national: str) -> list[str]:
        self.number += 1
        pick = self._rng.random
        name = f"{_pick(_SURNAMES, pick())} {_pick(_MIDDLE, pick())} {_pick(_GIVEN, pick())}"
        if pick() < 0.01:
            name = unicodedata.normalize("NFD", name)
        written = self._written[ward.code]
        place = written[0] if pick() < 0.9 else _pick(written, pick())
        district = self._districts[ward.parent_code or ""]
        language = "en" if pick() < 0.01 else "vi"
        return [str(self.number), name, national, place, district.title, language, f"HS{self.number:07d}"]

    def _spoil(self, national: str, turn: int) -> str:
        """The number as damage of the kind ``turn`` leaves it; unchanged where the kind does not fit the number."""
        kind = _REPAIRS[turn % len(_REPAIRS)]
        if kind == "legacy":
            old = next((old for old, new in migrations().items() if new == national[:3]), None)
            return national if old is None else old + national[3:]
        digits = national[1:]
        if kind == "scientific" and digits.endswith("0"):
            return national  # the mantissa would lack its last digit, and then nobody can tell
        return {
            "lost_zero": digits,
            "decimal": f"{digits}.0",
            "scientific": f"8.4{digits}E+10",
            "apostrophe": f"'{national}",
            "letter_o": f"O{digits}",
            "surplus_zero": f"+84{national}",
        }[kind]

    def _dirty(self, before: list[str], national: str, turn: int) -> list[str]:
        """A row that is refused, or one of a person whom the file already has."""
        self.number += 1
        row = [str(self.number), *before[1:6], f"HS{self.number:07d}"]
        kind, turn = turn % 3, turn // 3
        if kind == 0:
            row[2] = _REJECTED_NUMBERS[turn % len(_REJECTED_NUMBERS)]
            self.rejected += 1
        elif kind == 1:
            quick = canonical_phone(national)
            row[2] = f"+{quick[0]}" if quick and turn % 2 else f"{national[:4]} {national[4:7]} {national[7:]}"
            self.duplicates += 1
        else:
            row[2], row[3] = self._next_number("090"), _REJECTED_WARDS[turn % len(_REJECTED_WARDS)]
            self.rejected += 1
        return row


def _pick(choices: list[str], chance: float) -> str:
    return choices[int(chance * len(choices))]


def _ways_to_write(ward: Unit) -> list[str]:
    """The official way first, then others that people use for the same ward."""
    letter = ward.prefix[0]
    return [
        f"{ward.prefix} {ward.name}",
        f"{letter}. {ward.name}",
        f"{letter}.{ward.name}",
        ward.name,
        ward.name.upper(),
        fold(ward.name).title(),
        ward.name.replace("Hòa", "Hoà"),
        unicodedata.normalize("NFD", f"{ward.prefix} {ward.name}"),
        ward.code,
    ]

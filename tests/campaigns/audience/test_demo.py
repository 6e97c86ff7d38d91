"""The made-up people of the demonstration."""

from __future__ import annotations

import csv
from pathlib import Path

from campaigns.areas.index import AreaIndex
from campaigns.audience.demo import write_demo_people
from campaigns.audience.phone import PhoneError, PhoneProblem, PhoneResult, Repair, carriers, normalise_phone
from campaigns.errors import LoaError


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def test_the_same_seed_makes_the_same_file_and_another_another(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "abc"]
    for path, seed in zip(files, (1, 1, 2), strict=True):
        write_demo_people(path, 500, seed)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes() != files[2].read_bytes()


def test_it_holds_all_wards_all_prefixes_and_every_kind_of_dirt(tmp_path: Path) -> None:
    made = write_demo_people(tmp_path / "people.csv")
    rows = _read(tmp_path / "people.csv")
    assert (made.people, made.rows) == (20_000, len(rows))
    index, wards, bad_wards = AreaIndex("2023"), set(), 0
    for row in rows:
        try:
            wards.add(index.ward(row[3], row[4]).code)
        except LoaError:
            bad_wards += 1
    assert len(wards) == 56
    assert bad_wards > 50
    results = [normalise_phone(row[2]) for row in rows]
    taken = [r for r in results if isinstance(r, PhoneResult)]
    assert {r.national[:3] for r in taken} >= {prefix for prefix in carriers() if len(prefix) == 3}
    assert {r.repair for r in taken} == {None, *Repair}
    refused = {r.error for r in results if isinstance(r, PhoneProblem)}
    assert refused == set(PhoneError)
    assert len({r.number for r in taken}) >= made.people

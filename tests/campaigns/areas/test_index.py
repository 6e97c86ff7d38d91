"""Finding the ward that a file means."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from campaigns.areas.index import AmbiguousArea, AreaIndex, UnknownArea
from campaigns.areas.names import fold
from campaigns.areas.units import Unit, all_units, successions, units_of
from campaigns.errors import NotFound

EVERY_WARD = [unit for units in all_units().values() for unit in units if unit.kind == "ward"]
INDEXES = {edition: AreaIndex(edition) for edition in all_units()}


OLD_TONES = {"Hòa": "Hoà", "Thủy": "Thuỷ", "Tỏa": "Toả"}
SHORT = {"Phường": "P", "Xã": "X", "Đặc khu": "ĐK"}


def _old_tones(text: str) -> str:
    return " ".join(OLD_TONES.get(word, word) for word in text.split())


def test_the_editions_hold_what_the_resolutions_say() -> None:
    kinds = {edition: Counter(u.kind for u in units) for edition, units in all_units().items()}
    assert kinds["2023"] == {"city": 1, "district": 8, "ward": 56}
    assert kinds["2025"] == {"city": 1, "ward": 94}
    assert Counter(u.prefix for u in units_of("2023") if u.kind == "ward") == {"Phường": 45, "Xã": 11}
    assert Counter(u.prefix for u in units_of("2025") if u.kind == "ward") == {"Xã": 70, "Phường": 23, "Đặc khu": 1}
    assert sum(u.population or 0 for u in units_of("2023") if u.kind == "district") == 1_134_310


def test_names_in_the_data_are_nfc_single_spaced_and_modern_in_tone() -> None:
    for units in all_units().values():
        for unit in units:
            assert unit.name == " ".join(unicodedata.normalize("NFC", unit.name).split())
            assert "oà " not in f"{unit.name} "
    assert "Hòa Quý" in {u.name for u in units_of("2023")}
    assert "Hoàng Sa" in {u.name for u in units_of("2025")}


def test_every_ward_of_2023_has_a_successor_and_only_hoa_lien_was_split() -> None:
    wards = {u.code for u in units_of("2023") if u.kind == "ward"}
    after = Counter(s.from_code for s in successions())
    assert wards <= set(after)
    assert {code for code, count in after.items() if count > 1} == {"20296"}
    assert {s.to_code for s in successions()} <= {u.code for u in units_of("2025")}
    assert {s.from_code for s in successions() if not s.exact} == {"20200", "20296"}


@pytest.mark.parametrize("unit", EVERY_WARD, ids=lambda u: f"{u.edition}-{u.code}")
def test_every_ward_is_found_however_it_is_written(unit: Unit) -> None:
    index = INDEXES[unit.edition]
    letter = SHORT[unit.prefix]
    ways = [
        unit.code,
        f"{unit.code}.0",
        f" {unit.code} ",
        unit.name,
        unit.title,
        unit.title.upper(),
        unit.title.lower(),
        f"{letter}. {unit.name}",
        f"{letter}.{unit.name}",
        f"{unit.prefix}  {unit.name}\u00a0",
        _old_tones(unit.title),
        unicodedata.normalize("NFD", unit.title),
        fold(unit.title),
        fold(unit.name).upper(),
        f"{unit.title}, TP Đà Nẵng",
    ]
    assert [index.ward(way).code for way in ways] == [unit.code] * len(ways)


@pytest.mark.parametrize("unit", [u for u in EVERY_WARD if u.edition == "2023"], ids=lambda u: u.code)
def test_a_ward_is_found_with_its_district_in_any_form_and_refused_with_another(unit: Unit) -> None:
    index = INDEXES["2023"]
    own = index.unit(unit.parent_code or "")
    for district in (own.code, own.name, own.title, f"Q.{own.name}", fold(own.title)):
        assert index.ward(unit.title, district) is unit
    assert index.ward(f"{unit.title}, {own.title}, Đà Nẵng") is unit
    assert index.ward(f"{unit.name} - {own.prefix} {own.name}") is unit
    other = next(d for d in index.districts if d.code not in (own.code, "498"))
    with pytest.raises(UnknownArea):
        index.ward(unit.title, other.title)
    with pytest.raises(UnknownArea):
        index.ward(unit.code, other.code)


def test_roman_numbers_may_be_written_in_digits() -> None:
    assert INDEXES["2023"].ward("P. Hải Châu 2").code == "20239"
    assert INDEXES["2023"].ward("hai chau 1").code == "20236"


@pytest.mark.parametrize(
    "written", ["Phường 5", "Hóa Minh", "Hòa", "99999", "2019", "", "phường", "Quận Hải Châu", "490", "Đà Nẵng", "48"]
)
def test_what_is_no_ward_is_refused(written: str) -> None:
    with pytest.raises(UnknownArea):
        INDEXES["2023"].ward(written)


def test_a_refusal_suggests_the_nearest_names() -> None:
    with pytest.raises(UnknownArea) as refused:
        INDEXES["2023"].ward("Hòa Mih")
    assert refused.value.detail["suggestions"][0] == "Phường Hòa Minh"


def test_a_code_or_name_of_the_other_edition_is_refused_and_says_so() -> None:
    with pytest.raises(UnknownArea, match="2025 thì có: Phường Hải Vân"):
        INDEXES["2023"].ward("Hải Vân")
    with pytest.raises(UnknownArea) as refused:
        INDEXES["2025"].ward("20195")
    assert "Hòa Hiệp Nam" in str(refused.value)


def test_the_same_code_means_another_place_in_the_other_edition() -> None:
    assert INDEXES["2023"].ward("20200").name == "Hòa Minh"
    assert INDEXES["2025"].ward("20200").name == "Hòa Khánh"


def test_a_quan_is_never_taken_for_the_ward_of_that_name() -> None:
    assert INDEXES["2025"].ward("Phường Hải Châu").code == "20242"
    with pytest.raises(UnknownArea):
        INDEXES["2025"].ward("Quận Hải Châu")


def test_an_edition_without_districts_does_not_look_at_them() -> None:
    assert INDEXES["2025"].ward("Hải Châu", "Quận Hải Châu").code == "20242"


def test_a_name_without_marks_that_fits_two_wards_is_ambiguous_and_the_accented_one_is_not() -> None:
    index = AreaIndex("2023")
    twins = [
        Unit("2023", code, "ward", "Xã", name, parent, None)
        for code, name, parent in (
            ("30001", "Tam Đàn", "490"),
            ("30002", "Tam Dân", "490"),
            ("30003", "Trà Don", "491"),
        )
    ]
    index.wards = (*index.wards, *twins)
    with pytest.raises(AmbiguousArea) as refused:
        index.ward("tam dan")
    assert set(refused.value.detail["suggestions"]) == {"Xã Tam Đàn", "Xã Tam Dân"}
    assert index.ward("Tam Đàn").code == "30001"
    assert index.ward("TAM DÂN").code == "30002"
    assert index.ward("tra don").code == "30003"


def test_an_unknown_edition_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="2023, 2025"):
        AreaIndex("1997")

"""What a cell with a number means."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.audience.phone import (
    PhoneError,
    PhoneProblem,
    PhoneResult,
    Repair,
    canonical_phone,
    carrier_of,
    carriers,
    mask_phone,
    migrations,
    normalise_phone,
    parse_phone,
)

TAKEN = [
    "0905123456", "84905123456", "+84905123456", "0084905123456", "0905 123 456", "0905.123.456", "0905-123-456",
    "(0905) 123 456", "+84 (0)905 123 456", "+84 (0) 905123456", "0905\u00a0123\u00a0456", "\u00a00905123456\u200b",
    "０９０５１２３４５６", "0905\u2013123\u2013456", " 0905123456 ", "0905123456;",
    "\ufeff0905123456", "\t0905123456\r\n",
    "84 905 123 456", "0905\u202f123\u202f456",
]
REPAIRED = [
    ("905123456", "84905123456", Repair.LOST_ZERO),
    ("905 123 456", "84905123456", Repair.LOST_ZERO),
    ("849123456", "84849123456", Repair.LOST_ZERO),  # VinaPhone 084, not the country code
    ("905123456.0", "84905123456", Repair.LOST_ZERO),
    ("84905123456.0", "84905123456", Repair.DECIMAL),
    ("84905123456,00", "84905123456", Repair.DECIMAL),
    ("8.4905123456E+10", "84905123456", Repair.DECIMAL),
    ("8,4905123456E+10", "84905123456", Repair.DECIMAL),
    ("9.05123456e8", "84905123456", Repair.LOST_ZERO),
    ("'0905123456", "84905123456", Repair.APOSTROPHE),
    ("’0905123456", "84905123456", Repair.APOSTROPHE),
    ("O905123456", "84905123456", Repair.LETTER_O),
    ("o9O5 123 456", "84905123456", Repair.LETTER_O),
    ("840905123456", "84905123456", Repair.SURPLUS_ZERO),
    ("00840905123456", "84905123456", Repair.SURPLUS_ZERO),
    ("+840905123456", "84905123456", Repair.SURPLUS_ZERO),
    ("01201234567", "84701234567", Repair.MIGRATED),
    ("1201234567", "84701234567", Repair.MIGRATED),
    ("+841201234567", "84701234567", Repair.MIGRATED),
    ("0120 123 4567", "84701234567", Repair.MIGRATED),
    ("1201234567.0", "84701234567", Repair.MIGRATED),
]
REFUSED = [
    ("", PhoneError.EMPTY),
    ("  \u00a0", PhoneError.EMPTY),
    ("-", PhoneError.EMPTY),
    ("8.49E+10", PhoneError.ROUNDED),
    ("8,49E+10", PhoneError.ROUNDED),
    ("9.05E+08", PhoneError.ROUNDED),
    ("9.0512345E+08", PhoneError.ROUNDED),
    ("8.490512345E+10", PhoneError.ROUNDED),
    ("1E+99", PhoneError.ROUNDED),
    ("02363822131", PhoneError.LANDLINE),
    ("0236 3822 131", PhoneError.LANDLINE),
    ("+84 236 3822131", PhoneError.LANDLINE),
    ("0511 3822131", PhoneError.LANDLINE),
    ("0235 3852 401", PhoneError.LANDLINE),
    ("1022", PhoneError.SERVICE),
    ("113", PhoneError.SERVICE),
    ("18001098", PhoneError.SERVICE),
    ("19001075", PhoneError.SERVICE),
    ("1900 1075", PhoneError.SERVICE),
    ("+16502530000", PhoneError.FOREIGN),
    ("0086 138 0013 8000", PhoneError.FOREIGN),
    ("090512345", PhoneError.TOO_SHORT),
    ("8490512345", PhoneError.TOO_SHORT),
    ("90512345", PhoneError.TOO_SHORT),
    ("09051234567", PhoneError.TOO_LONG),
    ("849051234567", PhoneError.TOO_LONG),
    ("01791234567", PhoneError.LEGACY_UNKNOWN),
    ("0605123456", PhoneError.NOT_MOBILE),
    ("0105123456", PhoneError.NOT_MOBILE),
    ("abc", PhoneError.NOT_A_NUMBER),
    ("#N/A", PhoneError.NOT_A_NUMBER),
    ("0905123456 (con)", PhoneError.NOT_A_NUMBER),
    ("0905123456 ext 3", PhoneError.NOT_A_NUMBER),
    ("=HYPERLINK(1)", PhoneError.NOT_A_NUMBER),
    ("++84905123456", PhoneError.NOT_A_NUMBER),
    ("+", PhoneError.NOT_A_NUMBER),
    ("00", PhoneError.NOT_A_NUMBER),
    ("l905123456", PhoneError.NOT_A_NUMBER),
    ("٠٩٠٥١٢٣٤٥٦", PhoneError.NOT_A_NUMBER),
    ("x" * 5000, PhoneError.NOT_A_NUMBER),
]


@pytest.mark.parametrize("cell", TAKEN)
def test_ways_of_writing_one_number_are_one_number_and_no_repair(cell: str) -> None:
    assert normalise_phone(cell) == PhoneResult("84905123456", "mobifone")


@pytest.mark.parametrize(("cell", "number", "repair"), REPAIRED)
def test_certain_damage_is_repaired_and_reported(cell: str, number: str, repair: Repair) -> None:
    result = normalise_phone(cell)
    assert isinstance(result, PhoneResult)
    assert (result.number, result.repair, result.repaired_from) == (number, repair, cell.strip())


@pytest.mark.parametrize(("cell", "error"), REFUSED)
def test_what_is_no_mobile_number_is_refused_with_its_reason(cell: str, error: PhoneError) -> None:
    result = normalise_phone(cell)
    assert isinstance(result, PhoneProblem)
    assert result.error is error
    assert result.reason
    assert result.suggestion
    assert "{" not in result.suggestion


@pytest.mark.parametrize(
    "cell",
    [
        "0901234567 / 0912345678", "0901234567, 0912345678", "0901234567 0912345678", "0901234567;0912345678",
        "0901234567 hoặc 0912345678", "09012345670912345678", "+84901234567 - +84912345678",
        "0901 234 567\n0912 345 678",
    ],
)
def test_two_numbers_in_a_cell_are_refused_and_both_are_named(cell: str) -> None:
    result = normalise_phone(cell)
    assert isinstance(result, PhoneProblem)
    assert result.error is PhoneError.SEVERAL
    assert result.numbers == ("0901234567", "0912345678")
    assert "0901234567, 0912345678" in result.suggestion


@pytest.mark.parametrize("cell", ["0520123456", "0551123456", "0890123456", "0992123456", "0500123456", "0805123456"])
def test_a_range_the_library_does_not_know_is_a_warning(cell: str) -> None:
    result = normalise_phone(cell)
    assert isinstance(result, PhoneResult)
    assert result.warning is not None
    assert not phonenumbers.is_valid_number(phonenumbers.parse(cell, "VN"))


@pytest.mark.parametrize(("old", "new"), sorted(migrations().items()))
def test_every_prefix_of_2018_is_migrated_and_its_new_range_is_known(old: str, new: str) -> None:
    result = normalise_phone(f"{old}1234567")
    assert isinstance(result, PhoneResult)
    assert result.number == f"84{new[1:]}1234567"
    assert result.repair is Repair.MIGRATED
    assert result.warning is None


@pytest.mark.parametrize(("prefix", "carrier"), sorted(carriers().items()))
def test_every_prefix_of_the_table_has_its_carrier(prefix: str, carrier: str) -> None:
    result = normalise_phone(prefix.ljust(4, "3") + "123456")
    assert isinstance(result, PhoneResult)
    assert result.carrier in (carrier, carrier_of(result.national))


def test_the_longest_prefix_decides() -> None:
    assert [carrier_of(f"{p}123456") for p in ("0993", "0998", "0999", "0951", "0400")] == [
        "gmobile", "itel", "itel", "unknown", "unknown",
    ]


def test_the_short_way_agrees_with_the_library_on_every_range_of_five_digits() -> None:
    for first in "35789":
        for rest in range(10_000):
            cell = f"0{first}{rest:04d}"
            for tail in ("00000", "54321", "99999"):
                assert canonical_phone(cell[:5] + tail) is not None
            number = cell[:6] + "4321"
            quick, long = canonical_phone(number), parse_phone(number)
            assert isinstance(long, PhoneResult)
            assert quick == (long.number, long.carrier, long.warning)


@settings(max_examples=1500, deadline=None)
@given(st.from_regex(r"\A(0|84|\+84)[35789][0-9]{8}\Z"))
@example("0989999999")
def test_the_short_way_agrees_with_the_long_one(cell: str) -> None:
    quick, long = canonical_phone(cell), parse_phone(cell)
    assert quick is not None
    assert isinstance(long, PhoneResult)
    assert quick == (long.number, long.carrier, long.warning)
    assert long.repair is None


@settings(max_examples=1500, deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"\A[0-9O +().'/eE,-]{0,24}\Z"))
@example("8.4905123456E+10")
@example("0905123456\x00")
def test_any_cell_has_an_answer_and_every_number_taken_is_a_mobile_number(cell: str) -> None:
    result = normalise_phone(cell)
    if isinstance(result, PhoneResult):
        assert len(result.number) == 11
        assert result.number[:2] == "84"
        assert result.number[2] in "35789"
        again = normalise_phone(result.national)
        assert isinstance(again, PhoneResult)
        assert again.number == result.number
        # What is not reported as a repair only lost signs that are no digits.
        if result.repair is None:
            assert result.number[2:] in "".join(c for c in cell.translate(_WIDE) if c.isdigit())
    else:
        assert result.reason
        assert result.suggestion


_WIDE = {ord(wide): str(i) for i, wide in enumerate("０１２３４５６７８９")}


def test_masks_show_the_beginning_and_the_last_three() -> None:
    assert mask_phone("84905123456") == "09•• ••• 456"
    assert mask_phone("0905123456") == "09•• ••• 456"

"""Vietnamese mobile numbers: what a cell of a file means, what was repaired, or why it cannot be used.

Accepted: mobile numbers of the shape ``0[35789]`` + 8 digits. The library ``phonenumbers`` parses; that it does not
know a range is a warning and no refusal, because its tables lag behind the ministry's allocations (of its five last
major versions each knew other ranges). The carrier is the first owner of the range: numbers move between carriers.

Repairs, each reported "from → to": the zero that a spreadsheet ate, numbers turned into decimals or exact scientific
notation, a leading apostrophe, the letter O for a zero, a zero left in after the country code, and the 11-digit
numbers of before 15/11/2018. Refused rather than guessed: numbers a spreadsheet rounded, two numbers in one cell.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from importlib.resources import files

import phonenumbers

from config.i18n import Text

MAX_CELL = 64
"""Characters of a number cell that are looked at; a longer one holds something else."""


_SHAPE = Text(
    "Số di động có 10 chữ số, bắt đầu bằng 03, 05, 07, 08 hoặc 09",
    "A mobile number has 10 digits and starts with 03, 05, 07, 08 or 09",
)


class PhoneError(Enum):
    """Why a cell is no usable number; ``reason`` and ``suggestion`` are for people."""

    EMPTY = (
        Text("Thiếu số điện thoại", "The number is missing"),
        Text("Điền số di động 10 chữ số", "Fill in the 10-digit mobile number"),
    )
    ROUNDED = (
        Text("Excel đã làm tròn số này, các chữ số cuối đã mất", "Excel rounded this number; its last digits are lost"),
        Text(
            "Lấy lại số từ tệp gốc; định dạng cột là Văn bản trước khi nhập",
            "Take the number from the original file; format the column as Text before entering it",
        ),
    )
    SEVERAL = (
        Text("Có hơn một số trong một ô", "More than one number in one cell"),
        Text("Chỉ giữ một số ở mỗi dòng: {numbers}", "Keep one number per row: {numbers}"),
    )
    LANDLINE = (
        Text("Số cố định, không nhận được tin nhắn", "A landline; it cannot receive messages"),
        Text("Thay bằng số di động", "Give a mobile number instead"),
    )
    SERVICE = (
        Text("Số dịch vụ hoặc tổng đài, không phải thuê bao", "A service number, not a subscriber"),
        Text("Thay bằng số di động", "Give a mobile number instead"),
    )
    FOREIGN = (
        Text("Số nước ngoài", "A number of another country"),
        Text("Chỉ gửi tới thuê bao di động Việt Nam", "Only Vietnamese mobile numbers can be reached"),
    )
    TOO_SHORT = (
        Text("Thiếu chữ số", "Digits are missing"),
        _SHAPE,
    )
    TOO_LONG = (
        Text("Thừa chữ số", "Too many digits"),
        _SHAPE,
    )
    LEGACY_UNKNOWN = (
        Text(
            "Số 11 chữ số không có trong bảng chuyển đổi năm 2018",
            "An 11-digit number that the conversion of 2018 does not name",
        ),
        Text("Hỏi lại người dân số hiện dùng", "Ask the person for the number in use now"),
    )
    NOT_MOBILE = (
        Text("Không phải đầu số di động Việt Nam", "Not in a Vietnamese mobile range"),
        Text("Số di động bắt đầu bằng 03, 05, 07, 08 hoặc 09", "Mobile numbers start with 03, 05, 07, 08 or 09"),
    )
    NOT_A_NUMBER = (
        Text("Không phải số điện thoại", "Not a phone number"),
        Text("Chỉ ghi chữ số; ghi chú để ở cột khác", "Write digits only; keep remarks in another column"),
    )

    @property
    def reason(self) -> Text:
        """What is wrong with the cell."""
        return self.value[0]

    @property
    def suggestion(self) -> Text:
        """What to do; may hold ``{numbers}``."""
        return self.value[1]


class Repair(Enum):
    """What was put right in a cell; the value is the text for people."""

    LOST_ZERO = Text("Excel làm mất số 0 ở đầu", "The spreadsheet dropped the leading zero")
    DECIMAL = Text("Excel đổi số thành số thập phân", "The spreadsheet turned the number into a decimal")
    APOSTROPHE = Text("Bỏ dấu nháy ở đầu", "A leading apostrophe was taken off")
    LETTER_O = Text("Chữ O được đọc là số 0", "The letter O was read as a zero")
    SURPLUS_ZERO = Text("Bỏ số 0 thừa sau mã nước", "A zero after the country code was taken off")
    MIGRATED = Text("Số 11 chữ số đổi sang 10 chữ số (2018)", "An 11-digit number was moved to 10 digits (2018)")


RANGE_UNKNOWN = Text(
    "Đầu số chưa có trong thư viện; vẫn nhận", "The range is not known to the number library; taken all the same"
)


@dataclass(frozen=True, slots=True)
class PhoneResult:
    """A usable number."""

    number: str
    """E.164 without the plus: ``84905123456``."""
    carrier: str
    """First owner of the range: ``viettel`` … ``unknown``."""
    repaired_from: str | None = None
    """The cell as it was, where something was put right."""
    repair: Repair | None = None
    warning: Text | None = None

    @property
    def national(self) -> str:
        """``0905123456``."""
        return "0" + self.number[2:]


@dataclass(frozen=True, slots=True)
class PhoneProblem:
    """An unusable cell."""

    error: PhoneError
    numbers: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """What is wrong, in the current language."""
        return str(self.error.reason)

    @property
    def suggestion(self) -> str:
        """What to do, in the current language."""
        return self.error.suggestion.format(numbers=", ".join(self.numbers))


def _table(name: str, key: str, value: str) -> dict[str, str]:
    lines = files("campaigns.audience").joinpath("data", name).read_text(encoding="utf-8").splitlines()
    return {row[key]: row[value] for row in csv.DictReader(lines)}


@cache
def carriers() -> dict[str, str]:
    """Carrier by number prefix, ``{"090": "mobifone", "0998": "itel"}``; the longest prefix wins."""
    return _table("carriers.csv", "prefix", "carrier")


@cache
def migrations() -> dict[str, str]:
    """New prefix by the prefix of the 11-digit numbers that died on 15/11/2018."""
    return _table("migration_2018.csv", "old_prefix", "new_prefix")


def carrier_of(national: str) -> str:
    """First owner of the range of ``0905123456``; ``unknown`` where the table names none."""
    table = carriers()
    return table.get(national[:4]) or table.get(national[:3], "unknown")


def mask_phone(number: str) -> str:
    """``84905123456`` as screens and logs show it: ``09•• ••• 456``."""
    national = "0" + number[2:] if number.startswith("84") else number
    return f"{national[:2]}•• ••• {national[-3:]}"


_MOBILE = re.compile(r"0[35789][0-9]{8}")
_CANONICAL = re.compile(r"(?:0|\+?84)([35789][0-9]{8})").fullmatch
_MARKS = str.maketrans(
    "", "", " .-()\t\u00a0\u2007\u2009\u202f\u200b\u200c\u200d\u2060\ufeff\u2010\u2011\u2012\u2013\u2014\u2212"
)
_TRUNK = re.compile(r"\(\s*0\s*\)")
_SCIENTIFIC = re.compile(r"[+]?\d(?:[.,]\d+)?[eE][+]?\d{1,2}")
_DECIMAL = re.compile(r"(\d{6,15})[.,]0{1,6}")
_PLUS_DIGITS = re.compile(r"\+?[0-9]+")
_DIGITS = re.compile(r"\d+")
_RUN = re.compile(r"\+?\(?\d(?:[\d().\-\u2010-\u2014]| (?=[\d(]))*\d")


def normalise_phone(raw: str) -> PhoneResult | PhoneProblem:
    """What the cell ``raw`` means: a number, perhaps repaired, or the reason why not."""
    quick = canonical_phone(raw)
    return parse_phone(raw) if quick is None else PhoneResult(quick[0], quick[1], warning=quick[2])


def canonical_phone(raw: str) -> tuple[str, str, Text | None] | None:
    """(number, carrier, warning) of the shapes ``0905123456``, ``84905123456`` and ``+84905123456``, else None.

    The short way of :func:`normalise_phone`, fifty times as fast; a property test holds it to :func:`parse_phone`.
    """
    match = _CANONICAL(raw)
    if match is None:
        return None
    rest = match[1]
    found = _RANGES.get(rest[:3])
    if found is None:
        result = _judge("0" + rest[:3] + "123456")
        if isinstance(result, PhoneProblem):
            return None
        found = _RANGES[rest[:3]] = result.carrier, result.warning
    return "84" + rest, found[0], found[1]


_RANGES: dict[str, tuple[str, Text | None]] = {}
"""Carrier and warning of each range of four digits, without its zero, as the library sees it; filled on use."""


def parse_phone(raw: str) -> PhoneResult | PhoneProblem:
    """The long way of :func:`normalise_phone`, for every shape."""
    if len(raw) > MAX_CELL:
        return _several(raw) or PhoneProblem(PhoneError.NOT_A_NUMBER)
    text = unicodedata.normalize("NFKC", raw).strip().strip("\u200b\u200e\u200f\ufeff\u202a\u202c")
    if not text.strip("'’‘` .-"):
        return PhoneProblem(PhoneError.EMPTY)
    repair: Repair | None = None
    if text[0] in "'’‘`":
        text, repair = text[1:].strip(), Repair.APOSTROPHE
    spread = _from_spreadsheet(text)
    if isinstance(spread, PhoneProblem):
        return spread
    if spread is not None:
        text, repair = spread, Repair.DECIMAL
    else:
        several = _several(text)
        if several is not None:
            return several
    national, how = _national(text)
    if isinstance(national, PhoneProblem):
        return national
    result = _judge(national)
    if isinstance(result, PhoneProblem) or not (repair := how or repair):
        return result
    return PhoneResult(result.number, result.carrier, raw.strip(), repair, result.warning)


def _from_spreadsheet(text: str) -> str | PhoneProblem | None:
    """The digits behind ``905123456.0`` or ``8.4905123456E+10``; a problem where digits were lost."""
    decimal = _DECIMAL.fullmatch(text)
    if decimal:
        return decimal[1]
    if not _SCIENTIFIC.fullmatch(text):
        return None
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return PhoneProblem(PhoneError.NOT_A_NUMBER)
    shown = len(value.as_tuple().digits)
    # Every digit of the number must stand in the mantissa; Excel's 8.49E+10 shows three of eleven.
    if value.adjusted() + 1 != shown or shown > 15:
        return PhoneProblem(PhoneError.ROUNDED)
    return str(int(value))


def _several(text: str) -> PhoneProblem | None:
    """A problem when the cell holds more than one complete number."""
    found = []
    for run in _RUN.findall(text):
        number, _ = _national(run)
        if isinstance(number, str) and (_MOBILE.fullmatch(number) or number.startswith("02")):
            found.append(number)
        elif len(digits := "".join(_DIGITS.findall(run))) >= 18:
            found += [m[0] for m in _MOBILE.finditer(digits)]
    found = list(dict.fromkeys(found))
    return PhoneProblem(PhoneError.SEVERAL, tuple(found[:5])) if len(found) > 1 else None


def _national(text: str) -> tuple[str | PhoneProblem, Repair | None]:
    """The number as ``0…``, and what had to be put right for it."""
    repair = None
    if text.startswith(("+", "00", "84")):
        text = _TRUNK.sub("", text)
    compact = text.rstrip(" ;,").translate(_MARKS)
    if not _PLUS_DIGITS.fullmatch(compact):
        zeroed = compact.replace("O", "0").replace("o", "0")
        if not _PLUS_DIGITS.fullmatch(zeroed):
            return PhoneProblem(PhoneError.NOT_A_NUMBER), None
        compact, repair = zeroed, Repair.LETTER_O
    international = compact.startswith(("+", "00"))
    digits = compact[1 if compact[0] == "+" else 2 :] if international else compact
    if international and not digits.startswith("84"):
        return PhoneProblem(PhoneError.FOREIGN if digits else PhoneError.NOT_A_NUMBER), None
    # Nine digits in 84… are a VinaPhone number whose zero was lost, not the country code.
    if digits.startswith("84") and (international or len(digits) in (10, 11, 12, 13)):
        digits = digits[2:]
        if digits.startswith("0"):
            repair = repair or Repair.SURPLUS_ZERO
        else:
            digits = "0" + digits
    elif not digits.startswith("0") and _lost_zero(digits):
        digits, repair = "0" + digits, Repair.LOST_ZERO
    if len(digits) == 11 and digits[:4] in migrations():
        digits, repair = migrations()[digits[:4]] + digits[4:], Repair.MIGRATED
    return digits, repair


def _lost_zero(digits: str) -> bool:
    """Whether a zero in front makes this a mobile number, of today or of the 11 digits."""
    return (len(digits) == 9 and digits[0] in "35789") or (len(digits) == 10 and "0" + digits[:3] in migrations())


_LIBRARY_ERRORS = {
    phonenumbers.PhoneNumberType.FIXED_LINE: PhoneError.LANDLINE,
    phonenumbers.PhoneNumberType.TOLL_FREE: PhoneError.SERVICE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE: PhoneError.SERVICE,
    phonenumbers.PhoneNumberType.SHARED_COST: PhoneError.SERVICE,
    phonenumbers.PhoneNumberType.UAN: PhoneError.SERVICE,
    phonenumbers.PhoneNumberType.VOIP: PhoneError.SERVICE,
}


def _judge(national: str) -> PhoneResult | PhoneProblem:
    """The library's word on a number written ``0…``, or on a short or service number."""
    try:
        parsed = phonenumbers.parse(national, "VN")
    except phonenumbers.NumberParseException:
        return PhoneProblem(_shape_error(national))
    kind = phonenumbers.number_type(parsed)
    if _MOBILE.fullmatch(national) and kind not in _LIBRARY_ERRORS:
        known = kind == phonenumbers.PhoneNumberType.MOBILE and phonenumbers.is_valid_number(parsed)
        number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
        return PhoneResult(number, carrier_of(national), warning=None if known else RANGE_UNKNOWN)
    return PhoneProblem(_LIBRARY_ERRORS.get(kind) or _shape_error(national))


def _shape_error(national: str) -> PhoneError:
    length = len(national)
    if national.startswith(("1900", "1800", "1080", "1022")) or length in (3, 4):
        return PhoneError.SERVICE
    if national.startswith("02") or (national.startswith("05") and national[:4] == "0511"):
        return PhoneError.LANDLINE if length >= 10 else PhoneError.TOO_SHORT
    if length == 11 and national.startswith("01"):
        return PhoneError.LEGACY_UNKNOWN
    if length < 10:
        return PhoneError.TOO_SHORT
    return PhoneError.TOO_LONG if length > 10 else PhoneError.NOT_MOBILE

"""Which column of a file holds what: headers in Vietnamese or English, with or without marks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.areas.names import fold, tidy
from campaigns.errors import InvalidInput
from config.i18n import Text

FIELDS: dict[str, Text] = {
    "phone": Text("Số điện thoại", "Phone number"),
    "full_name": Text("Họ và tên", "Full name"),
    "ward": Text("Phường, xã (tên)", "Ward (name)"),
    "ward_code": Text("Phường, xã (mã)", "Ward (code)"),
    "district": Text("Quận, huyện", "District"),
    "language": Text("Ngôn ngữ nhận tin", "Language"),
    "attribute": Text("Giữ làm thông tin thêm", "Keep as further information"),
    "skip": Text("Không lấy", "Leave out"),
}
"""What a column of a file may be taken for."""

MAX_COLUMNS = 200
MAX_ATTRIBUTES = 50
MAX_KEY = 40

_HEADERS: dict[str, tuple[str, ...]] = {
    # The first that a file has wins, so a column that says "mobile" goes before one that says "phone".
    "phone": (
        "so di dong", "di dong", "sdt di dong", "dien thoai di dong", "so dien thoai di dong", "mobile", "mobile phone",
        "mobile number", "msisdn", "cell phone", "so dien thoai", "sdt", "so dt", "dtdd", "sodienthoai", "dien thoai",
        "dt", "phone", "phone number", "telephone", "phone no", "tel", "so lien lac", "so dien thoai lien he",
        "dien thoai lien he", "so lien he", "so thue bao", "thue bao",
    ),
    "ward_code": (
        "ma phuong xa", "ma phuong", "ma xa", "ma xa phuong", "ma px", "ward code", "commune code", "ward id",
    ),
    "ward": (
        "phuong xa", "xa phuong", "phuong", "xa", "ten phuong xa", "ten phuong", "ten xa", "phuong xa dac khu",
        "xa phuong thi tran", "phuong xa thi tran", "don vi hanh chinh", "ward", "commune", "ward commune", "ward name",
    ),
    "district": (
        "quan huyen", "quan", "huyen", "ten quan huyen", "ten quan", "quan huyen thi xa", "ma quan huyen", "ma quan",
        "district", "district name", "district code",
    ),
    "full_name": (
        "ho va ten", "ho ten", "hoten", "ten day du", "ho va ten cong dan", "ho ten cong dan", "chu ho", "ten chu ho",
        "ten cong dan", "nguoi nhan", "ten", "full name", "fullname", "name", "citizen name", "contact name",
    ),
    "language": ("ngon ngu", "ngon ngu nhan tin", "tieng", "language", "lang"),
}
_PHONE_LIKE = re.compile(r"\b(dien thoai|dt|dtdd|sdt|di dong|phone|mobile|tel|telephone|msisdn|zalo|hotline|fax)\b")
_SERIAL = {"stt", "tt", "so tt", "so thu tu", "no", "number", "row"}
"""Running numbers of rows: they say nothing about the person and differ in every list."""
REASON_TITLES = Text("Loa: lý do không nhận", "Loa: why it was rejected")
OUR_OWN = frozenset({"loa ly do khong nhan", "loa why it was rejected"})
"""The column that files of bad rows carry beside the list's own: read again with a mended file, it says nothing."""
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the known fields, counted from 0, and of the attributes by key."""

    phone: int
    ward: int | None
    ward_code: int | None
    district: int | None
    full_name: int | None
    language: int | None
    attributes: tuple[tuple[str, int], ...]
    titles: tuple[str, ...]
    """Headers as the file writes them."""
    ignored: tuple[str, ...]
    """Further number columns: a number is kept in one place only, so these are not taken."""


def header_key(header: str) -> str:
    """The header as it is compared: ``Phường/Xã (*)`` → ``phuong xa``."""
    return _NOT_WORD.sub(" ", fold(tidy(header[:200]))).strip()


def attribute_key(header: str) -> str:
    """The name of an attribute: ``Mã hồ sơ`` → ``ma_ho_so``; never starts with a digit."""
    key = header_key(header).replace(" ", "_")[:MAX_KEY].strip("_")
    return f"cot_{key}" if key[:1].isdigit() else key


def has_phone(row: Sequence[str]) -> bool:
    """Whether this row is a header that names a number column."""
    return any(header_key(cell) in _HEADERS["phone"] for cell in row if len(cell) <= 200)


def read_header(row: Sequence[str]) -> Columns:
    """Map a header row.

    Raises:
        InvalidInput: there is no number column, or too many columns; the text says what was found.
    """
    titles = read_titles(row)
    return assign_fields(titles, guess_fields(titles))


def read_titles(row: Sequence[str]) -> tuple[str, ...]:
    """The headers of a row, without the empty ones at its end.

    Raises:
        InvalidInput: there are too many.
    """
    titles = tuple(tidy(cell) for cell in row)
    while titles and not titles[-1]:
        titles = titles[:-1]
    if len(titles) > MAX_COLUMNS:
        raise InvalidInput(
            "Tệp có {count} cột, nhiều nhất là {limit}.",
            "The file has {count} columns; at most {limit} can be read.",
            count=len(titles),
            limit=MAX_COLUMNS,
        )
    return titles


def guess_fields(titles: Sequence[str]) -> tuple[str, ...]:
    """What each column seems to hold: a known field, ``attribute``, or ``skip`` for what says nothing of the person."""
    keys = [header_key(title) for title in titles]
    known = {place: field for field, headers in _HEADERS.items() if (place := _find(keys, headers)) is not None}
    return tuple(known.get(i) or ("attribute" if _says_something(key) else "skip") for i, key in enumerate(keys))


def _says_something(key: str) -> bool:
    return bool(key) and key not in _SERIAL and key not in OUR_OWN and not _is_number(key)


def _is_number(key: str) -> bool:
    return bool(_PHONE_LIKE.search(key)) or key in _HEADERS["phone"]


def assign_fields(titles: Sequence[str], fields: Sequence[str]) -> Columns:
    """The columns as ``fields`` names them, one of ``FIELDS`` for each title.

    Raises:
        InvalidInput: no column holds the number, two columns hold the same field, or too many are kept.
    """
    places: dict[str, int] = {}
    for place, field in enumerate(fields):
        if field in _HEADERS and places.setdefault(field, place) != place:
            raise _taken_twice(field, titles[places[field]], titles[place])
    if "phone" not in places:
        raise no_phone_column(titles)
    kept = [i for i, field in enumerate(fields) if field == "attribute"]
    return Columns(
        phone=places["phone"],
        ward=places.get("ward"),
        ward_code=places.get("ward_code"),
        district=places.get("district"),
        full_name=places.get("full_name"),
        language=places.get("language"),
        attributes=_attributes(titles, kept),
        titles=tuple(titles),
        ignored=tuple(titles[i] for i, f in enumerate(fields) if f == "skip" and _is_number(header_key(titles[i]))),
    )


def _taken_twice(field: str, first: str, second: str) -> InvalidInput:
    return InvalidInput(
        "Hai cột “{first}” và “{second}” cùng được lấy làm “{field}”: chỉ chọn một.",
        "The columns “{first}” and “{second}” are both taken for “{field}”: choose one.",
        field=FIELDS[field],
        first=first[:40],
        second=second[:40],
    )


def header_digest(titles: Sequence[str]) -> bytes:
    """Tells one header from another, whatever case, accents and spaces: 16 bytes."""
    return hashlib.sha256("\x1f".join(map(header_key, titles)).encode()).digest()[:16]


def no_phone_column(titles: Sequence[str]) -> InvalidInput:
    """The refusal of a table without a number column."""
    found = ", ".join(f"“{title[:40]}”" for title in titles[:12] if title) or "–"
    return InvalidInput(
        "Không thấy cột số điện thoại. Các cột đọc được: {found}. Đặt tên cột là “Số điện thoại”.",
        "There is no phone number column. Columns found: {found}. Name the column “Số điện thoại” or “Phone”.",
        found=found,
    )


def _find(keys: list[str], headers: tuple[str, ...]) -> int | None:
    return next((keys.index(header) for header in headers if header in keys), None)


def _attributes(titles: Sequence[str], places: list[int]) -> tuple[tuple[str, int], ...]:
    if len(places) > MAX_ATTRIBUTES:
        raise InvalidInput(
            "Tệp có {count} cột thông tin thêm, nhiều nhất là {limit}: hãy bớt cột.",
            "The file has {count} further columns; at most {limit} are kept: leave some out.",
            count=len(places),
            limit=MAX_ATTRIBUTES,
        )
    found: dict[str, int] = {}
    for place in places:
        key = attribute_key(titles[place])
        if key:
            number = 2
            while key in found:
                key, number = f"{attribute_key(titles[place])}_{number}", number + 1
            found[key] = place
    return tuple(found.items())

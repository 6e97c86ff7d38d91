"""Reads the tables that people send, CSV and XLSX, as a stream of rows with their numbers as in Excel.

CSV is read in constant memory whatever its size. XLSX is unpacked by ``python-calamine``, which holds the sheet
in memory; the unpacked size is therefore limited (``MAX_XLSX_UNPACKED``).
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import python_calamine

from campaigns.audience.columns import Columns, assign_fields, has_phone, read_header, read_titles
from campaigns.errors import InvalidInput
from config.i18n import Text, t

MAX_FILE_BYTES = 4 * 1024**3
MAX_LINE_BYTES = 1024**2
MAX_CELL = 32_767
"""Characters of one cell: what Excel allows."""
MAX_XLSX_BYTES = 200 * 1024**2
MAX_XLSX_UNPACKED = 1024**3
HEADER_ROWS = 20
"""Rows looked at for the header: files often begin with titles."""

_BLOCK = 256 * 1024
_ROWS_AT_ONCE = 500
_LINES_CHARS = 64 * 1024
_MAX_ROWS_CHARS = 64 * 1024**2
_SEPARATORS = ",;\t|"
_ORPHAN_TONE = re.compile("(?<![aăâeêioôơuưyAĂÂEÊIOÔƠUƯY])[\u0300\u0301\u0303\u0309\u0323]")
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "Excel 97–2003 (.xls)",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
}

Row = tuple[int, list[str]]
"""(number of the row as in Excel, its cells)."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose header has been found."""

    kind: str
    """``CSV UTF-8, separator ;`` or ``XLSX, sheet Dân cư``: for people."""
    columns: Columns
    rows: Iterator[list[Row]]
    """Blocks of rows after the header, empty ones left out."""


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A file with the row that seems to be its header, whatever its columns hold."""

    kind: str
    header: list[str]
    rows: Iterator[list[Row]]


@dataclass(frozen=True, slots=True)
class _Scan:
    encoding: str
    lines: int
    has_nul: bool


def open_table(path: Path, fields: Sequence[str] | None = None) -> Table:
    """Open a CSV or XLSX file and find its header; ``fields`` says what each column holds where a person chose that.

    Raises:
        InvalidInput: not a table, empty, too large, damaged, or without a number column; says what was found.
    """
    found = find_table(path)
    if fields is None:
        return Table(found.kind, read_header(found.header), found.rows)
    return Table(found.kind, assign_fields(read_titles(found.header), fields), found.rows)


def find_table(path: Path) -> FoundTable:
    """Find the header of a CSV or XLSX file: the row that names a number column, else the widest of the first rows.

    Raises:
        InvalidInput: not a table, empty, too large, or damaged; says what was found.
    """
    size = _size_of(path)
    with path.open("rb") as file:
        head = file.read(8)
    if head[:4] == b"PK\x03\x04":
        return _open_xlsx(path, size)
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            raise _not_a_table(path, name)
    return _open_csv(path)


def estimate_rows(path: Path) -> int | None:
    """How many rows a CSV file will have at most; None where only reading it would tell."""
    _size_of(path)
    with path.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            return None
        file.seek(0)
        lines, last = 0, b""
        for block in iter(lambda: file.read(_BLOCK), b""):
            lines, last = lines + block.count(b"\n"), block
        unended = 0 if last.rstrip(b"\0").endswith(b"\n") else 1
        return max(1, lines + unended - 1)  # the header is no row


_SEPARATOR_WORDS = {
    "tab": Text("dấu tab", "tabs"),
    ",": Text("dấu phẩy", "commas"),
    ";": Text("dấu chấm phẩy", "semicolons"),
}


def kind_words(kind: str) -> str:
    """A ``FoundTable.kind`` for whoever reads the page: ``CSV, bảng mã UTF-8, ngăn cách bằng dấu phẩy``."""
    found = re.fullmatch(r"CSV (\S+), “(.+)”", kind)
    if found is None:
        return kind
    encoding, separator = found.group(1).removesuffix("-sig").upper(), found.group(2)
    return t(
        "CSV, bảng mã {encoding}, ngăn cách bằng {separator}",
        "CSV, {encoding}, separated by {separator}",
        encoding=encoding,
        separator=str(_SEPARATOR_WORDS.get(separator, f"“{separator}”")),
    )


def _size_of(path: Path) -> int:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InvalidInput(
            "Không mở được tệp “{path}”: {why}.",
            "The file “{path}” cannot be opened: {why}.",
            path=str(path),
            why=error.strerror or type(error).__name__,
        ) from error
    if not path.is_file():
        raise InvalidInput("“{path}” không phải là tệp.", "“{path}” is not a file.", path=str(path))
    if size == 0:
        raise InvalidInput("Tệp “{name}” trống.", "The file “{name}” is empty.", name=path.name)
    if size > MAX_FILE_BYTES:
        raise InvalidInput(
            "Tệp “{name}” lớn quá {limit} GB: hãy chia nhỏ.",
            "The file “{name}” is over {limit} GB: split it.",
            name=path.name,
            limit=MAX_FILE_BYTES // 1024**3,
        )
    return size


def _not_a_table(path: Path, found: str) -> InvalidInput:
    return InvalidInput(
        "Tệp “{name}” không phải là bảng: đây là {found}. Hãy lưu thành XLSX hoặc CSV (UTF-8).",
        "The file “{name}” is not a table: it is {found}. Save it as XLSX or CSV (UTF-8).",
        name=path.name,
        found=found,
    )


# CSV


def _open_csv(path: Path) -> FoundTable:
    scan = _scan(path)
    with path.open(encoding=scan.encoding, newline="") as text:
        sample = text.read(_BLOCK)
    separator, number, header = _find_header(path, sample.replace("\0", ""))
    shown = "tab" if separator == "\t" else separator
    return FoundTable(f"CSV {scan.encoding}, “{shown}”", header, _csv_rows(path, scan, separator, number))


def _scan(path: Path) -> _Scan:
    """Read the whole file once: its encoding, its lines, and that no line is too long for a table."""
    with path.open("rb") as file:
        head = file.read(4096)
        encoding = _encoding_of(head)
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding or "utf-8")("strict")
        lines = nuls = open_line = total = 0
        valid = True
        while block := file.read(_BLOCK):
            total += len(block)
            lines += block.count(b"\n")
            nuls += block.count(b"\0")
            cut = block.rfind(b"\n")
            # A block is shorter than the limit, so only a line that runs over blocks can break it.
            if open_line + (block.find(b"\n") if cut >= 0 else len(block)) > MAX_LINE_BYTES:
                raise _not_a_table(path, _LONG_LINE)
            open_line = len(block) - cut - 1 if cut >= 0 else open_line + len(block)
            valid = valid and _decodes(decoder, block)
        valid = valid and _decodes(decoder, b"", final=True)
    if encoding is None and nuls > total // 1000 + 8:
        raise _not_a_table(path, _BINARY)
    if valid:
        return _Scan(encoding or "utf-8", lines, nuls > 0)
    if encoding is not None or not _is_windows_1258(path):
        raise _not_a_table(path, _ODD_ENCODING)
    return _Scan("cp1258", lines, nuls > 0)


_LONG_LINE = "một dòng dài hơn 1 MB (a line of more than 1 MB)"
_BINARY = "tệp nhị phân (binary data)"
_ODD_ENCODING = (
    "văn bản không theo bảng mã UTF-8, UTF-16 hay Windows-1258 (text that is neither UTF-8, UTF-16 nor Windows-1258)"
)


def _encoding_of(head: bytes) -> str | None:
    """The encoding that the first bytes prove, or None where it is UTF-8 or Windows-1258."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = len(head) // 2
    if pairs >= 4:
        # Digits, separators and line ends are one zero byte each in UTF-16, always on the same side.
        low, high = head[1::2].count(0), head[0::2].count(0)
        if low > pairs * 0.3 and high < pairs * 0.05:
            return "utf-16-le"
        if high > pairs * 0.3 and low < pairs * 0.05:
            return "utf-16-be"
    return None


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _is_windows_1258(path: Path) -> bool:
    """Whether the file reads as Vietnamese in Windows-1258: every tone mark stands on a vowel."""
    try:
        with path.open(encoding="cp1258", newline="") as text:
            previous = ""
            while block := text.read(_BLOCK):
                if _ORPHAN_TONE.search(previous + block, len(previous)):
                    return False
                previous = block[-1]
    except UnicodeDecodeError:
        return False
    return True


def _find_header(path: Path, sample: str) -> tuple[str, int, list[str]]:
    """(separator, number of the header row, its cells): the separator whose header names the most columns."""
    best: tuple[bool, int, str, int, list[str]] = (False, 0, ",", 1, [])
    for separator in _SEPARATORS:
        for number, row in enumerate(_sample_rows(sample, separator), start=1):
            rank = has_phone(row), sum(1 for cell in row if cell.strip())
            if rank > best[:2]:
                best = (*rank, separator, number, row)
    if not sample.strip("\ufeff\r\n\t ,;|"):
        raise InvalidInput("Tệp “{name}” không có dòng nào.", "The file “{name}” has no rows.", name=path.name)
    return best[2:]


def _sample_rows(sample: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    # The rows before a damaged one count; the damage itself is reported when the reading comes to it.
    with contextlib.suppress(csv.Error):
        rows.extend(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=separator), HEADER_ROWS))
    return rows


def _csv_rows(path: Path, scan: _Scan, separator: str, header: int) -> Iterator[list[Row]]:
    pulled = 0

    def lines(text: TextIO) -> Iterator[list[str]]:
        nonlocal pulled
        while some := text.readlines(_LINES_CHARS):
            pulled += sum(map(len, some))
            if pulled > _MAX_ROWS_CHARS:
                raise _damaged(path, number)
            yield [line.replace("\0", "") for line in some] if scan.has_nul else some

    number = header
    with path.open(encoding=scan.encoding, newline="") as text:
        reader = csv.reader(chain.from_iterable(lines(text)), delimiter=separator)
        try:
            for _ in range(header):
                next(reader, None)
            while rows := list(islice(reader, _ROWS_AT_ONCE)):
                yield [(i, row) for i, row in enumerate(rows, start=number + 1) if row]
                number += len(rows)
                pulled = 0
        except csv.Error as error:
            raise _damaged(path, number) from error


def _damaged(path: Path, line: int) -> InvalidInput:
    return InvalidInput(
        "Tệp “{name}” hỏng từ sau dòng {line}: có dấu nháy kép không đóng hoặc ô quá dài. "
        "Các dòng trước đó đã được nhập.",
        "The file “{name}” is damaged after row {line}: a quote that never closes, or a cell that is too long. "
        "The rows before it have been imported.",
        name=path.name,
        line=line,
    )


# XLSX


def _open_xlsx(path: Path, size: int) -> FoundTable:
    _check_xlsx(path, size)
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        names = [s.name for s in workbook.sheets_metadata if s.typ == python_calamine.SheetTypeEnum.WorkSheet]
        best: tuple[bool, int, str, int, list[str]] = (False, 0, "", 0, [])
        for name in names:
            sheet = workbook.get_sheet_by_name(name)
            for number, (_, row) in enumerate(islice(_sheet_rows(sheet), HEADER_ROWS)):
                rank = has_phone(row), sum(1 for cell in row if cell.strip())
                # The first sheet and row that name a number are the ones, however wide others are.
                if rank > best[:2] and not best[0]:
                    best = (*rank, name, number, row)
            if best[0]:
                break
            del sheet
        if best[1]:
            rows = _blocks(workbook.get_sheet_by_name(best[2]), best[3] + 1)
            return FoundTable(f"XLSX, {best[2]}", best[4], rows)
    except (python_calamine.CalamineError, OSError) as error:
        raise _not_a_table(path, f"XLSX hỏng (damaged XLSX: {type(error).__name__})") from error
    raise InvalidInput("Tệp “{name}” không có dòng nào.", "The file “{name}” has no rows.", name=path.name)


def _check_xlsx(path: Path, size: int) -> None:
    """Refuse what would not fit in memory before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _not_a_table(path, "ZIP hỏng (damaged ZIP)") from error
    if not any(m.filename.startswith("xl/") for m in members):
        raise _not_a_table(path, "ZIP")
    if size > MAX_XLSX_BYTES or sum(m.file_size for m in members) > MAX_XLSX_UNPACKED:
        raise InvalidInput(
            "Bảng tính “{name}” quá lớn để mở: hãy lưu thành CSV (UTF-8).",
            "The workbook “{name}” is too large to open: save it as CSV (UTF-8).",
            name=path.name,
        )


def _sheet_rows(sheet: python_calamine.CalamineSheet) -> Iterator[Row]:
    # iter_rows begins with row 1 of the sheet even where the data begin lower, so the numbers are Excel's.
    for number, row in enumerate(sheet.iter_rows(), start=1):
        yield number, [_cell(value) for value in row]


def _blocks(sheet: python_calamine.CalamineSheet, skip: int) -> Iterator[list[Row]]:
    rows = islice(_sheet_rows(sheet), skip, None)
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        yield [row for row in block if any(row[1])]


def _cell(value: Any) -> str:
    """A cell as text; a whole number without its decimal point."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)

"""CSV files that spreadsheets read rightly: UTF-8 with BOM, and no cell that runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> object:
    """The value; a text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.lstrip().startswith(_STARTS_FORMULA):
        return "'" + value
    return value


def write_sheet(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as a CSV file."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([safe_cell(cell) for cell in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return ("\ufeff" + file.getvalue()).encode()

"""A list's file, written a row at a time: CSV or XLSX, formulas disarmed, readable by nobody else."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import xlsxwriter

from campaigns.audience.problems import no_formula
from campaigns.errors import InvalidInput

XLSX_ROWS = 1_048_575
"""Rows of one XLSX sheet, its header aside."""


class Sheet(Protocol):
    """Takes rows."""

    def write(self, row: Sequence[str]) -> None:
        """Add a row."""


class _Csv:
    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self.file)

    def write(self, row: Sequence[str]) -> None:
        self._writer.writerow([no_formula(cell) for cell in row])


class _Xlsx:
    """Rows go to a temporary file beside it as they come, so a million of them take no more memory than one."""

    def __init__(self, path: Path) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.book = xlsxwriter.Workbook(path, {**options, "tmpdir": str(path.parent)})
        self._sheet = self.book.add_worksheet("Loa")
        self._row = 0

    def write(self, row: Sequence[str]) -> None:
        if self._row > XLSX_ROWS:
            raise InvalidInput(
                "Danh sách dài hơn {most} dòng, quá một trang tính XLSX. Hãy chọn CSV hoặc lọc bớt.",
                "The list has more than {most} rows, too many for one XLSX sheet. Choose CSV, or narrow it.",
                most=XLSX_ROWS,
            )
        for column, cell in enumerate(row):
            self._sheet.write_string(self._row, column, cell)
        self._row += 1


@contextmanager
def open_sheet(path: Path, kind: str) -> Iterator[Sheet]:
    """A file of ``kind`` (``csv``, ``xlsx``) to write rows to; complete when the block ends.

    Raises:
        InvalidInput: more rows than an XLSX sheet holds.
    """
    if kind == "csv":
        sheet = _Csv(path)
        with sheet.file:
            yield sheet
        return
    book = _Xlsx(path)
    try:
        yield book
    finally:
        book.book.close()
    path.chmod(0o600)

"""What there is to say about single rows of an import, and the file it is written to."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from campaigns.errors import InvalidInput
from config.i18n import Text, t

_SHOWN = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Outcome(Enum):
    """What was done with the row."""

    REJECTED = Text("không nhận", "rejected")
    REPAIRED = Text("đã sửa", "repaired")
    WARNING = Text("lưu ý", "warning")


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark about one row."""

    line: int
    """Number of the row as in Excel."""
    outcome: Outcome
    column: str
    """Header of the column as the file writes it."""
    value: str
    """The cell; may be a full phone number, so it goes to the user's own file and nowhere else."""
    reason: str
    suggestion: str
    """What to do; for a repair what the cell became."""


class ProblemFile:
    """A CSV of problems for the person who made the import: UTF-8 with BOM for Excel, mode 0600, formulas disarmed."""

    def __init__(self, path: Path | None) -> None:
        self._file = None
        if path is None:
            return
        try:
            # The file holds full numbers: nobody else may read it, not even for a moment.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.fchmod(descriptor, 0o600)
        except OSError as error:
            raise InvalidInput(
                "Không ghi được tệp “{path}”: {why}.",
                "The file “{path}” cannot be written: {why}.",
                path=str(path),
                why=error.strerror or type(error).__name__,
            ) from error
        self._file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(
            (
                t("Dòng", "Line"),
                t("Kết quả", "Outcome"),
                t("Cột", "Column"),
                t("Giá trị", "Value"),
                t("Lý do", "Reason"),
                t("Gợi ý / Đã sửa thành", "Suggestion / Changed to"),
            )
        )

    def write(self, problems: Iterable[Problem]) -> None:
        """Append ``problems`` in the order of their lines."""
        if self._file is None:
            return
        for p in sorted(problems, key=lambda p: p.line):
            self._writer.writerow(
                (p.line, str(p.outcome.value), *map(disarm, (p.column, p.value, p.reason, p.suggestion)))
            )
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()


def disarm(text: str) -> str:
    """The text so that no spreadsheet reads it as a formula; cut to what a person looks at."""
    return no_formula(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def no_formula(text: str) -> str:
    """The text so that no spreadsheet reads it as a formula."""
    return "'" + text if text.startswith(_FORMULA) else text

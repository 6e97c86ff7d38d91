"""Registering refusals from a file: one column of numbers is enough; every row that cannot be used is reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from campaigns.access import Actor
from campaigns.audience.phone import PhoneProblem, normalise_phone
from campaigns.audience.problems import Outcome, Problem, ProblemFile
from campaigns.audience.tables import Row, Table, open_table
from campaigns.optouts.register import import_optouts
from campaigns.store.database import Database
from config.keys import Keyring


@dataclass(slots=True)
class OptoutImport:
    """rows = added + known + rejected; a number named twice counts as known the second time."""

    rows: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0

    def to_json(self) -> dict[str, int]:
        """The document of ``loa optouts import --json``."""
        return asdict(self)


def import_optout_file(
    database: Database,
    keyring: Keyring,
    actor: Actor,
    path: Path,
    *,
    topic: str | None,
    evidence: str,
    errors_to: Path | None = None,
) -> OptoutImport:
    """Register every number of a CSV or XLSX file; in force block by block, and harmless to repeat.

    Raises:
        InvalidInput: no table, no number column, or no evidence.
    """
    table = open_table(path)
    report = OptoutImport()
    with ProblemFile(errors_to) as problems:
        for block in table.rows:
            numbers, bad = _read(table, block)
            problems.write(bad)
            with database.transaction() as session:
                added = import_optouts(session, keyring, actor, numbers, topic=topic, evidence=evidence)
            report.rows += len(numbers) + len(bad)
            report.added += added
            report.known += len(numbers) - added
            report.rejected += len(bad)
    return report


def _read(table: Table, block: list[Row]) -> tuple[list[str], list[Problem]]:
    numbers: list[str] = []
    bad: list[Problem] = []
    for line, cells in _phone_cells(table, block):
        result = normalise_phone(cells)
        if isinstance(result, PhoneProblem):
            title = table.columns.titles[table.columns.phone]
            bad.append(Problem(line, Outcome.REJECTED, title, cells, result.reason, result.suggestion))
        else:
            numbers.append(result.number)
    return numbers, bad


def _phone_cells(table: Table, block: list[Row]) -> Iterator[tuple[int, str]]:
    place = table.columns.phone
    for line, cells in block:
        yield line, cells[place] if place < len(cells) else ""

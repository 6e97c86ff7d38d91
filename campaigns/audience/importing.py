"""Imports a file of people into the register, streaming, so that a killed import is finished by running it again.

Rows are read, checked and encrypted in chunks while the chunk before is being merged by PostgreSQL. Every chunk is
one transaction: what was merged stays after a kill, and a second run finds it unchanged. One number is one contact:
what the file says wins over what the register holds, but only where the file says something; a second row with the
same number only fills what is still missing. People who had themselves erased are not brought back.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import compress, repeat
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from campaigns.areas.index import AreaIndex
from campaigns.audience.households import keep_sharing
from campaigns.audience.problems import Outcome, Problem, ProblemFile
from campaigns.audience.rows import Chunk, RowReader
from campaigns.audience.sealing import LABELS, Words, seal_names, seal_values
from campaigns.audience.tables import Table, open_table
from campaigns.errors import InvalidInput, NotFound
from campaigns.store.areas import load_area_ids
from campaigns.store.contact_rows import encode_rows
from campaigns.store.contacts import ContactAppearedMeanwhile, Merged, merge_contacts, prepare_import, stage_contacts
from campaigns.store.database import Database
from config.i18n import t
from config.keys import Keyring

CHUNK_ROWS = 20_000
_ATTEMPTS = 20
_TURN_SECONDS = 0.0003

Progress = Callable[[int], None]
"""Told how many more rows are done."""


@dataclass(slots=True)
class ImportReport:
    """What became of the rows: ``rows = created + updated + unchanged + duplicates + rejected``."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    """Further rows of a number that the file already had; they only filled gaps."""
    rejected: int = 0
    repaired: int = 0
    """Rows taken after something in the number was put right; counted above as well."""
    warnings: int = 0
    source: str = ""
    """What the contacts carry as their source: the file's name and the import's own id."""
    kind: str = ""
    """What the file was read as."""
    ignored: tuple[str, ...] = ()
    """Further number columns that were not taken."""

    def as_dict(self) -> dict[str, int]:
        """The counts, as ``--json`` prints them."""
        counts = asdict(self)
        return {key: counts[key] for key in _COUNTS}


_COUNTS = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "repaired")


def import_contacts(
    database: Database,
    keyring: Keyring,
    path: Path,
    *,
    edition: str,
    errors_to: Path | None = None,
    source: str | None = None,
    progress: Progress | None = None,
    fields: Sequence[str] | None = None,
    wards: Collection[int] | None = None,
) -> ImportReport:
    """Import the table at ``path``; its wards are read in ``edition`` of the areas, which must be loaded.

    ``fields`` says for each column what it holds (``columns.FIELDS``); without it the header does. With ``wards``, by
    ``area.id``, rows of other places, of none, and of people whom the register knows elsewhere are bad rows.
    Bad rows, repairs and warnings go to ``errors_to``. Commits chunk by chunk.

    Raises:
        InvalidInput: the file is no table of people, and nothing was imported; or it is damaged in the middle, and
            ``detail["imported"]`` holds the counts of what came before.
        NotFound: the edition is not known or not loaded.
    """
    table = open_table(path, fields)
    if errors_to is not None and errors_to.exists() and errors_to.samefile(path):
        raise InvalidInput(
            "Tệp lỗi phải khác tệp danh sách “{name}”.",
            "The file of errors must not be the list “{name}” itself.",
            name=path.name,
        )
    with database.transaction() as session:
        area_ids = load_area_ids(session, edition)
    reader = RowReader(table.columns, _index(edition, area_ids), area_ids, wards)
    report = ImportReport(
        source=f"{source or path.name[:120]} #{os.urandom(4).hex()}", kind=table.kind, ignored=table.columns.ignored
    )
    keys = [key for key, _ in table.columns.attributes]
    with ProblemFile(errors_to) as problems, database.engine.connect() as connection:
        with Session(connection) as session:
            prepare_import(session)
            session.commit()
        try:
            merging = _merge_all(connection, keyring, report.source, keys, _chunks(table, reader), wards)
            for chunk, merged in merging:
                _count(report, chunk, merged, keyring, table, problems)
                if progress is not None:
                    progress(chunk.rows)
        except InvalidInput as damage:
            # What was imported before the damage stays imported, and the audit has to know.
            damage.detail.update(source=report.source, imported=report.as_dict())
            raise
        finally:
            # The staging tables belong to this connection; it must not go back to the pool with them.
            connection.invalidate()
    return report


def _index(edition: str, area_ids: dict[str, int]) -> AreaIndex:
    index = AreaIndex(edition)
    if not all(ward.code in area_ids for ward in index.wards):
        raise NotFound(
            "Danh mục địa bàn {edition} chưa được nạp: chạy “loa areas load”.",
            "Edition {edition} of the areas is not loaded: run “loa areas load”.",
            edition=edition,
        )
    return index


def _chunks(table: Table, reader: RowReader) -> Iterator[Chunk]:
    """The file in chunks. Damage in the middle is raised only after the rows before it have been handed on."""
    chunk = Chunk()
    damage: InvalidInput | None = None
    try:
        for block in table.rows:
            reader.read(block, chunk)
            if chunk.rows >= CHUNK_ROWS:
                yield chunk
                chunk = Chunk()
    except InvalidInput as error:
        damage = error
    if chunk.rows:
        yield chunk
    if damage is not None:
        raise damage


def _merge_all(
    connection: Connection,
    keyring: Keyring,
    source: str,
    keys: Sequence[str],
    chunks: Iterator[Chunk],
    wards: Collection[int] | None,
) -> Iterator[tuple[Chunk, Merged]]:
    """Merge each chunk in one thread while this one reads and encrypts the next: at most two are in memory."""
    before: tuple[Chunk, Future[Merged]] | None = None
    damage: InvalidInput | None = None
    words = Words(keyring)
    with _quick_turns(), _untouched_past(), ThreadPoolExecutor(1, thread_name_prefix="merge") as pool:
        try:
            for chunk in chunks:
                rows = _encode(chunk, keys, keyring, words)
                if before is not None:
                    yield before[0], before[1].result()
                before = chunk, pool.submit(_merge, connection, keyring, source, rows, wards)
        except InvalidInput as error:
            damage = error
        # Also before damage is reported: the chunk under way has been merged, so it has to be counted.
        if before is not None:
            yield before[0], before[1].result()
    if damage is not None:
        raise damage


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Inside, a thread that wants the interpreter waits a fraction of a millisecond for its turn.

    The merging thread needs it for microseconds at a time, hundreds of times a chunk, and each time waited 5 ms for
    the reading one: a third of the import (60,000 rows/s with it, 83,000 without).
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@contextmanager
def _untouched_past() -> Iterator[None]:
    """Inside, the collector of garbage leaves alone what was there before: a tenth of the reading's time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _encode(chunk: Chunk, keys: Sequence[str], keyring: Keyring, words: Words) -> bytes:
    """The chunk's rows for COPY, encrypted and hashed; the chunk keeps only what the report needs.

    A column at a time: calling something for every person would cost more than the encryption.
    """
    hashes, names = keyring.hash_many(chunk.numbers), chunk.names
    sealed = iter(seal_names(keyring, compress(hashes, names), filter(None, names)))
    encoded = encode_rows(
        lines=chunk.lines,
        hashes=hashes,
        ciphers=keyring.encrypt_many(chunk.numbers),
        rest=chunk.rest,
        names=[next(sealed) if name else None for name in names],
        words=map(words.digests, names),
        attributes=_encode_attributes(keys, chunk.attributes, hashes, keyring),
    )
    chunk.lines, chunk.numbers, chunk.rest, chunk.names, chunk.attributes = [], [], [], [], []
    return encoded


def _encode_attributes(
    keys: Sequence[str], rows: Sequence[Sequence[str]], hashes: Sequence[bytes], keyring: Keyring
) -> Iterable[bytes]:
    """Each row's attributes as JSON without its braces."""
    if not keys or not rows:
        return repeat(b"", len(rows))
    columns = []
    for key, values in zip(keys, zip(*rows, strict=True), strict=True):
        start = json.dumps(key).encode() + b":"
        if key in LABELS:
            columns.append([start + json.dumps(value).encode() if value else b"" for value in values])
        else:
            sealed = iter(seal_values(keyring, compress(hashes, values), key, filter(None, values)))
            columns.append([b'%b"%b"' % (start, next(sealed)) if value else b"" for value in values])
    if len(columns) == 1:
        return columns[0]
    return [b",".join(filter(None, row)) for row in zip(*columns, strict=True)]


def _merge(
    connection: Connection, keyring: Keyring, source: str, rows: bytes, wards: Collection[int] | None
) -> Merged:
    for _ in range(_ATTEMPTS):
        try:
            with Session(connection) as session, session.begin():
                stage_contacts(session, rows)
                merged = merge_contacts(session, source, wards)
                if merged.sharing:
                    keep_sharing(session, keyring, merged.sharing, source)
                return merged
        except ContactAppearedMeanwhile:
            continue
    raise RuntimeError("contacts keep appearing while the chunk is merged")


def _count(
    report: ImportReport, chunk: Chunk, merged: Merged, keyring: Keyring, table: Table, problems: ProblemFile
) -> None:
    report.rows += chunk.rows
    report.created += merged.created
    report.updated += merged.updated
    report.unchanged += merged.unchanged
    report.duplicates += merged.duplicates
    report.rejected += chunk.rejected + len(merged.left)
    report.repaired += chunk.repaired
    report.warnings += chunk.warnings
    title = table.columns.titles[table.columns.phone]
    for line, cipher, outside in merged.left:
        number = "0" + keyring.decrypt(cipher)[2:].decode()
        chunk.problems.append(_left_out(line, title, number, outside))
    problems.write(chunk.problems)


def _left_out(line: int, title: str, number: str, outside: bool) -> Problem:
    if outside:
        why = t(
            "Số này không thuộc phạm vi phụ trách của bạn", "The number is not of the part of the city you work for"
        )
        do = t("Chuyển dòng này cho người phụ trách toàn thành phố", "Hand the row to who works for the whole city")
    else:
        why = t("Người này đã yêu cầu xoá dữ liệu", "This person asked to be erased")
        do = t("Bỏ khỏi danh sách", "Take the number off the list")
    return Problem(line, Outcome.REJECTED, title, number, why, do)

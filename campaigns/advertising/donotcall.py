"""The national do-not-call list (Decree 91/2020/NĐ-CP, Articles 7, 11.1, 13.1): importing it, its age, one number.

Only keyed hashes are kept. An edition replaces the one before as a whole or not at all; people leave the list too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.columns import guess_fields, header_key, read_titles
from campaigns.audience.phone import PhoneProblem, canonical_phone, normalise_phone
from campaigns.audience.problems import Outcome, Problem, ProblemFile
from campaigns.audience.tables import Row, find_table
from campaigns.errors import InvalidInput
from campaigns.models import DoNotCall, DoNotCallList
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import city_today
from campaigns.store.database import Database
from campaigns.store.donotcall import (
    Difference,
    compare_numbers,
    find_do_not_call,
    find_latest_list,
    lock_list,
    merge_numbers,
    stage_numbers,
)
from config.keys import Keyring
from config.settings import get_settings

_KINDS = ("loai", "kind", "type", "pham vi", "dang ky")
_CALLS_ONLY = frozenset({"v", "dnc v", "dk dnc v"})
_SMS_ONLY = frozenset({"s", "sms", "dnc s", "dk dnc s"})
"""What Circular 22/2021, Article 6, writes: S refuses messages, V calls, neither both."""
_SHRUNK = 2
"""An edition with less than half of the numbers before it is taken for a part of one."""
_AT_ONCE = 20_000


@dataclass(slots=True)
class DoNotCallImport:
    """rows = numbers + repeated + calls_only + rejected; added and removed are against the edition before."""

    rows: int = 0
    numbers: int = 0
    repeated: int = 0
    calls_only: int = 0
    rejected: int = 0
    added: int = 0
    removed: int = 0

    def to_json(self) -> dict[str, int]:
        """The document of ``loa do-not-call import --json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ListState:
    """How our copy stands."""

    latest: DoNotCallList | None
    days: int | None
    """Days since the day whose state it shows; None where there is none."""

    @property
    def is_missing(self) -> bool:
        """Whether no edition was imported yet."""
        return self.latest is None

    @property
    def is_too_old(self) -> bool:
        """Whether nothing may be advertised with it."""
        return self.days is not None and self.days > get_settings().do_not_call_days

    @property
    def is_ageing(self) -> bool:
        """Whether a new edition should be fetched."""
        return self.days is not None and self.days > get_settings().do_not_call_warn_days


def import_do_not_call(
    database: Database,
    keyring: Keyring,
    actor: Actor,
    path: Path,
    *,
    issued_on: date,
    name: str = "",
    add_only: bool = False,
    may_shrink: bool = False,
    errors_to: Path | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
) -> DoNotCallImport:
    """Make our copy what a CSV or XLSX file holds; ``add_only`` adds to it instead.

    All in one transaction: a file that breaks off, or is refused, changes nothing. Meanwhile claims see the edition
    before.

    Raises:
        InvalidInput: no table or number column, a date to come, nothing usable, or far fewer numbers than before.
    """
    actor.require("do-not-call.import")
    report = DoNotCallImport()
    with database.transaction() as session, ProblemFile(errors_to) as problems:
        lock_list(session)
        check_day(session, issued_on)
        stage_numbers(session, _Reader(path, keyring, report, problems, progress).blocks())
        found = compare_numbers(session)
        _check_size(report, found, add_only=add_only, may_shrink=may_shrink)
        edition = DoNotCallList(
            name=(name or path.name)[:200], digest=_digest(path), issued_on=issued_on, created_by=actor.email
        )
        session.add(edition)
        session.flush()
        report.added, report.removed = merge_numbers(session, edition, replace=not add_only)
        report.repeated, report.numbers = report.numbers - found.numbers, found.numbers
        for column in ("rows", "numbers", "added", "removed", "rejected"):
            setattr(edition, column, getattr(report, column))
        detail = {**report.to_json(), "issued_on": issued_on.isoformat(), "add_only": add_only}
        append_audit(session, actor.email, "do-not-call.imported", "do-not-call-list", edition.id, detail)
    return report


def check_day(session: Session, issued_on: date) -> None:
    """Raise where the day of an edition is to come, or before that of the list in use."""
    if issued_on > city_today(session):
        raise InvalidInput(
            "Ngày của danh sách ({day}) chưa tới.", "The day of the list ({day}) is still to come.", day=issued_on
        )
    latest = find_latest_list(session)
    if latest is not None and issued_on < latest.issued_on:
        raise InvalidInput(
            "Danh sách ngày {day} cũ hơn bản đang dùng (ngày {latest}).",
            "The list of {day} is older than the one in use (of {latest}).",
            day=issued_on,
            latest=latest.issued_on,
        )


def _check_size(report: DoNotCallImport, found: Difference, *, add_only: bool, may_shrink: bool) -> None:
    if not found.numbers:
        raise InvalidInput(
            "Tệp không có số nào dùng được ({n} dòng lỗi); danh sách giữ nguyên.",
            "The file holds no usable number ({n} bad rows); the list stays as it was.",
            n=report.rejected,
        )
    if not add_only and not may_shrink and found.numbers * _SHRUNK < found.before:
        raise InvalidInput(
            "Tệp chỉ có {new} số, danh sách đang dùng có {old}: có vẻ là một phần. Nếu đúng là danh sách mới thì xác "
            "nhận “thu nhỏ” (--shrink); nếu là phần bổ sung thì chọn “bổ sung” (--add).",
            "The file holds {new} numbers, the list in use {old}: it seems a part. If it is the whole list, confirm "
            "that it shrinks (--shrink); if it adds to the list, say so (--add).",
            new=found.numbers,
            old=found.before,
        )


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@dataclass
class _Reader:
    """Turns a file into hashes, and counts what it reads."""

    path: Path
    keyring: Keyring
    report: DoNotCallImport
    problems: ProblemFile
    progress: Callable[[int], None]
    numbers: list[bytes] = field(default_factory=list)
    every: list[bool] = field(default_factory=list)

    def blocks(self) -> Iterator[tuple[Sequence[bytes], Sequence[bool]]]:
        """Hashes, and whether each refuses calls too, some thousands at once."""
        table = find_table(self.path)
        titles = read_titles(table.header)
        fields = guess_fields(titles)
        rows = table.rows
        if "phone" in fields:
            place, kind = fields.index("phone"), _find_kind(titles)
        else:  # a bare list of numbers: what seemed to be its header is a number too
            place, kind, rows = _bare(table.header), None, chain([[(1, table.header)]], rows)
        for block in self._guarded(rows):
            self._take(block, place, kind, titles[place])
            if len(self.numbers) >= _AT_ONCE:
                yield self._flush()
        yield self._flush()

    def _guarded(self, rows: Iterator[list[Row]]) -> Iterator[list[Row]]:
        try:
            yield from rows
        except InvalidInput as damage:
            raise InvalidInput(
                "Tệp hỏng từ sau dòng {line}; danh sách giữ nguyên như trước.",
                "The file is damaged after row {line}; the list stays as it was.",
                line=damage.detail.get("line", "?"),
            ) from damage

    def _take(self, block: list[Row], place: int, kind: int | None, title: str) -> None:
        bad: list[Problem] = []
        for line, cells in block:
            cell = cells[place] if place < len(cells) else ""
            wish = header_key(cells[kind]) if kind is not None and kind < len(cells) else ""
            if wish in _CALLS_ONLY:
                self.report.calls_only += 1
            elif number := _number(cell, line, title, bad):
                self.numbers.append(number.encode())
                self.every.append(wish not in _SMS_ONLY)
        self.problems.write(bad)
        self.report.rows += len(block)
        self.report.rejected += len(bad)

    def _flush(self) -> tuple[Sequence[bytes], Sequence[bool]]:
        taken, every = self.keyring.hash_many(self.numbers), self.every
        self.report.numbers += len(taken)
        self.numbers, self.every = [], []
        self.progress(self.report.rows)
        return taken, every


def _number(cell: str, line: int, title: str, bad: list[Problem]) -> str | None:
    quick = canonical_phone(cell)
    if quick is not None:
        return quick[0]
    result = normalise_phone(cell)
    if not isinstance(result, PhoneProblem):
        return result.number
    bad.append(Problem(line, Outcome.REJECTED, title, cell, result.reason, result.suggestion))
    return None


def _find_kind(titles: Sequence[str]) -> int | None:
    keys = [header_key(title) for title in titles]
    return next((keys.index(key) for key in _KINDS if key in keys), None)


def _bare(header: Sequence[str]) -> int:
    """The column of numbers of a file without a header.

    Raises:
        InvalidInput: there is none.
    """
    for place, cell in enumerate(header):
        if not isinstance(normalise_phone(cell), PhoneProblem):
            return place
    raise InvalidInput(
        "Không thấy cột số điện thoại. Đặt tên cột là “Số điện thoại”.",
        "There is no phone number column. Name the column “Số điện thoại” or “Phone”.",
    )


def list_state(session: Session) -> ListState:
    """How old our copy is."""
    latest = find_latest_list(session)
    return ListState(latest, (city_today(session) - latest.issued_on).days if latest else None)


def check_do_not_call(session: Session, keyring: Keyring, actor: Actor, phone: str) -> DoNotCall | None:
    """The entry of a number; None where it is not on our copy.

    Raises:
        InvalidInput: it is no mobile number.
    """
    actor.require("do-not-call.view")
    result = normalise_phone(phone)
    if isinstance(result, PhoneProblem):
        raise InvalidInput(
            "{reason}. {suggestion}.", "{reason}. {suggestion}.", reason=result.reason, suggestion=result.suggestion
        )
    return find_do_not_call(session, keyring.hash(result.number.encode()))

"""Reading a telco's report of what became of messages: a table of number and state, perhaps reference and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.columns import header_key
from campaigns.audience.phone import PhoneProblem, normalise_phone
from campaigns.audience.problems import Outcome, Problem, ProblemFile
from campaigns.audience.tables import Row, Table, open_table
from campaigns.delivery.states import MessageState
from campaigns.errors import InvalidInput
from campaigns.store.audit import append_audit
from campaigns.store.database import Database
from campaigns.store.gateways import get_gateway
from campaigns.store.unknown import find_messages_of, settle_unknown
from config.i18n import Text
from config.keys import Keyring
from config.zone import CITY_TIME

TELCO_CODE = "LOA_TELCO_REPORT"
MOST_ROWS = 2_000_000

_STATE_HEADERS = ("trang thai", "ket qua", "tinh trang", "status", "state", "stat", "dlr status", "result")
_REFERENCE_HEADERS = (
    "ma tin",
    "ma tin nhan",
    "ma tham chieu",
    "message id",
    "messageid",
    "msgid",
    "msg id",
    "reference",
)
_TIME_HEADERS = ("thoi gian", "thoi gian gui", "ngay gio", "ngay gui", "time", "sent at", "submit date", "date", "sent")

_S = MessageState
_WORDS: Mapping[str, MessageState] = {
    **dict.fromkeys(("delivrd", "delivered", "success", "thanh cong", "da nhan", "da toi may"), _S.DELIVERED),
    **dict.fromkeys(("undeliv", "undelivered", "khong nhan duoc", "khong toi", "that bai"), _S.UNDELIVERED),
    **dict.fromkeys(("expired", "het han"), _S.EXPIRED),
    **dict.fromkeys(("rejectd", "rejected", "tu choi", "nha mang tu choi"), _S.REJECTED),
    **dict.fromkeys(("failed", "fail", "error", "loi", "gui loi"), _S.FAILED),
}
"""Final states as telcos and SMPP 3.4 (appendix B) write them; any other word is refused, never guessed."""

_TIMES = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y%m%d%H%M%S", "%y%m%d%H%M")

_REASONS: Mapping[str, tuple[Text, Text]] = {
    "not_unknown": (
        Text("Kết quả đã rõ từ trước", "Its outcome was known already"),
        Text("Không cần làm gì", "Nothing needs doing"),
    ),
    "no_such_number": (
        Text("Không có tin nào gửi tới số này qua cổng", "No message went to this number over the gateway"),
        Text("Kiểm tra tên cổng", "Check the name of the gateway"),
    ),
    "several": (
        Text("Có hơn một tin chưa rõ gửi tới số này", "More than one unknown message went to this number"),
        Text("Thêm cột mã tin hoặc thời gian gửi", "Add a column with the reference or the time of sending"),
    ),
}


_Message = tuple[int, int]
"""(batch_id, seq)."""


@dataclass(slots=True)
class TelcoReport:
    """rows = the other five added up."""

    rows: int = 0
    settled: int = 0
    not_unknown: int = 0
    """Messages whose outcome is known; a number that comes twice counts here the second time."""
    no_such_number: int = 0
    several: int = 0
    """More than one message could be meant, so none was touched."""
    rejected: int = 0
    """Rows that could not be read."""

    def to_json(self) -> dict[str, int]:
        """The document of ``loa unknown import --json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one row says."""

    line: int
    number: str
    state: MessageState
    reference: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class _Places:
    """Columns of a report, counted from 0."""

    phone: int
    state: int
    reference: int | None
    time: int | None


@dataclass(slots=True)
class _Block:
    """Rows of a report, read."""

    said: list[_Said] = field(default_factory=list)
    bad: list[Problem] = field(default_factory=list)


def import_report(
    database: Database, keyring: Keyring, actor: Actor, path: Path, gateway: str, *, errors_to: Path | None = None
) -> TelcoReport:
    """Settle unknown messages of a gateway by its telco's report, block by block; harmless to repeat.

    Raises:
        Forbidden, NotFound: the person may not; there is no such gateway.
        InvalidInput: no table, no number or state column, or too many rows; what came before is settled.
    """
    actor.require("campaign.settle")
    actor.require_whole_city()  # a report speaks of every campaign of the gateway
    with database.transaction() as session:
        gateway_id = get_gateway(session, gateway).id
    table = open_table(path)
    places = _places(table)
    report = TelcoReport()
    try:
        with ProblemFile(errors_to) as problems:
            for rows in table.rows:
                block = _read(rows, places, table.columns.titles)
                with database.transaction() as session:
                    left = _settle(session, keyring, gateway_id, block.said, report)
                problems.write([*block.bad, *left])
                report.rejected += len(block.bad)
                report.rows += len(block.said) + len(block.bad)
                if report.rows > MOST_ROWS:
                    raise InvalidInput(
                        "Tệp có hơn {most} dòng: hãy chia nhỏ. Các dòng trước đó đã được ghi nhận.",
                        "The file has more than {most} rows: split it. The rows before have been taken.",
                        most=MOST_ROWS,
                    )
    finally:
        _note(database, actor, gateway_id, path, report)
    return report


def _note(database: Database, actor: Actor, gateway_id: int, path: Path, report: TelcoReport) -> None:
    """Also of a file that broke off: what was settled is written down."""
    detail = {**report.to_json(), "file": path.name}
    with database.transaction() as session:
        append_audit(session, actor.email, "gateway.report-imported", "gateway", gateway_id, detail)


def _places(table: Table) -> _Places:
    keys = [header_key(title) for title in table.columns.titles]

    def find(headers: Sequence[str]) -> int | None:
        return next((keys.index(header) for header in headers if header in keys), None)

    state = find(_STATE_HEADERS)
    if state is None:
        raise InvalidInput(
            "Không thấy cột trạng thái. Đặt tên cột là “Trạng thái”.",
            "There is no state column. Name the column “Trạng thái” or “Status”.",
        )
    return _Places(table.columns.phone, state, find(_REFERENCE_HEADERS), find(_TIME_HEADERS))


def _read(rows: list[Row], places: _Places, titles: Sequence[str]) -> _Block:
    block = _Block()
    for line, cells in rows:
        said = _read_row(line, cells, places, titles)
        if isinstance(said, Problem):
            block.bad.append(said)
        else:
            block.said.append(said)
    return block


def _read_row(line: int, cells: list[str], places: _Places, titles: Sequence[str]) -> _Said | Problem:
    def cell(place: int | None) -> str:
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def bad(place: int, reason: str, suggestion: str) -> Problem:
        return Problem(line, Outcome.REJECTED, titles[place], cell(place), reason, suggestion)

    number = normalise_phone(cell(places.phone))
    if isinstance(number, PhoneProblem):
        return bad(places.phone, number.reason, number.suggestion)
    state = _WORDS.get(header_key(cell(places.state)))
    if state is None:
        known = Text("Trạng thái không phải trạng thái cuối được biết", "This is no final state that is known")
        return bad(places.state, str(known), "DELIVRD, UNDELIV, EXPIRED, REJECTD, FAILED")
    at = None
    if cell(places.time):
        at = _moment(cell(places.time))
        if at is None:
            assert places.time is not None
            unread = Text("Không đọc được thời gian", "The time cannot be read")
            return bad(places.time, str(unread), "25/11/2026 14:05")
    return _Said(line, number.number, state, cell(places.reference) or None, at)


def _moment(written: str) -> datetime | None:
    """A time as people write it here, as receipts do, or in ISO 8601; without a zone it is Vietnamese time."""
    for shape in _TIMES:
        with suppress(ValueError):
            return datetime.strptime(written, shape).replace(tzinfo=CITY_TIME)
    with suppress(ValueError):
        found = datetime.fromisoformat(written)
        return found if found.tzinfo else found.replace(tzinfo=CITY_TIME)
    return None


def _settle(
    session: Session, keyring: Keyring, gateway_id: int, said: list[_Said], report: TelcoReport
) -> list[Problem]:
    """Settle what a block says; the rows that settled nothing, with the reason."""
    chosen = _choose_all(session, keyring, gateway_id, said)
    by_message: dict[_Message, _Said] = {}
    for row, meant in zip(said, chosen, strict=True):
        if not isinstance(meant, str):
            by_message.setdefault(meant, row)  # a second row about the same message changes nothing
    settled = settle_unknown(
        session,
        [batch for batch, _ in by_message],
        [seq for _, seq in by_message],
        [row.state for row in by_message.values()],
        error=TELCO_CODE,
    )
    problems = []
    for row, meant in zip(said, chosen, strict=True):
        if not isinstance(meant, str) and meant in settled and by_message[meant] is row:
            report.settled += 1
        else:
            problems.append(_unsettled(row, meant if isinstance(meant, str) else "not_unknown", report))
    return problems


def _unsettled(row: _Said, why: str, report: TelcoReport) -> Problem:
    setattr(report, why, getattr(report, why) + 1)
    reason, suggestion = _REASONS[why]
    return Problem(row.line, Outcome.WARNING, "", row.number, str(reason), str(suggestion))


def _choose_all(session: Session, keyring: Keyring, gateway_id: int, said: list[_Said]) -> list[_Message | str]:
    found = find_messages_of(
        session,
        [keyring.hash(row.number.encode()) for row in said],
        references=[row.reference for row in said],
        gateway_id=gateway_id,
    )
    candidates: dict[int, list[Any]] = {}
    for row in found:
        candidates.setdefault(row.place, []).append(row)
    return [_choose(row, candidates.get(place, [])) for place, row in enumerate(said)]


def _choose(said: _Said, candidates: list[Any]) -> _Message | str:
    """The one message a row can mean, or why there is none; ``candidates`` are the person's, the latest first."""
    if not candidates:
        return "no_such_number"
    named = [row for row in candidates if row.named]
    unknown = [row for row in named or candidates if row.state == MessageState.UNKNOWN]
    if len(unknown) > 1 and said.at is not None:
        # The last one begun before the time the report gives.
        unknown = [row for row in unknown if row.started_at <= said.at][:1]
    if not unknown:
        return "not_unknown"
    return (unknown[0].batch_id, unknown[0].seq) if len(unknown) == 1 else "several"

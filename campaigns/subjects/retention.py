"""How long everything about people is kept: one table, read by the job, the page and the command."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from campaigns.audience.uploads import KEEP_HOURS
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.delivery.retention import Keep, foresee
from campaigns.exports.jobs import KEEP_DAYS
from campaigns.store.audit import append_audit
from campaigns.store.database import Database
from campaigns.store.forgetting import EXPORTS, IMPORTS, INBOUND, REQUESTS, Heap
from config.i18n import Text
from config.settings import Settings

CHUNK = 2_000
"""Rows of one transaction: a few hundredths of a second."""
_REST = 3
"""For each second of work so many of rest."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Months for which things beside messages are kept; 0 keeps them for ever."""

    inbound_months: int
    reports_months: int
    requests_months: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that has a term in months."""

    key: str
    what: Text
    afterwards: Text
    heap: Heap
    months: Callable[[Terms], int]


_GONE = Text("xoá", "deleted")

RULES: tuple[Rule, ...] = (
    Rule(
        "inbound",
        Text("Lời người dân nhắn tới, cả tin chờ xem", "What people wrote, also what waits to be read"),
        Text(
            "xoá nội dung; lượt từ chối còn hiệu lực giữ làm chứng cứ", "the words go; those of a refusal in force stay"
        ),
        INBOUND,
        lambda terms: terms.inbound_months,
    ),
    Rule("imports", Text("Báo cáo nhập danh sách", "Reports of imports"), _GONE, IMPORTS, lambda t: t.reports_months),
    Rule("exports", Text("Sổ tệp đã xuất", "Record of files asked for"), _GONE, EXPORTS, lambda t: t.reports_months),
    Rule(
        "requests",
        Text("Yêu cầu của công dân đã kết thúc", "Closed requests of citizens"),
        _GONE,
        REQUESTS,
        lambda terms: terms.requests_months,
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """What is kept, how long, what then becomes of it, and how much of it is due now."""

    what: Text
    term: Text
    afterwards: Text
    due: int | None = None
    """None where nothing ever goes, or it goes by itself."""


def terms_of(settings: Settings) -> tuple[Keep, Terms]:
    """The terms an installation has set."""
    keep = Keep(settings.keep_messages_months, settings.keep_references_days, settings.keep_messages_by_class)
    return keep, Terms(settings.keep_inbound_months, settings.keep_reports_months, settings.keep_requests_months)


def forget(database: Database, terms: Terms, *, go_on: Callable[[], bool] = lambda: True) -> dict[str, int]:
    """Let go of what has had its time, until nothing is left or ``go_on`` says stop; how much, by rule."""
    gone = dict.fromkeys((rule.key for rule in RULES), 0)
    for rule in RULES:
        months = rule.months(terms)
        while months and go_on():
            started = time.monotonic()
            with database.transaction() as session:
                count = rule.heap.let_go(session, months, CHUNK)
            gone[rule.key] += count
            if count < CHUNK:
                break
            time.sleep(_REST * (time.monotonic() - started))
    if any(gone.values()):
        with database.transaction() as session:
            append_audit(session, "system", "retention.run", "retention", "", gone)
    return gone


def overview(session: Session, keep: Keep, terms: Terms) -> list[Line]:
    """Everything that is kept, and what is due."""
    due = foresee(session, keep)
    counts: Mapping[str, int] = {
        rule.key: rule.heap.count(session, rule.months(terms)) if rule.months(terms) else 0 for rule in RULES
    }
    statistics = Text("còn lại số liệu tổng hợp", "counts remain")
    for_ever = Text("không xoá", "never")
    return [
        Line(Text("Tin gửi cho ai", "Who was sent a message"), _months(keep.messages_months), statistics, due.messages),
        *(
            Line(
                Text(f"… loại “{MESSAGE_CLASSES[name].title.vi}”", f"… of class “{MESSAGE_CLASSES[name].title.en}”"),
                _months(months),
                statistics,
            )
            for name, months in keep.by_class.items()
            if name in MESSAGE_CLASSES
        ),
        Line(
            Text("Mã tham chiếu, biên nhận treo", "References, parked receipts"),
            _days(keep.references_days),
            _GONE,
            due.references + due.receipts,
        ),
        *(Line(rule.what, _months(rule.months(terms)), rule.afterwards, counts[rule.key]) for rule in RULES),
        Line(Text("Tệp danh sách tải lên", "Uploaded lists"), Text("đọc xong là xoá", "until they are read"), _GONE),
        Line(
            Text("Dòng lỗi của tệp (mã hoá)", "Bad rows of lists (encrypted)"),
            Text(f"{KEEP_HOURS} giờ", f"{KEEP_HOURS} hours"),
            _GONE,
        ),
        Line(Text("Tệp đã xuất (mã hoá)", "Exported files (encrypted)"), _days(KEEP_DAYS), _GONE),
        Line(
            Text("Danh bạ", "The register of people"),
            Text("tới khi người dân yêu cầu xoá", "until the person asks for deletion"),
            Text("còn mã băm, để không nhập lại", "a keyed hash remains, so that no list brings them back"),
        ),
        Line(Text("Lượt từ chối, đồng ý", "Refusals, consents"), Text("luôn giữ", "for ever"), for_ever),
        Line(Text("Nhật ký; hồ sơ vi phạm; sổ bên xử lý", "Audit; breaches; processors"),
             Text("luôn giữ", "for ever"), for_ever),
    ]  # fmt: skip


def _months(months: int) -> Text:
    return Text(f"{months} tháng", f"{months} months") if months else Text("luôn giữ", "for ever")


def _days(days: int) -> Text:
    return Text(f"{days} ngày", f"{days} days") if days else Text("như tin nhắn", "as the messages")

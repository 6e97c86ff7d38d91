"""``loa retention``: how long everything about people is kept, and letting go of what has had its time."""

from __future__ import annotations

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say, show_table
from campaigns.delivery.retention import purge
from campaigns.subjects.retention import forget, overview, terms_of
from config.i18n import t


@click.group(help=t("Thời hạn lưu giữ dữ liệu.", "How long data are kept."))
def retention() -> None:
    """The group."""


@retention.command(help=t("Mỗi loại dữ liệu giữ bao lâu, bao nhiêu đã quá hạn.", "What is kept how long; what is due."))
@as_option
@json_option
@pass_loa
def show(loa: Loa, as_email: str | None, as_json: bool) -> None:
    """The table."""
    loa.actor(as_email).require("retention.view")
    _show(loa, as_json)


def _show(loa: Loa, as_json: bool) -> None:
    keep, terms = terms_of(loa.settings)
    with loa.database.transaction() as session:
        lines = overview(session, keep, terms)
    if as_json:
        emit_json([{"what": x.what, "term": x.term, "afterwards": x.afterwards, "due": x.due} for x in lines])
        return
    show_table(
        (t("Dữ liệu", "Data"), t("Giữ", "Kept"), t("Sau đó", "Then"), t("Đã quá hạn", "Due now")),
        [(line.what, line.term, line.afterwards, line.due) for line in lines],
        numbers=[3],
    )


@retention.command(
    help=t(
        "Xoá ngay những gì đã quá hạn, từng phần nhỏ. Hệ thống tự làm việc này mỗi phút một ít.",
        "Let go now of what has had its time, in small pieces. A little of it happens by itself every minute.",
    )
)
@click.option("--dry-run", is_flag=True, help=t("Chỉ xem sẽ xoá gì.", "Only show what would go."))
@as_option
@json_option
@pass_loa
def run(loa: Loa, dry_run: bool, as_email: str | None, as_json: bool) -> None:
    """All of it."""
    loa.actor(as_email).require("retention.run")
    if dry_run:
        _show(loa, as_json)
        return
    keep, terms = terms_of(loa.settings)
    gone = {**purge(loa.database, keep).to_json(), **forget(loa.database, terms)}
    if as_json:
        emit_json(gone)
        return
    say(t("Đã xoá: {what}.", "Deleted: {what}.", what=", ".join(f"{name} {count}" for name, count in gone.items())))

"""``loa stats`` and ``loa reconcile``: delivery by area, carrier, gateway, hour, state; do the books balance?"""

from __future__ import annotations

import csv
import sys

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa
from admin.cli.tables import print_table
from campaigns.delivery.states import MESSAGE_STATES, STATE_TITLES
from campaigns.errors import LoaError
from campaigns.scope import require_inside
from campaigns.stats import STATE_LABELS, StatsRow, stats_by, summary
from campaigns.stats import reconcile as check_books
from campaigns.store.stats import DIMENSIONS
from config.i18n import t


@click.command(
    help=t(
        "Kết quả gửi theo địa bàn, nhà mạng, cổng, giờ, trạng thái.",
        "Delivery by area, carrier, gateway, hour or state.",
    )
)
@click.argument("campaign_id", metavar="ID", type=int)
@click.option(
    "--by",
    "dimension",
    type=click.Choice(DIMENSIONS),
    default="district",
    show_default=True,
    help=t("Thống kê theo.", "What to go by."),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help=t("Dạng in ra.", "Form of the output."),
)
@as_option
@pass_loa
def stats(loa: Loa, campaign_id: int, dimension: str, form: str, as_email: str | None) -> None:
    """Totals of one campaign."""
    person = loa.reader(as_email)
    with loa.database.transaction() as session:
        require_inside(session, person, "campaign", campaign_id)
        summary(session, campaign_id)
        rows = stats_by(session, campaign_id, dimension)
    if form == "json":
        emit_json([row.to_json() for row in rows])
    elif form == "csv":
        _write_csv(rows)
    else:
        print_stats(rows)


def _write_csv(rows: list[StatsRow]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["key", "name", "planned", *STATE_LABELS])
    for row in rows:
        writer.writerow([row.key, row.name, row.planned, *(row.totals[label] for label in STATE_LABELS)])


def print_stats(rows: list[StatsRow], title: str | None = None) -> None:
    """A table for people with its sum; states nobody is in are left out."""
    shown = [state for state in MESSAGE_STATES if any(row.totals[state.label] for row in rows)]
    headers = [t("Mã", "Key"), t("Tên", "Name"), t("Người nhận", "Planned"), *(str(STATE_TITLES[s]) for s in shown)]
    lines: list[list[object]] = [
        [row.key, row.name, row.planned, *(row.totals[state.label] for state in shown)] for row in rows
    ]
    total: list[object] = [
        "",
        t("Tổng", "Total"),
        sum(row.planned for row in rows),
        *(sum(row.totals[state.label] for row in rows) for state in shown),
    ]
    print_table(headers, [*lines, total], title)


@click.command(
    "reconcile",
    help=t(
        "Đếm lại tất cả; báo lỗi nếu số liệu không khớp.", "Recount everything; fails where the books do not balance."
    ),
)
@click.argument("campaign_id", metavar="[ID]", type=int, required=False)
@json_option
@pass_loa
def reconcile(loa: Loa, campaign_id: int | None, as_json: bool) -> None:
    """Recount one campaign, or all."""
    with loa.database.transaction() as session:
        if campaign_id is not None:
            summary(session, campaign_id)
        books = check_books(session, campaign_id)
    if as_json:
        emit_json(books.to_json())
    if not books.balanced:
        raise LoaError(
            "Số liệu không khớp ở {count} chỗ; xem bằng --json.",
            "The books do not balance in {count} places; see them with --json.",
            count=len(books.differences),
        )
    if not as_json:
        click.echo(t("Số liệu khớp.", "The books balance."))

"""``loa unknown``: messages nobody knows the fate of, and the three ways to settle them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say
from admin.cli.tables import print_table
from campaigns.audience.phone import PhoneProblem, mask_phone, normalise_phone
from campaigns.audience.tables import open_table
from campaigns.delivery.states import STATE_TITLES, MessageState
from campaigns.errors import InvalidInput
from campaigns.receipts.report import import_report
from campaigns.receipts.unknown import BY_HAND, resend, settle_all, settle_numbers
from campaigns.store.unknown import list_unknown
from config.i18n import t
from config.keys import Keyring
from config.zone import CITY_TIME

_REASON = t("Căn cứ.", "Reason.")


@click.group(help=t("Tin chưa rõ kết quả: xem, ghi nhận, gửi lại.", "Unknown messages: see, settle, send again."))
def unknown() -> None:
    """The group."""


@unknown.command("list", help=t("Các tin chưa rõ, cũ nhất trước.", "Unknown messages, the oldest first."))
@click.argument("campaign_id", metavar="[CAMPAIGN]", type=int, required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@json_option
@pass_loa
def list_command(loa: Loa, campaign_id: int | None, limit: int, as_json: bool) -> None:
    """Numbers are masked."""
    with loa.database.transaction() as session:
        rows = [_shown(loa.keyring, row) for row in list_unknown(session, campaign_id, limit=limit)]
    if as_json:
        emit_json(rows)
        return
    print_table(
        [t("Chiến dịch", "Campaign"), t("Số", "Number"), t("Cổng", "Gateway"), t("Gửi lúc", "Sent"), t("Hạn", "Valid")],
        [
            [f"{r['campaign']} {r['name']}", r["number"], r["gateway"] or "–", r["since"], r["valid_until"]]
            for r in rows
        ],
    )
    if len(rows) == limit:
        say(t("Chỉ hiện {n} tin đầu; thêm --limit.", "Only the first {n} are shown; give --limit.", n=limit))


def _shown(keyring: Keyring, row: Any) -> dict[str, Any]:
    number = mask_phone(keyring.decrypt(row.phone_cipher).decode()) if row.phone_cipher else None
    return {
        "campaign": row.campaign,
        "name": row.name,
        "gateway": row.gateway,
        "number": number or t("(đã xoá)", "(erased)"),
        "since": row.since.astimezone(CITY_TIME).isoformat(timespec="seconds"),
        "attempts": row.attempts,
        "valid_until": row.valid_until.astimezone(CITY_TIME).isoformat(timespec="seconds"),
        "may_be_resent": row.lapsed,
    }


@unknown.command(
    "settle",
    help=t("Ghi nhận kết quả bằng tay, có căn cứ.", "Settle by hand, with a reason; it is written to the audit."),
)
@click.argument("campaign_id", metavar="CAMPAIGN", type=int)
@click.option("--as-state", "state", required=True, type=click.Choice([s.label for s in BY_HAND]))
@click.option(
    "--numbers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=t("Chỉ các số trong tệp CSV, XLSX này.", "Only the numbers of this CSV or XLSX file."),
)
@click.option("--all", "everybody", is_flag=True, help=t("Mọi tin chưa rõ.", "Every unknown message."))
@click.option("--reason", required=True, help=_REASON)
@as_option
@json_option
@pass_loa
def settle(
    loa: Loa,
    campaign_id: int,
    state: str,
    numbers: Path | None,
    everybody: bool,
    reason: str,
    as_email: str | None,
    as_json: bool,
) -> None:
    """Say what became of messages."""
    if everybody == (numbers is not None):
        raise click.UsageError(t("Chọn --all hoặc --numbers TỆP.", "Give --all or --numbers FILE."))
    actor, learned = loa.actor(as_email), MessageState[state.upper()]
    if numbers is None:
        settled = settle_all(loa.database, actor, campaign_id, learned, reason)
    else:
        listed = read_numbers(numbers)
        settled = settle_numbers(loa.database, loa.keyring, actor, campaign_id, listed, learned, reason)
    if as_json:
        emit_json({"settled": settled})
    else:
        title = STATE_TITLES[learned]
        click.echo(t("{n} tin: {title}.", "{n} messages: {title}.", n=settled, title=title))


def read_numbers(path: Path) -> list[str]:
    """Numbers (E.164 without plus) of a file.

    Raises:
        InvalidInput: no table, or a row whose number cannot be used; nothing is settled by half a list.
    """
    table = open_table(path)
    numbers: list[str] = []
    for block in table.rows:
        for line, cells in block:
            found = normalise_phone(cells[table.columns.phone] if table.columns.phone < len(cells) else "")
            if isinstance(found, PhoneProblem):
                raise InvalidInput("Dòng {line}: {why}.", "Row {line}: {why}.", line=line, why=found.reason)
            numbers.append(found.number)
    return numbers


@unknown.command(
    "import",
    help=t("Đọc báo cáo của nhà mạng (số, trạng thái).", "Read a telco's report (number, state) from CSV or XLSX."),
)
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--gateway", required=True, metavar="NAME", help=t("Cổng đã gửi.", "The gateway that sent."))
@click.option(
    "--errors-to",
    type=click.Path(dir_okay=False, path_type=Path),
    help=t("Tệp ghi các dòng không dùng được và lý do.", "File for the rows that settled nothing, with the reason."),
)
@as_option
@json_option
@pass_loa
def import_command(
    loa: Loa, path: Path, gateway: str, errors_to: Path | None, as_email: str | None, as_json: bool
) -> None:
    """What the telco says became of messages."""
    actor = loa.actor(as_email)
    report = import_report(loa.database, loa.keyring, actor, path, gateway, errors_to=errors_to)
    if as_json:
        emit_json(report.to_json())
        return
    print_table(
        [t("Dòng", "Rows"), ""],
        [
            [t("Trong tệp", "In the file"), report.rows],
            [t("Ghi nhận", "Settled"), report.settled],
            [t("Đã rõ từ trước", "Not unknown"), report.not_unknown],
            [t("Không có tin tới số này", "No message to this number"), report.no_such_number],
            [t("Có thể là nhiều tin", "Several messages fit"), report.several],
            [t("Không đọc được", "Rejected"), report.rejected],
        ],
    )


@unknown.command(
    "resend",
    help=t(
        "Gửi lại tin chưa rõ đã quá hạn hiệu lực; cần người duyệt, vì có người có thể nhận hai lần.",
        "Send unknown messages again whose validity is over; an approver's word, for somebody may get it twice.",
    ),
)
@click.argument("campaign_id", metavar="CAMPAIGN", type=int)
@click.option("--reason", required=True, help=_REASON)
@as_option
@json_option
@pass_loa
def resend_command(loa: Loa, campaign_id: int, reason: str, as_email: str | None, as_json: bool) -> None:
    """Queue them again."""
    queued = resend(loa.database, loa.actor(as_email), campaign_id, reason)
    if as_json:
        emit_json({"queued": queued})
    else:
        click.echo(t("{n} tin sẽ được gửi lại.", "{n} messages will be sent again.", n=queued))

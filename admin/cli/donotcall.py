"""``loa do-not-call``: importing an edition of the national do-not-call list, its age, and looking up a number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from admin.cli.base import Loa, as_option, emit_json, errors_option, json_option, pass_loa, progress, say
from campaigns.advertising.donotcall import check_do_not_call, import_do_not_call, list_state
from campaigns.audience.tables import estimate_rows
from campaigns.store.donotcall import count_do_not_call
from config.i18n import t

_DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])


@click.group("do-not-call", help=t("Danh sách không quảng cáo (Do-Not-Call).", "The national do-not-call list."))
def do_not_call() -> None:
    """Group of commands."""


@do_not_call.command(
    "import",
    help=t(
        "Thay danh sách đang dùng bằng tệp CSV, XLSX. Cột “Loại” (S, V, trống) là tuỳ chọn.",
        "Replace the list in use by a CSV or XLSX file. A column “Loại” or “Type” (S, V, empty) is optional.",
    ),
)
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--issued", required=True, type=_DAY, help=t("Ngày của danh sách.", "The day the list shows."))
@click.option("--add", "add_only", is_flag=True, help=t("Bổ sung, không bỏ số nào.", "Add to it, remove nobody."))
@click.option("--shrink", is_flag=True, help=t("Danh sách mới ngắn hơn nhiều.", "The new list is much shorter."))
@errors_option
@as_option
@json_option
@pass_loa
def import_command(
    loa: Loa,
    path: Path,
    issued: datetime,
    add_only: bool,
    shrink: bool,
    errors_to: Path | None,
    as_email: str | None,
    as_json: bool,
) -> None:
    """An edition of the list."""
    actor, done = loa.actor(as_email), 0
    with progress(t("Nhập {name}", "Importing {name}", name=path.name), estimate_rows(path), t("dòng", "rows")) as bar:

        def advance(rows: int) -> None:
            nonlocal done
            bar.advance(rows - done)
            done = rows

        report = import_do_not_call(
            loa.database,
            loa.keyring,
            actor,
            path,
            issued_on=issued.date(),
            add_only=add_only,
            may_shrink=shrink,
            errors_to=errors_to,
            progress=advance,
        )
    if as_json:
        emit_json(report.to_json())
        return
    click.echo(
        t(
            "{rows} dòng, {numbers} số: {added} mới, {removed} rời danh sách, {repeated} trùng, {calls_only} chỉ chặn "
            "cuộc gọi, {rejected} lỗi.",
            "{rows} rows, {numbers} numbers: {added} new, {removed} left the list, {repeated} repeated, {calls_only} "
            "for calls only, {rejected} bad.",
            **report.to_json(),
        )
    )


@do_not_call.command("check", help=t("Danh sách đang dùng; một số có trong đó không.", "The list; is a number on it."))
@click.argument("phone", metavar="[NUMBER]", required=False)
@as_option
@json_option
@pass_loa
def check(loa: Loa, phone: str | None, as_email: str | None, as_json: bool) -> int:
    """Age and size of the list; exit 1 where it is missing or too old, or the number is on it."""
    with loa.database.transaction() as session:
        state, size = list_state(session), count_do_not_call(session)
        entry = check_do_not_call(session, loa.keyring, loa.actor(as_email), phone) if phone else None
    usable = not (state.is_missing or state.is_too_old)
    found = {
        "numbers": size,
        "issued_on": state.latest.issued_on if state.latest else None,
        "days": state.days,
        "usable": usable,
        "ageing": state.is_ageing,
        **({"listed": entry is not None, "kind": entry.kind if entry else None} if phone else {}),
    }
    if as_json:
        emit_json(found)
    else:
        _tell(found)
    return 0 if usable and entry is None else 1


def _tell(found: Mapping[str, object]) -> None:
    if found["issued_on"] is None:
        say(t("Chưa có danh sách không quảng cáo.", "There is no do-not-call list yet."))
        return
    words = t(
        "{numbers} số, ngày {issued_on} ({days} ngày).", "{numbers} numbers, of {issued_on} ({days} days).", **found
    )
    click.echo(words)
    if not found["usable"]:
        say(t("Đã quá cũ để gửi quảng cáo.", "Too old to advertise with."))
    elif found["ageing"]:
        say(t("Hãy lấy danh sách mới.", "Fetch a new list."))
    if found.get("listed"):
        click.echo(t("Số này có trong danh sách ({kind}).", "This number is on the list ({kind}).", kind=found["kind"]))
    elif "listed" in found:
        click.echo(t("Số này không có trong danh sách.", "This number is not on the list."))

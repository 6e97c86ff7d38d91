"""``loa contacts``: the register of people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, progress, say, show_table
from campaigns.errors import InvalidInput
from config.i18n import t

if TYPE_CHECKING:
    from campaigns.audience.importing import ImportReport


@click.group(help=t("Danh bạ người dân.", "The register of people."))
def contacts() -> None:
    """The group."""


@contacts.command(
    "import",
    help=t(
        "Nhập danh sách người dân từ tệp CSV hoặc XLSX. Nhập lại cùng một tệp không làm thay đổi gì.",
        "Import people from a CSV or XLSX file. Importing the same file again changes nothing.",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--errors-to",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("Ghi các dòng lỗi, các số đã sửa vào tệp CSV này.", "Write bad rows and repaired numbers to this CSV file."),
)
@click.option("--edition", help=t("Danh mục địa bàn của phường, xã trong tệp.", "Edition of the wards in the file."))
@as_option
@json_option
@pass_loa
def import_file(
    loa: Loa, file: Path, errors_to: Path | None, edition: str | None, as_email: str | None, as_json: bool
) -> None:
    """Import a file; exit 0 also when rows were refused, for the good ones are in."""
    from campaigns.audience.importing import import_contacts
    from campaigns.audience.tables import estimate_rows
    from campaigns.store.audit import append_audit

    actor = loa.actor(as_email)
    actor.require("contact.import")
    chosen = edition or loa.settings.default_edition
    with progress(t("Nhập {name}", "Importing {name}", name=file.name), estimate_rows(file), t("dòng", "rows")) as bar:
        try:
            report = import_contacts(
                loa.database,
                loa.keyring,
                file,
                edition=chosen,
                errors_to=errors_to,
                progress=bar.advance,
                wards=actor.scope.wards,
            )
        except InvalidInput as damage:
            if "imported" in damage.detail:
                found = {**damage.detail["imported"], "edition": chosen, "damaged": True}
                with loa.database.transaction() as session:
                    append_audit(session, actor.email, "contact.import", "import", damage.detail["source"], found)
            raise
    with loa.database.transaction() as session:
        detail = {**report.as_dict(), "warnings": report.warnings, "edition": chosen}
        append_audit(session, actor.email, "contact.import", "import", report.source, detail)
    if as_json:
        emit_json(report.as_dict())
    else:
        _show(report, errors_to)


def _show(report: ImportReport, errors_to: Path | None) -> None:
    rows = (
        (t("Số dòng", "Rows"), report.rows),
        (t("  Thêm mới", "  Created"), report.created),
        (t("  Cập nhật", "  Updated"), report.updated),
        (t("  Không đổi", "  Unchanged"), report.unchanged),
        (t("  Trùng số trong tệp", "  Duplicates in the file"), report.duplicates),
        (t("  Không nhận", "  Rejected"), report.rejected),
        (t("Số đã sửa", "Numbers repaired"), report.repaired),
        (t("Lưu ý", "Warnings"), report.warnings),
    )
    show_table((report.kind, ""), rows, numbers=(1,))
    if report.ignored:
        names = ", ".join(report.ignored)
        say(t("Không lấy các cột: {names}.", "Columns not taken: {names}.", names=names))
    if errors_to is not None:
        say(t("Chi tiết từng dòng: {path}", "Row by row: {path}", path=str(errors_to)))
    elif report.rejected or report.repaired:
        say(t("Thêm --errors-to TỆP để xem từng dòng.", "Add --errors-to FILE to see row by row."))

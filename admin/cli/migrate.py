"""``loa migrate``: tables, areas and texts of this version."""

from __future__ import annotations

import click

from admin.cli.base import Loa, emit_json, json_option, pass_loa, say
from config.i18n import t


@click.command(
    help=t(
        "Tạo hoặc nâng cấp bảng dữ liệu, nạp danh mục hành chính và mẫu tin. Chạy lại không làm thay đổi gì.",
        "Make or upgrade the tables, load areas and texts. Running it again changes nothing.",
    )
)
@json_option
@pass_loa
def migrate(loa: Loa, as_json: bool) -> None:
    """Migrate whatever database the settings name."""
    from admin.cli.prepare import prepare
    from campaigns.store.database import Database

    database = Database(loa.database_url, pool_size=2, application="loa-migrate")
    try:
        before, after = prepare(database, loa.keyring)
    finally:
        database.close()
    if as_json:
        emit_json({"before": before, "after": after})
    elif before == after:
        say(t("Đã ở phiên bản {after}.", "Already at revision {after}.", after=after))
    else:
        say(t("Đã nâng cấp lên phiên bản {after}.", "Upgraded to revision {after}.", after=after))

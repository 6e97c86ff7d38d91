"""``loa messages``: letting go of old messages by hand, and seeing first what would go."""

from __future__ import annotations

import click

from admin.cli.base import Loa, emit_json, json_option, pass_loa, say
from campaigns.delivery.retention import Purged, foresee
from campaigns.delivery.retention import purge as let_go
from campaigns.subjects.retention import terms_of
from config.i18n import t


@click.group(help=t("Tin nhắn đã gửi.", "Messages that were sent."))
def messages() -> None:
    """Messages of ended campaigns."""


@messages.command(
    help=t(
        "Xoá tin nhắn và biên nhận đã quá hạn lưu của các chiến dịch đã kết thúc. Thống kê giữ nguyên. "
        "Hệ thống tự làm việc này mỗi phút một ít.",
        "Delete messages and references of ended campaigns that have been kept for long enough. Statistics stay. "
        "A little of it happens by itself every minute.",
    )
)
@click.option("--dry-run", is_flag=True, help=t("Chỉ xem sẽ xoá gì.", "Only show what would go."))
@json_option
@pass_loa
def purge(loa: Loa, dry_run: bool, as_json: bool) -> None:
    """Purge now, all of it."""
    keep, _ = terms_of(loa.settings)
    if dry_run:
        with loa.database.transaction() as session:
            gone = foresee(session, keep)
    else:
        gone = let_go(loa.database, keep)
    if as_json:
        emit_json(gone.to_json())
    else:
        _tell(gone, dry_run)


def _tell(gone: Purged, dry_run: bool) -> None:
    counts = {**gone.to_json(), "done": t("Sẽ xoá", "Would delete") if dry_run else t("Đã xoá", "Deleted")}
    say(
        t(
            "{done} {messages} tin nhắn, {references} mã tham chiếu, {receipts} biên nhận treo. Thống kê giữ nguyên.",
            "{done} {messages} messages, {references} references, {receipts} parked receipts. Statistics stay.",
            **counts,
        )
    )

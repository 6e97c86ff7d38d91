"""``loa audit``: verifying that nothing of what was written down was changed or taken out."""

from __future__ import annotations

import click

from admin.cli.base import Loa, emit_json, json_option, pass_loa
from campaigns.errors import LoaError
from config.i18n import t


@click.group(help=t("Nhật ký chỉ ghi thêm, nối với nhau bằng mã băm.", "The append-only audit, chained by hashes."))
def audit() -> None:
    """The group."""


@audit.command(
    help=t(
        "Kiểm tra toàn bộ chuỗi nhật ký và các mốc đối chiếu; báo dòng sai đầu tiên.",
        "Verify the whole chain and its sealed heads; names the first entry that does not fit.",
    )
)
@json_option
@pass_loa
def verify(loa: Loa, as_json: bool) -> None:
    """Walk the chain; exit 1 where it does not hold."""
    from campaigns.proof.chain import FAULT_TITLES, run_checks

    finding = run_checks(loa.database, loa.keyring, loa.home, asked_by="loa audit verify")
    if finding is None:
        raise LoaError(
            "Nhật ký đang được kiểm tra ở nơi khác; hãy thử lại sau ít phút.",
            "The audit is being verified elsewhere; try again in some minutes.",
        )
    if as_json:
        emit_json(finding.to_json())
    if finding.fault is not None:
        raise LoaError(
            "Nhật ký KHÔNG còn nguyên vẹn ở dòng {id}: {why}. Sao lưu ngay cơ sở dữ liệu rồi xem docs/runbook.md.",
            "The audit is NOT intact at entry {id}: {why}. Back up the database now and see docs/runbook.md.",
            id=finding.broken_id,
            why=str(FAULT_TITLES[finding.fault]),
        )
    if not as_json:
        click.echo(
            t(
                "Nhật ký nguyên vẹn: {n} dòng, dòng cuối {head}, khớp {m} mốc.",
                "The audit is intact: {n} entries, the last is {head}; {m} sealed heads fit.",
                n=finding.entries,
                head=finding.head_id or "–",
                m=finding.marks,
            )
        )

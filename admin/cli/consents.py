"""``loa consents``: writing down who agreed to advertising, with the proof, and who took it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from admin.cli.base import Loa, as_option, emit_json, errors_option, json_option, pass_loa
from admin.cli.tables import print_table
from campaigns.advertising.consents import HOW, Terms, add_consent, end_consent, import_consents, parse_day, terms
from campaigns.store.consents import list_consents
from config.i18n import t
from config.zone import CITY_TIME

Function = TypeVar("Function", bound=Callable[..., Any])
_TOPIC = t("Chỉ một chủ đề; bỏ trống là mọi quảng cáo.", "One topic only; without it, all advertising.")


@click.group(help=t("Đồng ý nhận quảng cáo.", "Consents to advertising."))
def consents() -> None:
    """Group of commands."""


def _terms_options(function: Function) -> Function:
    for option in (
        click.option("--topic", help=_TOPIC),
        click.option("--given", required=True, help=t("Ngày đồng ý: 2026-11-23.", "Day of the consent: 2026-11-23.")),
        click.option("--how", required=True, type=click.Choice(list(HOW)), help=t("Cách đồng ý.", "How it was given.")),
        click.option("--wording", required=True, help=t("Nội dung đã đồng ý.", "The text agreed to.")),
        click.option("--per-day", type=int, help=t("Số tin mỗi ngày đã thoả thuận.", "Messages a day agreed to.")),
        click.option("--evidence", required=True, help=t("Căn cứ: số phiếu, cuộc gọi…", "Evidence: form, call…")),
    ):
        function = option(function)
    return function


def _terms(options: dict[str, Any]) -> Terms:
    return terms(
        topic=options["topic"],
        given_at=parse_day(options["given"]),
        how=options["how"],
        wording=options["wording"],
        daily_cap=options["per_day"],
        evidence=options["evidence"],
    )


@consents.command(help=t("Ghi nhận một số đồng ý nhận quảng cáo.", "Write down that a number agreed to advertising."))
@click.argument("phone", metavar="NUMBER")
@_terms_options
@as_option
@json_option
@pass_loa
def add(loa: Loa, /, phone: str, as_email: str | None, as_json: bool, **options: Any) -> None:
    """One consent."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        new_id = add_consent(session, loa.keyring, actor, phone, _terms(options))
    if as_json:
        emit_json({"added": new_id is not None, "id": new_id})
    elif new_id is None:
        click.echo(t("Đã có từ trước; không có gì thay đổi.", "In force already; nothing changed."))
    else:
        click.echo(t("Đã ghi nhận.", "Written down."))


@consents.command("import", help=t("Ghi nhận nhiều số từ tệp CSV, XLSX.", "Write down many numbers from CSV or XLSX."))
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_terms_options
@errors_option
@as_option
@json_option
@pass_loa
def import_command(
    loa: Loa, /, path: Path, errors_to: Path | None, as_email: str | None, as_json: bool, **options: Any
) -> None:
    """The same consent of many."""
    report = import_consents(
        loa.database, loa.keyring, loa.actor(as_email), path, _terms(options), errors_to=errors_to
    ).to_json()
    if as_json:
        emit_json(report)
    else:
        click.echo(
            t(
                "{rows} dòng: {added} mới, {known} đã có, {refused} đang từ chối, {rejected} lỗi.",
                "{rows} rows: {added} new, {known} known, {refused} refuse, {rejected} bad.",
                **report,
            )
        )


@consents.command("end", help=t("Ghi nhận một người rút lại đồng ý.", "Write down that a person took consent back."))
@click.argument("phone", metavar="NUMBER")
@click.option("--topic", help=_TOPIC)
@click.option("--evidence", required=True, help=t("Căn cứ.", "Evidence."))
@as_option
@json_option
@pass_loa
def end(loa: Loa, phone: str, topic: str | None, evidence: str, as_email: str | None, as_json: bool) -> None:
    """The end of a consent."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        ended = end_consent(session, loa.keyring, actor, phone, topic=topic, evidence=evidence)
    if as_json:
        emit_json({"ended": ended})
    else:
        click.echo(t("Đã kết thúc {n} lượt đồng ý.", "Ended {n} consents.", n=ended))


@consents.command("list", help=t("Sổ đồng ý, mới nhất trước.", "The register, newest first."))
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@pass_loa
def list_command(loa: Loa, limit: int, as_json: bool) -> None:
    """The register; numbers are not in it, only their keyed hashes."""
    with loa.database.transaction() as session:
        rows = [
            {
                "id": row.id,
                "number": row.phone_hash.hex()[:8],
                "topic": row.topic,
                "given_at": row.given_at.astimezone(CITY_TIME).isoformat(timespec="seconds"),
                "how": row.how,
                "wording": row.wording,
                "per_day": row.daily_cap,
                "evidence": row.evidence,
                "by": row.created_by,
                "ended": row.ended_at.astimezone(CITY_TIME).isoformat(timespec="seconds") if row.ended_at else None,
                "ended_evidence": row.ended_evidence,
            }
            for row in list_consents(session, limit=limit)
        ]
    if as_json:
        emit_json(rows)
        return
    titles = [
        "Id",
        t("Số (băm)", "Number (hash)"),
        t("Chủ đề", "Topic"),
        t("Đồng ý lúc", "Given"),
        t("Cách", "How"),
        t("Căn cứ", "Evidence"),
        t("Tới", "Until"),
    ]
    every = t("mọi quảng cáo", "all advertising")
    names = ("id", "number", "topic", "given_at", "how", "evidence", "ended")
    print_table(titles, [[str(row[name] or (every if name == "topic" else "")) for name in names] for row in rows])

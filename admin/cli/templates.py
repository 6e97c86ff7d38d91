"""``loa templates``: the texts, loading their files, and what a text costs before anybody gets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say, show_table
from config.i18n import t

if TYPE_CHECKING:
    from campaigns.content.preview import Preview

_VARIANTS = ("marked", "plain")
_SET_MOST = 500


@click.group(help=t("Mẫu tin nhắn: xem, nạp từ tệp, xem trước.", "Texts: list, load from files, preview."))
def templates() -> None:
    """Texts."""


@templates.command("list", help=t("Các mẫu tin và phiên bản mới nhất.", "All texts with their latest version."))
@click.option("--archived", is_flag=True, help=t("Cả mẫu đã cất.", "Archived ones as well."))
@json_option
@pass_loa
def list_command(loa: Loa, archived: bool, as_json: bool) -> None:
    """Texts and their latest versions."""
    from campaigns.store.templates import list_templates

    with loa.database.transaction() as session:
        rows = list_templates(session, archived=archived)
    if as_json:
        emit_json([asdict(row) for row in rows])
        return
    columns = (
        t("Mã", "Slug"),
        t("Tên", "Title"),
        t("Nhiệm vụ", "Task"),
        t("Chủ đề", "Topic"),
        t("Loại tin", "Class"),
        t("Bản", "Version"),
        t("Nguồn", "Origin"),
    )
    show_table(
        columns,
        [(r.slug, r.title, r.plan_task, r.topic, r.message_class, r.number, r.origin) for r in rows],
        numbers=(5,),
    )


@templates.command("sync", help=t("Nạp các tệp templates/sms thành phiên bản.", "Load templates/sms as versions."))
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=t("Thư mục khác.", "Another folder."),
)
@click.option(
    "--force",
    is_flag=True,
    help=t(
        "Tệp đã đổi thành phiên bản mới dù trang quản trị cũng đã sửa.",
        "Make a changed file a new version even where the console changed the text too.",
    ),
)
@as_option
@json_option
@pass_loa
def sync(loa: Loa, folder: Path | None, force: bool, as_email: str | None, as_json: bool) -> int:
    """Load the template files; exit 1 where a conflict was left alone."""
    from campaigns.content.files import templates_folder
    from campaigns.content.sync import CONFLICT, sync_templates

    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        report = sync_templates(session, folder or templates_folder(), actor, force=force)
    if as_json:
        emit_json(report.as_json())
    else:
        words = (t("mới", "created"), t("cập nhật", "updated"), t("không đổi", "unchanged"), t("xung đột", "conflicts"))
        counts = (report.created, report.updated, report.unchanged, report.conflicts)
        click.echo(" · ".join(f"{word}: {len(slugs)}" for word, slugs in zip(words, counts, strict=True)))
    for slug in report.conflicts:
        say(CONFLICT.format(slug=slug))
    return 1 if report.conflicts else 0


@templates.command(
    "preview",
    help=t(
        "Xem trước một mẫu tin: nội dung, bảng mã, số phần, điều cần sửa.",
        "Preview a text: wording, alphabet, parts, what to mend.",
    ),
)
@click.argument("slug")
@click.option(
    "--variant", type=click.Choice(_VARIANTS), help=t("Chỉ bản có dấu hoặc không dấu.", "With marks or without only.")
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help=t("Giá trị của chỗ trống.", "A placeholder's value.")
)
@click.option("--version", "number", type=click.IntRange(1), help=t("Phiên bản khác.", "Another version."))
@json_option
@pass_loa
def preview_command(
    loa: Loa, slug: str, variant: str | None, settings: tuple[str, ...], number: int | None, as_json: bool
) -> None:
    """What a text becomes and costs, with sample values where none are given."""
    from campaigns.content.files import read_sample
    from campaigns.content.preview import preview
    from campaigns.store.templates import get_version

    values = {**read_sample(slug), **_pairs(settings)}
    with loa.database.transaction() as session:
        version = get_version(session, slug, number)
        kind = version.template.message_class
    shown = {
        name: preview(version.body(name), plain=name == "plain", values=values, message_class=kind)
        for name in ([variant] if variant else _VARIANTS)
    }
    if as_json:
        emit_json(
            {"slug": slug, "version": version.number, "variants": [_document(*entry) for entry in shown.items()]}
        )
        return
    for name, seen in shown.items():
        _print(name, seen, version.number)


def _pairs(settings: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign or not name or len(value) > _SET_MOST:
            words = t("“{text}”: viết là tên=giá trị.", "“{text}”: write name=value.", text=setting[:80])
            raise click.BadParameter(words, param_hint="--set")
        pairs[name] = value
    return pairs


def _document(variant: str, seen: Preview) -> dict[str, Any]:
    encoded = seen.hints.encoded
    return {
        "variant": variant,
        "text": seen.text,
        "placeholders": seen.placeholders,
        "alphabet": encoded.alphabet,
        "characters": len(seen.text),
        "units": encoded.units,
        "parts": len(encoded.parts),
        "room": encoded.room,
        "gateway_parts": seen.hints.gateway_parts,
        "cut_for_one_less": seen.hints.cut_for_one_less,
        "findings": [
            {
                "position": finding.position,
                "character": finding.character,
                "kind": finding.kind,
                "suggestion": finding.suggestion,
                "replacement": finding.replacement,
            }
            for finding in seen.findings
        ],
        "problems": [
            {"level": problem.level, "code": problem.code, "text": problem.text} for problem in seen.problems
        ],
    }


def _print(variant: str, seen: Preview, number: int) -> None:
    encoded = seen.hints.encoded
    title = t("Có dấu", "With marks") if variant == "marked" else t("Không dấu", "Without marks")
    click.secho(t("{title} (bản {number})", "{title} (version {number})", title=title, number=number), bold=True)
    click.echo(seen.text)
    click.echo(
        t(
            "{alphabet} · {units} đơn vị · {parts} phần tin · còn trống {room}",
            "{alphabet} · {units} units · {parts} parts · room for {room}",
            alphabet="GSM-7" if encoded.alphabet == "gsm7" else "Unicode",
            units=encoded.units,
            parts=len(encoded.parts),
            room=encoded.room,
        )
    )
    if seen.hints.cut_for_one_less:
        click.echo(
            t(
                "Bớt {count} ký tự thì được ít hơn một phần.",
                "Cut {count} characters for one part less.",
                count=seen.hints.cut_for_one_less,
            )
        )
    remarks = [(problem.level == "refusal", problem.text) for problem in seen.problems]
    remarks += [(False, finding.suggestion) for finding in seen.findings]
    for grave, text in dict.fromkeys(remarks):
        click.echo(f"{t('Không được:', 'Refused:') if grave else t('Lưu ý:', 'Note:')} {text}")
    click.echo()

"""``loa optouts``: registering refusals one by one or from a file, ending them, and listing them."""

from __future__ import annotations

from pathlib import Path

import click

from admin.cli.base import Loa, as_option, emit_json, errors_option, json_option, pass_loa
from admin.cli.tables import print_table
from campaigns.optouts import add_optout, end_optout
from campaigns.optouts.lists import import_optout_file
from campaigns.optouts.words import add_word, remove_word
from campaigns.store.optouts import list_optouts
from campaigns.store.words import list_words
from config.i18n import t
from config.zone import CITY_TIME

_TOPIC = t("Chỉ từ chối một chủ đề; bỏ trống là mọi tin.", "Refuse one topic only; without it, everything.")


@click.group(help=t("Từ chối nhận tin.", "Refusals."))
def optouts() -> None:
    """Group of commands."""


@optouts.command(help=t("Ghi nhận một số từ chối nhận tin.", "Register that a number refuses messages."))
@click.argument("phone", metavar="NUMBER")
@click.option("--topic", help=_TOPIC)
@click.option("--source", default="staff", show_default=True, help="keyword, hotline, web, staff, telco")
@click.option("--evidence", default="loa optouts add", show_default=True, help=t("Căn cứ.", "Evidence."))
@click.option(
    "--confirm/--no-confirm",
    default=None,
    help=t(
        "Gửi tin xác nhận; mặc định có với keyword, hotline, web.",
        "Send the confirmation; by default for keyword, hotline, web.",
    ),
)
@as_option
@json_option
@pass_loa
def add(
    loa: Loa,
    phone: str,
    topic: str | None,
    source: str,
    evidence: str,
    confirm: bool | None,
    as_email: str | None,
    as_json: bool,
) -> None:
    """One refusal, in force at once."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        new_id = add_optout(
            session, loa.keyring, actor, phone, topic=topic, source=source, evidence=evidence, confirm=confirm
        )
    if as_json:
        emit_json({"added": new_id is not None, "id": new_id})
    elif new_id is None:
        click.echo(t("Số này đã từ chối từ trước; không có gì thay đổi.", "Refused already; nothing changed."))
    else:
        click.echo(t("Đã ghi nhận từ chối, có hiệu lực ngay.", "Registered, in force now."))


@optouts.command("end", help=t("Ghi nhận một người muốn nhận tin trở lại.", "Register that a person came back."))
@click.argument("phone", metavar="NUMBER")
@click.option("--topic", help=_TOPIC)
@click.option("--evidence", required=True, help=t("Căn cứ.", "Evidence."))
@as_option
@json_option
@pass_loa
def end(loa: Loa, phone: str, topic: str | None, evidence: str, as_email: str | None, as_json: bool) -> None:
    """The end of a refusal."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        ended = end_optout(session, loa.keyring, actor, phone, topic=topic, evidence=evidence)
    if as_json:
        emit_json({"ended": ended})
    else:
        click.echo(t("Đã kết thúc {n} lượt từ chối.", "Ended {n} refusals.", n=ended))


@optouts.command("import", help=t("Nhập số từ chối từ tệp CSV, XLSX.", "Import refusals from CSV or XLSX."))
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--topic", help=_TOPIC)
@click.option("--evidence", required=True, help=t("Căn cứ của cả danh sách.", "Evidence for the whole list."))
@errors_option
@as_option
@json_option
@pass_loa
def import_command(
    loa: Loa, path: Path, topic: str | None, evidence: str, errors_to: Path | None, as_email: str | None, as_json: bool
) -> None:
    """Many refusals."""
    report = import_optout_file(
        loa.database, loa.keyring, loa.actor(as_email), path, topic=topic, evidence=evidence, errors_to=errors_to
    )
    if as_json:
        emit_json(report.to_json())
    else:
        click.echo(
            t(
                "{rows} dòng: {added} mới, {known} đã có, {rejected} lỗi.",
                "{rows} rows: {added} new, {known} known, {rejected} bad.",
                **report.to_json(),
            )
        )


@optouts.command("list", help=t("Sổ từ chối, mới nhất trước.", "The register, newest first."))
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
                "source": row.source,
                "since": row.created_at.astimezone(CITY_TIME).isoformat(timespec="seconds"),
                "ended": row.ended_at.astimezone(CITY_TIME).isoformat(timespec="seconds") if row.ended_at else None,
                "by": row.created_by,
                "evidence": row.evidence,
            }
            for row in list_optouts(session, limit=limit)
        ]
    if as_json:
        emit_json(rows)
        return
    print_table(
        [
            "Id",
            t("Số (băm)", "Number (hash)"),
            t("Chủ đề", "Topic"),
            t("Nguồn", "Source"),
            t("Từ", "Since"),
            t("Tới", "Until"),
            t("Người ghi", "By"),
        ],
        [
            [
                str(r["id"]),
                r["number"],
                r["topic"] or t("mọi tin", "everything"),
                r["source"],
                r["since"],
                r["ended"] or "",
                r["by"],
            ]
            for r in rows
        ],
    )


@optouts.group(help=t("Từ khoá người dân nhắn tới.", "Words that people write to us."))
def words() -> None:
    """Group of commands."""


@words.command("list", help=t("Danh sách từ khoá.", "The list of words."))
@json_option
@pass_loa
def words_list(loa: Loa, as_json: bool) -> None:
    """Words by what they ask for."""
    with loa.database.transaction() as session:
        rows = [{"word": row.word, "wish": row.wish, "by": row.created_by} for row in list_words(session)]
    if as_json:
        emit_json(rows)
    else:
        titles = [t("Từ", "Word"), t("Nghĩa", "Asks for"), t("Người thêm", "By")]
        print_table(titles, [[row["word"], row["wish"], row["by"]] for row in rows])


@words.command("add", help=t("Thêm một từ khoá.", "Add a word."))
@click.argument("word")
@click.option("--wish", type=click.Choice(["optout", "optin", "help"]), default="optout", show_default=True)
@as_option
@pass_loa
def words_add(loa: Loa, word: str, wish: str, as_email: str | None) -> None:
    """In force for the next message."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        written = add_word(session, actor, word, wish)
    click.echo(t("Đã có “{word}” trong danh sách.", "“{word}” is on the list.", word=written))


@words.command("remove", help=t("Bỏ một từ khoá.", "Take a word off the list."))
@click.argument("word")
@as_option
@pass_loa
def words_remove(loa: Loa, word: str, as_email: str | None) -> None:
    """Who removed it stays in the audit."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        remove_word(session, actor, word)
    click.echo(t("Đã bỏ “{word}”.", "“{word}” was removed.", word=word))

"""``loa senders``: sender names, whose they are, and which carriers registered them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa
from admin.cli.tables import print_table
from campaigns.advertising.senders import OWNER_KINDS, STATUSES, remove_sender, save_sender
from campaigns.store.senders import list_senders
from config.i18n import t


@click.group(help=t("Tên người gửi (brandname).", "Sender names."))
def senders() -> None:
    """Group of commands."""


@senders.command(
    "save",
    help=t(
        "Ghi một tên người gửi. Chỉ tên thương mại mới gửi được quảng cáo.",
        "Put a sender name on the list. Only a commercial one carries advertising.",
    ),
)
@click.argument("name")
@click.option("--owner", required=True, help=t("Cơ quan, đơn vị có tên này.", "Whose it is."))
@click.option("--kind", required=True, type=click.Choice(list(OWNER_KINDS)), help=t("Loại chủ.", "Kind of owner."))
@click.option(
    "--carrier",
    "carriers",
    multiple=True,
    metavar="CARRIER=STATUS",
    help=t("Đăng ký ở từng nhà mạng: viettel=registered.", "Registration by carrier: viettel=registered."),
)
@click.option("--expires", type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help=t("Ngày hết hạn.", "Runs out on."))
@as_option
@pass_loa
def save(
    loa: Loa,
    name: str,
    owner: str,
    kind: str,
    carriers: tuple[str, ...],
    expires: datetime | None,
    as_email: str | None,
) -> None:
    """A new name, or one that changed."""
    actor = loa.actor(as_email)
    status = {carrier: state for carrier, _, state in (pair.partition("=") for pair in carriers)}
    day = expires.date() if expires else None
    with loa.database.transaction() as session:
        saved = save_sender(
            session, actor, name, owner=owner, owner_kind=kind, carriers_status=status, expires_on=day
        ).name
    click.echo(t("Đã ghi “{name}”.", "“{name}” is on the list.", name=saved))


@senders.command("remove", help=t("Bỏ một tên người gửi.", "Take a sender name off the list."))
@click.argument("name")
@as_option
@pass_loa
def remove(loa: Loa, name: str, as_email: str | None) -> None:
    """In force for the next campaign."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        remove_sender(session, actor, name)
    click.echo(t("Đã bỏ “{name}”.", "“{name}” was removed.", name=name))


@senders.command("list", help=t("Danh sách tên người gửi.", "The list of sender names."))
@json_option
@pass_loa
def list_command(loa: Loa, as_json: bool) -> None:
    """Every name."""
    with loa.database.transaction() as session:
        rows: list[dict[str, Any]] = [
            {
                "name": row.name,
                "owner": row.owner,
                "kind": row.owner_kind,
                "carriers": row.carriers,
                "expires_on": row.expires_on,
            }
            for row in list_senders(session)
        ]
    if as_json:
        emit_json(rows)
        return
    print_table(
        [
            t("Tên", "Name"),
            t("Của", "Owner"),
            t("Loại", "Kind"),
            t("Nhà mạng", "Carriers"),
            t("Hết hạn", "Runs out"),
        ],
        [
            [
                row["name"],
                row["owner"],
                str(OWNER_KINDS[row["kind"]]),
                ", ".join(f"{carrier}: {STATUSES[status]}" for carrier, status in sorted(row["carriers"].items())),
                str(row["expires_on"] or ""),
            ]
            for row in rows
        ],
    )

"""``loa tariffs``: what a message part costs, by carrier and class, from a day on."""

from __future__ import annotations

from datetime import datetime

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, show_table
from campaigns.content.prices import ANY, read_price, remove_price, set_price
from campaigns.store.tariffs import list_tariffs
from config.i18n import t

_FROM = click.option(
    "--from", "from_date", type=click.DateTime(["%Y-%m-%d"]), required=True, help=t("Từ ngày.", "From this day on.")
)
_CARRIER = click.option(
    "--carrier", default=ANY, show_default=True, help=t("Nhà mạng; * là mọi nhà mạng.", "Carrier; * is any.")
)
_CLASS = click.option(
    "--class", "message_class", default=ANY, show_default=True, help=t("Loại tin; * là mọi loại.", "Class; * is any.")
)


@click.group(help=t("Giá một phần tin.", "Prices of a message part."))
def tariffs() -> None:
    """Group of commands."""


@tariffs.command("set", help=t("Ghi giá một phần tin (đồng).", "Set the price of a part (đồng)."))
@click.argument("price")
@_CARRIER
@_CLASS
@_FROM
@as_option
@pass_loa
def set_command(
    loa: Loa, price: str, carrier: str, message_class: str, from_date: datetime, as_email: str | None
) -> None:
    """A price from a day on."""
    with loa.database.transaction() as session:
        set_price(
            session,
            loa.actor(as_email),
            carrier=carrier.strip().lower(),
            message_class=message_class.strip(),
            from_date=from_date.date(),
            price=read_price(price),
        )
    click.echo(t("Đã ghi giá.", "The price is set."))


@tariffs.command(help=t("Bỏ một mức giá.", "Take a price off the list."))
@_CARRIER
@_CLASS
@_FROM
@as_option
@pass_loa
def remove(loa: Loa, carrier: str, message_class: str, from_date: datetime, as_email: str | None) -> None:
    """Remove a price."""
    with loa.database.transaction() as session:
        remove_price(
            session,
            loa.actor(as_email),
            carrier=carrier.strip().lower(),
            message_class=message_class.strip(),
            from_date=from_date.date(),
        )
    click.echo(t("Đã bỏ mức giá.", "The price was removed."))


@tariffs.command("list", help=t("Mọi mức giá.", "Every price."))
@json_option
@pass_loa
def list_command(loa: Loa, as_json: bool) -> None:
    """The tariff."""
    with loa.database.transaction() as session:
        rows = [
            {"carrier": r.carrier, "class": r.message_class, "from": r.from_date.isoformat(), "price": str(r.price)}
            for r in list_tariffs(session)
        ]
    if as_json:
        emit_json(rows)
        return
    show_table(
        (t("Nhà mạng", "Carrier"), t("Loại tin", "Class"), t("Từ ngày", "From"), t("Đồng/phần", "đồng a part")),
        [tuple(row.values()) for row in rows],
        numbers=(3,),
    )

"""``loa areas``: the administrative units of the city."""

from __future__ import annotations

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say, show_table
from config.i18n import t


@click.group(help=t("Đơn vị hành chính của thành phố.", "The administrative units of the city."))
def areas() -> None:
    """The group."""


@areas.command(
    help=t(
        "Nạp các đơn vị hành chính. Nạp lại không làm thay đổi gì.",
        "Load the units. Loading them again changes nothing.",
    )
)
@click.option("--edition", help=t("Danh mục địa bàn, như 2023 (mặc định: tất cả).", "Edition, as 2023 (default: all)."))
@as_option
@json_option
@pass_loa
def load(loa: Loa, edition: str | None, as_email: str | None, as_json: bool) -> None:
    """Bring areas and successors up to the data files."""
    from campaigns.store.areas import load_areas
    from campaigns.store.audit import append_audit

    actor = loa.actor(as_email)
    actor.require("area.load")
    with loa.database.transaction() as session:
        counts = load_areas(session, edition)
        append_audit(session, actor.email, "area.load", "area", edition or "*", counts)
    if as_json:
        emit_json(counts)
        return
    say(
        t(
            "{units} đơn vị; thêm {created}, sửa {updated}; {successors} dòng chuyển tiếp mới.",
            "{units} units; {created} added, {updated} changed; {successors} new rows of successors.",
            **counts,
        )
    )


@areas.command("list", help=t("Liệt kê các đơn vị đã nạp.", "List the loaded units."))
@click.option("--edition", help=t("Danh mục địa bàn (mặc định: theo thiết lập).", "Edition (default: as set)."))
@json_option
@pass_loa
def list_units(loa: Loa, edition: str | None, as_json: bool) -> None:
    """Code, kind, name, parent and population of every unit."""
    from campaigns.areas.units import units_of
    from campaigns.store.areas import list_areas

    chosen = edition or loa.settings.default_edition
    units_of(chosen)
    with loa.database.transaction() as session:
        found = [
            {
                "code": area.code,
                "kind": area.kind,
                "prefix": area.prefix,
                "name": area.name,
                "parent_code": area.parent_code,
                "population": area.population,
            }
            for area in list_areas(session, chosen)
        ]
    if as_json:
        emit_json({"edition": chosen, "areas": found})
        return
    titles = (t("Mã", "Code"), t("Tên", "Name"), t("Thuộc", "In"), t("Dân số", "Population"))
    rows = [(a["code"], f"{a['prefix']} {a['name']}", a["parent_code"], a["population"]) for a in found]
    show_table(titles, rows, numbers=(3,))

"""``loa gateways``: adding, changing, listing and switching telecom gateways."""

from __future__ import annotations

import sys
from typing import Any

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa
from admin.cli.tables import print_table
from campaigns.gateways.breaker import State
from campaigns.gateways.registry import ANY_CARRIER, add_gateway, change_gateway, switch_gateway
from campaigns.stats.health import STATES, standing_words, why
from campaigns.store.gateways import get_gateway, list_gateways, list_routes, list_sessions
from campaigns.store.health import list_changes, list_health
from config.i18n import t
from config.zone import CITY_TIME

_SET = t(
    "Thiết lập của bộ nối; lặp lại được. “-” đọc giá trị từ stdin.",
    "A setting of the adapter; may be repeated. “-” reads the value from stdin.",
)

_CARRIERS = t(
    "Nhà mạng cổng này chở; * là mọi nhà mạng. viettel:3 chia tin với cổng đứng đầu theo trọng số 3;"
    " không có trọng số thì đứng sau, gửi thay khi các cổng trước hỏng.",
    "Carriers it carries; * is any. viettel:3 shares with the first gateway by weight 3; without a weight it stands"
    " behind the others and takes over when they fail.",
)


@click.group(help=t("Cổng viễn thông.", "Telecom gateways."))
def gateways() -> None:
    """Group of commands."""


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(
                t("--set cần dạng tên=giá trị (thiếu “=”).", "--set wants key=value (the “=” is missing).")
            )
        # A password on the command line can be read by everybody on the machine.
        settings[key.strip()] = sys.stdin.readline().rstrip("\n") if value == "-" else value
    return settings


def _carriers(listed: str) -> list[str]:
    return [name.strip().lower() for name in listed.split(",") if name.strip()]


@gateways.command(help=t("Thêm một cổng.", "Add a gateway."))
@click.argument("name")
@click.option("--adapter", default="smpp", show_default=True, help=t("Bộ nối.", "Adapter."))
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=_SET)
@click.option("--tps", type=float, required=True, help=t("Hạn mức, phần tin mỗi giây.", "Limit, parts per second."))
@click.option("--binds", type=int, default=1, show_default=True, help=t("Số kết nối.", "Sessions."))
@click.option(
    "--carriers",
    default=ANY_CARRIER,
    show_default=True,
    help=_CARRIERS,
)
@as_option
@json_option
@pass_loa
def add(
    loa: Loa,
    name: str,
    adapter: str,
    pairs: tuple[str, ...],
    tps: float,
    binds: int,
    carriers: str,
    as_email: str | None,
    as_json: bool,
) -> None:
    """A new account."""
    with loa.database.transaction() as session:
        gateway = add_gateway(
            session,
            loa.keyring,
            loa.actor(as_email),
            name,
            adapter=adapter,
            settings=_settings(pairs),
            tps=tps,
            binds=binds,
            carriers=_carriers(carriers),
        )
        made = {"id": gateway.id, "name": gateway.name}
    if as_json:
        emit_json(made)
    else:
        click.echo(t("Đã thêm cổng {name}.", "Added gateway {name}.", name=name))


@gateways.command(help=t("Sửa thiết lập, hạn mức hoặc tuyến của một cổng.", "Change settings, rate or routes."))
@click.argument("name")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=_SET)
@click.option("--tps", type=float, default=None)
@click.option("--binds", type=int, default=None)
@click.option("--carriers", default=None, help=_CARRIERS)
@as_option
@pass_loa
def change(
    loa: Loa,
    name: str,
    pairs: tuple[str, ...],
    tps: float | None,
    binds: int | None,
    carriers: str | None,
    as_email: str | None,
) -> None:
    """Change an account; what is not named stays."""
    with loa.database.transaction() as session:
        change_gateway(
            session,
            loa.keyring,
            loa.actor(as_email),
            name,
            settings=_settings(pairs),
            tps=tps,
            binds=binds,
            carriers=None if carriers is None else _carriers(carriers),
        )
    click.echo(t("Đã sửa cổng {name}.", "Changed gateway {name}.", name=name))


def _switch(command: str, enabled: bool, help_text: str) -> None:
    @gateways.command(command, help=help_text)
    @click.argument("name")
    @as_option
    @pass_loa
    def switch(loa: Loa, name: str, as_email: str | None) -> None:
        with loa.database.transaction() as session:
            switch_gateway(session, loa.actor(as_email), name, enabled)
        click.echo(
            t(
                "Cổng {name}: {state}.",
                "Gateway {name}: {state}.",
                name=name,
                state=t("bật", "enabled") if enabled else t("tắt", "disabled"),
            )
        )


_switch("enable", True, t("Bật một cổng.", "Enable a gateway."))
_switch("disable", False, t("Tắt một cổng; tin đang chờ chuyển sang cổng khác.", "Disable a gateway."))


def _health(name: str, standing: Any) -> dict[str, Any]:
    if standing is None:
        return {"state": State.CLOSED.value, "since": None, "reason": "", "retry_at": None, "demoted": False}
    return {
        "state": standing.state,
        "since": standing.since,
        "reason": standing_words(name, standing) or "",
        "retry_at": standing.retry_at,
        "demoted": standing.demoted,
    }


@gateways.command("list", help=t("Các cổng, hạn mức, tuyến và tình trạng.", "Gateways, rates, routes and state."))
@json_option
@pass_loa
def list_command(loa: Loa, as_json: bool) -> None:
    """Accounts and the sessions open now; secrets are never shown."""
    with loa.database.transaction() as session:
        routes = list_routes(session)
        sessions = list_sessions(session)
        health = list_health(session)
        rows: list[dict[str, Any]] = [
            {
                "name": g.name,
                "adapter": g.adapter,
                "enabled": g.enabled,
                "tps": float(g.tps),
                "binds": g.binds,
                "carriers": [r.carrier for r in routes if r.gateway_id == g.id],
                "routes": [
                    {"carrier": r.carrier, "position": r.position, "weight": r.weight}
                    for r in routes
                    if r.gateway_id == g.id
                ],
                "sessions": [{"state": s.state, "reason": s.reason} for s in sessions if s.gateway_id == g.id],
                "health": _health(g.name, health.get(g.id)),
            }
            for g in list_gateways(session)
        ]
    if as_json:
        emit_json(rows)
        return
    print_table(
        [
            t("Tên", "Name"),
            t("Bộ nối", "Adapter"),
            t("Bật", "On"),
            t("Phần tin/giây", "Parts/s"),
            t("Nhà mạng", "Carriers"),
            t("Tình trạng", "State"),
        ],
        [
            [
                r["name"],
                r["adapter"],
                "✓" if r["enabled"] else "–",
                f"{r['tps']:g}",
                ", ".join(_route(route) for route in r["routes"]),
                "; ".join(filter(None, [r["health"]["reason"], *map(_session, r["sessions"])])) or "–",
            ]
            for r in rows
        ],
    )


def _route(route: dict[str, Any]) -> str:
    return route["carrier"] if route["weight"] == 1 else f"{route['carrier']}:{route['weight']}"


def _session(session: dict[str, Any]) -> str:
    return f"{session['state']} {session['reason']}".strip()


@gateways.command(help=t("Những lần một cổng hỏng, nghỉ và trở lại.", "When a gateway failed, rested and came back."))
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@pass_loa
def history(loa: Loa, name: str, limit: int, as_json: bool) -> None:
    """Changes in a gateway's health, the latest first."""
    with loa.database.transaction() as session:
        changes = list_changes(session, get_gateway(session, name).id, limit=limit)
    if as_json:
        emit_json(
            [
                {"at": c.at, "state": c.state, "cause": c.cause, "count": c.times, "error": c.error, "reason": why(c)}
                for c in changes
            ]
        )
        return
    print_table(
        [t("Lúc", "At"), t("Tình trạng", "State"), t("Lý do", "Reason")],
        [[c.at.astimezone(CITY_TIME).strftime("%d/%m/%Y %H:%M:%S"), str(STATES[c.state]), why(c)] for c in changes],
    )

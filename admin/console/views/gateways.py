"""Gateways: how each stands and why, on and off. Secrets are never shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from flask import url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from admin.console import formats, gateway_form, words
from admin.console.context import actor, console, reading
from admin.console.frame import ListScreen, back_to, drawn, expose, shown, told
from admin.console.views.gateway_pages import GatewayPages
from campaigns.gateways.codes import in_words
from campaigns.gateways.registry import switch_gateway
from campaigns.models import Gateway
from campaigns.stats.health import STATES, standing_words, why
from campaigns.store.gateways import list_gateways, list_routes, list_sessions
from campaigns.store.health import list_health, list_latest_changes
from config.i18n import Text, t


@dataclass(frozen=True, slots=True)
class Standing:
    """How a gateway stands over all its sessions."""

    name: str
    state: str
    reason: str
    since: datetime | None
    sessions: int
    bound: int
    carriers: tuple[str, ...]
    health: str
    """Why it is not, or not fully, used although it is switched on."""

    @property
    def badge(self) -> words.Badge:
        """Its word, icon and tone."""
        return words.SESSION_BADGES.get(self.state, words.SESSION_BADGES["down"])


_BEST_FIRST = ("bound", "throttled", "connecting", "down")


def standings(session: Session) -> list[Standing]:
    """Every gateway by name: the best state among its live sessions, with that session's reason."""
    live: dict[int, list[Any]] = {}
    for each in list_sessions(session):
        live.setdefault(each.gateway_id, []).append(each)
    carried: dict[int, list[str]] = {}
    for route in list_routes(session):
        carried.setdefault(route.gateway_id, []).append(route.carrier)
    health = list_health(session)
    return [_standing(g, live.get(g.id, []), carried.get(g.id, []), health.get(g.id)) for g in list_gateways(session)]


def _standing(gateway: Gateway, sessions: list[Any], carriers: list[str], health: Any) -> Standing:
    best = min(sessions, key=lambda s: _BEST_FIRST.index(s.state) if s.state in _BEST_FIRST else 9, default=None)
    state = "disabled" if not gateway.enabled else best.state if best else "absent"
    return Standing(
        name=gateway.name,
        state=state,
        reason=in_words(best.reason) if best and gateway.enabled else "",
        since=best.since if best and gateway.enabled else None,
        sessions=len(sessions),
        bound=sum(s.state == "bound" for s in sessions),
        carriers=tuple(carriers),
        health=(health and gateway.enabled and standing_words(gateway.name, health)) or "",
    )


def _state(_view: Any, context: Any, gateway: Gateway, _column: str) -> Markup:
    return drawn("console/gateway_state.html", standing=context["standings"][gateway.name])


def _carriers(_view: Any, context: Any, gateway: Gateway, _column: str) -> str:
    names = context["standings"][gateway.name].carriers
    return ", ".join(map(words.routed, names)) or "–"


def _address(_view: Any, _context: Any, gateway: Gateway, _column: str) -> str:
    settings = gateway_form.shown(gateway)
    host, port = settings.get("host"), settings.get("port")
    kind = gateway.adapter.upper()
    return f"{kind} · {host}:{port}" if host and port else f"{kind} · {host}" if host else kind


def _binds(_view: Any, context: Any, gateway: Gateway, _column: str) -> str:
    return f"{context['standings'][gateway.name].bound} / {gateway.binds}"


def _switch(gateway: Gateway) -> Markup | str:
    """The button that switches a gateway on or off."""
    return drawn("console/gateway_switch.html", gateway=gateway) if actor().may("gateway.edit") else "–"


def _name(_view: Any, _context: Any, gateway: Gateway, _column: str) -> Markup:
    return Markup("<a href='{}'>{}</a>").format(url_for(".show", gateway=gateway.name), gateway.name)


class GatewayScreen(GatewayPages, ListScreen):
    """For operators."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "gateway.view",
        "enable": "gateway.edit",
        "disable": "gateway.edit",
        **GatewayPages.page_rules,
    }
    list_template = "console/gateways.html"
    lead = Text(
        "Kết nối tới nhà mạng, hạn mức và tuyến. Mật khẩu được mã hoá và không bao giờ hiện ra.",
        "Connections to telcos, their limits and routes. Passwords are encrypted and never shown.",
    )
    column_list = ("name", "enabled", "settings", "routes", "tps", "binds", "id")
    column_labels: ClassVar[dict[str, Any]] = {
        "name": Text("Cổng", "Gateway"),
        "enabled": Text("Tình trạng", "State"),
        "settings": Text("Kết nối", "Connection"),
        "routes": Text("Nhà mạng", "Carriers"),
        "tps": Text("Hạn mức (phần tin/giây)", "Limit (parts/s)"),
        "binds": Text("Số phiên", "Sessions"),
        "id": Text("Việc", "Action"),
    }
    column_sortable_list = ()
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("name", False)]
    numeric_columns = frozenset({"tps", "binds"})
    column_formatters: ClassVar[dict[str, Any]] = {
        "name": _name,
        "enabled": _state,
        "settings": _address,
        "routes": _carriers,
        "tps": shown(lambda gateway: formats.number(float(gateway.tps), 2)),
        "binds": _binds,
        "id": shown(_switch),
    }
    empty = Text("Chưa có cổng nào.", "There is no gateway yet.")

    def render(self, template: str, /, **values: Any) -> str:
        """With how every gateway stands, and what changed lately."""
        return super().render(
            template,
            standings={s.name: s for s in standings(reading())},
            changes=[(name, c.at, STATES[c.state], why(c)) for name, c in list_latest_changes(reading())],
            **values,
        )

    @expose("/<gateway>/enable", methods=("POST",))
    def enable(self, gateway: str) -> Any:
        """Let the gateway be used."""
        return self._set(gateway, True, t("Đã bật cổng {name}.", "Gateway {name} is on.", name=gateway))

    @expose("/<gateway>/disable", methods=("POST",))
    def disable(self, gateway: str) -> Any:
        """Stop using the gateway; what waits for it looks for another route."""
        return self._set(
            gateway,
            False,
            t(
                "Đã tắt cổng {name}. Tin đang chờ sẽ tìm cổng khác của cùng nhà mạng.",
                "Gateway {name} is off. What waited for it looks for another route.",
                name=gateway,
            ),
        )

    def _set(self, name: str, enabled: bool, done: str) -> Any:
        def work() -> None:
            with console().database.transaction() as session:
                switch_gateway(session, actor(), name, enabled)

        told(work, done)
        return back_to(".index_view")

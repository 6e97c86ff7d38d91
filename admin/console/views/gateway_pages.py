"""One gateway: how it stands and why, its form, trying the connection, one test message, taking it away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import flash, redirect, render_template, request, url_for

from admin.console import gateway_form, trials
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import expose, told
from admin.console.limits import Allowance
from campaigns.delivery.trials import PER_MINUTE, try_gateway
from campaigns.errors import LoaError, WrongState
from campaigns.gateways.codes import in_words
from campaigns.gateways.contract import AdapterSettings
from campaigns.gateways.registry import (
    InvalidSettings,
    adapters,
    add_gateway,
    change_gateway,
    check_name,
    check_settings,
    delete_gateway,
)
from campaigns.gateways.trial import Outcome, SlotsTaken, try_account
from campaigns.gateways.whereabouts import Whereabouts, WrongPlace
from campaigns.models import Gateway
from campaigns.stats.health import STATES, why
from campaigns.store.console import list_audit_of
from campaigns.store.gateways import get_gateway, list_gateways, list_routes, list_sessions, open_secrets
from campaigns.store.health import list_changes
from campaigns.store.trials import list_tests_of_gateway
from config.i18n import t

TRIALS_PER_MINUTE = 10


def whereabouts() -> Whereabouts:
    """Where gateways may be, by the settings."""
    return Whereabouts.read(console().settings.gateway_hosts, console().settings.gateway_ports)


class GatewayPages:
    """Pages of the gateway screen."""

    page_rules: ClassVar[dict[str, str]] = {
        "show": "gateway.view",
        "new": "gateway.edit",
        "edit": "gateway.edit",
        "try_out": "gateway.edit",
        "test": "gateway.edit",
        "tests": "gateway.view",
        "delete": "gateway.edit",
    }
    render: Callable[..., str]

    @expose("/<gateway>/")
    def show(self, gateway: str) -> Any:
        """How it stands, what changed and who changed it."""
        return self._show(get_gateway(reading(), gateway))

    def _show(self, found: Gateway, outcome: Outcome | None = None, refusal: str = "", full: bool = False) -> str:
        session = reading()
        return self.render(
            "console/gateway.html",
            gateway=found,
            groups=gateway_form.asked(found.adapter),
            group_titles=gateway_form.GROUPS,
            secrets=_secrets_of(found),
            routes=[route for route in list_routes(session) if route.gateway_id == found.id],
            sessions=[each for each in list_sessions(session) if each.gateway_id == found.id],
            health_changes=[(c.at, STATES[c.state], why(c)) for c in list_changes(session, found.id, limit=20)],
            edits=list_audit_of(session, "gateway", found.name, limit=20),
            numbers=trials.listed_numbers(session) if actor().may("gateway.edit") else [],
            trials=trials.trials_of(list_tests_of_gateway(session, found.id)),
            per_minute=PER_MINUTE,
            outcome=outcome,
            refusal=refusal,
            full=full,
            in_words=in_words,
            form=Form({"text": t("Kiểm tra cổng {name}", "Test of gateway {name}", name=found.name)}),
        )

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Any:
        """Add an account."""
        adapter = request.values.get("adapter", "")
        if adapter not in adapters():
            adapter = min(adapters())
        if request.method != "POST":
            return self._form(gateway_form.blank(adapter), adapter, None)
        form = Form.sent()
        form.values["adapter"] = adapter
        if form.get("do") == "try":
            return self._try(form, adapter, None)

        def save(entered: gateway_form.Entered) -> str:
            name = form.get("name").strip()
            with console().database.transaction() as session:
                add_gateway(
                    session,
                    console().keyring,
                    actor(),
                    name,
                    adapter=adapter,
                    settings=entered.settings,
                    tps=entered.tps or 0,
                    binds=entered.binds or 0,
                    routes=entered.routes,
                )
            flash(t("Đã thêm cổng {name}.", "Gateway {name} was added.", name=name), "success")
            return name

        return self._save(form, adapter, None, save)

    @expose("/<gateway>/edit", methods=("GET", "POST"))
    def edit(self, gateway: str) -> Any:
        """Change an account; what runs opens its sessions anew within seconds."""
        session = reading()
        found = get_gateway(session, gateway)
        if request.method != "POST":
            return self._form(gateway_form.filled(found, list_routes(session)), found.adapter, found)
        form = Form.sent()
        form.values["adapter"] = found.adapter
        if form.get("do") == "try":
            return self._try(form, found.adapter, found)

        def save(entered: gateway_form.Entered) -> str:
            with console().database.transaction() as work:
                change_gateway(
                    work,
                    console().keyring,
                    actor(),
                    found.name,
                    settings=entered.settings,
                    whole=True,
                    tps=entered.tps,
                    binds=entered.binds,
                    routes=entered.routes,
                    version=form.number("version", 0),
                )
            flash(
                t(
                    "Đã lưu cổng {name}. Tiến trình gửi dùng thiết lập mới sau vài giây.",
                    "Gateway {name} is saved. Workers use the new settings within seconds.",
                    name=found.name,
                ),
                "success",
            )
            return found.name

        return self._save(form, found.adapter, found, save)

    def _save(
        self, form: Form, adapter: str, found: Gateway | None, save: Callable[[gateway_form.Entered], str]
    ) -> Any:
        entered = gateway_form.read(form, adapter)
        name = ""
        try:
            # Every wrong field is named at once, not the first of them.
            if found is None:
                _check_name(form)
            _check(adapter, entered.settings, found)
            if not form.errors:
                name = save(entered)
        except LoaError as refusal:
            gateway_form.tell(form, refusal)
            if isinstance(refusal, WrongState) and found is not None:
                form.values["version"] = str(found.version)
        if form.errors:
            return self._form(form, adapter, found), 422
        return redirect(url_for(".show", gateway=name), code=303)

    def _form(
        self,
        form: Form,
        adapter: str,
        found: Gateway | None,
        outcome: Outcome | None = None,
        refusal: str = "",
        full: bool = False,
    ) -> str:
        session = reading()
        routes = list_routes(session)
        names = {gateway.id: gateway.name for gateway in list_gateways(session)}
        return self.render(
            "console/gateway_form.html",
            form=form,
            gateway=found,
            adapter=adapter,
            adapters=sorted(adapters()),
            groups=gateway_form.asked(adapter),
            group_titles=gateway_form.GROUPS,
            carriers=gateway_form.carriers_of(routes),
            others={
                carrier: [
                    (names[route.gateway_id], route.position + 1, route.weight)
                    for route in routes
                    if route.carrier == carrier and (found is None or route.gateway_id != found.id)
                ]
                for carrier in gateway_form.carriers_of(routes)
            },
            secrets=_secrets_of(found) if found else [],
            sessions=[s for s in list_sessions(session) if found is not None and s.gateway_id == found.id],
            outcome=outcome,
            refusal=refusal,
            full=full,
            in_words=in_words,
        )

    def _try(self, form: Form, adapter: str, found: Gateway | None) -> Any:
        """Open a session with what stands in the form, and show what came of it; nothing is saved."""
        outcome, refusal, full = _tried(form, adapter, found, gateway_form.settings_of(form, adapter))
        if "X-Requested-With" in request.headers:
            problems = [(name, form.errors[name]) for name in form.errors]
            return render_template(
                "console/bind_outcome.html",
                outcome=outcome,
                refusal=refusal,
                full=full,
                problems=problems,
                in_words=in_words,
            )
        return self._form(form, adapter, found, outcome, refusal, full), 422 if form.errors else 200

    @expose("/<gateway>/try", methods=("POST",))
    def try_out(self, gateway: str) -> Any:
        """Open a session with the settings as they are stored."""
        found, form = get_gateway(reading(), gateway), Form.sent()
        outcome, refusal, full = _tried(form, found.adapter, found, found.settings)
        for problem in form.errors.values():
            refusal = refusal or problem
        return self._show(found, outcome, refusal, full)

    @expose("/<gateway>/test", methods=("POST",))
    def test(self, gateway: str) -> Any:
        """Send one message through exactly this gateway to a number of staff."""
        form = Form.sent()

        def work() -> None:
            with console().database.transaction() as session:
                try_gateway(
                    session,
                    actor(),
                    number_id=form.number("to", 0) or 0,
                    gateway_name=gateway,
                    text=form.get("text").strip(),
                )

        told(work, t("Đã chuyển tin kiểm tra; kết quả hiện ở dưới.", "The test message is on its way; see below."))
        return redirect(url_for(".show", gateway=gateway, _anchor="trial"), code=303)

    @expose("/<gateway>/tests")
    def tests(self, gateway: str) -> Any:
        """What became of the latest test messages."""
        session = reading()
        return trials.fragment(trials.trials_of(list_tests_of_gateway(session, get_gateway(session, gateway).id)))

    @expose("/<gateway>/delete", methods=("POST",))
    def delete(self, gateway: str) -> Any:
        """Take away an account that never carried anything."""

        def work() -> None:
            with console().database.transaction() as session:
                delete_gateway(session, actor(), gateway)

        if told(work, t("Đã xoá cổng {name}.", "Gateway {name} was deleted.", name=gateway)):
            return redirect(url_for(".index_view"), code=303)
        return redirect(url_for(".show", gateway=gateway), code=303)


def _secrets_of(gateway: Gateway) -> list[str]:
    """Names of the secrets that are set; what they are stays in here."""
    return sorted(name for name, value in open_secrets(console().keyring, gateway).items() if value)


def _check_name(form: Form) -> None:
    try:
        check_name(reading(), form.get("name").strip())
    except LoaError as refusal:
        form.errors["name"] = str(refusal)


def _check(adapter: str, given: dict[str, Any], found: Gateway | None) -> None:
    stored = open_secrets(console().keyring, found) if found else {}
    settings: AdapterSettings = check_settings(adapter, {**stored, **given})
    host, port = getattr(settings, "host", None), getattr(settings, "port", None)
    if isinstance(host, str) and isinstance(port, int):
        whereabouts().check(host, port)


def _tried(form: Form, adapter: str, found: Gateway | None, given: dict[str, Any]) -> tuple[Outcome | None, str, bool]:
    """(what came of it, why it was not tried, whether that is because every session is in use)."""
    allowance = Allowance(console().redis, "bind-trial", most=TRIALS_PER_MINUTE, seconds=60)
    if allowance.spent(actor().email):
        return None, t("Bạn vừa thử nhiều lần; chờ một phút rồi thử tiếp.", "Wait a minute, then try again."), False
    allowance.note(actor().email)
    try:
        outcome = try_account(
            console().database,
            console().keyring,
            actor(),
            whereabouts(),
            adapter=adapter,
            given=given,
            name=found.name if found else None,
            beyond=bool(form.get("beyond")),
        )
    except SlotsTaken as refusal:
        return None, str(refusal), True
    except (InvalidSettings, WrongPlace) as refusal:
        gateway_form.tell(form, refusal)
        return None, t("Chưa thử: cần sửa các ô được nêu.", "Not tried: mend the fields that are named."), False
    except LoaError as refusal:
        return None, str(refusal), False
    return outcome, "", False

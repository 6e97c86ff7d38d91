"""Finding adapters by entry point, and adding and opening gateway accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from pydantic import SecretStr, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.errors import InvalidInput, WrongState
from campaigns.gateways.contract import Adapter, AdapterSettings, Hooks
from campaigns.gateways.mistakes import in_both
from campaigns.models import Gateway
from campaigns.store.audit import append_audit, changed_fields
from campaigns.store.gateways import (
    Way,
    delete_account,
    has_carried,
    list_routes,
    lock_gateway,
    mark_changed,
    open_secrets,
    replace_routes,
    seal_secrets,
    set_enabled,
    write_routes,
)
from campaigns.titles import carrier_key
from config.i18n import Text
from config.keys import Keyring

GROUP = "loa.gateways"
ANY_CARRIER = "*"


@cache
def adapters() -> Mapping[str, type[Adapter[Any]]]:
    """Every installed adapter by name; other packages add theirs by an entry point in the group ``loa.gateways``."""
    return {point.name: point.load() for point in entry_points(group=GROUP)}


def adapter_type(name: str) -> type[Adapter[Any]]:
    """The adapter called ``name``.

    Raises:
        InvalidInput: it is not installed; the text lists those that are.
    """
    if name not in adapters():
        raise InvalidInput(
            "Không có bộ nối “{name}”. Đang cài: {known}.",
            "There is no adapter “{name}”. Installed: {known}.",
            name=name,
            known=", ".join(sorted(adapters())),
        )
    return adapters()[name]


class InvalidSettings(InvalidInput):
    """Settings an adapter cannot work with; ``fields`` says for each what is wrong, never showing a value."""

    def __init__(self, adapter: str, fields: Mapping[str, Text]) -> None:
        self.fields = fields
        super().__init__(
            "Thiết lập của bộ nối “{adapter}” chưa đúng: {problems_vi}.",
            "The settings of adapter “{adapter}” are not right: {problems_en}.",
            adapter=adapter,
            problems_vi="; ".join(f"{name}: {text.vi}" for name, text in fields.items()),
            problems_en="; ".join(f"{name}: {text.en}" for name, text in fields.items()),
        )


def check_settings(adapter: str, given: Mapping[str, Any]) -> AdapterSettings:
    """The adapter's typed settings.

    Raises:
        InvalidSettings: a setting is unknown, missing or out of range; names each and never shows a value.
    """
    try:
        return adapter_type(adapter).settings_type.model_validate(dict(given))
    except ValidationError as error:
        fields = {
            ".".join(map(str, each["loc"])): in_both(each["type"], each.get("ctx", {}), each["msg"])
            for each in error.errors(include_input=False)
        }
        raise InvalidSettings(adapter, fields) from error


def _split(settings: AdapterSettings) -> tuple[dict[str, Any], dict[str, Any]]:
    """(public, secret) settings as plain values; what equals its default is left out."""
    public: dict[str, Any] = {}
    secret: dict[str, Any] = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if value == type(settings).model_fields[name].default:
            continue
        if isinstance(value, SecretStr):
            secret[name] = value.get_secret_value()
        else:
            public[name] = settings.model_dump(mode="json", include={name})[name]
    return public, secret


def add_gateway(
    session: Session,
    keyring: Keyring,
    actor: Actor,
    name: str,
    *,
    adapter: str,
    settings: Mapping[str, Any],
    tps: float,
    binds: int = 1,
    carriers: Sequence[str] = (ANY_CARRIER,),
    routes: Mapping[str, Way] | None = None,
) -> Gateway:
    """Add a gateway account, enabled at once. ``tps`` counts message parts per second.

    ``carriers`` as for ``campaigns.store.gateways.replace_routes``, each ``viettel`` or with a weight ``viettel:3``;
    ``routes`` says the same exactly, with the place among the gateways of a carrier.

    Raises:
        InvalidInput: name, settings, rate or binds cannot be used.
    """
    actor.require("gateway.edit")
    check_name(session, name)
    _check_limits(tps, binds)
    public, secret = _split(check_settings(adapter, settings))
    gateway = Gateway(
        name=name,
        adapter=adapter,
        settings=public,
        secrets=seal_secrets(keyring, secret),
        tps=Decimal(str(tps)),
        binds=binds,
    )
    session.add(gateway)
    session.flush()
    _write_routes(session, gateway, carriers, routes)
    detail = {"adapter": adapter, "tps": tps, "binds": binds, "carriers": list(carriers if routes is None else routes)}
    append_audit(session, actor.email, "gateway.added", "gateway", name, detail)
    return gateway


def _write_routes(
    session: Session, gateway: Gateway, carriers: Sequence[str] | None, routes: Mapping[str, Way] | None
) -> None:
    if routes is not None:
        for carrier, (position, weight) in routes.items():
            if not 0 <= position < 100 or not 1 <= weight <= 100:
                raise InvalidInput(
                    "Tuyến {carrier}: thứ tự và trọng số phải từ 1 đến 100.",
                    "Route {carrier}: order and weight go from 1 to 100.",
                    carrier=carrier,
                )
        write_routes(session, gateway.id, {carrier_key(carrier): way for carrier, way in routes.items()})
    elif carriers is not None:
        replace_routes(session, gateway.id, _read_carriers(carriers))


def check_name(session: Session, name: str) -> None:
    """Refuse a name that would trouble others.

    Raises:
        InvalidInput: it is empty, too long, holds odd characters, or is taken.
    """
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or len(name) > 40:
        raise InvalidInput(
            "Tên cổng chỉ gồm chữ không dấu, số, - và _, tối đa 40 ký tự.",
            "A gateway's name holds letters, digits, - and _, at most 40 of them.",
        )
    if session.scalars(select(Gateway.id).where(Gateway.name == name)).first() is not None:
        raise InvalidInput("Đã có cổng “{name}”.", "There is a gateway “{name}” already.", name=name)


def check_tps(tps: float) -> None:
    """Whether an account's limit is one that can be kept.

    Raises:
        InvalidInput: it is not.
    """
    if not 0.01 <= tps <= 50_000:
        raise InvalidInput(
            "Hạn mức phải từ 0,01 đến 50.000 phần tin mỗi giây.",
            "The rate must be between 0.01 and 50,000 parts per second.",
        )


def _check_limits(tps: float | None, binds: int | None) -> None:
    if tps is not None:
        check_tps(tps)
    if binds is not None and not 1 <= binds <= 50:
        raise InvalidInput("Số phiên phải từ 1 đến 50.", "Binds must be between 1 and 50.")


def _read_carriers(named: Sequence[str]) -> dict[str, int | None]:
    """Carriers with the weights they bring: ``viettel`` has none, ``viettel:3`` has 3."""
    read: dict[str, int | None] = {}
    for name in named:
        carrier, colon, weight = name.partition(":")
        if not carrier or (colon and not (weight.isdecimal() and weight.isascii() and 1 <= int(weight[:4]) <= 100)):
            raise InvalidInput(
                "“{name}”: hãy ghi nhà mạng, hoặc nhà mạng:trọng số từ 1 đến 100.",
                "“{name}”: give a carrier, or carrier:weight with a weight from 1 to 100.",
                name=name,
            )
        read[carrier_key(carrier)] = int(weight) if colon else None
    return read


def switch_gateway(session: Session, actor: Actor, name: str, enabled: bool) -> Gateway:
    """Enable or disable a gateway; workers open or close its sessions within seconds."""
    actor.require("gateway.edit")
    gateway = set_enabled(session, name, enabled)
    append_audit(session, actor.email, "gateway.enabled" if enabled else "gateway.disabled", "gateway", name)
    return gateway


def change_gateway(
    session: Session,
    keyring: Keyring,
    actor: Actor,
    name: str,
    *,
    settings: Mapping[str, Any] | None = None,
    whole: bool = False,
    tps: float | None = None,
    binds: int | None = None,
    carriers: Sequence[str] | None = None,
    routes: Mapping[str, Way] | None = None,
    version: int | None = None,
) -> Gateway:
    """Change an account; settings not named keep their value. Open sessions are opened anew within seconds.

    ``whole`` settings are all there are: public ones not named go back to their default, secret ones stay.

    Raises:
        InvalidInput: settings, rate, binds or routes cannot be used.
        WrongState: somebody changed it since ``version`` was read.
    """
    actor.require("gateway.edit")
    _check_limits(tps, binds)
    gateway = lock_gateway(session, name)
    if version is not None and version != gateway.version:
        raise WrongState(
            "Cổng {name} đã được người khác sửa từ khi bạn mở trang. Mở lại trang trong thẻ khác để so, rồi lưu lại.",
            "Somebody changed gateway {name} since you opened the page. Open it in another tab, compare, save again.",
            name=name,
        )
    before = _public_state(session, gateway)
    secrets_named: list[str] = []
    if settings is not None and (settings or whole):
        kept = open_secrets(keyring, gateway)
        merged = {**({} if whole else gateway.settings), **kept, **settings}
        public, secret = _split(check_settings(gateway.adapter, merged))
        secrets_named = sorted(key for key in {*secret, *kept} if secret.get(key) != kept.get(key))
        gateway.settings, gateway.secrets = public, seal_secrets(keyring, secret)
    gateway.tps = gateway.tps if tps is None else Decimal(str(tps))
    gateway.binds = gateway.binds if binds is None else binds
    _write_routes(session, gateway, carriers, routes)
    mark_changed(session, gateway)
    after = _public_state(session, gateway) | dict.fromkeys(secrets_named, "•••")
    append_audit(session, actor.email, "gateway.changed", "gateway", name, changed_fields(before, after))
    return gateway


def _public_state(session: Session, gateway: Gateway) -> dict[str, Any]:
    """What the audit may say about an account."""
    routes = [
        f"{route.carrier} {route.position + 1}×{route.weight}"
        for route in list_routes(session)
        if route.gateway_id == gateway.id
    ]
    return {**gateway.settings, "tps": float(gateway.tps), "binds": gateway.binds, "routes": routes}


def delete_gateway(session: Session, actor: Actor, name: str) -> None:
    """Take an account away that never carried anything, such as one added by mistake.

    Raises:
        NotFound: there is none.
        WrongState: messages went through it, or came from it; it can be switched off.
    """
    actor.require("gateway.edit")
    gateway = lock_gateway(session, name)
    if has_carried(session, gateway.id):
        raise WrongState(
            "Cổng {name} đã có tin đi qua nên không xoá được, để số liệu còn đúng. Hãy tắt cổng.",
            "Messages went through gateway {name}, so it stays for the figures' sake. Switch it off.",
            name=name,
        )
    delete_account(session, gateway.id)
    append_audit(session, actor.email, "gateway.deleted", "gateway", name)


def build_adapter(keyring: Keyring, gateway: Gateway, hooks: Hooks) -> Adapter[Any]:
    """An adapter for one session of an account."""
    settings = check_settings(gateway.adapter, {**gateway.settings, **open_secrets(keyring, gateway)})
    return adapter_type(gateway.adapter)(settings, hooks)

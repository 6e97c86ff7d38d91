"""Finding adapters by entry point, and adding and opening gateway accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from pydantic import SecretStr, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.errors import InvalidInput
from campaigns.gateways.contract import Adapter, AdapterSettings, Hooks
from campaigns.models import Gateway
from campaigns.store.audit import append_audit, changed_fields
from campaigns.store.gateways import get_gateway, list_carriers, open_secrets, replace_routes, seal_secrets, set_enabled
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


def check_settings(adapter: str, given: Mapping[str, Any]) -> AdapterSettings:
    """The adapter's typed settings.

    Raises:
        InvalidInput: a setting is unknown, missing or out of range; names each and never shows a value.
    """
    try:
        return adapter_type(adapter).settings_type.model_validate(dict(given))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise InvalidInput(
            "Thiết lập của bộ nối “{adapter}” chưa đúng: {problems}.",
            "The settings of adapter “{adapter}” are not right: {problems}.",
            adapter=adapter,
            problems=problems,
        ) from error


def _split(settings: AdapterSettings) -> tuple[dict[str, Any], dict[str, Any]]:
    """(public, secret) settings as plain values; what equals its default is left out."""
    public: dict[str, Any] = {}
    secret: dict[str, Any] = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
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
) -> Gateway:
    """Add a gateway account, enabled at once. ``tps`` counts message parts per second.

    ``carriers`` as for ``campaigns.store.gateways.replace_routes``, each ``viettel`` or with a weight ``viettel:3``.

    Raises:
        InvalidInput: name, settings, rate or binds cannot be used.
    """
    actor.require("gateway.edit")
    _check_name(session, name)
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
    replace_routes(session, gateway.id, _read_carriers(carriers))
    append_audit(
        session, actor.email, "gateway.added", "gateway", name, {"adapter": adapter, "tps": tps, "carriers": carriers}
    )
    return gateway


def _check_name(session: Session, name: str) -> None:
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or len(name) > 40:
        raise InvalidInput(
            "Tên cổng chỉ gồm chữ không dấu, số, - và _, tối đa 40 ký tự.",
            "A gateway's name holds letters, digits, - and _, at most 40 of them.",
        )
    if session.scalars(select(Gateway.id).where(Gateway.name == name)).first() is not None:
        raise InvalidInput("Đã có cổng “{name}”.", "There is a gateway “{name}” already.", name=name)


def _check_limits(tps: float | None, binds: int | None) -> None:
    if tps is not None and not 0.01 <= tps <= 50_000:
        raise InvalidInput(
            "Hạn mức phải từ 0,01 đến 50.000 phần tin mỗi giây.",
            "The rate must be between 0.01 and 50,000 parts per second.",
        )
    if binds is not None and not 1 <= binds <= 50:
        raise InvalidInput("Số kết nối phải từ 1 đến 50.", "Binds must be between 1 and 50.")


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
        read[carrier] = int(weight) if colon else None
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
    tps: float | None = None,
    binds: int | None = None,
    carriers: Sequence[str] | None = None,
) -> Gateway:
    """Change an account; settings not named keep their value. Open sessions are opened anew."""
    actor.require("gateway.edit")
    _check_limits(tps, binds)
    gateway = get_gateway(session, name)
    before = _facts(session, keyring, gateway)
    if settings:
        merged = {**gateway.settings, **open_secrets(keyring, gateway), **settings}
        public, secret = _split(check_settings(gateway.adapter, merged))
        gateway.settings, gateway.secrets = public, seal_secrets(keyring, secret)
    gateway.tps = gateway.tps if tps is None else Decimal(str(tps))
    gateway.binds = gateway.binds if binds is None else binds
    gateway.version += 1
    if carriers is not None:
        replace_routes(session, gateway.id, _read_carriers(carriers))
    session.flush()
    changed = changed_fields(before, _facts(session, keyring, gateway))
    append_audit(session, actor.email, "gateway.changed", "gateway", name, changed)
    return gateway


def _facts(session: Session, keyring: Keyring, gateway: Gateway) -> dict[str, Any]:
    """What the audit says of an account: of its secrets a keyed hash, so that a change shows and nothing more."""
    return {
        "tps": float(gateway.tps),
        "binds": gateway.binds,
        "carriers": list_carriers(session, gateway.id),
        "secrets": keyring.hash(json.dumps(open_secrets(keyring, gateway), sort_keys=True).encode()).hex()[:8],
        **gateway.settings,
    }


def build_adapter(keyring: Keyring, gateway: Gateway, hooks: Hooks) -> Adapter[Any]:
    """An adapter for one session of an account."""
    settings = check_settings(gateway.adapter, {**gateway.settings, **open_secrets(keyring, gateway)})
    return adapter_type(gateway.adapter)(settings, hooks)

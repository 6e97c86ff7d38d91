"""The form of a gateway, made from what its adapter says of its settings; secrets go in and never come out."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, get_args

from annotated_types import MaxLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from admin.console.forms import Form
from campaigns.content.prices import CARRIERS
from campaigns.errors import InvalidInput
from campaigns.gateways.contract import AdapterSettings, Words
from campaigns.gateways.registry import ANY_CARRIER, InvalidSettings, adapter_type, check_tps
from campaigns.gateways.whereabouts import WrongPlace
from campaigns.models import Gateway, Route
from campaigns.store.gateways import Way
from config.i18n import Text, t

PREFIX = "s_"
"""Before the name of an adapter's setting, so that no adapter's name clashes with the form's own."""
GROUPS: Mapping[str, Text] = {
    "connection": Text("Kết nối", "Connection"),
    "sending": Text("Cách gửi", "Sending"),
    "more": Text("Thiết lập ít dùng", "Rarely needed"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One setting as the form asks for it."""

    name: str
    title: str
    hint: str
    kind: str
    """``text``, ``number``, ``secret``, ``choice`` or ``bool``."""
    group: str
    required: bool
    most: int
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name


def asked(adapter: str) -> dict[str, list[Asked]]:
    """What an adapter asks for, by group, in the order its words stand in."""
    return asked_of(adapter_type(adapter).settings_type)


def asked_of(settings: type[AdapterSettings]) -> dict[str, list[Asked]]:
    """The same of its settings; what nobody put in words is asked for by name and description."""
    order = {name: place for place, name in enumerate(settings.words)}
    names = sorted(settings.model_fields, key=lambda name: order.get(name, len(order)))
    found = [_asked(name, settings.model_fields[name], settings.words.get(name)) for name in names]
    return {group: [each for each in found if each.group == group] for group in GROUPS}


def _asked(name: str, info: FieldInfo, words: Words | None) -> Asked:
    kind, choices = _kind(info)
    return Asked(
        name,
        str(words.title) if words else name,
        str(words.hint or "") if words else (info.description or ""),
        kind,
        # A setting nobody put in words may be one that cannot be left out.
        words.group if words else ("connection" if info.is_required() else "more"),
        info.is_required(),
        next((m.max_length for m in info.metadata if isinstance(m, MaxLen)), 500),
        choices,
    )


def _kind(info: FieldInfo) -> tuple[str, tuple[str, ...]]:
    bare = info.annotation
    if isinstance(bare, types.UnionType):
        bare = next(each for each in get_args(bare) if each is not type(None))
    if bare is SecretStr:
        return "secret", ()
    if bare is bool:
        return "bool", ()
    if isinstance(bare, type) and issubclass(bare, Enum):
        return "choice", tuple(str(each.value) for each in bare)
    return ("number" if bare in (int, float) else "text"), ()


@dataclass(frozen=True)
class Entered:
    """What a form says, read."""

    settings: dict[str, Any]
    tps: float | None
    binds: int | None
    routes: dict[str, Way] = field(default_factory=dict)


def blank(adapter: str) -> Form:
    """The form of a new gateway: the adapter's defaults, any carrier."""
    values = dict(_shown(adapter_type(adapter).settings_type, {}))
    return Form(
        {**values, "adapter": adapter, "binds": "1", f"r_{ANY_CARRIER}": "1"},
        {f"r_{ANY_CARRIER}": ["1"]},
    )


def filled(gateway: Gateway, routes: Sequence[Route]) -> Form:
    """The form of one that exists, without its secrets."""
    values = dict(_shown(adapter_type(gateway.adapter).settings_type, gateway.settings))
    values |= {
        "adapter": gateway.adapter,
        "version": str(gateway.version),
        "tps": f"{float(gateway.tps):g}",
        "binds": str(gateway.binds),
    }
    for route in routes:
        if route.gateway_id == gateway.id:
            values |= {
                f"r_{route.carrier}": "1",
                f"p_{route.carrier}": str(route.position + 1),
                f"w_{route.carrier}": str(route.weight),
            }
    return Form(values)


def shown(gateway: Gateway) -> dict[str, str]:
    """Its settings by name, those left to the adapter's defaults too, without its secrets."""
    every = _shown(adapter_type(gateway.adapter).settings_type, gateway.settings)
    return {name.removeprefix(PREFIX): value for name, value in every}


def _shown(settings: type[AdapterSettings], stored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, info in settings.model_fields.items():
        kind, _ = _kind(info)
        value = stored.get(name, None if info.is_required() else info.default)
        if kind == "secret" or value is None:
            continue
        if kind == "bool":
            if value:
                yield PREFIX + name, "1"
        elif kind == "number":
            yield PREFIX + name, f"{value:g}"
        else:
            yield PREFIX + name, str(value.value if isinstance(value, Enum) else value)


def read(form: Form, adapter: str) -> Entered:
    """What was entered; mistakes that can be seen here are noted in the form."""
    return Entered(settings_of(form, adapter), _tps(form), _between(form, "binds", 50), _routes(form))


def settings_of(form: Form, adapter: str) -> dict[str, Any]:
    """The adapter's settings as they were typed; an empty one is left to its default, a secret to what is stored."""
    given: dict[str, Any] = {}
    for each in (one for group in asked(adapter).values() for one in group):
        value = form.get(each.key)
        if each.kind == "bool":
            given[each.name] = bool(value)
        elif each.kind == "secret":
            if value:
                given[each.name] = value
        elif value.strip():
            given[each.name] = value.strip().replace(",", ".") if each.kind == "number" else value.strip()
    return given


def _tps(form: Form) -> float | None:
    value = form.get("tps").strip().replace(",", ".")
    try:
        tps = float(value if value.isascii() and len(value) < 12 else "no")
    except ValueError:
        form.errors["tps"] = t(
            "Hãy nhập hạn mức trong hợp đồng: số phần tin mỗi giây, như 50 hoặc 0,5.",
            "Enter the contract's limit in parts per second, such as 50 or 0.5.",
        )
        return None
    try:
        check_tps(tps)
    except InvalidInput as refusal:
        form.errors["tps"] = str(refusal)
    return tps


def _between(form: Form, name: str, most: int) -> int | None:
    value = form.number(name)
    if name not in form.errors and (value is None or not 1 <= value <= most):
        form.errors[name] = t("Phải từ 1 đến {most}.", "Must be from 1 to {most}.", most=most)
    return value


def _routes(form: Form) -> dict[str, Way]:
    routes: dict[str, Way] = {}
    for key in list(form.values):
        if not key.startswith("r_"):
            continue
        carrier = key[2:42]
        for name in (f"p_{carrier}", f"w_{carrier}"):
            form.values.setdefault(name, "1")
            form.values[name] = form.values[name].strip() or "1"
        position, weight = _between(form, f"p_{carrier}", 100), _between(form, f"w_{carrier}", 100)
        routes[carrier] = ((position or 1) - 1, weight or 1)
    return routes


def carriers_of(routes: Sequence[Route]) -> list[str]:
    """Carriers a form offers routes for: those we know, any, and whatever is routed already."""
    others = sorted({route.carrier for route in routes} - {ANY_CARRIER, *CARRIERS})
    return [*CARRIERS, *others, ANY_CARRIER]


def tell(form: Form, refusal: Exception) -> None:
    """Put a refusal beside the fields it names."""
    if isinstance(refusal, InvalidSettings):
        titles = {each.name: each.title for group in asked(form.get("adapter")).values() for each in group}
        for name, problem in refusal.fields.items():
            form.errors[PREFIX + name] = f"{titles.get(name, name)}: {problem}."
    elif isinstance(refusal, WrongPlace):
        form.errors[PREFIX + refusal.field] = str(refusal)
    else:
        form.errors.setdefault("name", str(refusal))

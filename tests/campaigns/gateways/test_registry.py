"""Gateway accounts: added, changed, switched; secrets kept secret; routes in their order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.gateways.contract import Hooks
from campaigns.gateways.registry import (
    adapter_type,
    adapters,
    add_gateway,
    build_adapter,
    change_gateway,
    check_settings,
    switch_gateway,
)
from campaigns.gateways.smpp import SmppAdapter
from campaigns.models import AuditEntry, Gateway
from campaigns.store.audit import verify_audit
from campaigns.store.gateways import list_routes, open_secrets
from campaigns.store.routes import route_batches
from config.i18n import language
from config.keys import Keyring
from tests.factories import ADMINISTRATOR, APPROVER, OFFICER, OPERATOR, make_campaign

SETTINGS = {"host": "smpp.viettel.example", "port": "2776", "system_id": "danang", "password": "b1-mat"}
NOTHING = Hooks(deliver=lambda events, safe: None, lost=lambda reason: None)


def add(session: Session, keyring: Keyring, name: str = "viettel", **more: Any) -> Gateway:
    values: dict[str, Any] = {"adapter": "smpp", "settings": SETTINGS, "tps": 50, **more}
    return add_gateway(session, keyring, OPERATOR, name, **values)


def routes(session: Session) -> list[tuple[str, str]]:
    """(carrier, gateway) in the order they are tried."""
    names: dict[int, str] = {row.id: row.name for row in session.scalars(select(Gateway))}
    return [(route.carrier, names[route.gateway_id]) for route in list_routes(session)]


def test_an_account_is_added_changed_and_opened_with_its_settings(undone: Session, keyring: Keyring) -> None:
    gateway = add(undone, keyring, binds=2, carriers=("viettel", "vinaphone", "viettel"))
    assert (gateway.enabled, gateway.binds, float(gateway.tps), gateway.version) == (True, 2, 50.0, 1)
    assert routes(undone) == [("viettel", "viettel"), ("vinaphone", "viettel")]
    change_gateway(undone, keyring, OPERATOR, "viettel", settings={"port": 2777}, tps=0.5, carriers=["*"])
    assert (float(gateway.tps), gateway.binds, gateway.version) == (0.5, 2, 2)
    assert routes(undone) == [("*", "viettel")]
    adapter = build_adapter(keyring, gateway, NOTHING)
    assert isinstance(adapter, SmppAdapter)
    assert (adapter.settings.host, adapter.settings.port) == ("smpp.viettel.example", 2777)
    assert adapter.settings.password.get_secret_value() == "b1-mat", "what was not named keeps its value"
    change_gateway(undone, keyring, OPERATOR, "viettel", settings={"password": "moi-2"})
    assert open_secrets(keyring, gateway) == {"password": "moi-2"}
    assert verify_audit(undone) is None


def test_secrets_are_nowhere_in_the_clear(undone: Session, keyring: Keyring) -> None:
    gateway = add(undone, keyring)
    change_gateway(undone, keyring, OPERATOR, "viettel", settings={"password": "moi-222"})
    undone.flush()
    stored = undone.execute(text("SELECT to_jsonb(gateway) FROM gateway")).scalars().all()
    noted = undone.scalars(select(AuditEntry)).all()
    adapter = build_adapter(keyring, gateway, NOTHING)
    seen = json.dumps(stored) + str([entry.detail for entry in noted]) + repr(adapter.settings) + repr(vars(gateway))
    for secret in ("b1-mat", "moi-222"):
        assert secret not in seen
        assert secret.encode() not in gateway.secrets
        assert secret.encode().hex() not in seen
    assert gateway.settings.keys() == {"host", "port", "system_id"}
    assert Keyring.generate().hash(b"x") != keyring.hash(b"x")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pasword": "b1-mat"}, ["pasword"]),
        ({"password": "too-long-b1-mat"}, ["password"]),
        ({"password": "bí-mật"}, ["password"]),
        ({"port": "b1-mat"}, ["port"]),
        ({"port": 70000, "window": 0}, ["port", "window"]),
        ({"host": ""}, ["host"]),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named_and_its_value_never_shown(settings: dict[str, Any], words: list[str]) -> None:
    for chosen in ("vi", "en"):
        with language(chosen), pytest.raises(InvalidInput) as refused:
            check_settings("smpp", SETTINGS | settings)
        told = str(refused.value) + repr(refused.value) + str(refused.value.detail)
        assert all(word in told for word in words)
        assert "b1-mat" not in told
        assert "bí-mật" not in told


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_settings("smpp", {})
    assert all(word in str(refused.value) for word in ("host", "system_id"))


def test_an_adapter_that_is_not_installed_is_refused_with_those_that_are() -> None:
    assert adapters()["smpp"] is adapter_type("smpp") is SmppAdapter
    with pytest.raises(InvalidInput) as refused:
        adapter_type("pigeon")
    assert "pigeon" in str(refused.value)
    assert "smpp" in str(refused.value)


@pytest.mark.parametrize("name", ["", "viettel 2", "cổng", "x" * 41, "a/b", "-", "danang;"])
def test_a_name_that_would_trouble_others_is_refused(undone: Session, keyring: Keyring, name: str) -> None:
    with pytest.raises(InvalidInput):
        add(undone, keyring, name)


def test_limits_outside_the_possible_are_refused_when_added_and_when_changed(undone: Session, keyring: Keyring) -> None:
    add(undone, keyring)
    with pytest.raises(InvalidInput):
        add(undone, keyring)
    for wrong in ({"tps": 0}, {"tps": -1}, {"tps": 50_001}, {"tps": float("nan")}, {"binds": 0}, {"binds": 51}):
        with pytest.raises(InvalidInput):
            add(undone, keyring, "other", **wrong)
        with pytest.raises(InvalidInput):
            change_gateway(undone, keyring, OPERATOR, "viettel", **wrong)
    with pytest.raises(NotFound):
        change_gateway(undone, keyring, OPERATOR, "vietel", tps=1)


def test_only_operators_touch_gateways(undone: Session, keyring: Keyring) -> None:
    add(undone, keyring)
    for who in (OFFICER, APPROVER, ADMINISTRATOR):
        with pytest.raises(Forbidden):
            add_gateway(undone, keyring, who, "other", adapter="smpp", settings=SETTINGS, tps=1)
        with pytest.raises(Forbidden):
            change_gateway(undone, keyring, who, "viettel", tps=1)
        with pytest.raises(Forbidden):
            switch_gateway(undone, who, "viettel", False)


def test_gateways_stand_behind_those_that_carried_the_carrier_before(undone: Session, keyring: Keyring) -> None:
    for name in ("first", "second", "third"):
        add(undone, keyring, name, carriers=("viettel",))
    assert routes(undone) == [("viettel", "first"), ("viettel", "second"), ("viettel", "third")]
    change_gateway(undone, keyring, OPERATOR, "first", carriers=("vinaphone", "viettel"))
    assert [name for carrier, name in routes(undone) if carrier == "viettel"] == ["second", "third", "first"]


def test_switched_off_a_gateway_gives_its_batches_to_the_next(undone: Session, keyring: Keyring) -> None:
    first, second = (add(undone, keyring, name, carriers=("viettel",)) for name in ("first", "second"))
    campaign = make_campaign(undone, state="running")
    undone.execute(
        text(
            "INSERT INTO batch (campaign_id, gateway_id, carrier, state, size, parts, queued)"
            " SELECT :c, :g, 'viettel', s, 1, 1, 1 FROM unnest(ARRAY['ready', 'leased', 'done']) s"
        ),
        {"c": campaign.id, "g": first.id},
    )

    def carried() -> dict[str, int | None]:
        rows = undone.execute(text("SELECT state, gateway_id FROM batch WHERE campaign_id = :c"), {"c": campaign.id})
        return {row.state: row.gateway_id for row in rows}

    version = first.version
    switch_gateway(undone, OPERATOR, "first", False)
    assert first.version > version, "so that workers close its sessions"
    assert carried() == {"ready": None, "leased": first.id, "done": first.id}
    assert route_batches(undone) == 1
    assert carried() == {"ready": second.id, "leased": first.id, "done": first.id}
    switch_gateway(undone, OPERATOR, "first", True)
    assert first.enabled
    noted = undone.scalars(select(AuditEntry.action).where(AuditEntry.object_id == "first").order_by(AuditEntry.id))
    assert noted.all() == ["gateway.added", "gateway.disabled", "gateway.enabled"]

"""Trying a connection: over a real socket, within seconds, and never at the cost of sessions that send."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text

from campaigns.errors import Forbidden
from campaigns.gateways import trial
from campaigns.gateways.codes import CODES, in_words
from campaigns.gateways.registry import InvalidSettings, add_gateway
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.gateways.trial import Outcome, SlotsTaken, try_account
from campaigns.gateways.whereabouts import Whereabouts, WrongPlace
from campaigns.models import AuditEntry
from campaigns.store.database import Database
from campaigns.store.gateways import SLOT_CLASS, slot_key
from config.keys import Keyring
from tests.factories import OFFICER, OPERATOR

ANYWHERE = Whereabouts()


@pytest.fixture(scope="module")
def telco() -> Iterator[SandboxProcess]:
    """One that asks for a password."""
    with SandboxProcess(SandboxOptions(system_id="danang", password="mat-khau")) as running:
        yield running


@pytest.fixture
def mute() -> Iterator[int]:
    """A port where somebody takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def attempt(database: Database, keyring: Keyring) -> Any:
    """Tries settings as an operator."""

    def run(port: int, **more: Any) -> Outcome:
        given = {"host": "127.0.0.1", "port": port, "system_id": "danang", "password": "mat-khau"}
        name, beyond, actor = more.pop("name", None), more.pop("beyond", False), more.pop("actor", OPERATOR)
        place = more.pop("place", ANYWHERE)
        given = {key: value for key, value in (given | more).items() if value is not None}
        return try_account(database, keyring, actor, place, adapter="smpp", given=given, name=name, beyond=beyond)

    return run


@pytest.mark.parametrize("bind", ["transceiver", "transmitter+receiver"])
def test_a_session_opens_and_closes_again(attempt: Any, telco: SandboxProcess, bind: str) -> None:
    assert attempt(telco.port, bind=bind).opened


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        ({"password": "khac"}, "ESME_RINVPASWD", "Sai mật khẩu"),
        ({"system_id": "ai-do"}, "ESME_RINVSYSID", "Sai tên tài khoản"),
    ],
)
def test_what_the_telco_refuses_is_said_in_words(
    attempt: Any, telco: SandboxProcess, wrong: dict[str, str], code: str, said: str
) -> None:
    outcome = attempt(telco.port, **wrong)
    assert (outcome.opened, outcome.code) == (False, code)
    assert said in in_words(outcome.code)


def test_a_port_where_nobody_listens_is_told_from_one_where_nobody_answers(
    attempt: Any, mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "STEP_SECONDS", 0.3)
    assert attempt(free_port()).code == "LOA_CONNECT_REFUSED"
    begun = time.monotonic()
    assert attempt(mute).code == "LOA_BIND_TIMEOUT"
    assert time.monotonic() - begun < trial.SECONDS


def test_what_hangs_up_at_the_bind_is_named(attempt: Any, mute: int) -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        connection, _ = server.accept()
        connection.recv(16)
        connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    assert attempt(server.getsockname()[1]).code == "LOA_BIND_CUT"
    server.close()


def test_every_code_of_a_failed_trial_has_words() -> None:
    for code in ("LOA_CONNECT_TIMEOUT", "LOA_CONNECT_FAILED", "LOA_TLS_FAILED", "ESME_RBINDFAIL", "ESME_RALYBND"):
        assert CODES[code].vi
    assert in_words("0x00000401") == "0x00000401"
    assert in_words(None) == ""


def test_a_trial_takes_a_slot_of_the_account_and_never_one_too_many(
    attempt: Any, telco: SandboxProcess, database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        settings = {"host": "127.0.0.1", "port": telco.port, "system_id": "danang", "password": "mat-khau"}
        gateway = add_gateway(session, keyring, OPERATOR, "vt", adapter="smpp", settings=settings, tps=10)
        key = slot_key(gateway.id, 0)
    with database.engine.connect() as worker:
        worker.execute(text("SELECT pg_advisory_lock(:c, :k)"), {"c": SLOT_CLASS, "k": key})
        with pytest.raises(SlotsTaken, match="Cả 1 phiên"):
            attempt(telco.port, name="vt", password=None)
        assert attempt(telco.port, name="vt", password=None, beyond=True).opened
        worker.execute(text("SELECT pg_advisory_unlock(:c, :k)"), {"c": SLOT_CLASS, "k": key})
    assert attempt(telco.port, name="vt", password=None).opened


def test_a_trial_is_written_to_the_audit_without_the_secret(
    attempt: Any, telco: SandboxProcess, database: Database
) -> None:
    attempt(telco.port, password="khac-bi")
    with database.transaction() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor) == ("gateway.tried", OPERATOR.email)
    assert entry.detail == {"opened": False, "code": "ESME_RINVPASWD", "host": "127.0.0.1"}


def test_who_may_not_change_gateways_may_not_make_the_server_connect(attempt: Any) -> None:
    with pytest.raises(Forbidden):
        attempt(1, actor=OFFICER)


def test_settings_that_cannot_be_used_are_not_tried(attempt: Any) -> None:
    with pytest.raises(InvalidSettings) as refused:
        attempt(70_000)
    assert "port" in refused.value.fields


@pytest.mark.parametrize(
    ("hosts", "host", "allowed"),
    [
        ("", "127.0.0.1", True),
        ("", "10.9.8.7", True),
        ("", "169.254.169.254", False),
        ("", "::ffff:169.254.169.254", False),
        ("", "fe80::1", False),
        ("", "0.0.0.0", False),
        ("", "224.0.0.1", False),
        ("10.20.0.0/16", "10.20.3.4", True),
        ("10.20.0.0/16", "10.21.3.4", False),
        ("10.20.0.0/16", "127.0.0.1", False),
        ("10.20.0.0/16, .telco.vn", "::1", False),
        ("169.254.0.0/16", "169.254.1.1", True),
    ],
)
def test_gateways_may_only_be_where_the_installation_says(hosts: str, host: str, allowed: bool) -> None:
    places = Whereabouts.read(hosts, "1024-65535")
    if allowed:
        places.check(host, 2775)
        return
    with pytest.raises(WrongPlace) as refused:
        places.check(host, 2775)
    assert refused.value.field == "host"


@pytest.mark.parametrize(("ports", "port", "allowed"), [("1024-65535", 22, False), ("2775", 2775, True)])
def test_ports_are_bounded(ports: str, port: int, allowed: bool) -> None:
    places = Whereabouts.read("", ports)
    if allowed:
        places.check("127.0.0.1", port)
    else:
        with pytest.raises(WrongPlace, match="cổng TCP"):
            places.check("127.0.0.1", port)


def test_a_name_is_judged_by_where_it_leads() -> None:
    assert Whereabouts.read("", "1-65535").resolve("localhost", 2775) in {"127.0.0.1", "::1"}
    assert Whereabouts.read("localhost", "1-65535").resolve("localhost", 2775) in {"127.0.0.1", "::1"}
    with pytest.raises(WrongPlace, match="không cho phép"):
        Whereabouts.read("10.0.0.0/8", "1-65535").resolve("localhost", 2775)
    with pytest.raises(WrongPlace, match="Không tìm thấy"):
        Whereabouts.read("", "1-65535").resolve("khong-co.invalid", 2775)

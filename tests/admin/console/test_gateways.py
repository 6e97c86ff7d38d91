"""Gateways in the console: the form from the adapter's settings, trying it, changing it, one test message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.delivery.trials import add_number
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.models import AuditEntry, Batch, Gateway, Route
from campaigns.store.gateways import open_secrets
from config.keys import Keyring
from tests.admin.console.conftest import Browser
from tests.factories import OPERATOR, make_gateway

SECRET = "mat-khau"


@pytest.fixture(scope="module")
def telco() -> Iterator[SandboxProcess]:
    """One that asks for a password."""
    with SandboxProcess(SandboxOptions(system_id="danang", password=SECRET)) as running:
        yield running


@pytest.fixture
def operator(signed_in: Any) -> Browser:
    """The operator's browser."""
    browser: Browser = signed_in("operator")
    return browser


def filled(port: int = 2775, **more: str) -> dict[str, str]:
    """The form of a new gateway."""
    return {
        "name": "viettel-1",
        "adapter": "smpp",
        "s_host": "127.0.0.1",
        "s_port": str(port),
        "s_system_id": "danang",
        "s_password": SECRET,
        "s_bind": "transceiver",
        "s_sender": "DANANG",
        "s_window": "20",
        "tps": "50",
        "binds": "2",
        "r_viettel": "1",
        "p_viettel": "1",
        "w_viettel": "3",
        "r_*": "1",
        "p_*": "2",
        "w_*": "1",
        **more,
    }


def stored(session: Session, name: str = "viettel-1") -> Gateway:
    session.expire_all()
    return session.scalars(select(Gateway).where(Gateway.name == name)).one()


def test_a_gateway_is_added_with_its_limits_and_routes(operator: Browser, session: Session, keyring: Keyring) -> None:
    answer = operator.post("/gateways/new", filled())
    assert answer.status_code == 303, answer.text
    gateway = stored(session)
    assert gateway.settings == {"host": "127.0.0.1", "system_id": "danang", "sender": "DANANG", "window": 20}
    assert open_secrets(keyring, gateway) == {"password": SECRET}
    assert (float(gateway.tps), gateway.binds) == (50, 2)
    routes = {r.carrier: (r.position, r.weight) for r in session.scalars(select(Route))}
    assert routes == {"viettel": (0, 3), "*": (1, 1)}
    page = operator.get("/gateways/viettel-1/").text
    assert "đã đặt, không hiện ra" in page
    assert SECRET not in page


def test_the_form_says_of_every_setting_what_it_is(operator: Browser) -> None:
    page = operator.get("/gateways/new").text
    for words in ("Địa chỉ máy chủ", "Mật khẩu", "Kiểu phiên", "Cửa sổ", "Mã riêng của nhà mạng", "data_coding 0"):
        assert words in page
    assert 'type="password"' in page


def test_every_wrong_field_is_named_at_once_with_its_way_out_and_nothing_typed_is_lost(
    operator: Browser, session: Session
) -> None:
    wrong = filled(
        name="cổng 1",
        s_port="99999",
        s_window="0",
        s_host="",
        tps="nhanh",
        binds="99",
        w_viettel="0",
        s_sender="ĐÀ NẴNG",
    )
    answer = operator.post("/gateways/new", wrong)
    assert answer.status_code == 422
    for name in ("name", "s_port", "s_window", "s_host", "tps", "binds", "w_viettel", "s_sender"):
        assert f'id="e-{name}"' in answer.text, name
    assert "Cổng TCP: không được quá 65535." in answer.text
    assert "Địa chỉ máy chủ: bắt buộc phải có." in answer.text
    assert 'value="ĐÀ NẴNG"' in answer.text
    assert SECRET not in answer.text
    assert session.scalars(select(Gateway)).all() == []


def test_a_name_that_is_taken_is_refused_at_its_field(operator: Browser, session: Session, keyring: Keyring) -> None:
    make_gateway(session, keyring, name="viettel-1")
    session.commit()
    answer = operator.post("/gateways/new", filled())
    assert answer.status_code == 422
    assert 'id="e-name"' in answer.text


def test_a_secret_left_empty_stays_and_a_field_emptied_goes_back_to_its_default(
    operator: Browser, session: Session, keyring: Keyring
) -> None:
    operator.post("/gateways/new", filled())
    before = stored(session).version
    page = operator.get("/gateways/viettel-1/edit").text
    assert "Đã đặt; để trống nếu giữ nguyên." in page
    assert SECRET not in page
    changed = filled(version=str(before), s_password="", s_sender="", tps="0,5", p_viettel="2")
    changed.pop("r_*")
    assert operator.post("/gateways/viettel-1/edit", changed).status_code == 303
    gateway = stored(session)
    assert open_secrets(keyring, gateway) == {"password": SECRET}
    assert "sender" not in gateway.settings
    assert float(gateway.tps) == 0.5
    assert gateway.version == before + 1
    assert [(r.carrier, r.position) for r in session.scalars(select(Route))] == [("viettel", 1)]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "gateway.changed")).one()
    assert entry.detail["changes"] == {
        "sender": ["DANANG", None],
        "tps": [50.0, 0.5],
        "routes": [["* 2×1", "viettel 1×3"], ["viettel 2×3"]],
    }
    assert "DANANG → –" in operator.get("/gateways/viettel-1/").text


def test_a_new_secret_is_noted_without_being_told(operator: Browser, session: Session, keyring: Keyring) -> None:
    operator.post("/gateways/new", filled())
    operator.post("/gateways/viettel-1/edit", filled(version="1", s_password="moi-222"))
    assert open_secrets(keyring, stored(session)) == {"password": "moi-222"}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "gateway.changed")).one()
    assert entry.detail == {"changes": {"password": [None, "•••"]}}


def test_the_second_of_two_who_edit_a_gateway_is_told(operator: Browser, session: Session) -> None:
    operator.post("/gateways/new", filled())
    operator.post("/gateways/viettel-1/edit", filled(version="1", tps="60"))
    answer = operator.post("/gateways/viettel-1/edit", filled(version="1", tps="70"))
    assert answer.status_code == 422
    assert "đã được người khác sửa" in answer.text
    assert 'value="70"' in answer.text
    assert float(stored(session).tps) == 60


def test_a_place_the_installation_does_not_allow_is_refused(operator: Browser) -> None:
    for path in ("/gateways/new",):
        answer = operator.post(path, filled(s_host="169.254.169.254", s_port="2775"))
        assert answer.status_code == 422
        assert "không cho phép kết nối" in answer.text
    answer = operator.post("/gateways/new", filled(22))
    assert "Chỉ cho phép cổng TCP" in answer.text


def test_a_connection_is_tried_without_being_saved(operator: Browser, session: Session, telco: SandboxProcess) -> None:
    answer = operator.post("/gateways/new", filled(telco.port, do="try"))
    assert "Kết nối và đăng nhập được" in answer.text
    assert 'value="danang"' in answer.text
    assert SECRET not in answer.text
    wrong = operator.post("/gateways/new", filled(telco.port, do="try", s_password="sai"))
    assert "Sai mật khẩu." in wrong.text
    assert session.scalars(select(Gateway)).all() == []


def test_the_script_gets_the_outcome_alone(operator: Browser, telco: SandboxProcess) -> None:
    headers = {"X-Requested-With": "fetch"}
    answer = operator.post("/gateways/new", filled(telco.port, do="try"), headers=headers)
    assert answer.status_code == 200
    assert "Kết nối và đăng nhập được" in answer.text
    assert "<form" not in answer.text
    named = operator.post("/gateways/new", filled(telco.port, do="try", s_window="0"), headers=headers)
    assert 'href="#f-s_window"' in named.text


def test_a_saved_gateway_is_tried_with_its_stored_secret(operator: Browser, telco: SandboxProcess) -> None:
    operator.post("/gateways/new", filled(telco.port))
    assert "Kết nối và đăng nhập được" in operator.post("/gateways/viettel-1/try").text


def test_trying_is_limited(operator: Browser, telco: SandboxProcess) -> None:
    headers = {"X-Requested-With": "fetch"}
    answers = [operator.post("/gateways/new", filled(9, do="try"), headers=headers).text for _ in range(11)]
    assert "chờ một phút" in answers[-1]
    assert "chờ một phút" not in answers[-2]


def test_one_test_message_goes_through_exactly_this_gateway(
    operator: Browser, session: Session, keyring: Keyring
) -> None:
    make_gateway(session, keyring, name="khac")
    number = add_number(session, keyring, OPERATOR, "0905123456", "Trực ban")
    session.commit()
    operator.post("/gateways/new", filled())
    page = operator.get("/gateways/viettel-1/").text
    assert "Trực ban · 09•• ••• 456" in page
    answer = operator.post(
        "/gateways/viettel-1/test", {"to": str(number.id), "text": "Kiểm tra"}, follow_redirects=True
    )
    assert "Đã chuyển tin kiểm tra" in answer.text
    assert "Chờ gửi" in answer.text
    assert session.scalars(select(Batch.gateway_id)).one() == stored(session).id
    fragment = operator.get("/gateways/viettel-1/tests")
    assert fragment.headers["X-Finished"] == "0"
    assert (
        operator.get("/gateways/viettel-1/tests", headers={"If-None-Match": fragment.headers["ETag"]}).status_code
        == 304
    )


def test_a_gateway_that_carried_nothing_can_be_deleted_and_another_cannot(
    operator: Browser, session: Session, keyring: Keyring
) -> None:
    operator.post("/gateways/new", filled())
    used = make_gateway(session, keyring, name="da-dung")
    session.execute(
        text(
            "INSERT INTO inbound_message (gateway_id, sender_hash, recipient, action)"
            " VALUES (:g, '\\x00', '8088', 'none')"
        ),
        {"g": used.id},
    )
    session.commit()
    assert "không xoá được" in operator.post("/gateways/da-dung/delete", follow_redirects=True).text
    assert "Đã xoá cổng" in operator.post("/gateways/viettel-1/delete", follow_redirects=True).text
    assert [g.name for g in session.scalars(select(Gateway))] == ["da-dung"]

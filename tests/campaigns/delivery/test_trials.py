"""Trying texts and gateways on numbers of staff."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.delivery.trials import LABEL, PER_MINUTE, add_number, remove_number, try_gateway, try_text
from campaigns.errors import Forbidden, InvalidInput, NotFound, WrongState
from campaigns.models import AuditEntry, Batch, Campaign, Gateway, TemplateVersion, TestMessage
from campaigns.stats.check import find_sent
from campaigns.store.campaigns import list_campaigns
from campaigns.store.gateways import mark_changed, set_enabled
from campaigns.store.people import erase_contact, lock_contact
from campaigns.store.routes import align_batches, route_batches, routes_changed
from campaigns.store.templates import list_templates
from campaigns.store.trials import cancel_stale_tests, list_numbers, list_tests_of_gateway, list_tests_of_template
from config.keys import Keyring
from tests.factories import ADMINISTRATOR, ANALYST, OFFICER, OPERATOR, make_gateway, make_template

PHONE = "0905 123 456"
DESK = "Trực ban Sở KH&CN"


@pytest.fixture
def desk(undone: Session, keyring: Keyring) -> int:
    """A number on the list."""
    return add_number(undone, keyring, OPERATOR, PHONE, DESK).id


@pytest.fixture
def gateway(undone: Session, keyring: Keyring) -> Gateway:
    """One that carries everybody."""
    return make_gateway(undone, keyring, name="viettel-1")


@pytest.fixture
def version(undone: Session) -> TemplateVersion:
    """A wording to try."""
    return make_template(undone)


def batch_of(session: Session, test: TestMessage) -> Batch:
    return session.scalars(select(Batch).where(Batch.campaign_id == test.campaign_id)).one()


def tried(session: Session, number_id: int, version: TemplateVersion, **more: Any) -> TestMessage:
    given = {"variant": "marked", "text": "Thông báo từ phường.", **more}
    return try_text(session, OFFICER, number_id=number_id, version=version, **given)


@pytest.mark.parametrize("actor", [OPERATOR, ADMINISTRATOR])
def test_operators_and_administrators_keep_the_list(undone: Session, keyring: Keyring, actor: Actor) -> None:
    number = add_number(undone, keyring, actor, PHONE, f"  {DESK}  ")
    assert [(row.label, row.usable) for row in list_numbers(undone)] == [(DESK, True)]
    with pytest.raises(InvalidInput, match="đã có trong danh sách"):
        add_number(undone, keyring, actor, "+84905123456", "Bàn khác")
    remove_number(undone, actor, number.id)
    assert list_numbers(undone) == []
    with pytest.raises(NotFound):
        remove_number(undone, actor, number.id)
    add_number(undone, keyring, actor, PHONE, DESK)


@pytest.mark.parametrize("actor", [OFFICER, ANALYST])
def test_nobody_else_does(undone: Session, keyring: Keyring, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        add_number(undone, keyring, actor, PHONE, DESK)


@pytest.mark.parametrize(
    ("phone", "label", "reason"),
    [
        ("0236 3 810 042", DESK, "Số cố định"),
        ("1022", DESK, "Số dịch vụ"),
        ("", DESK, "Thiếu số"),
        (PHONE, " ", "bộ phận nào"),
        (PHONE, "x" * 81, "bộ phận nào"),
        (PHONE, "Máy 0905 123 457", "không được chứa số điện thoại"),
    ],
)
def test_a_number_that_is_no_use_is_refused(
    undone: Session, keyring: Keyring, phone: str, label: str, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        add_number(undone, keyring, OPERATOR, phone, label)


def test_who_had_a_number_erased_is_not_brought_back_as_a_test(undone: Session, keyring: Keyring, desk: int) -> None:
    row = undone.execute(text("SELECT contact_id FROM test_number")).scalar_one()
    remove_number(undone, OPERATOR, desk)
    erase_contact(undone, lock_contact(undone, row))
    with pytest.raises(InvalidInput, match="bị xoá"):
        add_number(undone, keyring, OPERATOR, PHONE, DESK)


def test_a_test_is_one_marked_message_and_no_campaign_to_citizens(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion
) -> None:
    test = tried(undone, desk, version)
    campaign = undone.get_one(Campaign, test.campaign_id)
    [part] = campaign_text(campaign).for_place(Place("", ""))
    assert part.text == LABEL + "Thông báo từ phường."
    batch = batch_of(undone, test)
    assert (batch.size, batch.queued, batch.gateway_id) == (1, 1, gateway.id)
    assert list(list_campaigns(undone)) == []
    assert [row.slug for row in list_templates(undone)] == [version.template.slug]
    [row] = list_tests_of_template(undone, version.template_id)
    assert (row.label, row.version, row.gateway, row.state, row.requested_by) == (
        DESK,
        1,
        "viettel-1",
        0,
        OFFICER.email,
    )


def test_a_test_without_marks_goes_without_marks(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion
) -> None:
    test = tried(undone, desk, version, variant="plain")
    [part] = campaign_text(undone.get_one(Campaign, test.campaign_id)).for_place(Place("", ""))
    assert part.text == LABEL + "Thong bao tu phuong."


def test_the_text_of_a_test_is_never_read_as_a_template(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion
) -> None:
    test = tried(undone, desk, version, text="{{ ho_ten }} {% if x %}")
    [part] = campaign_text(undone.get_one(Campaign, test.campaign_id)).for_place(Place("", ""))
    assert part.text == LABEL + "{{ ho_ten }} {% if x %}"


def test_a_test_is_written_to_the_audit_without_number_or_text(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion
) -> None:
    tried(undone, desk, version)
    entry = undone.scalars(select(AuditEntry).where(AuditEntry.action == "test.sent")).one()
    assert entry.actor == OFFICER.email
    assert entry.detail == {"to": DESK, "template": version.template.slug, "version": 1}


def test_a_person_gets_a_few_tests_a_minute(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion
) -> None:
    for _ in range(PER_MINUTE):
        tried(undone, desk, version)
    with pytest.raises(WrongState, match="một phút"):
        tried(undone, desk, version)
    undone.execute(text("UPDATE test_message SET requested_at = now() - interval '61 seconds'"))
    tried(undone, desk, version)


def test_only_listed_numbers_get_tests(undone: Session, desk: int, gateway: Gateway, version: TemplateVersion) -> None:
    remove_number(undone, OPERATOR, desk)
    with pytest.raises(NotFound, match="không có trong danh sách"):
        tried(undone, desk, version)


def test_without_a_route_there_is_no_test(undone: Session, desk: int, version: TemplateVersion) -> None:
    with pytest.raises(InvalidInput, match="Chưa có cổng"):
        tried(undone, desk, version)


@pytest.mark.parametrize("given", ["", "  ", "x" * 1_600])
def test_a_text_that_is_none_or_too_long_is_refused(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion, given: str
) -> None:
    with pytest.raises(InvalidInput, match="tối đa"):
        tried(undone, desk, version, text=given)


def test_a_gateway_is_tried_by_itself_whatever_the_routes_say(
    undone: Session, keyring: Keyring, desk: int, gateway: Gateway
) -> None:
    spare = make_gateway(undone, keyring, name="du-phong", carriers=())
    test = try_gateway(undone, OPERATOR, number_id=desk, gateway_name="du-phong", text="Kiểm tra cổng")
    route_batches(undone)
    align_batches(undone)
    assert batch_of(undone, test).gateway_id == spare.id
    batch_of(undone, test).state = "leased"
    undone.flush()
    set_enabled(undone, "du-phong", False)
    batch_of(undone, test).state = "ready"  # refused for now, and released
    undone.flush()
    route_batches(undone)
    undone.expire_all()
    assert batch_of(undone, test).gateway_id == spare.id
    set_enabled(undone, "du-phong", True)
    set_enabled(undone, "du-phong", False)
    undone.expire_all()
    route_batches(undone)
    assert batch_of(undone, test).gateway_id is None
    [row] = list_tests_of_gateway(undone, spare.id)
    assert row.gateway == "du-phong"


def test_a_gateway_that_is_off_is_not_tried(undone: Session, desk: int, gateway: Gateway) -> None:
    set_enabled(undone, "viettel-1", False)
    with pytest.raises(WrongState, match="đang tắt"):
        try_gateway(undone, OPERATOR, number_id=desk, gateway_name="viettel-1", text="Kiểm tra")


def test_only_an_operator_tries_a_gateway(undone: Session, desk: int, gateway: Gateway) -> None:
    with pytest.raises(Forbidden):
        try_gateway(undone, OFFICER, number_id=desk, gateway_name="viettel-1", text="Kiểm tra")


def test_a_test_that_could_not_be_sent_is_given_up(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion
) -> None:
    test = tried(undone, desk, version)
    assert cancel_stale_tests(undone, minutes=15) == 0
    undone.execute(text("UPDATE test_message SET requested_at = now() - interval '16 minutes'"))
    assert cancel_stale_tests(undone, minutes=15) == 1
    undone.expire_all()
    assert undone.get_one(Campaign, test.campaign_id).state == "cancelled"


def test_no_citizen_is_told_that_a_test_was_the_citys(
    undone: Session, desk: int, gateway: Gateway, version: TemplateVersion
) -> None:
    test = tried(undone, desk, version)
    undone.execute(text("UPDATE batch SET started_at = now() WHERE campaign_id = :c"), {"c": test.campaign_id})
    assert find_sent(undone, "Bất cứ điều gì") is None


def test_whatever_changes_a_gateway_makes_the_tick_look_where_batches_belong(undone: Session, gateway: Gateway) -> None:
    undone.execute(text("UPDATE gateway SET changed_at = now() - interval '1 hour'"))
    undone.expire_all()
    assert not routes_changed(undone, within=180)
    mark_changed(undone, gateway)
    assert routes_changed(undone, within=180)

"""The pages of operators beside the gateways: prices, and numbers that texts are tried on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import Tariff, TestNumber
from tests.admin.console.conftest import Browser

PRICE = {"carrier": "viettel", "message_class": "*", "from_date": "2026-01-01", "price": "850,5"}


def put(browser: Browser, **changes: str) -> Any:
    return browser.post("/tariffs/put", PRICE | changes, follow_redirects=True)


def test_a_price_is_entered_shown_and_removed(signed_in: Any, session: Session) -> None:
    operator = signed_in("operator")
    page = put(operator).text
    assert "850,5" in page
    assert "01/01/2026" in page
    put(operator, price="900")
    session.expire_all()
    assert [float(row.price) for row in session.scalars(select(Tariff))] == [900]
    assert "Chưa có giá nào" in operator.post("/tariffs/remove", PRICE, follow_redirects=True).text
    assert "Không có mức giá này" in operator.post("/tariffs/remove", PRICE, follow_redirects=True).text


def test_a_price_that_cannot_be_is_refused_at_its_field_and_kept(signed_in: Any, session: Session) -> None:
    operator = signed_in("operator")
    for wrong, field in (
        ({"price": "nhiều"}, "price"),
        ({"from_date": "hôm nay"}, "from_date"),
        ({"price": ""}, "price"),
    ):
        answer = put(operator, **wrong)
        assert answer.status_code == 422
        assert f'id="e-{field}"' in answer.text
    assert 'value="nhiều"' in put(operator, price="nhiều").text
    assert session.scalars(select(Tariff)).all() == []


def test_a_desk_is_added_masked_and_taken_off(signed_in: Any, session: Session) -> None:
    admin = signed_in("administrator")
    page = admin.post("/desks/", {"label": "Trực ban", "phone": "0905 123 456"}, follow_redirects=True).text
    assert "Trực ban" in page
    assert "09•• ••• 456" in page
    assert "0905" not in page
    number = session.scalars(select(TestNumber)).one()
    gone = admin.post("/desks/remove", {"id": str(number.id)}, follow_redirects=True).text
    assert "Đã bỏ số khỏi danh sách." in gone
    assert "Chưa có số nào" in gone


def test_a_number_that_cannot_be_is_refused_at_its_field_and_kept(signed_in: Any) -> None:
    admin = signed_in("administrator")
    answer = admin.post("/desks/", {"label": "Trực ban", "phone": "1022"})
    assert answer.status_code == 422
    assert 'id="e-phone"' in answer.text
    assert 'value="Trực ban"' in answer.text
    assert 'id="e-label"' in admin.post("/desks/", {"label": "", "phone": "0905123456"}).text

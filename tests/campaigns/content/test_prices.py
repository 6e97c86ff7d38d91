"""The tariff: what a part costs on a day, for a carrier and a class."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from campaigns.advertising.senders import save_sender
from campaigns.audience.phone import carriers
from campaigns.audience.reach import reach_of
from campaigns.content.prices import CARRIERS, Prices, read_price, read_prices, remove_price, set_price
from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.gateways.registry import add_gateway
from campaigns.store.gateways import list_routes
from campaigns.titles import CARRIER_TITLES
from config.keys import Keyring
from tests.factories import OFFICER, OPERATOR, make_campaign

ROWS = (
    ("*", "*", date(2026, 1, 1), Decimal(700)),
    ("viettel", "*", date(2026, 1, 1), Decimal(800)),
    ("viettel", "*", date(2026, 7, 1), Decimal(850)),
    ("*", "quang-cao", date(2026, 1, 1), Decimal(900)),
    ("viettel", "quang-cao", date(2027, 1, 1), Decimal(999)),
)


@pytest.mark.parametrize(
    ("day", "carrier", "kind", "price"),
    [
        (date(2025, 12, 31), "viettel", "thong-bao", None),
        (date(2026, 1, 1), "viettel", "thong-bao", 800),
        (date(2026, 6, 30), "viettel", "thong-bao", 800),
        (date(2026, 7, 1), "viettel", "thong-bao", 850),
        (date(2026, 7, 1), "mobifone", "thong-bao", 700),
        (date(2026, 7, 1), "mobifone", "quang-cao", 900),
        (date(2026, 7, 1), "viettel", "quang-cao", 850),
        (date(2027, 1, 1), "viettel", "quang-cao", 999),
    ],
)
def test_the_most_particular_price_that_has_begun_holds(day: date, carrier: str, kind: str, price: int | None) -> None:
    assert Prices.on(day, ROWS).of(carrier, kind) == price


@pytest.mark.parametrize(
    ("given", "price"), [("850", "850"), ("1.250", "1250"), ("850,5", "850.5"), (" 0 ", "0"), ("100.000", "100000")]
)
def test_amounts_are_read_as_people_write_them(given: str, price: str) -> None:
    assert read_price(given) == Decimal(price)


@pytest.mark.parametrize("given", ["", "-1", "abc", "NaN", "inf", "1e9", "100.001", "1,234", "٣٤", "9" * 50])
def test_what_is_no_amount_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="không phải là số tiền"):
        read_price(given)


def test_an_operator_sets_corrects_and_removes_a_price(undone: Session) -> None:
    kind = {"carrier": "viettel", "message_class": "*", "from_date": date(2026, 1, 1)}
    set_price(undone, OPERATOR, price=Decimal(800), **kind)
    set_price(undone, OPERATOR, price=Decimal(810), **kind)
    assert read_prices(undone, date(2026, 5, 5)).of("viettel", "thong-bao") == 810
    remove_price(undone, OPERATOR, **kind)
    assert read_prices(undone, date(2026, 5, 5)).of("viettel", "thong-bao") is None
    with pytest.raises(NotFound):
        remove_price(undone, OPERATOR, **kind)


@pytest.mark.parametrize(("carrier", "kind"), [("viettell", "*"), ("*", "nhac-viec")])
def test_a_price_for_nobody_is_refused(undone: Session, carrier: str, kind: str) -> None:
    with pytest.raises(InvalidInput, match="có:"):
        set_price(undone, OPERATOR, carrier=carrier, message_class=kind, from_date=date(2026, 1, 1), price=Decimal(1))


def test_only_an_operator_sets_prices(undone: Session) -> None:
    with pytest.raises(Forbidden):
        set_price(undone, OFFICER, carrier="*", message_class="*", from_date=date(2026, 1, 1), price=Decimal(1))


def test_a_carrier_has_one_name_everywhere_and_its_former_one_is_understood(undone: Session, keyring: Keyring) -> None:
    assert set(CARRIERS) == set(CARRIER_TITLES) == set(carriers().values()) - {"unknown"}
    of_old = {"carrier": "reddi", "message_class": "*", "from_date": date(2026, 1, 1)}
    set_price(undone, OPERATOR, price=Decimal(640), **of_old)
    assert read_prices(undone, date(2026, 5, 5)).of("wintel", "thong-bao") == 640
    remove_price(undone, OPERATOR, **of_old)
    stored = Prices.on(date(2026, 5, 5), [("reddi", "*", date(2026, 1, 1), Decimal(650))])
    assert stored.of("wintel", "thong-bao") == 650
    account = {"adapter": "smpp", "settings": {"host": "127.0.0.1", "port": 2775, "system_id": "a", "password": "b"}}
    add_gateway(undone, keyring, OPERATOR, "wintel", tps=1, carriers=["reddi:2"], **account)
    assert [route.carrier for route in list_routes(undone)] == ["wintel"]
    sender = save_sender(
        undone, OPERATOR, "UBND DN", owner="UBND", owner_kind="authority", carriers_status={"reddi": "registered"}
    )
    assert sender.carriers == {"wintel": "registered"}
    audience = {"edition": "2023", "everybody": True, "carriers": ["reddi"]}
    assert reach_of(undone, make_campaign(undone, audience=audience)).carriers == ("wintel",)

"""What a part costs: a dated table of prices by carrier and class, kept by the operator.

Contracts price carrier × class × part, and change from a day on. ``*`` stands for every carrier or class without a
row of its own; a carrier's row goes before a class's, for contracts are made with carriers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.errors import InvalidInput, NotFound
from campaigns.store.audit import append_audit
from campaigns.store.tariffs import delete_tariff, list_tariffs, put_tariff
from campaigns.titles import carrier_key

ANY = "*"
CARRIERS = ("viettel", "vinaphone", "mobifone", "vietnamobile", "gmobile", "itel", "wintel")
"""In the order people know them."""
PRICE_MOST = Decimal(100_000)


def in_known_order(by_carrier: Mapping[str, int]) -> list[tuple[str, int]]:
    """What there is by carrier, in the order people know carriers; others after them by name."""
    place = {name: number for number, name in enumerate((*CARRIERS, "", "unknown"))}
    return sorted(by_carrier.items(), key=lambda item: (place.get(item[0], len(CARRIERS)), item[0]))


@dataclass(frozen=True)
class Prices:
    """Prices in force on one day, by (carrier, class)."""

    by_kind: Mapping[tuple[str, str], Decimal]

    @classmethod
    def on(cls, day: date, rows: Iterable[tuple[str, str, date, Decimal]]) -> Prices:
        """Of (carrier, class, from day, price) those that hold on ``day``: the latest that has begun."""
        begun = sorted((row for row in rows if row[2] <= day), key=lambda row: row[2])
        return cls({(carrier_key(carrier), kind): price for carrier, kind, _, price in begun})

    def of(self, carrier: str, message_class: str) -> Decimal | None:
        """Đồng for one part; None where nobody wrote down a price."""
        for key in ((carrier, message_class), (carrier, ANY), (ANY, message_class), (ANY, ANY)):
            if key in self.by_kind:
                return self.by_kind[key]
        return None


def read_prices(session: Session, day: date) -> Prices:
    """The prices that hold on a day, for any number of ``Prices.of``."""
    rows = list_tariffs(session)
    return Prices.on(day, ((row.carrier, row.message_class, row.from_date, row.price) for row in rows))


def read_price(given: str) -> Decimal:
    """An amount as people write it: ``850``, ``1.250``, ``850,5``.

    Raises:
        InvalidInput: it is no amount from 0 to 100.000 đồng.
    """
    plain = given.strip().replace(" ", "").replace(".", "").replace(",", ".")
    try:
        price = Decimal(plain if plain.isascii() and len(plain) <= 12 else "no")
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price <= PRICE_MOST or price != round(price, 2):
        raise InvalidInput(
            "“{given}” không phải là số tiền từ 0 đến 100.000 đồng, như 850 hoặc 850,5.",
            "“{given}” is no amount from 0 to 100.000 đồng, such as 850 or 850,5.",
            given=given[:40],
        )
    return price


def set_price(
    session: Session, actor: Actor, *, carrier: str, message_class: str, from_date: date, price: Decimal
) -> None:
    """Say what a part costs from a day on; the same carrier, class and day once more corrects it.

    Raises:
        Forbidden: the person may not change gateways.
        InvalidInput: the class or the carrier does not exist.
    """
    actor.require("gateway.edit")
    carrier = carrier_key(carrier)
    if carrier not in (ANY, *CARRIERS):
        raise InvalidInput(
            "Không có nhà mạng “{name}”; có: {known}.",
            "There is no carrier “{name}”; there are: {known}.",
            name=carrier[:40],
            known=", ".join((ANY, *CARRIERS)),
        )
    if message_class not in (ANY, *MESSAGE_CLASSES):
        raise InvalidInput(
            "Không có loại tin “{name}”; có: {known}.",
            "There is no class “{name}”; there are: {known}.",
            name=message_class[:40],
            known=", ".join((ANY, *MESSAGE_CLASSES)),
        )
    put_tariff(session, carrier=carrier, message_class=message_class, from_date=from_date, price=price, by=actor.email)
    append_audit(
        session,
        actor.email,
        "tariff.set",
        "tariff",
        f"{carrier}/{message_class}",
        {"from": from_date.isoformat(), "price": str(price)},
    )


def remove_price(session: Session, actor: Actor, *, carrier: str, message_class: str, from_date: date) -> None:
    """Take a price off the list; the one before it holds again.

    Raises:
        Forbidden: the person may not change gateways.
        NotFound: it is not on the list.
    """
    actor.require("gateway.edit")
    carrier = carrier_key(carrier)
    if not delete_tariff(session, carrier=carrier, message_class=message_class, from_date=from_date):
        raise NotFound("Không có mức giá này; có thể đã bị bỏ.", "There is no such price; somebody removed it.")
    append_audit(
        session,
        actor.email,
        "tariff.removed",
        "tariff",
        f"{carrier}/{message_class}",
        {"from": from_date.isoformat()},
    )

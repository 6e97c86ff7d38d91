"""Delivery over many campaigns: whatever is asked for, the rows add up to it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaigns.access import Scope
from campaigns.models import Batch
from campaigns.stats import STATE_LABELS, StatsRow
from campaigns.stats.delivery import DeliveryQuery, delivery, merge_small
from campaigns.store.stats import DIMENSIONS
from config.keys import Keyring
from tests.factories import make_campaign, make_gateway, ward_id

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
"""12:00 in Da Nang."""


@pytest.fixture
def two_campaigns(session: Session, keyring: Keyring) -> list[int]:
    """One in November over four wards, one in March in Hải Châu only."""
    gateway = make_gateway(session, keyring)
    autumn = make_campaign(session, state="finished", planned_at=NOON)
    spring = make_campaign(session, state="finished", planned_at=datetime(2026, 3, 3, 17, 30, tzinfo=UTC))
    rows: list[tuple[Any, str, str, int, int]] = [
        (autumn, "20194", "viettel", 90, 10),
        (autumn, "20195", "viettel", 50, 0),
        (autumn, "20227", "mobifone", 40, 10),
        (autumn, "20296", "mobifone", 33, 0),
        (spring, "20227", "viettel", 70, 0),
    ]
    for campaign, ward, carrier, good, bad in rows:
        session.add(
            Batch(
                campaign_id=campaign.id,
                ward_id=ward_id(session, ward),
                carrier=carrier,
                gateway_id=gateway.id,
                state="done",
                size=good + bad,
                parts=good + bad,
                delivered=good,
                undelivered=bad,
                started_at=campaign.planned_at,
            )
        )
    session.commit()
    return [autumn.id, spring.id]


def counts(rows: list[StatsRow]) -> dict[str, int]:
    return {row.name: row.planned for row in rows if row.planned}


@pytest.mark.parametrize("by", DIMENSIONS)
@pytest.mark.parametrize("edition", ["2023", "2025"])
def test_every_dimension_adds_up_to_the_same(
    session: Session, two_campaigns: list[int], by: str, edition: str
) -> None:
    rows = delivery(session, DeliveryQuery(by=by, edition=edition))
    assert sum(row.planned for row in rows) == 303
    assert {label: sum(row.totals[label] for row in rows) for label in STATE_LABELS if label == "delivered"} == {
        "delivered": 283
    }


def test_wards_of_2023_are_said_in_the_units_of_2025(session: Session, two_campaigns: list[int]) -> None:
    assert counts(delivery(session, DeliveryQuery(by="ward", edition="2025"))) == {
        "Phường Hải Vân": 150,
        "Phường Hải Châu": 120,
        "Đơn vị đã chia tách, không quy đổi được": 33,
    }


@pytest.mark.parametrize(
    ("narrowed", "planned"),
    [
        ({"since": date(2026, 11, 1)}, 233),
        ({"until": date(2026, 10, 31)}, 70),
        ({"since": date(2026, 3, 4), "until": date(2026, 3, 4)}, 70),  # 00:30 in Da Nang, the day before in UTC
        ({"carrier": "viettel"}, 220),
        ({"carrier": "viettel", "district": "490"}, 150),
        ({"district": "492"}, 120),
        ({"ward": "20194"}, 100),
        ({"edition": "2025", "ward": "20194"}, 150),  # Hải Vân, not Hòa Hiệp Bắc
        ({"topic": "khong-co"}, 0),
        ({"gateway": "khong-co"}, 0),
        ({"message_class": "khan-cap"}, 0),
    ],
)
def test_it_is_narrowed_by(session: Session, two_campaigns: list[int], narrowed: dict[str, Any], planned: int) -> None:
    rows = delivery(session, DeliveryQuery(**{"by": "ward", **narrowed}))
    assert sum(row.planned for row in rows) == planned


def test_one_campaign_alone_and_only_wards_that_may_be_seen(session: Session, two_campaigns: list[int]) -> None:
    spring = DeliveryQuery(by="district", campaign_id=two_campaigns[1])
    assert counts(delivery(session, spring)) == {"Quận Hải Châu": 70}
    seen = delivery(session, DeliveryQuery(by="ward"), scope=Scope(wards=frozenset({ward_id(session, "20194")})))
    assert counts(seen) == {"Phường Hòa Hiệp Bắc": 100}


def row(name: str, planned: int) -> StatsRow:
    return StatsRow(name, name, planned, planned, dict.fromkeys(STATE_LABELS, 0) | {"delivered": planned})


@pytest.mark.parametrize(
    ("sizes", "alone", "together"),
    [
        ([100, 90, 30], [100, 90, 30], None),
        ([100, 20, 15], [100], 35),
        ([100, 50, 29], [100], 79),  # one alone could be worked out from the total
        ([100, 50, 10, 5], [100], 65),  # 15 people are still too few
        ([12], [12], None),  # all there is
    ],
)
def test_small_areas_stand_together(sizes: list[int], alone: list[int], together: int | None) -> None:
    found = merge_small([row(f"P{n}", size) for n, size in enumerate(sizes)])
    assert [r.planned for r in found if r.key] == alone
    assert [r.planned for r in found if not r.key] == ([together] if together else [])
    assert sum(r.planned for r in found) == sum(sizes)

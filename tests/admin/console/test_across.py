"""Delivery over all campaigns: what is looked at stands in the address."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaigns.models import Batch
from tests.factories import make_campaign, ward_id


@pytest.fixture
def sent(session: Session) -> int:
    """A campaign of today: 90 of 100 in Hòa Hiệp Bắc, 60 of 60 in Thanh Bình."""
    campaign = make_campaign(session, state="finished", planned_at=datetime.now(UTC))
    for ward, good, bad in (("20194", 90, 10), ("20227", 60, 0)):
        session.add(
            Batch(
                campaign_id=campaign.id,
                ward_id=ward_id(session, ward),
                carrier="viettel",
                state="done",
                size=good + bad,
                parts=good + bad,
                delivered=good,
                undelivered=bad,
            )
        )
    session.commit()
    return campaign.id


def table(answer: Any) -> dict[str, int]:
    rows = csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig")))
    return {list(r.values())[1]: int(r["Tổng số tin"]) for r in rows}


def test_page_picture_and_file_say_the_same(sent: int, signed_in: Any) -> None:
    analyst = signed_in("analyst")
    page = analyst.get("/delivery/?by=district").text
    assert "150 trong 160 tin đã tới máy (93,7%)." in page
    assert "Mẫu số là tổng số tin đã lập kế hoạch." in page
    assert table(analyst.get("/delivery/table.csv?by=district")) == {"Quận Liên Chiểu": 100, "Quận Hải Châu": 60}
    assert analyst.get("/delivery/chart.svg?by=district").mimetype == "image/svg+xml"


def test_the_edition_of_2025_knows_no_districts_and_other_wards(sent: int, signed_in: Any) -> None:
    analyst = signed_in("analyst")
    shown = analyst.get("/delivery/?by=district&edition=2025").text
    assert "Kết quả gửi theo phường, xã" in shown
    assert table(analyst.get("/delivery/table.csv?edition=2025")) == {"Phường Hải Vân": 100, "Phường Hải Châu": 60}
    # 20227 is Thanh Bình in 2023 and nothing in 2025: a filter chosen there does not stay.
    assert len(table(analyst.get("/delivery/table.csv?edition=2025&ward=20227"))) == 2


def test_filters_are_kept_by_every_link_of_the_page(sent: int, signed_in: Any) -> None:
    page = signed_in("analyst").get(f"/delivery/?by=ward&carrier=viettel&campaign={sent}&since=2026-01-02").text
    for kept in ("carrier=viettel", f"campaign={sent}", "since=2026-01-02"):
        for link in ("/delivery/?", "/delivery/table.csv?", "/delivery/chart.svg?"):
            assert any(kept in found for found in page.split('"') if found.startswith(link)), (kept, link)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("by=phone", 404),
        ("edition=1999", 404),
        ("campaign=1;drop", 404),
        ("since=hom-qua", 400),
        ("carrier=" + "x" * 500, 200),
    ],
)
def test_what_cannot_be_asked_is_said_so(sent: int, signed_in: Any, query: str, status: int) -> None:
    assert signed_in("analyst").get(f"/delivery/?{query}").status_code == status

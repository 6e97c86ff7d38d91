"""Delivery by district and ward: picture, table and file say the same."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from sqlalchemy.orm import Session

from admin.console.charts import THEMES, delivery_chart
from admin.console.sheets import safe_cell, write_sheet
from campaigns.models import Batch
from campaigns.stats import STATE_LABELS, StatsRow
from config.i18n import language
from tests.factories import make_campaign, ward_id


@pytest.fixture
def delivered(session: Session) -> None:
    """A finished campaign: Liên Chiểu 90 of 100, Hải Châu 40 of 50."""
    campaign = make_campaign(session, state="finished", name="Bảy cách")
    for ward, carrier, good, bad in (("20194", "viettel", 90, 10), ("20227", "mobifone", 40, 10)):
        session.add(
            Batch(
                campaign_id=campaign.id,
                ward_id=ward_id(session, ward),
                carrier=carrier,
                state="done",
                size=good + bad,
                parts=good + bad,
                delivered=good,
                undelivered=bad,
            )
        )
    session.commit()


@pytest.mark.parametrize("by", ["district", "ward", "carrier", "gateway", "hour", "state"])
def test_every_view_adds_up_to_the_campaign(delivered: None, signed_in: Any, by: str) -> None:
    analyst = signed_in("analyst")
    page = analyst.get(f"/campaigns/1/delivery?by={by}").text
    foot = re.sub(r"<[^>]+>", " ", page.split("<tfoot>")[1].split("</tfoot>")[0])
    assert re.search(r"\b150\b", foot)
    assert re.search(r"\b130\b", foot)
    sheet = analyst.get(f"/campaigns/1/delivery.csv?by={by}")
    rows = list(csv.DictReader(io.StringIO(sheet.get_data().decode("utf-8-sig"))))
    assert sum(int(row["Tổng số tin"]) for row in rows) == 150
    assert sum(int(row["Đã tới máy"]) for row in rows) == 130
    assert analyst.get(f"/campaigns/1/delivery.svg?by={by}").mimetype == "image/svg+xml"


def test_the_sentence_says_what_the_picture_shows(delivered: None, signed_in: Any) -> None:
    analyst = signed_in("analyst")
    assert "130 trong 150 tin đã tới máy (86,6%). Cao nhất: Quận Liên Chiểu (90%); thấp nhất: Quận Hải Châu (80%)." in (
        analyst.get("/campaigns/1/delivery").text
    )
    analyst.post("/language", {"language": "en", "next": "/"})
    assert "130 of 150 messages were delivered (86.6%)." in analyst.get("/campaigns/1/delivery").text


def test_a_view_nobody_offers_is_no_page(delivered: None, signed_in: Any) -> None:
    analyst = signed_in("analyst")
    for path in ("delivery?by=phone", "delivery.svg?by=phone", "delivery.svg?theme=neon", "delivery.csv?by=x"):
        assert analyst.get(f"/campaigns/1/{path}").status_code == 404


def test_a_campaign_without_messages_has_a_page_too(session: Session, signed_in: Any) -> None:
    make_campaign(session)
    session.commit()
    assert "Chưa có tin nào được lập kế hoạch." in signed_in("analyst").get("/campaigns/1/delivery").text


def test_the_sheet_is_named_for_its_campaign_in_plain_letters(delivered: None, signed_in: Any) -> None:
    answer = signed_in("analyst").get("/campaigns/1/delivery.csv?by=ward")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="loa-1-bay-cach-ward.csv"'
    assert answer.get_data().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("cell", ["=1+1", "+84905", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_no_cell_runs_as_a_formula(cell: str) -> None:
    assert safe_cell(cell) == "'" + cell
    assert b"'" in write_sheet(["a"], [[cell]])


@pytest.mark.parametrize("cell", ["Phường Hòa Minh", "20194", -5, 3.5, None, ""])
def test_ordinary_cells_stay_as_they_are(cell: object) -> None:
    assert safe_cell(cell) == cell


def test_the_picture_is_drawn_in_both_languages_and_for_day_and_night() -> None:
    totals = dict.fromkeys(STATE_LABELS, 0) | {"delivered": 1200, "failed": 34}
    row = StatsRow("490", "Quận Liên Chiểu", 1234, 1234, totals)
    for theme in THEMES:
        with language("vi"):
            assert "Đã tới máy" in delivery_chart([row], theme=theme)
        with language("en"):
            svg = delivery_chart([row], theme=theme)
            assert "Delivered" in svg
            assert "Quận Liên Chiểu" in svg
    with language("vi"):
        assert "1.200" in delivery_chart([row]) or "1.000" in delivery_chart([row])


def test_a_name_cannot_break_out_of_the_picture() -> None:
    totals = dict.fromkeys(STATE_LABELS, 0) | {"delivered": 1}
    svg = delivery_chart([StatsRow("x", "<script>alert(1)</script>", 1, 1, totals)])
    assert "<script" not in svg

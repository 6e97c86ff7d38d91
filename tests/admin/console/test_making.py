"""Making a campaign in five steps: each saves, none loses what was typed, and one form makes one campaign."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import Campaign
from campaigns.store.tariffs import put_tariff
from config.keys import Keyring
from tests.admin.console.conftest import Browser, email_of
from tests.factories import make_contact, make_gateway, make_template

TEXT = {"name": "Bảy cách", "template": "ho-khau", "variant": "plain", "value-gio_bat_dau": "7:30"}
WHOM = {"whom": "areas", "edition": "2023", "district": ["490"]}
WHEN = {"when": "later", "window_start": "07:00", "window_end": "21:00", "pacing": "none"}


@pytest.fixture
def ready(session: Session, keyring: Keyring) -> None:
    """A text, three people of two districts, a gateway, a price."""
    make_template(
        session,
        slug="ho-khau",
        title="Sổ hộ khẩu",
        marked="UBND {{ phuong }} mời ông/bà lúc {{ gio_bat_dau }}. Hỏi đáp: 1022",
        plain="UBND {{ phuong }} moi ong/ba luc {{ gio_bat_dau }}. Hoi dap: 1022",
    )
    make_contact(session, keyring, ward="20194", attributes={"nhan": "Người cao tuổi; Hộ nghèo"})
    make_contact(session, keyring, ward="20195", carrier="mobifone", language="en")
    make_contact(session, keyring, ward="20227")
    make_gateway(session, keyring, name="viettel", tps=1)
    put_tariff(session, carrier="*", message_class="*", from_date=date(2020, 1, 1), price=Decimal(850), by="x")
    session.commit()


def only(session: Session) -> Campaign:
    """The one campaign, as it is now."""
    session.expire_all()
    return session.scalars(select(Campaign)).one()


def begin(browser: Browser, **changes: Any) -> Any:
    """Send step 1 of a new campaign."""
    return browser.post("/campaigns/new", {**TEXT, "token": uuid4().hex, **changes})


def send(browser: Browser, session: Session, step: str, **values: Any) -> Any:
    """Send a step of the one campaign as its page would: with the version that stands there."""
    return browser.post(f"/campaigns/1/edit/{step}", {"version": str(only(session).version), **values})


def words_of(html: str) -> str:
    """A page's text, one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_five_steps_lead_from_nothing_to_submitted(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    assert begin(officer).headers["Location"] == "/campaigns/1/edit/audience"
    assert send(officer, session, "audience", **WHOM).headers["Location"] == "/campaigns/1/edit/schedule"
    assert send(officer, session, "schedule", **WHEN).headers["Location"] == "/campaigns/1/edit/review"
    assert officer.get("/campaigns/1/edit/review").status_code == 200
    page = words_of(officer.get("/campaigns/1/edit/submission").text)
    assert email_of("approver") in page
    assert email_of("officer") not in page.split("Ai duyệt được")[1]
    assert send(officer, session, "submission").headers["Location"] == "/campaigns/1/"
    made = only(session)
    assert (made.state, made.values, made.audience["districts"]) == ("submitted", {"gio_bat_dau": "7:30"}, ["490"])


def test_the_review_tells_text_people_cost_gateways_and_finish(ready: None, signed_in: Any, session: Session) -> None:
    officer = signed_in("officer")
    begin(officer, budget="1.000")
    send(officer, session, "audience", **WHOM)
    told = words_of(officer.get("/campaigns/1/edit/review").text)
    assert "UBND Phuong Hoa Hiep Bac moi ong/ba luc 7:30" in told
    assert "Sẽ gửi 2 người: xem danh sách 2 1.700" in told
    assert "vượt kinh phí" in told
    assert "Cổng viettel 2 phần tin · tối đa 1 mỗi giây" in told
    assert "Chi phí vượt kinh phí được duyệt." in told

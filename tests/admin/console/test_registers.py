"""Breaches, processors and terms in the console."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.console.views.registers import clock_badge
from campaigns.models import AuditEntry, Breach, Processor
from campaigns.subjects.breach import FIELDS, notice_due
from config.keys import Keyring
from tests.factories import make_gateway

WHEN = "2026-01-05T08:00"


def test_a_breach_has_its_72_hours_and_is_not_notified_half_said(signed_in: Any, session: Session) -> None:
    administrator = signed_in("administrator")
    begun = administrator.post("/breaches/", {"title": "Mất máy tính xách tay", "discovered_at": WHEN})
    page = begun.headers["Location"]
    found = session.scalars(select(Breach)).one()
    assert notice_due(found) == found.discovered_at + timedelta(hours=72)
    assert "Còn 10 giờ" in clock_badge(found, notice_due(found) - timedelta(hours=10, minutes=5)).title.vi
    assert "chậm 3 giờ" in clock_badge(found, notice_due(found) + timedelta(hours=3)).title.vi
    half = administrator.post(f"{page}notify", {"notified_at": "2026-01-05T09:00", "reference": "12/BC"})
    assert half.status_code == 422
    assert "Hồ sơ còn thiếu" in half.text

    said = {name: f"rõ, gọi 0905123456 ({name})" for name in FIELDS if FIELDS[name].required}
    assert administrator.post(page, {**said, "title": "Mất máy", "seen": "1"}).status_code == 303
    assert administrator.post(page, {**said, "title": "Khác", "seen": "1"}).status_code == 422, "changed meanwhile"
    session.expire_all()
    assert "0905123456" not in str(session.scalars(select(Breach.fields)).one())
    late = administrator.post(f"{page}notify", {"notified_at": "2026-01-20T09:00", "reference": "12/BC"})
    assert "Lý do thông báo chậm" in late.text
    assert administrator.post(f"{page}notify", {"notified_at": "2026-01-06T09:00"}).status_code == 303
    assert administrator.post(f"{page}close", {}).status_code == 303
    assert "Đã thông báo" in administrator.get("/breaches/").text
    done = session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "breach")).all()
    assert sorted(done) == ["breach.closed", "breach.notified", "breach.opened", "breach.written"]


def test_a_gateway_s_company_is_entered_with_most_filled_in(
    signed_in: Any, session: Session, keyring: Keyring
) -> None:
    make_gateway(session, keyring, name="viettel")
    session.commit()
    administrator = signed_in("administrator")
    assert "Ghi “viettel” vào sổ" in administrator.get("/processors/").text
    form = administrator.get("/processors/new?gateway=viettel").text
    assert "Điểm c khoản 1 Điều 19" in form
    entry = {"name": "viettel", "purpose": "gửi", "data": "số", "retention": "90 ngày", "basis": "Điều 19"}
    wrong = administrator.post("/processors/new", {**entry, "purpose": "", "contract_number": "HĐ 12"})
    assert wrong.status_code == 422
    assert "Hãy nhập: Mục đích" in wrong.text
    assert "HĐ 12" in wrong.text, "nothing typed is lost"
    assert administrator.post("/processors/new", entry).status_code == 303
    assert "vào sổ" not in administrator.get("/processors/").text
    kept = session.scalars(select(Processor)).one()
    changed = {**entry, "seen": "1", "checked_on": "2026-06-01", "contract_number": "HĐ 12"}
    assert administrator.post(f"/processors/{kept.id}/", changed).status_code == 303
    assert administrator.post(f"/processors/{kept.id}/", {**changed, "data": "khác"}).status_code == 422
    assert "HĐ 12" in administrator.get("/processors/").text


@pytest.mark.parametrize("role", ["officer", "approver", "analyst", "operator"])
@pytest.mark.parametrize("path", ["/breaches/", "/processors/", "/processors/new"])
def test_only_the_administrator_sees_breaches_and_processors(signed_in: Any, role: str, path: str) -> None:
    assert signed_in(role).get(path).status_code == 403


def test_the_terms_are_a_table(signed_in: Any) -> None:
    page = signed_in("administrator").get("/retention/").text
    assert "24 tháng" in page
    assert "60 tháng" in page

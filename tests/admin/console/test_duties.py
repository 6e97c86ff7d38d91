"""The start page: what waits for a person, and for nobody who cannot do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from campaigns.models import AuditCheck, DoNotCallList
from tests.factories import make_campaign

BROKEN = "Chuỗi nhật ký bị đứt ở mục 7"
OLD_LIST = "Danh sách không quảng cáo đã 40 ngày tuổi"
STOPPED = "Nhà mạng báo nội dung sai"


def test_each_sees_what_they_can_do_something_about(session: Session, signed_in: Any) -> None:
    make_campaign(session, state="paused", name="Bão", state_reason=STOPPED)
    session.add(AuditCheck(asked_by="system", finished_at=datetime.now(UTC), broken_id=7, fault="content"))
    day = (datetime.now(UTC) + timedelta(hours=7) - timedelta(days=40)).date()
    session.add(DoNotCallList(name="dnc.csv", digest=b"0", issued_on=day, created_by="operator"))
    session.commit()
    seen = {role: signed_in(role).get("/").text for role in ("officer", "operator", "administrator")}
    assert BROKEN in seen["administrator"]
    assert BROKEN not in seen["officer"] + seen["operator"]
    assert OLD_LIST in seen["operator"]
    assert "(gấp)" in seen["operator"]
    assert OLD_LIST not in seen["administrator"]
    assert STOPPED in seen["officer"]


def test_a_day_without_duties_says_nothing_of_them(signed_in: Any) -> None:
    for role in ("officer", "operator", "administrator"):
        assert "Việc đang chờ bạn" not in signed_in(role).get("/").text

"""The audit on screen: in words, found by person, deed, thing and day, a page at a time; who comes in is in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.gateways.registry import change_gateway
from campaigns.models import AuditEntry
from campaigns.proof.chain import run_checks
from campaigns.proof.deeds import DEEDS, FIELDS, KINDS, explain, tariff_title
from campaigns.store.audit import append_audit
from config.keys import Keyring
from tests.admin.console.conftest import PASSWORD, Browser, email_of
from tests.factories import APPROVER, OFFICER, OPERATOR, make_campaign, make_gateway
from tests.test_architecture import modules


@pytest.fixture
def history(session: Session) -> int:
    """A campaign somebody made and edited, somebody else approved; its number."""
    campaign = make_campaign(session, name="Bảy cách")
    for actor, action, detail in (
        (OFFICER.email, "campaign.created", {"name": "Bảy cách"}),
        (OFFICER.email, "campaign.edited", {"changes": {"window_start": ["07:00:00", "08:00:00"]}}),
        (APPROVER.email, "campaign.approved", {"hash": "ab12"}),
        (OFFICER.email, "gateway.enabled", {}),
    ):
        kind, number = ("gateway", "viettel") if action.startswith("gateway") else ("campaign", campaign.id)
        append_audit(session, actor, action, kind, number, detail)
    session.commit()
    return campaign.id


def rows(page: str) -> str:
    return page.split("<tbody>")[1].split("</tbody>")[0]


def test_every_action_and_kind_that_is_written_has_words() -> None:
    written, kinds = set(), set()
    for path in modules():
        source = path.read_text(encoding="utf-8")
        if "append_audit" in source:
            found = re.findall(r'append_audit\(\s*\w+,\s*[\w.]+,\s*"([a-z._-]+)",\s*"([a-z-]+)"', source)
            written |= {action for action, _ in found}
            kinds |= {kind for _, kind in found}
        noted = re.findall(r'note\(session, actor, campaign, "([a-z_-]+)"', source)
        written |= {f"campaign.{what}" for what in noted}
    assert len(written) > 30
    assert written - set(DEEDS) == set()
    assert kinds - set(KINDS) == set()
    assert not [text for text in (*DEEDS.values(), *KINDS.values(), *FIELDS.values()) if not (text.vi and text.en)]


def test_it_speaks_words_and_leads_to_the_thing(signed_in: Any, history: int) -> None:
    page = rows(signed_in("administrator").get("/audit/").text)
    assert "duyệt chiến dịch" in page
    assert "campaign.approved" not in page
    assert f'<a href="/campaigns/{history}/">Bảy cách</a>' in page
    assert "gửi từ:</span> 07:00 → 08:00" in page


def test_values_stand_there_as_people_know_them() -> None:
    detail = {
        "roles": ["officer"],
        "source": "hotline",
        "carriers": ["viettel", "*"],
        "for": "2026-11-27T01:00:00+00:00",
        "from": "2023-01-01",
        "people": 20000,
        "class": "thong-bao",
        "version": 2026,
    }
    assert [value for _, value in explain(detail)] == [
        "Cán bộ truyền thông",
        "Tổng đài 1022",
        "Viettel, mọi nhà mạng khác",
        "27/11/2026 08:00",
        "01/01/2023",
        "20.000",
        "Thông báo, tuyên truyền",
        "2026",
    ]
    assert tariff_title("viettel/*") == "Viettel, mọi loại tin"


@pytest.mark.parametrize(
    ("query", "seen", "hidden"),
    [
        ("search=duyet+chien", "duyệt chiến dịch", "soạn chiến dịch"),
        ("search=APPROVER", "duyệt chiến dịch", "soạn chiến dịch"),
        ("who=officer@danang.example&kind=campaign", "soạn chiến dịch", "bật cổng"),
        ("deed=campaign.created", "soạn chiến dịch", "sửa chiến dịch"),
        ("kind=gateway&object=viettel", "bật cổng viễn thông", "soạn chiến dịch"),
        ("kind=campaign&from=2020-01-01&to=2120-01-01", "soạn chiến dịch", "Không có dòng nào"),
        ("to=2020-01-01", "Không có dòng nào", "soạn chiến dịch"),
        ("from=2120-01-01", "Không có dòng nào", "soạn chiến dịch"),
    ],
)
def test_it_is_searched(signed_in: Any, history: int, query: str, seen: str, hidden: str) -> None:
    page = rows(signed_in("administrator").get(f"/audit/?{query}").text)
    assert seen in page
    assert hidden not in page


def test_a_day_that_is_none_is_told(signed_in: Any, history: int) -> None:
    assert "“gestern” không phải ngày" in signed_in("administrator").get("/audit/?from=gestern").text


def test_pages_lie_beside_a_row(signed_in: Any, session: Session) -> None:
    for number in range(120):
        append_audit(session, OFFICER.email, "campaign.edited", "campaign", number)
    session.commit()
    browser = signed_in("administrator")
    first = browser.get("/audit/?kind=campaign").text
    numbers = [int(n) for n in re.findall(r'data-title="Số" class="num">(\d+)<', first)]
    assert len(numbers) == 50
    assert f"before={numbers[-1]}" in first
    second = browser.get(f"/audit/?kind=campaign&before={numbers[-1]}").text
    assert f">{numbers[-1] - 1}<" in rows(second)
    back = browser.get(f"/audit/?kind=campaign&after={numbers[-1] - 1}").text
    assert [int(n) for n in re.findall(r'data-title="Số" class="num">(\d+)<', back)] == numbers


def test_the_chain_is_verified_on_demand(
    app: Flask, signed_in: Any, session: Session, keyring: Keyring, history: int
) -> None:
    browser, console = signed_in("administrator"), app.extensions["loa"]
    assert "Chưa kiểm tra lần nào" in browser.get("/audit/").text
    browser.post("/audit/check", page="/audit/")
    assert browser.get("/audit/check").headers["X-Finished"] == "0"
    run_checks(console.database, keyring, console.settings.home)
    answer = browser.get("/audit/check")
    assert answer.headers["X-Finished"] == "1"
    assert "Nguyên vẹn" in answer.text
    session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
    session.execute(text("UPDATE audit SET actor = 'x' WHERE action = 'campaign.approved'"))
    session.commit()
    run_checks(console.database, keyring, console.settings.home, asked_by="system")
    page = browser.get("/audit/").text
    assert "KHÔNG còn nguyên vẹn ở dòng" in page
    assert "có dòng sai" in page


def test_who_comes_and_goes_is_written_down(signed_in: Any, stranger: Browser, session: Session) -> None:
    stranger.sign_in(email_of("analyst"), "wrong password here")
    stranger.sign_in("nobody@danang.example", "wrong password here")
    browser = signed_in("analyst")
    browser.post("/logout")
    entries = session.scalars(select(AuditEntry).where(AuditEntry.object_kind == "user").order_by(AuditEntry.id)).all()
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("unknown", "user.sign-in-failed"),
        ("unknown", "user.sign-in-failed"),
        (email_of("analyst"), "user.signed-in"),
        (email_of("analyst"), "user.signed-out"),
    ]
    assert entries[0].object_id == entries[2].object_id
    assert entries[1].object_id == "*"
    assert "nobody" not in str([entry.detail for entry in entries])


def test_a_table_that_leaves_the_house_is_written_down(signed_in: Any, session: Session, history: int) -> None:
    signed_in("analyst").get(f"/campaigns/{history}/delivery.csv?by=ward")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.exported")).one()
    assert (entry.actor, entry.object_id, entry.detail) == (email_of("analyst"), str(history), {"by": "ward"})


def test_a_gateways_change_shows_both_values_and_no_secret(session: Session, keyring: Keyring) -> None:
    settings = {"host": "a.example", "port": 2775, "system_id": "x"}
    make_gateway(session, keyring, name="mot", settings=settings, secrets={"password": "bi mat 1"})
    change_gateway(session, keyring, OPERATOR, "mot", settings={"password": "bi mat 2", "host": "b.example"}, tps=200)
    changes = session.scalars(select(AuditEntry).where(AuditEntry.action == "gateway.changed")).one().detail["changes"]
    assert changes["tps"] == [100.0, 200.0]
    assert changes["host"] == ["a.example", "b.example"]
    assert changes["password"] == [None, "•••"]
    assert "bi mat" not in str(changes)
    assert PASSWORD not in str(changes)

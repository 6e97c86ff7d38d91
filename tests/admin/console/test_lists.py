"""Lists: masked numbers, search, filters, and no counting."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from campaigns.access import SYSTEM
from campaigns.content.files import templates_folder
from campaigns.content.sync import sync_templates
from campaigns.delivery.health import report_answers
from campaigns.gateways.breaker import Report
from campaigns.models import Area, Contact, OptOut
from campaigns.optouts import handle_inbound
from campaigns.optouts.register import add_optout
from config.keys import Keyring
from tests.factories import OFFICER, make_contact, make_gateway, next_phone, ward_id


def test_numbers_are_masked_wherever_people_look(signed_in: Any, session: Session, keyring: Keyring) -> None:
    make_contact(session, keyring, phone=b"84905123456")
    add_optout(session, keyring, OFFICER, "0905123456", evidence="cuộc gọi 1022")
    session.commit()
    officer = signed_in("officer")
    for path in ("/contacts/", "/optouts/"):
        for page in (officer.get(path).text, officer.find(path, "0905123456").text):
            assert "09•• ••• 456" in page, path
            assert not re.search(r"905[ .]?123|84905", page.replace('value="0905123456"', "")), path


@pytest.mark.parametrize("written", ["0905123456", "+84 905 123 456", "84905123456", "0905.123.456", "(090) 512-3456"])
def test_a_person_is_found_by_full_number_however_it_is_written(
    signed_in: Any, session: Session, keyring: Keyring, written: str
) -> None:
    make_contact(session, keyring, phone=b"84905123456", full_name="Trần Thị Bưởi")
    make_contact(session, keyring, full_name="Lê Văn Cam")
    session.commit()
    page = signed_in("officer").find("/contacts/", written).text
    assert "Trần Thị Bưởi" in page
    assert "Lê Văn Cam" not in page


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("buoi", True),
        ("Bưởi", True),
        ("BƯỞI", True),
        ("bưởi trần", True),
        ("đặng", False),
        ("dang thi buoi", False),
        ("tran thi", True),
        ("100%", False),
        ("_", False),
    ],
)
def test_names_are_found_with_and_without_accents(
    signed_in: Any, session: Session, keyring: Keyring, typed: str, found: bool
) -> None:
    make_contact(session, keyring, full_name="Trần Thị Bưởi")
    session.commit()
    assert ("Trần Thị Bưởi" in signed_in("officer").find("/contacts/", typed).text) is found


def test_a_name_with_d_bar_is_found_by_plain_d(signed_in: Any, session: Session, keyring: Keyring) -> None:
    make_contact(session, keyring, full_name="Đặng Đình Đức")
    session.commit()
    assert "Đặng Đình Đức" in signed_in("officer").find("/contacts/", "dang duc").text


def test_an_impossible_number_is_explained(signed_in: Any, session: Session) -> None:
    page = signed_in("officer").find("/contacts/", "02363822222").text
    assert "Số cố định" in page


def test_contacts_narrow_to_a_ward_and_to_a_whole_district(signed_in: Any, session: Session, keyring: Keyring) -> None:
    make_contact(session, keyring, full_name="Người Hòa Hiệp", ward="20194")
    make_contact(session, keyring, full_name="Người nơi khác", ward="20227")
    session.commit()
    district = session.scalars(
        select(Area.id).where(Area.edition == "2023", Area.code == "490", Area.kind == "district")
    ).one()
    officer = signed_in("officer")
    for area in (ward_id(session, "20194"), district):
        page = officer.get(f"/contacts/?area={area}").text
        assert "Người Hòa Hiệp" in page
        assert "Người nơi khác" not in page


def test_a_filter_nobody_offers_is_told_and_ignored(signed_in: Any) -> None:
    page = signed_in("officer").get("/contacts/?carrier=');DROP").text
    assert "Bộ lọc không có giá trị" in page


def test_lists_turn_their_pages_and_never_count(app: Any, signed_in: Any, session: Session, keyring: Keyring) -> None:
    eleventh = [make_contact(session, keyring, full_name=f"Người số {n:03}") for n in range(60)][10].id
    session.commit()
    officer = signed_in("officer")
    asked: list[str] = []
    engine = app.extensions["loa"].database.engine
    event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2].lower()))
    first, second = officer.get("/contacts/").text, officer.get(f"/contacts/?page=7&before={eleventh}").text
    assert "Người số 059" in first
    assert "Người số 009" in second
    assert "Trang sau" in first
    assert "Trang sau" not in second
    assert not [statement for statement in asked if "count(" in statement and "contact" in statement]


def test_refusals_turn_their_pages_beside_the_last_one(signed_in: Any, session: Session, keyring: Keyring) -> None:
    session.add_all(
        OptOut(phone_hash=bytes([n]) * 16, source="staff", evidence=f"đơn số {n:03}", created_by="b") for n in range(60)
    )
    session.commit()
    officer = signed_in("officer")
    first = officer.get("/optouts/?standing=yes").text
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link is not None
    second = officer.get(link[1].replace("&amp;", "&")).text
    assert [f"đơn số {n:03}" in first for n in (59, 10, 9)] == [True, True, False]
    assert [f"đơn số {n:03}" in second for n in (10, 9, 0)] == [False, True, True]
    assert 'rel="next"' not in second


def test_contacts_turn_their_pages_beside_the_last_person(signed_in: Any, session: Session, keyring: Keyring) -> None:
    for n in range(120):
        make_contact(session, keyring, full_name=f"Người số {n:03}")
    session.commit()
    officer = signed_in("officer")

    def follow(page: str, rel: str) -> str:
        link = re.search(rf'rel="{rel}" href="([^"]+)"', page)
        assert link, rel
        return str(officer.get(link[1].replace("&amp;", "&")).text)

    def people(page: str) -> list[str]:
        return re.findall(r"Người số (\d+)", page)

    for first in (officer.get("/contacts/").text, officer.find("/contacts/", "nguoi").text):
        second = follow(first, "next")
        third = follow(second, "next")
        assert people(first) + people(second) + people(third) == [f"{n:03}" for n in range(119, -1, -1)]
        assert 'rel="next"' not in third
        assert people(follow(third, "prev")) == people(second)
        assert people(follow(second, "prev")) == people(first)


def test_pages_read_and_cannot_write(app: Any, session: Session, keyring: Keyring) -> None:
    contact = make_contact(session, keyring)
    session.commit()
    reading = app.extensions["loa"].reading
    reading.get(Contact, contact.id).name_cipher = b"x"
    with pytest.raises(InternalError, match="read-only"):
        reading.flush()
    reading.remove()


def test_a_refusal_is_registered_with_its_evidence(signed_in: Any, session: Session, keyring: Keyring) -> None:
    officer = signed_in("officer")
    answer = officer.post(
        "/optouts/add", {"phone": "0905 123 456", "topic": "", "source": "hotline", "evidence": "gọi 1022 lúc 9:05"}
    )
    assert answer.status_code == 303
    row = session.scalars(select(OptOut)).one()
    assert bytes(row.phone_hash) == keyring.hash(b"84905123456")
    assert (row.topic, row.source, row.created_by) == (None, "hotline", "officer@danang.example")
    assert "gọi 1022 lúc 9:05" in officer.get("/optouts/").text


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"phone": "12", "evidence": "x"}, "f-phone"),
        ({"phone": "0905123456", "evidence": "  "}, "Hãy ghi căn cứ"),
        ({"phone": "0905123456", "evidence": "x", "topic": "khong-co"}, "Không có chủ đề này"),
        ({"phone": "0905123456", "evidence": "x", "source": "keyword"}, "Chọn một nguồn"),
        ({"phone": "0905123456", "evidence": "x" * 501}, "Dài quá 500 ký tự"),
    ],
)
def test_a_refusal_that_cannot_be_registered_is_told_at_its_field(
    signed_in: Any, session: Session, data: dict[str, str], complaint: str
) -> None:
    answer = signed_in("officer").post("/optouts/add", {"topic": "", "source": "staff", **data})
    assert answer.status_code == 422
    assert complaint in answer.text
    assert session.scalars(select(OptOut)).all() == []


def test_coming_back_needs_evidence_and_keeps_the_row(signed_in: Any, session: Session, keyring: Keyring) -> None:
    number = next_phone().decode()
    add_optout(session, keyring, OFFICER, number, evidence="đơn")
    session.commit()
    officer = signed_in("officer")
    assert officer.post("/optouts/end", {"phone": number, "evidence": ""}).status_code == 422
    assert officer.post("/optouts/end", {"phone": number, "evidence": "đơn xin nhận lại"}).status_code == 303
    session.expire_all()
    row = session.scalars(select(OptOut)).one()
    assert row.ended_evidence == "đơn xin nhận lại"
    again = officer.post("/optouts/end", {"phone": number, "evidence": "lần nữa"})
    assert "không có lượt từ chối nào đang hiệu lực" in again.text


def test_a_gateway_shows_its_state_and_never_its_secrets(signed_in: Any, session: Session, keyring: Keyring) -> None:
    make_gateway(
        session, keyring, name="viettel", secrets={"password": "tuyet-mat"}, settings={"host": "10.0.0.1", "port": 2775}
    )
    session.commit()
    page = signed_in("operator").get("/gateways/").text
    assert "Không có phiên nào" in page
    assert "10.0.0.1:2775" in page
    assert "tuyet-mat" not in page


def test_a_gateway_that_rests_says_why_and_until_when_in_both_languages(
    signed_in: Any, session: Session, keyring: Keyring
) -> None:
    gateway = make_gateway(session, keyring, name="viettel")
    assert "Thay đổi gần đây" not in signed_in("operator").get("/gateways/").text
    report_answers(session, gateway.id, Report(20, 20, 20, "ESME_RSYSERR"), 30)
    session.commit()
    operator = signed_in("operator")
    page = operator.get("/gateways/").text
    assert "viettel đang nghỉ (lỗi 20 lần liên tiếp: ESME_RSYSERR), thử lại lúc" in page
    assert "Thay đổi gần đây" in page
    assert "viettel đang nghỉ" in operator.get("/").text
    operator.post("/language", {"language": "en", "next": "/gateways/"})
    page = operator.get("/gateways/").text
    assert "viettel is resting after 20 failures in a row: ESME_RSYSERR, tries again at" in page
    assert "Latest changes" in page


def test_an_operator_switches_a_gateway_off_and_on(signed_in: Any, session: Session, keyring: Keyring) -> None:
    gateway = make_gateway(session, keyring, name="viettel")
    session.commit()
    operator = signed_in("operator")
    for path, enabled in (("/gateways/viettel/disable", False), ("/gateways/viettel/enable", True)):
        assert operator.post(path).status_code == 303
        session.refresh(gateway)
        assert gateway.enabled is enabled


def test_a_gateway_that_is_not_there_is_told(signed_in: Any) -> None:
    answer = signed_in("operator").post("/gateways/khong-co/disable", follow_redirects=True)
    assert "Không có cổng “khong-co”" in answer.text


def test_areas_come_in_both_editions(signed_in: Any) -> None:
    analyst = signed_in("analyst")
    assert "Quận Hải Châu" in analyst.get("/areas/").text
    later = analyst.get("/areas/?edition=2025").text
    assert "Quận Hải Châu" not in later
    assert "Đặc khu Hoàng Sa" in later


@pytest.mark.parametrize(
    ("typed", "found"), [("hoa cuong bac", True), ("Hòa Cường Bắc", True), ("20257", True), ("xyz", False)]
)
def test_an_area_is_found_by_name_or_code(signed_in: Any, typed: str, found: bool) -> None:
    page = signed_in("analyst").get("/areas/", query_string={"search": typed}).text
    assert ("Hòa Cường Bắc" in page.split("<tbody>")[1]) is found


def test_the_audit_shows_who_did_what(signed_in: Any, session: Session, keyring: Keyring) -> None:
    add_optout(session, keyring, OFFICER, "0905123456", evidence="đơn")
    session.commit()
    page = signed_in("administrator").get("/audit/?kind=optout").text
    assert "ghi nhận từ chối nhận tin" in page
    assert OFFICER.email in page


def test_near_misses_are_read_and_decided_and_numbers_stay_masked(
    signed_in: Any, session: Session, keyring: Keyring
) -> None:
    contact = make_contact(session, keyring, phone=b"84905123456")
    gateway = make_gateway(session, keyring)
    for body in ("tôi không muốn nhận <b>tin</b>", "spam"):
        handle_inbound(session, keyring, gateway.id, sender="84905123456", recipient="1022", body=body)
    session.commit()
    officer = signed_in("officer")
    assert "2 tin chờ người xem" in officer.get("/optouts/").text
    page = officer.get("/optouts/review").text
    assert "09•• ••• 456" in page
    assert "&lt;b&gt;tin" in page
    assert "905123456" not in page
    first, second = re.findall(r'name="entry" value="(\d+)"', page)
    assert officer.post("/optouts/review", {"entry": first, "decision": "none"}).status_code == 303
    assert session.scalars(select(OptOut)).all() == []
    officer.post("/optouts/review", {"entry": second, "decision": "refuse"})
    again = officer.post("/optouts/review", {"entry": second, "decision": "refuse"}, follow_redirects=True)
    assert "đã có người xem" in again.text
    assert "Không có tin nào chờ xem" in again.text
    [row] = session.scalars(select(OptOut)).all()
    assert (bytes(row.phone_hash), row.created_by) == (contact.phone_hash, "officer@danang.example")
    for entry, decision in (("x", "refuse"), (first, "x"), ("9" * 30, "refuse"), ("", "")):
        answer = officer.post("/optouts/review", {"entry": entry, "decision": decision}, follow_redirects=True)
        assert "không đọc được" in answer.text


def test_the_words_are_changed_by_the_operator(signed_in: Any, session: Session) -> None:
    operator = signed_in("operator")
    assert operator.post("/words/", {"word": "thôi gửi", "wish": "optout"}).status_code == 303
    page = operator.get("/words/").text
    assert "THÔI GỬI" in page
    assert 'name="word" value="TC"' not in page, "promised by our texts"
    assert operator.post("/words/", {"word": "DK", "wish": "optout"}).status_code == 422
    assert operator.post("/words/", {"word": "", "wish": "optout"}).status_code == 422
    assert operator.post("/words/", {"word": "hay", "wish": "x"}).status_code == 422
    operator.post("/words/remove", {"word": "thôi gửi"})
    assert "THÔI GỬI" not in operator.get("/words/").text
    told = operator.post("/words/remove", {"word": "TC"}, follow_redirects=True).text
    assert "Không bỏ được" in told


def test_the_hotline_confirms_unless_told_not_to(signed_in: Any, session: Session, keyring: Keyring) -> None:
    sync_templates(session, templates_folder(), SYSTEM)
    make_gateway(session, keyring)
    session.commit()
    officer = signed_in("officer")
    form = officer.get("/optouts/add").text
    assert re.search(r'name="confirm" value="yes" checked', form)
    assert "Nội bộ cơ quan" not in form, "no refusal stops messages to staff"
    sent = {"topic": "y-te", "source": "hotline", "evidence": "gọi 1022"}
    officer.post("/optouts/add", {"phone": "0905123456", "confirm": "yes", **sent})
    officer.post("/optouts/add", {"phone": "0905123457", **sent})
    confirmed = session.execute(
        text("SELECT k.\"values\" ->> 'chu_de' FROM message m JOIN campaign k ON k.id = m.campaign_id")
    )
    assert list(confirmed.scalars()) == ["Y tế"]


def test_the_register_shows_how_long_refusals_took(signed_in: Any, session: Session, keyring: Keyring) -> None:
    assert "chưa có ai từ chối trong lúc" in signed_in("officer").get("/optouts/").text

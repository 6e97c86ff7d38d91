"""One person's page: what is shown, and the rights of the person whose data it is."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.audience.person import name_of, text_of
from campaigns.models import AuditEntry, Batch, Contact, InboundMessage, Message
from campaigns.optouts.register import add_optout, end_optout
from campaigns.stats import stats_by
from campaigns.store.audit import verify_audit
from campaigns.store.stats import DIMENSIONS
from config.keys import Keyring
from tests.factories import OFFICER, make_campaign, make_contact, make_gateway, ward_id

NUMBER = "84905123456"


@pytest.fixture
def person(session: Session, keyring: Keyring) -> Contact:
    """Somebody who got a message, wrote back, refused and came back."""
    contact = make_contact(
        session, keyring, phone=NUMBER.encode(), full_name="Trần Thị Bưởi", attributes={"ma_ho_so": "=HS1"}
    )
    gateway = make_gateway(session, keyring, name="viettel")
    campaign = make_campaign(session, state="finished", name="Bảy cách")
    batch = Batch(
        campaign_id=campaign.id, gateway_id=gateway.id, ward_id=contact.ward_id, carrier="viettel", state="done",
        size=1, parts=1, delivered=1,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    session.add(Message(batch_id=batch.id, seq=1, contact_id=contact.id, campaign_id=campaign.id, state=60, parts=1))
    for body, action in (("TC", "optout"), ("cho hoi 0905123456", "none")):
        session.add(
            InboundMessage(
                gateway_id=gateway.id, sender_hash=contact.phone_hash, recipient="8000", action=action,
                body_cipher=keyring.encrypt(body.encode()),
            )
        )
    add_optout(session, keyring, OFFICER, NUMBER, source="hotline", evidence="gọi 1022")
    end_optout(session, keyring, OFFICER, NUMBER, evidence="đơn xin nhận lại")
    add_optout(session, keyring, OFFICER, NUMBER, topic="y-te", evidence="đơn")
    session.commit()
    return contact


def seen_now(session: Session, contact: Contact) -> str:
    session.refresh(contact)
    return contact.updated_at.isoformat()


def audit(session: Session, action: str) -> AuditEntry:
    return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).one()


def test_the_page_tells_what_is_held_sent_and_refused(signed_in: Any, person: Contact) -> None:
    page = signed_in("officer").get(f"/contacts/{person.id}/").text
    for told in ("Trần Thị Bưởi", "09•• ••• 456", "Hòa Hiệp Bắc", "Bảy cách", "Đã tới máy", "gọi 1022",
                 "đơn xin nhận lại", "Y tế", "ma_ho_so", "cho hoi 09•••••456"):  # fmt: skip
        assert told in page, told
    assert "905123456" not in page


def test_somebody_who_is_not_there_is_told(signed_in: Any) -> None:
    answer = signed_in("officer").get("/contacts/424242/")
    assert answer.status_code == 404
    assert "Không có người số 424242" in answer.text


def test_a_correction_is_kept_and_the_audit_holds_no_names(
    signed_in: Any, session: Session, keyring: Keyring, person: Contact
) -> None:
    officer = signed_in("officer")
    ward = ward_id(session, "20257")
    data = {"full_name": " Trần  Thị Bưởi Hồng", "ward": str(ward), "language": "en", "seen": seen_now(session, person)}
    assert officer.post(f"/contacts/{person.id}/edit", data).status_code == 303
    session.refresh(person)
    assert (name_of(keyring, person), person.ward_id, person.language) == ("Trần Thị Bưởi Hồng", ward, "en")
    assert audit(session, "contact.corrected").detail == {"fields": ["full_name", "language", "ward_id"]}


def test_two_people_who_correct_one_thing_are_told(
    signed_in: Any, session: Session, keyring: Keyring, person: Contact
) -> None:
    officer = signed_in("officer")
    seen = seen_now(session, person)
    first = {"full_name": "Một", "ward": "", "language": "vi", "seen": seen}
    assert officer.post(f"/contacts/{person.id}/edit", first).status_code == 303
    second = officer.post(f"/contacts/{person.id}/edit", {**first, "full_name": "Hai"})
    assert second.status_code == 422
    assert "Người khác đã sửa" in second.text
    session.refresh(person)
    assert name_of(keyring, person) == "Một"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"full_name": "x" * 201}, "Tên dài quá"),
        ({"ward": "30000"}, "Không có phường, xã này"),
        ({"ward": "abc"}, "Hãy ghi một số nguyên"),
        ({"language": "fr"}, "Ngôn ngữ là"),
        ({"seen": "hôm qua"}, "tải lại trang"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(
    signed_in: Any, session: Session, keyring: Keyring, person: Contact, data: dict[str, str], says: str
) -> None:
    filled = {"full_name": "A", "ward": "", "language": "vi", "seen": seen_now(session, person), **data}
    answer = signed_in("officer").post(f"/contacts/{person.id}/edit", filled)
    assert answer.status_code == 422
    assert says in answer.text
    session.refresh(person)
    assert name_of(keyring, person) == "Trần Thị Bưởi"


def test_the_number_is_shown_for_a_reason_that_is_on_record(signed_in: Any, session: Session, person: Contact) -> None:
    officer = signed_in("officer")
    assert officer.post(f"/contacts/{person.id}/reveal", {"reveal_reason": " "}).status_code == 422
    answer = officer.post(f"/contacts/{person.id}/reveal", {"reveal_reason": "gọi lại số 0905123456"})
    assert "0905 123 456" in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert audit(session, "contact.revealed").detail == {"reason": "gọi lại số 09•••••456"}
    assert "0905 123 456" not in officer.get(f"/contacts/{person.id}/").text


def test_erasing_leaves_figures_and_refusals_and_nothing_else(
    signed_in: Any, session: Session, keyring: Keyring, person: Contact
) -> None:
    officer = signed_in("officer")
    campaign = session.scalars(select(Message.campaign_id)).one()
    before = {by: stats_by(session, campaign, by) for by in DIMENSIONS}
    session.commit()
    assert officer.post(f"/contacts/{person.id}/erase", {"erase_reason": ""}).status_code == 422
    assert officer.post(f"/contacts/{person.id}/erase", {"erase_reason": "đơn ngày 25/11"}).status_code == 303
    session.expire_all()
    assert {by: stats_by(session, campaign, by) for by in before} == before
    assert session.execute(
        text("SELECT phone_cipher, name_cipher, name_words, ward_id, attributes, source, unusable FROM contact")
    ).one() == (None, None, [], None, {}, "erased", "erased")
    written = session.scalars(select(InboundMessage).order_by(InboundMessage.id)).all()
    assert [text_of(keyring, message) for message in written] == ["TC", ""]
    assert add_optout(session, keyring, OFFICER, NUMBER, topic="y-te", evidence="lại") is None, "still in force"
    page = officer.get(f"/contacts/{person.id}/").text
    assert "(đã xoá)" in page
    assert "Bảy cách" in page
    for path, data in (("erase", {"erase_reason": "x"}), ("reveal", {"reveal_reason": "x"})):
        assert officer.post(f"/contacts/{person.id}/{path}", data).status_code == 422
    assert officer.post(f"/contacts/{person.id}/export", {"format": "json"}).status_code == 409
    assert verify_audit(session) is None


def test_a_person_gets_a_copy_of_everything(signed_in: Any, session: Session, person: Contact) -> None:
    officer = signed_in("officer")
    found = json.loads(officer.post(f"/contacts/{person.id}/export", {"format": "json"}).data)
    assert found["person"]["number"] == "0905123456"
    assert found["person"]["attributes.ma_ho_so"] == "=HS1"
    assert [m["outcome"] for m in found["messages"]] == ["delivered"]
    assert len(found["refusals"]) == len(found["received_from_person"]) == 2
    raw = officer.post(f"/contacts/{person.id}/export", {"format": "csv"}).data
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert ["Người", "1", "attributes.ma_ho_so", "'=HS1"] in rows
    assert {row[0] for row in rows[1:]} == {"Người", "Tin đã gửi", "Từ chối nhận tin", "Tin nhận từ người này"}
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "contact")).all()
    assert list(actions) == ["contact.exported"] * 2


@pytest.mark.parametrize("role", ["approver", "analyst", "operator", "administrator"])
@pytest.mark.parametrize("step", ["edit", "reveal", "erase", "export"])
def test_other_roles_do_none_of_it(
    signed_in: Any, session: Session, keyring: Keyring, person: Contact, role: str, step: str
) -> None:
    answer = signed_in(role).post(f"/contacts/{person.id}/{step}", {"erase_reason": "x", "reveal_reason": "x"})
    assert answer.status_code == 403
    session.refresh(person)
    assert name_of(keyring, person) == "Trần Thị Bưởi"

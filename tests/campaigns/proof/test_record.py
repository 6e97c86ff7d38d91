"""The proof says what happened, adds up, notices a change, and holds nobody's number or name."""

from __future__ import annotations

import hashlib
import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns import steps
from campaigns.access import Actor
from campaigns.approving import Seen
from campaigns.audience.selection import Audience
from campaigns.delivery.states import MessageState
from campaigns.draft import CampaignDraft
from campaigns.errors import Forbidden, NotFound
from campaigns.proof.document import Document, write_proof
from campaigns.proof.record import collect_proof, recount
from config.i18n import language
from config.keys import Keyring
from config.settings import get_settings
from tests.campaigns.proof.conftest import PHONE, READER, Done
from tests.factories import APPROVER, OFFICER, make_contact, make_gateway, make_template

SECOND = Actor("second@danang.example", frozenset({"approver"}))


def written(done: Done) -> Document:
    with done.database.transaction() as session:
        return write_proof(collect_proof(session, READER, done.id), "UBND", recount(session, done.id))


def fact(document: Document, title: str) -> tuple[str, str]:
    """(value, tone) of the fact called so."""
    found = [each for section in document.sections for each in section.facts if each.title.startswith(title)]
    return found[0].value, found[0].tone


def test_it_says_who_ordered_and_who_approved_with_time_and_hash(done: Done) -> None:
    document = written(done)
    assert fact(document, "Người yêu cầu gửi")[0].startswith(OFFICER.email)
    assert fact(document, "Người duyệt")[0].startswith(APPROVER.email)
    assert fact(document, "Mã nội dung được duyệt") == fact(document, "Mã nội dung hiện tại")
    assert fact(document, "Thay đổi sau khi duyệt")[1] == "good"
    steps = next(section.table for section in document.sections if section.key == "steps")
    assert steps is not None
    assert [row[3] for row in steps.rows] == [
        "soạn chiến dịch",
        "trình duyệt chiến dịch",
        "duyệt chiến dịch",
        "lên lịch gửi chiến dịch",
        "bắt đầu gửi chiến dịch",
    ]
    assert all(len(row[5]) == 16 for row in steps.rows)
    assert len(steps.rows[2][4]) == 16


def test_both_approvers_show_with_what_each_of_them_confirmed(
    session: Session, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOA_TWO_APPROVERS_ABOVE", "1")
    get_settings.cache_clear()
    make_contact(session, keyring)
    make_gateway(session, keyring)
    audience = Audience(edition="2023", everybody=True)
    draft = CampaignDraft(name="Bảy cách", template_version_id=make_template(session).id, audience=audience)
    campaign = steps.submit(session, OFFICER, steps.create(session, OFFICER, draft).id)

    def approvers() -> list[tuple[str, str]]:
        facts = write_proof(collect_proof(session, READER, campaign.id), "UBND").sections[0].facts
        return [(each.title, each.value) for each in facts if each.title.startswith("Người duyệt")]

    assert approvers() == [("Người duyệt", "chưa")]
    steps.approve(session, SECOND, campaign.id)
    steps.reject(session, APPROVER, campaign.id, "sai chính tả")
    steps.submit(session, OFFICER, campaign.id)
    steps.approve(session, APPROVER, campaign.id, seen=Seen(people=1, message_class="thong-bao"))
    assert [title for title, _ in approvers()] == ["Người duyệt 1"], "what was sent back does not count"
    steps.approve(session, SECOND, campaign.id)
    (first, said), (second, silent) = approvers()
    assert (first, second) == ("Người duyệt 1", "Người duyệt 2")
    assert said.startswith(APPROVER.email)
    assert said.endswith("; 1 người nhận; đã xác nhận loại tin")
    assert silent.startswith(SECOND.email)
    assert silent.endswith("; 1 người nhận"), "who did not confirm the class is not said to have"


def test_it_says_which_text_by_which_gateway_to_how_many(done: Done) -> None:
    document = written(done)
    body, tone = fact(document, "Không dấu (bản đã gửi)")
    assert (body, tone) == ("Thong bao tu UBND phuong.", "good")
    assert fact(document, "Có dấu (không gửi)")[1] == ""
    fingerprints = [each.value for section in document.sections for each in section.facts if each.title == "SHA-256"]
    assert hashlib.sha256(body.encode()).hexdigest() in fingerprints
    gateways = next(section.table for section in document.sections if section.key == "gateways")
    assert gateways is not None
    assert gateways.rows[0][:4] == ["viettel", "5", "4", "3"]
    assert gateways.rows[0][4] != "–"
    assert fact(document, "Đối tượng")[0] == "Phường Hòa Hiệp Bắc"


def test_the_outcomes_add_up_and_refusals_were_honoured(done: Done) -> None:
    document = written(done)
    assert fact(document, "Cộng các kết quả") == ("5 / 5", "good")
    assert fact(document, "Đếm lại từng tin")[1] == "good"
    assert fact(document, "Từ chối sau khi chốt")[0] == "1"
    assert fact(document, "Người đã từ chối trước khi chốt, không lập tin")[0] == "1"
    assert fact(document, "Người đã từ chối trước khi chốt mà vẫn bị gửi") == ("0", "good")


def test_a_message_to_somebody_who_had_refused_would_show(done: Done) -> None:
    with done.database.transaction() as session:
        session.execute(text("UPDATE opt_out SET created_at = created_at - interval '1 day'"))
        session.execute(
            text(
                "UPDATE opt_out SET phone_hash = (SELECT phone_hash FROM contact c JOIN message m"
                " ON m.contact_id = c.id WHERE m.state = :s LIMIT 1) WHERE id = (SELECT max(id) FROM opt_out)"
            ),
            {"s": MessageState.DELIVERED.value},
        )
    assert fact(written(done), "Người đã từ chối trước khi chốt mà vẫn bị gửi") == ("1", "bad")


def test_a_change_behind_the_approval_shows(done: Done) -> None:
    with done.database.transaction() as session:
        session.execute(text("UPDATE campaign SET sender = 'KHAC' WHERE id = :id"), {"id": done.id})
    assert fact(written(done), "Thay đổi sau khi duyệt") == ("CÓ: hai mã khác nhau (tên người gửi)", "bad")


def test_what_a_later_version_hashes_besides_is_no_change(done: Done) -> None:
    with done.database.transaction() as session:
        # As if the version that approved had hashed less: the fields it kept are as they were.
        session.execute(text("ALTER TABLE campaign_review DISABLE TRIGGER USER"))
        session.execute(text("UPDATE campaign_review SET hash = 'old', snapshot = snapshot - 'budget'"))
        session.execute(text("UPDATE campaign SET approved_hash = 'old' WHERE id = :id"), {"id": done.id})
    assert fact(written(done), "Thay đổi sau khi duyệt") == ("không có: từng mục như bản đã duyệt", "good")


def test_books_that_do_not_balance_show(done: Done) -> None:
    with done.database.transaction() as session:
        session.execute(text("UPDATE batch SET delivered = delivered - 1"))
    document = written(done)
    assert fact(document, "Cộng các kết quả") == ("4 / 5", "bad")
    assert fact(document, "Đếm lại từng tin")[1] == "bad"


@pytest.mark.parametrize("chosen", ["vi", "en"])
def test_it_names_nobody_who_got_a_message(done: Done, chosen: str) -> None:
    with language(chosen):
        whole = json.dumps(written(done).to_json(), ensure_ascii=False)
    for trace in (PHONE, PHONE[2:], "777123", "Bí Mật"):
        assert trace not in whole


def test_a_campaign_that_is_not_there_or_not_ones_business_has_no_proof(done: Done) -> None:
    with done.database.transaction() as session:
        with pytest.raises(NotFound):
            collect_proof(session, READER, 999)
        with pytest.raises(Forbidden):
            collect_proof(session, Actor("x", frozenset()), done.id)

"""The template editor: the server counts, versions are kept, nobody overwrites another."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from campaigns.content.prices import set_price
from campaigns.delivery.trials import add_number
from campaigns.models import AuditEntry, TemplateVersion
from config.keys import Keyring
from tests.admin.console.conftest import Browser
from tests.factories import OPERATOR, make_campaign, make_contact, make_gateway, make_template

MARKED = "UBND phường thông báo. Hỏi đáp: 1022"
PLAIN = "UBND phuong thong bao. Hoi dap: 1022"


@pytest.fixture
def template(session: Session) -> TemplateVersion:
    """A template with one version."""
    made = make_template(session, slug="mau", title="Mẫu thử", marked=MARKED, plain=PLAIN)
    session.commit()
    return made


def ask(browser: Browser, **texts: Any) -> Any:
    """The editor's question."""
    return browser.client.post(
        "/templates/count",
        json={"marked": MARKED, "plain": PLAIN, "message_class": "thong-bao", **texts},
        headers={"X-CSRFToken": browser.token("/"), "X-Requested-With": "fetch"},
    )


def test_the_counter_is_the_servers_own(signed_in: Any) -> None:
    officer = signed_in("officer")
    answer = ask(officer, marked="ạ" * 71, plain="a" * 161).json
    assert "2 phần tin" in answer["marked"]
    assert "Unicode" in answer["marked"]
    assert "Bớt 1 ký tự thì còn 1 phần." in answer["marked"]
    assert "2 phần tin" in answer["plain"]
    assert "GSM-7" in answer["plain"]


def test_what_people_write_is_shown_as_text_and_never_as_code(signed_in: Any) -> None:
    answer = ask(signed_in("officer"), marked="<script>alert(1)</script> & UBND").json
    assert "<script" not in answer["marked"]
    assert "&lt;script&gt;" in answer["marked"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ ho_ten", "không hiểu cú pháp"),
        ("{% for x in y %}{% endfor %}", "không được dùng"),
        ("Xem http://bit.ly/x. UBND", "bit.ly"),
        ("", "Chưa có nội dung."),
    ],
)
def test_mistakes_are_told_while_typing(signed_in: Any, text: str, said: str) -> None:
    assert said in ask(signed_in("officer"), marked=text).json["marked"]


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_question_that_is_none_is_refused(signed_in: Any, body: Any) -> None:
    officer = signed_in("officer")
    answer = officer.client.post("/templates/count", json=body, headers={"X-CSRFToken": officer.token("/")})
    assert answer.status_code == 400


def test_saving_makes_a_version_and_keeps_the_old_one(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    saved = officer.post(
        "/templates/mau/edit", {"number": "1", "marked": MARKED + "!", "plain": PLAIN + "!"}, follow_redirects=True
    )
    assert "Đã lưu phiên bản 2." in saved.text
    versions = session.scalars(select(TemplateVersion).order_by(TemplateVersion.number)).all()
    assert [version.body_marked for version in versions] == [MARKED, MARKED + "!"]
    assert MARKED in officer.get("/templates/mau/?version=1").text


def test_the_second_of_two_who_edit_is_told_and_keeps_the_work(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    officer.post("/templates/mau/edit", {"number": "1", "marked": "Một. " + MARKED, "plain": PLAIN})
    answer = officer.post("/templates/mau/edit", {"number": "1", "marked": "Hai. " + MARKED, "plain": PLAIN})
    assert answer.status_code == 422
    assert "đã lưu phiên bản 2 sau khi bạn mở trang" in answer.text
    assert "Hai. " + MARKED in answer.text


def test_marks_in_the_text_without_marks_are_refused_at_its_field(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    answer = signed_in("officer").post("/templates/mau/edit", {"number": "1", "marked": MARKED, "plain": MARKED})
    assert answer.status_code == 422
    assert 'id="e-plain"' in answer.text


def test_line_ends_of_the_browser_do_not_cost_a_part(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    signed_in("officer").post("/templates/mau/edit", {"number": "1", "marked": MARKED, "plain": PLAIN + "\r\nCam on"})
    latest = session.scalars(select(TemplateVersion).where(TemplateVersion.number == 2)).one()
    assert latest.body_plain == PLAIN + "\nCam on"


def test_a_template_of_ones_own_is_made(signed_in: Any, session: Session) -> None:
    answer = signed_in("officer").post(
        "/templates/new",
        {
            "slug": "tiem-chung",
            "title": "Tiêm chủng",
            "topic": "y-te",
            "message_class": "thong-bao",
            "marked": MARKED,
            "plain": PLAIN,
        },
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/templates/tiem-chung/"


def test_a_reader_sees_texts_and_no_way_to_change_them(signed_in: Any, template: TemplateVersion) -> None:
    page = signed_in("analyst").get("/templates/mau/").text
    assert MARKED in page
    assert "/templates/mau/edit" not in page


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ("UBND [TB]", "Mỗi ký tự này tính bằng hai: [ ]"),
        ("UBND “TB”", "Ký tự làm cả tin thành Unicode (mỗi phần còn 70 ký tự): “ ”"),
        ("UBND bà", "ASCII và Unicode"),
    ],
)
def test_characters_that_cost_are_named(signed_in: Any, plain: str, said: str) -> None:
    answer = ask(signed_in("officer"), plain=plain).json
    assert said in answer["plain"] + answer["compare"]


def test_what_a_gateway_makes_of_it_stands_beside_the_standard(signed_in: Any) -> None:
    compare = ask(signed_in("officer"), marked="UBND b\u00e0 " + "a" * 70, plain="UBND ba " + "a" * 70).json["compare"]
    assert "Unicode, 2 phần" in compare
    assert "ASCII, 1 phần" in compare


def test_odd_characters_are_repaired_on_request_and_never_in_silence(signed_in: Any) -> None:
    officer = signed_in("officer")
    odd = "UBND\u00a0“phường”\u200b Ho\u0300a…"
    answer = ask(officer, marked=odd, plain="UBND phường").json
    assert answer["repaired"] == {"marked": 'UBND "phường" Hòa...', "plain": "UBND phuong"}
    assert answer["bare"] == 'UBND "phuong" Hoa...'
    assert ask(officer).json["repaired"] == {}
    # Without a script the same buttons send the form.
    page = officer.post("/templates/new", {"marked": odd, "plain": "", "do": "repair-marked", "title": "Giữ lại"})
    assert page.status_code == 200
    assert "UBND &#34;phường&#34; Hòa...</textarea>" in page.text
    assert 'value="Giữ lại"' in page.text
    stripped = officer.post("/templates/new", {"marked": "UBND phường", "plain": "", "do": "strip"})
    assert ">UBND phuong</textarea>" in stripped.text


def test_both_prices_stand_side_by_side(signed_in: Any, session: Session) -> None:
    set_price(
        session, OPERATOR, carrier="viettel", message_class="*", from_date=date(2020, 1, 1), price=Decimal("850.5")
    )
    session.commit()
    compare = ask(signed_in("officer"), marked="UBND " + "ạ" * 70, plain="UBND " + "a" * 70).json["compare"]
    row = compare[compare.index("Giá một tin: Viettel") :]
    assert row.index("1.701 ₫") < row.index("850,5 ₫")


def test_without_prices_the_page_says_so(signed_in: Any) -> None:
    assert "Chưa có bảng giá" in ask(signed_in("officer")).json["compare"]


def test_real_people_show_how_long_it_becomes(signed_in: Any, session: Session, keyring: Keyring) -> None:
    make_contact(session, keyring, full_name="An")
    make_contact(session, keyring, full_name="Nguyễn Thị Hồng Nhung")
    session.commit()
    compare = ask(signed_in("officer"), marked="UBND {{ ho_ten }}", plain="UBND {{ ho_ten }}").json["compare"]
    assert "Với 2 người trong danh bạ" in compare
    assert "1 phần, 7–26 ký tự" in compare


def test_a_person_can_be_chosen_and_is_shown_masked(signed_in: Any, session: Session, keyring: Keyring) -> None:
    person = make_contact(session, keyring, full_name="Trần Thị Bưởi", phone=b"84905123456")
    session.commit()
    officer = signed_in("officer")
    page = officer.get("/templates/new").text
    assert "09•• ••• 456 · Phường Hòa Hiệp Bắc" in page
    assert "Trần Thị Bưởi" not in page
    answer = ask(officer, marked="UBND chào {{ ho_ten }}", person=str(person.id)).json
    assert "chào Trần Thị Bưởi" in answer["marked"]
    assert "Chưa có giá trị" in ask(officer, marked="UBND {{ ma_so }}", person=str(person.id)).json["marked"]


@pytest.mark.parametrize("person", ["x", "-1", "9" * 30, 5, None, {"id": 1}])
def test_nobody_of_that_number_means_sample_values(signed_in: Any, person: Any) -> None:
    assert (
        "Nguyễn Thị Hồng Nhung" in ask(signed_in("officer"), marked="UBND {{ ho_ten }}", person=person).json["marked"]
    )


def test_readers_get_lengths_and_no_people(signed_in: Any, session: Session, keyring: Keyring) -> None:
    make_contact(session, keyring, full_name="Trần Thị Bưởi", phone=b"84905123456")
    make_template(session, slug="chao", marked="UBND {{ ho_ten }}", plain="UBND {{ ho_ten }}")
    session.commit()
    page = signed_in("analyst").get("/templates/chao/").text
    assert "Với 1 người trong danh bạ" in page
    assert "Bưởi" not in page
    assert "456" not in page


def test_refusals_and_warnings_are_told_apart(signed_in: Any) -> None:
    shown = ask(signed_in("officer"), marked="Xem http://bit.ly/x").json["marked"]
    refused, warned = shown.index("Phải sửa mới lưu"), shown.index("Nên xem lại")
    assert refused < shown.index("bit.ly", refused) < warned < shown.index("chưa nêu cơ quan nào")


def test_the_rules_of_a_class_are_shown_while_writing(signed_in: Any) -> None:
    officer = signed_in("officer")
    assert "bắt buộc [QC]" in ask(officer, message_class="quang-cao").json["rules"]
    assert "có thể dùng [TB]" in ask(officer, message_class="thong-bao").json["rules"]
    assert "gov.vn" in officer.get("/templates/new").text


def test_placeholders_are_a_list_with_meaning_and_example_without_a_script(signed_in: Any) -> None:
    page = signed_in("officer").get("/templates/new").text
    assert "<code>{{ ho_ten }}</code>" in page
    assert "Họ và tên" in page
    assert "noi_dung" not in page


def test_two_versions_are_compared_word_by_word(signed_in: Any, session: Session, template: TemplateVersion) -> None:
    officer = signed_in("officer")
    officer.post(
        "/templates/mau/edit", {"number": "1", "marked": MARKED.replace("thông báo", "mời họp"), "plain": PLAIN}
    )
    page = officer.get("/templates/mau/diff?from=1&to=2").text
    assert "[bỏ: </span>thông báo<" in page
    assert "[thêm: </span>mời họp<" in page
    assert "Không khác nhau." in page
    assert officer.get("/templates/mau/diff?from=1&to=9").status_code == 404


def test_who_uses_a_version_is_said(signed_in: Any, session: Session, template: TemplateVersion) -> None:
    make_campaign(session, template=template, name="Đợt tháng ba")
    session.commit()
    assert "Đợt tháng ba" in signed_in("officer").get("/templates/mau/").text


def test_the_second_of_two_sees_where_they_differ_and_may_save_knowingly(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    officer.post("/templates/mau/edit", {"number": "1", "marked": "Một. " + MARKED, "plain": PLAIN})
    answer = officer.post("/templates/mau/edit", {"number": "1", "marked": "Hai. " + MARKED, "plain": PLAIN})
    assert "[bỏ: </span>Một<" in answer.text
    assert "[thêm: </span>Hai<" in answer.text
    assert 'name="number" value="2"' in answer.text
    again = officer.post("/templates/mau/edit", {"number": "2", "marked": "Hai. " + MARKED, "plain": PLAIN})
    assert again.status_code == 303


def test_a_version_is_tested_on_a_number_of_staff(
    signed_in: Any, session: Session, keyring: Keyring, template: TemplateVersion
) -> None:
    make_gateway(session, keyring)
    number = add_number(session, keyring, OPERATOR, "0905123456", "Trực ban")
    session.commit()
    officer = signed_in("officer")
    assert "Trực ban · 09•• ••• 456" in officer.get("/templates/mau/").text
    told = officer.post(
        "/templates/mau/test", {"number": "1", "to": str(number.id), "variant": "marked"}, follow_redirects=True
    )
    assert "Đã chuyển tin thử" in told.text
    assert "Chờ gửi" in told.text
    assert "cổng chưa kết nối" in told.text
    values = session.execute(sql("SELECT \"values\"->>'noi_dung' FROM campaign")).scalar_one()
    assert values == "[THU] " + MARKED
    assert officer.get("/templates/mau/tests").headers["X-Finished"] == "0"
    unknown = officer.post("/templates/mau/test", {"number": "1", "to": "999"}, follow_redirects=True)
    assert "không có trong danh sách" in unknown.text


def test_saving_may_lead_straight_to_the_test(signed_in: Any, session: Session, template: TemplateVersion) -> None:
    answer = signed_in("officer").post(
        "/templates/mau/edit", {"number": "1", "marked": MARKED + "!", "plain": PLAIN, "do": "save-and-test"}
    )
    assert answer.headers["Location"] == "/templates/mau/#trial"


FACTS = {
    "title": "Mẫu đổi tên",
    "topic": "y-te",
    "message_class": "thong-bao",
    "plan_task": "24",
    "audience": "người dân",
}


def seen(page: str) -> str:
    """What the form of facts says it was opened with."""
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found
    return unescape(found[1])


def test_title_topic_and_the_rest_are_changed_in_the_browser(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    page = officer.get("/templates/mau/facts").text
    assert 'value="Mẫu thử"' in page
    saved = officer.post("/templates/mau/facts", {**FACTS, "seen": seen(page)}, follow_redirects=True)
    assert "Đã lưu thông tin mẫu tin." in saved.text
    assert "Y tế" in saved.text
    assert "nhiệm vụ 24" in saved.text
    session.refresh(template.template)
    assert (template.template.title, template.template.audience) == ("Mẫu đổi tên", "người dân")
    assert session.scalars(select(TemplateVersion.number)).all() == [1]


@pytest.mark.parametrize(
    ("facts", "field", "said"),
    [
        ({"title": " "}, "title", "Mẫu tin chưa có tên."),
        ({"plan_task": "9" * 21}, "plan_task", "Số nhiệm vụ dài quá 20 ký tự."),
        ({"message_class": "quang-cao"}, "message_class", "Không dấu: "),
        ({"message_class": "he-thong"}, "message_class", "chỉ dùng cho tin trả lời của hệ thống"),
    ],
)
def test_a_fact_that_cannot_be_saved_says_why_at_its_field(
    signed_in: Any, template: TemplateVersion, facts: dict[str, str], field: str, said: str
) -> None:
    officer = signed_in("officer")
    given = {**FACTS, **facts, "seen": seen(officer.get("/templates/mau/facts").text)}
    answer = officer.post("/templates/mau/facts", given)
    assert answer.status_code == 422
    told = re.search(rf'id="e-{field}">([^<]*)<', answer.text)
    assert told
    assert said in told[1]


def test_the_second_of_two_who_change_facts_sees_where_they_differ(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    opened = seen(officer.get("/templates/mau/facts").text)
    officer.post("/templates/mau/facts", {**FACTS, "topic": "giao-duc", "seen": opened})
    answer = officer.post("/templates/mau/facts", {**FACTS, "title": "Của tôi", "seen": opened})
    assert answer.status_code == 422
    assert "Bạn đã sửa thông tin mẫu tin này ở một trang khác" in answer.text
    differing = answer.text[answer.text.index("<caption>") : answer.text.index("</table>")]
    for words in ("Mẫu đổi tên", "Của tôi", "Giáo dục", "Y tế"):
        assert words in differing
    assert "Nhiệm vụ" not in differing
    again = officer.post("/templates/mau/facts", {**FACTS, "title": "Của tôi", "seen": seen(answer.text)})
    assert again.status_code == 303
    session.refresh(template.template)
    assert (template.template.title, template.template.topic) == ("Của tôi", "y-te")
    assert officer.post("/templates/mau/facts", {**FACTS, "seen": "{"}).status_code == 400
    assert officer.post("/templates/mau/facts", {**FACTS, "seen": '{"slug": "x"}'}).status_code == 400


def test_the_class_of_a_text_in_use_is_not_offered_for_change(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    make_campaign(session, template=template)
    session.commit()
    officer = signed_in("officer")
    page = officer.get("/templates/mau/facts").text
    assert "Đã có 1 chiến dịch dùng mẫu này nên loại tin giữ nguyên" in page
    assert 'value="noi-bo"' not in page[page.index('name="message_class"') :]
    answer = officer.post("/templates/mau/facts", {**FACTS, "message_class": "noi-bo", "seen": seen(page)})
    assert "Đã có 1 chiến dịch dùng mẫu tin này" in answer.text


def test_a_text_is_put_away_and_brought_back(signed_in: Any, session: Session, template: TemplateVersion) -> None:
    draft = make_campaign(session, template=template)
    session.commit()
    officer = signed_in("officer")
    assert "Mẫu thử" in officer.get("/campaigns/new").text
    away = officer.post("/templates/mau/archive", follow_redirects=True).text
    assert "officer@danang.example cất lúc" in away
    assert "/campaigns/new?template=mau" not in away
    assert "Mẫu thử" not in officer.get("/campaigns/new").text
    assert "Mẫu thử" in officer.get(f"/campaigns/{draft.id}/edit/text").text
    assert "Mẫu thử" not in officer.get("/templates/").text
    assert "Đã cất" in officer.get("/templates/?state=archived").text
    chosen = {"name": "Đợt", "template": "mau", "variant": "plain", "token": "3f2b8a52-6d5e-4d5c-9a07-0d6e3b1c2a11"}
    refused = officer.post("/campaigns/new", {**chosen, "version_id": str(template.id)})
    assert "đã cất, không dùng cho chiến dịch mới" in refused.text
    officer.post("/templates/mau/restore")
    assert "Mẫu thử" in officer.get("/campaigns/new").text
    assert session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "template")).all() == [
        "template.archived",
        "template.restored",
    ]


def test_what_the_system_keeps_for_itself_is_not_among_the_texts_put_away(
    signed_in: Any, session: Session, keyring: Keyring, template: TemplateVersion
) -> None:
    make_gateway(session, keyring)
    number = add_number(session, keyring, OPERATOR, "0905123456", "Trực ban")
    session.commit()
    officer = signed_in("officer")
    officer.post("/templates/mau/test", {"number": "1", "to": str(number.id), "variant": "plain"})
    assert "sys-gui-thu" not in officer.get("/templates/?state=archived").text
    told = officer.post("/templates/sys-gui-thu/restore", follow_redirects=True)
    assert "tin trả lời của hệ thống" in told.text


def test_a_copy_begins_with_text_and_facts_and_gets_a_slug_from_its_title(
    signed_in: Any, session: Session, template: TemplateVersion
) -> None:
    officer = signed_in("officer")
    page = officer.get("/templates/new?from=mau").text
    assert 'value="Mẫu thử (bản sao)"' in page
    assert MARKED in page
    form = {**FACTS, "title": "Tiêm chủng đợt 2", "slug": "", "marked": MARKED, "plain": PLAIN}
    assert officer.post("/templates/new", form).headers["Location"] == "/templates/tiem-chung-dot-2/"
    taken = officer.post("/templates/new", form)
    assert taken.status_code == 422
    told = re.search(r'id="e-slug">([^<]*)<', taken.text)
    assert told
    assert "tiem-chung-dot-2" in told[1]
    assert officer.get("/templates/new?from=khong-co").status_code == 404

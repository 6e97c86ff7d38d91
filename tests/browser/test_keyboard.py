"""Everybody's day without a mouse: each flow of the console as its role, once on a telephone and once on a wide screen.

``Hands`` looks at every stop of the keyboard; what each flow leads to is looked up in the page or the database.
"""

from __future__ import annotations

import re
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from admin.console import totp
from campaigns.delivery.trials import add_number
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.store.database import Database
from config.keys import load_keyring
from config.zone import CITY_TIME
from tests.browser.conftest import window
from tests.browser.hands import Hands
from tests.factories import OPERATOR
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

WAYS = {"narrow": ("vi", 360, False), "wide": ("en", 1440, True)}
"""Language, width and theme: each of them once."""
OFFICER, APPROVER = "officer@danang.example", "approver@danang.example"
CHOSEN = "thuyen thung cam le 43"
TARGET = "https://dichvucong.danang.gov.vn/bay-cach"
SAVE = "form[data-preview] > .actions button:not([name])"
REPORT = re.compile(r"/contacts/import/\d+/$")
CAMPAIGN = re.compile(r"/campaigns/\d+/$")

Staff = Callable[..., Hands]


@pytest.fixture(scope="module")
def sent(town: City) -> dict[str, int]:
    """A campaign that is over, those that crawl, and a number of staff for tests of texts."""
    over = town.campaign(OFFICER, APPROVER, "--all", slug="hk07-0-tong-quan-ngan")
    crawls = {name: town.campaign(OFFICER, APPROVER, "--all", "--pace", "600/h", "--name", name) for name in WAYS}
    database = Database(town.database_url, pool_size=1)
    with database.transaction() as session:
        add_number(session, load_keyring(town.home), OPERATOR, "0905 123 456", "Trực ban Sở KH&CN")
    database.close()
    town.loa("campaigns", "wait", over, "--timeout", 90)
    return {"over": over, **crawls}


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Narrow or wide."""
    return str(request.param)


@pytest.fixture(scope="module")
def staff(way: str, chromium: Browser, address: str) -> Iterator[Staff]:
    """``staff("officer")`` is the officer at the same window as before; without a role, somebody new."""
    language, width, dark = WAYS[way]
    known: dict[str, Hands] = {}
    opened = []

    def come(role: str = "") -> Hands:
        if role in known:
            known[role].desk.complaints.clear()
            return known[role]
        hands = Hands(window(chromium, address, width=width, dark=dark))
        opened.append(hands)
        hands.open("/login")
        if role:
            known[role] = hands
            hands.sign_in(f"{role}@danang.example")
            hands.page.wait_for_url(f"{address}/")
        if hands.page.get_attribute("html", "lang") != language:
            hands.press("[name=language]")
            hands.page.wait_for_selector(f"html[lang={language}]")
        return hands

    yield come
    for hands in opened:
        hands.page.context.close()


def asked(town: City, statement: str, **values: Any) -> Any:
    """One value out of the town's database."""
    database = Database(town.database_url, pool_size=1)
    with database.transaction() as session:
        found = session.execute(text(statement), values).scalar_one()
    database.close()
    return found


def write(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content, encoding="utf-8")
    return str(folder / name)


def test_the_menu_the_skip_link_theme_and_language(staff: Staff, way: str) -> None:
    stranger = staff()
    stranger.sign_in(OFFICER, "khong phai mat khau")
    expect(stranger.page.locator("#errors")).to_be_focused()
    stranger.nothing_wrong()

    hands = staff("officer")
    page = hands.open("/contacts/")
    assert hands.look(".skip", "Tab")["there"]
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    if way == "narrow":
        hands.open("/")
        hands.press(".side summary")
        expect(page.locator(".side a").first).to_be_visible()
    else:  # a low window: the end of the menu comes into sight all the same
        page.set_viewport_size({"width": 1440, "height": 480})
        hands.open("/contacts/")
    hands.to(".side ul:last-of-type li:last-child a")
    hands.press(".side a[href='/campaigns/']", back=True)
    page.wait_for_url("**/campaigns/")
    page.set_viewport_size({"width": WAYS[way][1], "height": 800})

    menu = page.locator("details.menu").first
    hands.press(".top .menu summary")
    hands.press(".menu [name=theme][value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
    hands.press(".top .menu summary")
    hands.to(".menu [name=theme][value=system]")
    page.keyboard.press("Escape")
    assert not menu.evaluate("each => each.open")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    hands.to(".side a, .side summary")
    assert not menu.evaluate("each => each.open"), "an open menu lies over what has the focus next"
    hands.press(".top .menu summary", back=True)
    hands.press(".menu [name=theme][value=system]")
    page.wait_for_selector("html:not([data-theme])")
    for language in ("en", "vi") if hands.vi else ("vi", "en"):
        hands.press("[name=language]", back=True)
        page.wait_for_selector(f"html[lang={language}]")
    hands.still_somewhere()
    hands.nothing_wrong()


def test_a_text_is_written_repaired_compared_and_tried(staff: Staff, sent: dict[str, int], way: str) -> None:
    hands, slug = staff("officer"), f"ban-phim-{way}"
    page = hands.open("/templates/new")
    hands.type("#f-title", f"Bàn phím {way}")
    hands.type("#f-slug", slug)
    hands.type("#f-marked", "UBND phường: mời ông/bà đến làm căn cước. Hỏi đáp: 1022")
    hands.type("#f-plain", "UBND phuong\u00a0“{{ phuong }}” moi ong/ba ")
    expect(page.locator("[data-result=plain]")).to_contain_text("Unicode")
    expect(page.locator("[data-said]")).not_to_be_empty()
    # A chip puts its value where the cursor was, and the cursor is there again.
    hands.press("[data-into=plain][data-insert*=ho_ten]", back=True)
    expect(page.locator("#f-plain")).to_be_focused()
    page.keyboard.insert_text(" den UBND. Hoi dap: 1022")
    hands.press("[data-repair=plain]")
    expect(page.locator("#f-plain")).to_have_value(
        'UBND phuong "{{ phuong }}" moi ong/ba {{ ho_ten }} den UBND. Hoi dap: 1022'
    )
    expect(page.locator("#f-plain")).to_be_focused()
    expect(page.locator("[data-repair=plain]")).to_be_hidden()
    expect(page.locator("[data-result=compare]")).to_contain_text("ASCII")
    hands.no_barriers()
    hands.press(SAVE)
    page.wait_for_url(f"**/templates/{slug}/")

    hands.press(".head-tools a[href$='/edit']")
    page.wait_for_url("**/edit")
    hands.to("#f-plain")
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.insert_text(" .")
    hands.press(SAVE)
    page.wait_for_url(f"**/templates/{slug}/")
    expect(page.locator(".flash")).to_be_focused()
    hands.press("form[action$=diff] button")
    page.wait_for_url("**/diff?**")
    expect(page.locator("ins").first).to_be_visible()
    hands.nothing_wrong()

    hands.open(f"/templates/{slug}/")
    hands.to("#f-to")
    hands.press("form[action$='/test'] button")
    expect(page.locator("[data-refresh] .badge.good").first).to_be_visible(timeout=30_000)
    hands.nothing_wrong()


def make_with_five_steps(hands: Hands, name: str) -> None:
    """Make a campaign for one ward that starts in an hour, and submit it."""
    page = hands.open("/")
    hands.press("a[href$='/campaigns/new']")
    page.wait_for_url("**/campaigns/new")
    hands.type("[name=name]", name)
    hands.type("[name=find]", "cach 5/7")
    hands.to("[name=template]")
    page.keyboard.press("Space")
    expect(page.locator("[data-part=preview] .bubble").first).to_be_visible()
    hands.no_barriers()
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/edit/audience$"))
    expect(page.locator("[data-part=said]")).not_to_be_empty()
    hands.press("[name=district][value='490']", "Space")
    hands.press("li:has([value='490']) summary")
    hands.press("[name=ward][data-of='490']", "Space")
    district = page.locator("[name=district][value='490']")
    assert district.evaluate("box => box.indeterminate && !box.checked")
    expect(page.locator("table.waterfall .total")).to_be_visible()
    hands.no_barriers()
    hands.press(".step-actions [value=next]")

    page.wait_for_url(re.compile(r"/edit/schedule$"))
    expect(page.locator("[data-part=ahead] .say").first).to_be_visible()
    hands.to("[name=when]")
    page.keyboard.press("ArrowDown")
    if not page.is_checked("[name=when][value=at]"):
        page.keyboard.press("ArrowDown")
    hands.type_moment("[name=start_at]", datetime.now(CITY_TIME) + timedelta(hours=1))
    hands.type("[name=window_start]", "0h")
    hands.type("[name=window_end]", "00:00")
    hands.to("[name=pacing]")
    page.keyboard.press("ArrowDown")
    hands.type("[name=over]", "2h")
    expect(page.locator("[data-part=ahead]")).to_contain_text("nhịp gửi" if hands.vi else "pace")
    hands.no_barriers()
    hands.press(".step-actions [value=next]")

    page.wait_for_url(re.compile(r"/edit/review$"))
    expect(page.locator(".review table.waterfall")).to_be_visible()
    hands.no_barriers()
    assert len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(prefer_css_page_size=True))) == 1
    hands.press(".step-actions .button")
    page.wait_for_url(re.compile(r"/edit/submission$"))
    expect(page.locator("main form button")).to_be_visible()
    hands.no_barriers()
    hands.press("main form button")
    page.wait_for_url(CAMPAIGN)


def test_a_campaign_is_made_sent_back_mended_approved_undone_and_cancelled(staff: Staff, town: City, way: str) -> None:
    officer, name = staff("officer"), f"Mời làm căn cước {way}"
    make_with_five_steps(officer, name)
    number = int(officer.page.url.split("/")[-2])

    approver = staff("approver")
    page = approver.open("/")
    approver.press(f"section[aria-labelledby=waiting] a[href$='/{number}/']")
    page.wait_for_url(CAMPAIGN)
    approver.press("a[href$='/approve']")
    page.wait_for_url(re.compile(r"/approve$"))
    page.wait_for_selector("table.waterfall")
    approver.type("#r-reject", "Sai giờ tiếp dân")
    page.keyboard.press("Enter")
    expect(page.locator(".flash")).to_be_focused()
    expect(page.locator("section[aria-labelledby=decisions] li").first).to_contain_text("Sai giờ tiếp dân")

    mended = officer.open("/")
    officer.press(f"section[aria-labelledby=back] a[href$='/{number}/']")
    mended.wait_for_url(CAMPAIGN)
    officer.press(".head-tools a[href$='/edit']")
    mended.wait_for_url(re.compile(r"/edit/text$"))
    officer.type("[name=name]", f"{name}, lần hai")
    officer.press(".step-actions [value=leave]")
    mended.wait_for_url(CAMPAIGN)
    officer.press("form[action$='/submit'] button")
    expect(mended.locator(".flash.good")).to_be_focused()
    officer.nothing_wrong()

    approver.open(f"/campaigns/{number}/approve")
    changed = page.locator("section[aria-labelledby=changes] tbody tr").first
    expect(changed.locator("ins")).to_contain_text("lần hai")
    expect(changed.locator("del")).not_to_contain_text("lần hai")
    page.wait_for_selector("table.waterfall")
    people = re.sub(r"\D", "", page.locator("table.waterfall tr").last.locator("td").first.inner_text())
    approver.no_barriers()
    approver.type("[name=recipients]", "7")
    page.keyboard.press("Enter")
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("xác nhận loại tin" if approver.vi else "confirm the class")
    expect(page.locator("[name=recipients]")).to_have_value("7")
    approver.press("[name=class]", "Space")
    approver.to("[name=recipients]")
    page.keyboard.press("Enter")
    expect(page.locator("#errors")).to_contain_text(people)
    expect(page.locator("[name=class]")).to_be_checked()
    approver.no_barriers("422")
    for again in (False, True):
        if again:
            approver.open(f"/campaigns/{number}/approve")
            page.wait_for_selector("table.waterfall")
            approver.press("[name=class]", "Space")
        approver.type("[name=recipients]", people)
        page.keyboard.press("Enter")
        expect(page.locator(".head .badge")).to_have_text("Đã lên lịch" if approver.vi else "Scheduled")
        if not again:
            approver.no_barriers()
            approver.type("#r-undo", "Xem lại lần nữa")
            page.keyboard.press("Enter")
            expect(page.locator(".head .badge")).to_have_text("Chờ duyệt" if approver.vi else "Awaiting approval")
            expect(page.locator("section[aria-labelledby=decisions] li").first).to_contain_text("Xem lại lần nữa")
    assert town.show(number)["state"] == "scheduled"

    officer.open(f"/campaigns/{number}/")
    officer.press("a[href$='/cancel']")
    mended.wait_for_url(re.compile(r"/cancel$"))
    officer.type("#r-cancel", "Đổi ngày")
    officer.press("main form .danger")
    mended.wait_for_url(CAMPAIGN)
    assert town.show(number)["state"] == "cancelled"
    officer.nothing_wrong()


def test_a_running_campaign_is_paused_resumed_slowed_and_cancelled(
    staff: Staff, town: City, sent: dict[str, int], way: str
) -> None:
    hands, number = staff("officer"), sent[way]
    page = hands.open(f"/campaigns/{number}/")
    expect(page.locator("#gateway-box")).to_be_visible(timeout=60_000)

    def state() -> str:
        return str(asked(town, "SELECT state FROM campaign WHERE id = :number", number=number))

    hands.press("form[action$='/pause'] button")
    expect(page.locator(".flash.good")).to_be_focused()
    assert state() == "paused"
    hands.press("form[action$='/resume'] button")
    expect(page.locator("form[action$='/pause'] button")).to_be_visible()
    assert state() == "running"
    hands.press("details:has(form[action$='/pace']) summary")
    hands.to("[name=pacing]")
    page.keyboard.press("ArrowDown")
    assert page.is_checked("[name=pacing][value=rate]")
    hands.type("#f-pace", "120")
    page.keyboard.press("Enter")
    expect(page.locator(".flash.good")).to_be_focused()
    assert round(3600 * asked(town, "SELECT pace_now FROM campaign WHERE id = :number", number=number)) == 120
    hands.nothing_wrong()

    # New figures come while somebody stands among them: they stay where they are.
    hands.press("#by-ward-fold")
    order = "#sort-delivered" if way == "wide" else "#order-failed"
    hands.to(order)
    with page.expect_response(re.compile("/progress")):
        pass
    hands.press(order)
    page.wait_for_url(re.compile("sort="))
    expect(page.locator("#ward-box")).to_be_visible()
    hands.press("a[href$='/cancel']", back=True)
    page.wait_for_url(re.compile(r"/cancel$"))
    hands.press("main form .danger")
    page.wait_for_url(CAMPAIGN)
    assert state() == "cancelled"
    hands.nothing_wrong()


def test_those_not_reached_get_it_again(staff: Staff, town: City, sent: dict[str, int]) -> None:
    hands = staff("officer")
    page = hands.open(f"/campaigns/{sent['over']}/")
    hands.press("a[href$='/again']")
    page.wait_for_url(re.compile(r"/again$"))
    for box in page.locator("[name=state]").all():
        if box.is_checked():
            hands.press(f"[name=state][value={box.get_attribute('value')}]", "Space")
    hands.press("main form button")
    expect(page.locator("#errors")).to_be_focused()
    hands.nothing_wrong("422")
    hands.press("#errors a")
    expect(page.locator("#f-state")).to_be_focused()
    page.keyboard.press("Space")
    hands.press("main form button")
    page.wait_for_url(CAMPAIGN)
    assert town.show(int(page.url.split("/")[-2]))["state"] == "draft"
    hands.nothing_wrong()


def test_delivery_is_filtered_seen_by_both_editions_and_taken_away(
    staff: Staff, sent: dict[str, int], way: str
) -> None:
    hands = staff("analyst")
    page = hands.open("/delivery/")
    if way == "narrow":
        hands.press("main details summary")
    hands.choose("#f-campaign", str(sent["over"]))
    hands.choose("#f-edition", "2025")
    hands.press("main form .button")
    page.wait_for_url(re.compile(rf"campaign={sent['over']}.*edition=2025"))
    hands.press(".tabs a[href*='by=ward']")
    page.wait_for_selector(".tabs a[aria-current][href*='by=ward']")
    hands.still_somewhere()
    whole = page.locator("tfoot td").first.inner_text()
    hands.nothing_wrong()
    sheet = hands.fetch(".head-tools a[href*='csv']", back=True).decode("utf-8-sig")
    assert sheet.count("\n") > page.locator("tbody tr").count()
    hands.press(".tabs a[href*='by=carrier']")
    page.wait_for_selector(".tabs a[aria-current][href*='by=carrier']")
    assert page.locator("tfoot td").first.inner_text() == whole, "whatever it is divided by, it adds up"
    hands.nothing_wrong()


def test_a_list_is_uploaded_its_columns_put_right_and_its_bad_rows_fetched(
    staff: Staff, way: str, tmp_path: Path
) -> None:
    first = 60_000 if way == "narrow" else 61_000
    rows = "".join(f"{n},09051{first + n:05},Phan Thị Sim {n},Hòa Hiệp Bắc\n" for n in range(20))
    bad = "41,0905 12,Ngô Văn Ổi,Hòa Hiệp Bắc\n"
    hands = staff("officer")
    page = hands.open("/contacts/")
    hands.press(".head-tools a[href$='/import']")
    page.wait_for_url("**/import")
    hands.hand_in("#f-list", write(tmp_path, "thu.csv", "%PDF-1.7"))
    hands.press("form[data-upload] .actions button")
    expect(page.locator("[data-upload-error]")).to_contain_text("PDF")
    expect(page.locator("#f-list")).to_be_focused()
    hands.hand_in("#f-list", write(tmp_path, "phường.csv", "STT,Liên hệ,Họ và tên,Phường/Xã\n" + rows + bad))
    hands.press("form[data-upload] .actions button")
    page.wait_for_url(REPORT)
    hands.nothing_wrong("422")
    hands.choose("#c-1", "phone")
    hands.press("form[action$='/start'] button")
    expect(page.locator(".figures")).to_be_visible(timeout=60_000)
    assert page.locator(".figures strong").all_inner_texts() == ["21", "20", "0", "0", "0", "1", "0"]
    assert "0905 12" in hands.fetch("a[href$='bad-rows.csv']").decode("utf-8-sig")
    hands.nothing_wrong()


def test_a_person_is_found_corrected_revealed_copied_refuses_and_is_erased(
    staff: Staff, town: City, way: str, tmp_path: Path
) -> None:
    phone = "0905199999" if way == "narrow" else "0905199998"
    name = f"Tôn Nữ {way.title()}"
    town.loa("contacts", "import", write(tmp_path, "mot.csv", f"SĐT,Họ tên\n{phone},{name}\n"), by=OFFICER)
    hands = staff("officer")
    page = hands.open("/contacts/")
    hands.type("#search", f"ton nu {way}")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("search="))
    assert "ton" not in page.url, "whom one looks for stands in no address"
    expect(page.locator("tbody a")).to_have_text(name)
    hands.press("tbody a")
    page.wait_for_url(re.compile(r"/contacts/\d+/$"))
    person = page.url.removeprefix(hands.desk.address)
    hands.nothing_wrong()

    hands.press("a[href$='/edit']")
    page.wait_for_url(re.compile(r"/edit$"))
    hands.type("#f-full_name", f"{name} Anh")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"{name} Anh")
    hands.type("#f-reveal_reason", "gọi lại theo yêu cầu 1022")
    page.keyboard.press("Enter")
    expect(page.locator(".flash strong.phone")).to_have_text(f"{phone[:4]} {phone[4:7]} {phone[7:]}")
    hands.no_barriers()
    for kind in ("json", "csv"):
        assert phone in hands.fetch(f"[name=format][value={kind}]").decode("utf-8-sig")

    hands.open("/optouts/")
    hands.press(".head-tools a[href$='/add']")
    page.wait_for_url("**/add")
    hands.type("#f-phone", "02363822222")
    hands.type("#f-evidence", "cuộc gọi 1022")
    hands.press("main form .button")
    expect(page.locator("#errors")).to_be_focused()
    hands.nothing_wrong("422")
    hands.press("#errors a")
    expect(page.locator("#f-phone")).to_be_focused()
    hands.type("#f-phone", phone)
    hands.press("main form .button")
    page.wait_for_url("**/optouts/")
    hands.open(person)
    expect(page.locator("section:has(#refusals)")).to_contain_text("cuộc gọi 1022")

    hands.type("#f-erase_reason", "đơn ngày 25/11")
    page.keyboard.press("Enter")
    expect(page.locator(".flash.good")).to_be_focused()
    expect(page.locator("dd.phone")).to_have_text("(đã xoá)" if hands.vi else "(erased)")
    hands.no_barriers()


def test_a_gateway_is_added_tried_tested_and_its_rate_and_routes_changed(
    staff: Staff, town: City, sent: dict[str, int], way: str
) -> None:
    with SandboxProcess(SandboxOptions(system_id="danang", password="mat-khau", receipt_delay=0.2)) as telco:
        hands, name = staff("operator"), f"moi-{way}"
        page = hands.open("/gateways/")
        hands.press(".head-tools a[href$='/new']")
        page.wait_for_url("**/new")
        hands.type("#f-name", name)
        for field, value in (("host", "127.0.0.1"), ("port", str(telco.port)), ("system_id", "danang")):
            hands.type(f"#f-s_{field}", value)
        hands.type("#f-s_password", "sai")
        hands.type("#f-tps", "20")
        hands.press("[name='r_*']", "Space")
        assert not page.is_checked("[name='r_*']")
        hands.press("[data-try]")
        wrong = "Sai mật khẩu." if hands.vi else "password"
        expect(page.locator("[data-outcome]")).to_contain_text(wrong)
        hands.type("#f-s_password", "mat-khau", back=True)
        hands.press("[data-try]")
        expect(page.locator("[data-outcome]")).to_contain_text(
            "Kết nối và đăng nhập được" if hands.vi else "connected", ignore_case=True
        )
        hands.nothing_wrong()
        hands.press("[data-gateway] > .actions .button")
        page.wait_for_url(f"**/gateways/{name}/")
        hands.press("form[action$='/test'] button")
        expect(page.locator("[data-refresh] .badge.good").first).to_be_visible(timeout=30_000)
        hands.nothing_wrong()

        hands.press(".head-tools a[href$='/edit']", back=True)
        page.wait_for_url("**/edit")
        hands.type("#f-tps", "15")
        hands.press("[name=r_viettel]", "Space")
        hands.type("#f-p_viettel", "2")
        hands.press("[data-gateway] > .actions .button")
        page.wait_for_url(f"**/gateways/{name}/")
        found = "SELECT tps + position FROM gateway JOIN route ON gateway_id = gateway.id WHERE name = :name"
        assert asked(town, found, name=name) == 15 + 1
        hands.press("form[action$='/disable'] button")
        page.wait_for_selector("form[action$='/enable']")
        expect(page.locator(".flash")).to_be_focused()
        hands.nothing_wrong()


def test_somebody_is_invited_joins_takes_a_second_step_and_is_looked_after(staff: Staff, town: City, way: str) -> None:
    email = f"nguoi-moi-{way}@danang.example"
    chief = staff("administrator")
    page = chief.open("/users/")
    chief.press(".head-tools a[href$='/invite']")
    page.wait_for_url("**/invite")
    chief.type("#f-email", email)
    chief.press("[name=role][value=analyst]", "Space")
    chief.press("main form > .actions .button")
    link = page.inner_text("#link")
    chief.nothing_wrong()

    person = staff()
    person.open(link.removeprefix(person.desk.address))
    for password in ("matkhau123456", CHOSEN):
        person.type("#f-new", password)
        person.type("#f-again", password)
        person.page.keyboard.press("Enter")
        expect(person.page.locator(".flash.good" if password == CHOSEN else "#errors")).to_be_focused()
    person.nothing_wrong("422")
    person.sign_in(email, CHOSEN)
    person.page.wait_for_url(f"{person.desk.address}/")
    person.press(".top .menu summary")
    person.press(".menu-box a[href$='/factors']")
    person.page.wait_for_url("**/factors")
    person.press("a[href$='/totp']")
    person.page.wait_for_url("**/totp")
    person.press("main details summary")
    secret = b32decode(person.page.inner_text("#secret").replace(" ", ""))
    person.type("#f-code", totp.code_at(secret, totp.step_of(time.time()) - 1))
    person.page.keyboard.press("Enter")
    expect(person.page.locator(".codes li")).to_have_count(totp.RECOVERY_CODES)
    person.nothing_wrong()

    other = staff()
    other.sign_in(email, CHOSEN)
    other.page.wait_for_url(re.compile("/sign-in/step"))
    other.type("#f-code", totp.code_at(secret, totp.step_of(time.time())))
    other.page.keyboard.press("Enter")
    other.page.wait_for_url(f"{person.desk.address}/")
    other.nothing_wrong()
    person.open("/account/sessions")
    person.press("form[action$='/end'] button")
    expect(person.page.locator("tbody tr")).to_have_count(1)
    person.nothing_wrong()

    # Five wrong passwords lock the account; somebody opens it again.
    other.open("/login")
    for _ in range(5):
        other.sign_in(email, "sai mat khau")
        expect(other.page.locator("#errors")).to_be_focused()
    chief.open("/users/")
    found = page.get_by_role("link", name=email, exact=True).get_attribute("href")
    chief.press(f"tbody a[href='{found}']")
    page.wait_for_url(re.compile(r"/users/\d+/$"))
    chief.nothing_wrong()
    chief.press("form[action$='/unlock'] button")
    expect(page.locator(".flash.good")).to_be_focused()
    chief.press("form[action$='/end-sessions'] button")
    expect(page.locator(".flash.good")).to_be_focused()
    chief.press(".head-tools a[href$='/edit']")
    page.wait_for_url("**/edit")
    chief.press("[name=role][value=operator]", "Space")
    chief.press("main form > .actions .button")
    page.wait_for_url(re.compile(r"/users/\d+/$"))
    roles = 'SELECT count(*) FROM "user" JOIN user_role ON user_id = "user".id WHERE email = :email'
    assert asked(town, roles, email=email) == 2
    person.page.goto(f"{person.desk.address}/")
    assert "/login" in person.page.url
    chief.nothing_wrong()


def test_the_audit_is_searched_verified_and_asked_for_as_a_file(staff: Staff, sent: dict[str, int], way: str) -> None:
    hands = staff("administrator")
    page = hands.open("/audit/")
    hands.type("#search", "duyet chien dich")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("search=duyet"))
    expect(page.locator("tbody tr").first).to_be_visible()
    hands.nothing_wrong()
    hands.press("form[action$='/audit/check'] button")
    expect(page.locator("section.card .badge.good")).to_be_visible(timeout=60_000)
    hands.open("/audit/")
    hands.press("main details.menu summary")
    hands.press(".menu-box [name=format][value=csv]")
    page.wait_for_url("**/exports/")
    expect(page.locator("main tbody a").first).to_be_visible(timeout=60_000)
    assert hands.fetch("main tbody a").startswith(b"\xef\xbb\xbf")
    hands.nothing_wrong()


def test_the_registers_are_kept(staff: Staff, town: City, way: str, tmp_path: Path) -> None:
    officer, today = staff("officer"), datetime.now(CITY_TIME)
    page = officer.open("/do-not-call/")
    officer.hand_in("#f-list", write(tmp_path, f"{way}.csv", "Số điện thoại,Loại\n0905000001,S\n0905000002,S\n"))
    officer.type_moment("#f-issued", today)
    officer.press("form[data-upload] .actions button")
    page.wait_for_selector(f"td:text-is('{way}.csv')", timeout=60_000)
    officer.type("#f-phone", "0905 000 001")
    page.keyboard.press("Enter")
    expect(page.locator("p.flash[role=status]")).to_be_visible()
    assert "0905" not in page.url
    officer.nothing_wrong()

    officer.open("/links/add")
    officer.type("#f-title", "Bảy cách thay sổ hộ khẩu")
    officer.type("#f-name", f"bay-cach-{way}")
    officer.type("#f-target", TARGET)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/links/\d+/$"))
    officer.press("form[action$='/close'] button")
    expect(page.locator(".flash.good")).to_be_focused()
    officer.nothing_wrong()

    officer.open("/requests/new")
    officer.choose("#f-kind", page.locator("#f-kind option").nth(1).get_attribute("value") or "")
    officer.type("#f-evidence", "VB 12/UBND")
    officer.press("main form .button")
    page.wait_for_url(re.compile(r"/requests/\d+/$"))
    officer.press("form[action$='/acknowledge'] button")
    expect(page.locator(".flash.good")).to_be_focused()
    officer.type("#f-note", "Đã gửi văn bản trả lời")
    page.keyboard.press("Enter")
    expect(page.locator("form[action$='/complete']")).to_have_count(0)
    officer.nothing_wrong()

    chief = staff("administrator")
    chief.open("/breaches/")
    chief.type("#f-title", "Mất máy tính xách tay")
    chief.press("main form .button")
    chief.page.wait_for_url(re.compile(r"/breaches/\d+/$"))
    for each in chief.page.locator("form[aria-labelledby=sheet] textarea").all()[:8]:
        chief.type(f"#{each.get_attribute('id')}", "Đã xác minh")
    chief.press("form[aria-labelledby=sheet] .button")
    expect(chief.page.locator("section[aria-labelledby=clock] .icon")).to_be_visible()
    chief.type_moment("#f-notified_at", datetime.now(CITY_TIME))
    chief.type("#f-reference", "15/TB-UBND")
    chief.press("form[action$='/notify'] .button")
    expect(chief.page.locator("section[aria-labelledby=clock]")).to_contain_text("15/TB-UBND")
    chief.press("form[action$='/close'] button")
    expect(chief.page.locator("form[action$='/close']")).to_have_count(0)
    chief.nothing_wrong()

    operator = staff("operator")
    operator.open("/tariffs/")
    operator.type_moment("#f-from_date", today)
    for price in ("nhiều", "850,5"):
        operator.type("#f-price", price)
        operator.page.keyboard.press("Enter")
        expect(operator.page.locator("#errors" if price == "nhiều" else ".flash.good")).to_be_focused()
    operator.nothing_wrong("422")
    operator.press("form[action$='/remove'] button")
    expect(operator.page.locator(".flash.good")).to_be_focused()
    assert asked(town, "SELECT count(*) FROM tariff") == 0
    operator.nothing_wrong()

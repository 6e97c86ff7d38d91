"""An approver at work with the keyboard alone: sees what changed, types the number, takes it back, approves again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, Desk, Desks
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OFFICER, APPROVER, DUTY = "officer@danang.example", "approver@danang.example", "duty@danang.example"


def draft(town: City, name: str, slug: str, by: str = OFFICER) -> int:
    start = datetime.now(UTC) + timedelta(minutes=30)
    words = ("--name", name, "--template", slug, "--all", "--window", "00:00-24:00", "--start", start.isoformat())
    return int(town.loa("campaigns", "create", *words, "--json", by=by)["id"])


def to(page: Page, selector: str) -> None:
    """Walk to something with the tabulator, as people without a mouse do."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard never reaches {selector}")


def expected_in(page: Page) -> str:
    """The number of the waterfall's last line, as it stands there."""
    page.wait_for_selector("table.waterfall")
    return re.sub(r"[^\d.,]", "", page.locator("table.waterfall tr").last.locator("td").first.inner_text())


def no_barriers(desk: Desk) -> None:
    # Chromium reports the status 422 of a form that was refused.
    desk.complaints[:] = [told for told in desk.complaints if "422" not in told]
    desk.no_barriers()


@pytest.mark.parametrize(("language", "width"), [("vi", 1440), ("en", 360)])
def test_an_approver_works_by_keyboard_alone(desk: Desks, town: City, language: str, width: int) -> None:
    vi = language == "vi"
    campaign = draft(town, f"Duyệt bằng bàn phím {language}", "hk07-5-vneid")
    town.loa("campaigns", "submit", campaign, by=OFFICER)
    town.loa("campaigns", "reject", campaign, "--reason", "Sai giờ tiếp dân", by=APPROVER)
    officer = desk("officer", language=language)
    edited = officer.open(f"/campaigns/{campaign}/edit")
    edited.fill("[name=name]", f"Duyệt bằng bàn phím {language}, lần hai")
    edited.click(".step-actions [value=leave]")
    edited.wait_for_url(re.compile(r"/campaigns/\d+/$"))
    edited.locator("form[action$='/submit'] button").click()
    expect(edited.locator(".flash.good")).to_be_visible()

    approver = desk("approver", language=language, width=width)
    page = approver.open(f"/campaigns/{campaign}/")
    to(page, "a[href$='/approve']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/approve$"))
    expect(page.locator("#changes ~ p").first).to_contain_text("Sai giờ tiếp dân")
    changed = page.locator("section[aria-labelledby=changes] tbody tr").first
    expect(changed.locator("ins")).to_contain_text("lần hai")
    expect(changed.locator("del")).not_to_contain_text("lần hai")
    people = expected_in(page)
    approver.no_barriers()

    to(page, "[name=recipients]")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("xác nhận loại tin" if vi else "confirm the class")
    expect(page.locator("[name=recipients]")).to_have_value("7")
    to(page, "[name=class]")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#errors")).to_contain_text(people.replace(".", "").replace(",", ""))
    expect(page.locator("[name=class]")).to_be_checked()
    no_barriers(approver)

    def approve() -> None:
        to(page, "[name=recipients]")
        page.keyboard.press("Control+A")
        page.keyboard.type(people)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/campaigns/\d+/$"))
        expect(page.locator(".head .badge")).to_have_text("Đã lên lịch" if vi else "Scheduled")

    approve()
    expect(page.locator("#undo")).to_be_visible()
    no_barriers(approver)
    to(page, "form[action$='/undo'] [name=reason]")
    page.keyboard.type("Xem lại lần nữa")
    page.keyboard.press("Enter")
    expect(page.locator(".head .badge")).to_have_text("Chờ duyệt" if vi else "Awaiting approval")
    expect(page.locator("section[aria-labelledby=decisions] li").first).to_contain_text("Xem lại lần nữa")

    page.goto(f"{approver.address}/campaigns/{campaign}/approve")
    page.wait_for_selector("table.waterfall")
    to(page, "[name=class]")
    page.keyboard.press("Space")
    approve()
    no_barriers(approver)
    assert town.show(campaign)["state"] == "scheduled"


@pytest.mark.parametrize(("language", "width"), [("vi", 360), ("en", 1440)])
def test_an_emergency_is_loud_and_reviewed_afterwards(desk: Desks, town: City, language: str, width: int) -> None:
    duty = f"{language}-{DUTY}"
    town.loa("users", "add", duty, "--role", "officer", "--password-stdin", stdin=PASSWORD + "\n")
    town.loa("users", "grant", duty, "campaign.emergency")
    writer = desk("officer", language=language)
    slug = f"bao-{language}"
    page = writer.open("/templates/new")
    page.fill("[name=slug]", slug)
    page.fill("[name=title]", f"Bão {language}")
    page.select_option("[name=message_class]", "khan-cap")
    page.fill("[name=marked]", "UBND thành phố: bão số 9, ở trong nhà. Gọi 112.")
    page.fill("[name=plain]", "UBND thanh pho: bao so 9, o trong nha. Goi 112.")
    page.locator("main form .actions button:not([name])").click()
    page.wait_for_url(re.compile(rf"/templates/{slug}/$"))
    campaign = draft(town, f"Bão số 9 {language}", slug, by=duty)

    hero = desk(width=width)
    hero.page.goto(f"{hero.address}/login")
    hero.page.fill("[name=email]", duty)
    hero.page.fill("[name=password]", PASSWORD)
    hero.page.click("main button")
    hero.page.wait_for_url(f"{hero.address}/")
    if language == "en":
        hero.page.click(".top-tools [name=language]")
        hero.page.wait_for_selector("html[lang=en]")
    page = hero.open(f"/campaigns/{campaign}/")
    hero.no_barriers()
    page.locator("a[href$='/emergency']").click()
    people = expected_in(page)
    hero.no_barriers()
    page.fill("[name=basis]", "Công điện 05, bão vào trong hai giờ")
    page.check("[name=class]")
    page.check("[name=sure]")
    page.fill("[name=recipients]", people)
    page.locator("form:has([name=basis]) button").click()
    expect(page.locator("#alone")).to_be_visible()
    no_barriers(hero)

    approver = desk("approver", language=language, width=width)
    page = approver.open("/")
    page.locator("section[aria-labelledby=emergencies] a").first.click()
    approver.no_barriers()
    card = page.locator("section.card", has_text=f"Bão số 9 {language}")
    card.locator("textarea").fill("Đúng quy trình")
    card.locator("button").click()
    expect(page.locator("section.card", has_text=f"Bão số 9 {language}")).to_contain_text("Đúng quy trình")
    approver.no_barriers()

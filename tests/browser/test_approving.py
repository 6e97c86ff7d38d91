"""An emergency goes out without an approver: loudly, and looked at afterwards."""

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


def expected_in(page: Page) -> str:
    """The number of the waterfall's last line, as it stands there."""
    page.wait_for_selector("table.waterfall")
    return re.sub(r"[^\d.,]", "", page.locator("table.waterfall tr").last.locator("td").first.inner_text())


def no_barriers(desk: Desk) -> None:
    # Chromium reports the status 422 of a form that was refused.
    desk.complaints[:] = [told for told in desk.complaints if "422" not in told]
    desk.no_barriers()


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

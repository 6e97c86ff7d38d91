"""An officer makes a campaign: by keyboard only on a narrow screen, and after a session that has ended."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desks
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def tab_to(page: Page, selector: str, most: int = 150) -> None:
    """Press Tab until what the selector means has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_all_five_steps_by_keyboard_alone(desk: Desks, town: City, language: str) -> None:
    officer = desk("officer", language=language, width=360, dark=language == "en")
    page = officer.open("/campaigns/new")
    tab_to(page, "[name=name]")
    page.keyboard.type("Mời làm căn cước")
    tab_to(page, "[name=find]")
    page.keyboard.type("cach 5/7")
    tab_to(page, "[name=template]")
    page.keyboard.press("Space")
    expect(page.locator("[data-part=preview] .bubble").first).to_be_visible()
    officer.no_barriers()
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/edit/audience$"))
    expect(page.locator("[data-part=said]")).not_to_be_empty()
    tab_to(page, "[name=district][value='490']")
    page.keyboard.press("Space")
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    tab_to(page, "[name=ward][data-of='490']")
    page.keyboard.press("Space")
    district = page.locator("[name=district][value='490']")
    assert district.evaluate("box => box.indeterminate && !box.checked")
    expect(page.locator("table.waterfall .total")).to_be_visible()
    officer.no_barriers()
    tab_to(page, ".step-actions [value=next]")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/edit/schedule$"))
    expect(page.locator("[data-part=ahead] .say").first).to_be_visible()
    tab_to(page, "[name=pacing]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name=over]")
    page.keyboard.type("2h")
    expect(page.locator("[data-part=ahead]")).to_contain_text("nhịp gửi" if language == "vi" else "pace")
    officer.no_barriers()
    tab_to(page, ".step-actions [value=next]")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/edit/review$"))
    expect(page.locator(".review .waterfall")).to_be_visible()
    officer.no_barriers()
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1
    tab_to(page, ".step-actions .button")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/edit/submission$"))
    expect(page.locator("#f-submission")).to_be_visible()
    officer.no_barriers()
    tab_to(page, "main form button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/campaigns/\d+/$"))
    expect(page.locator(".head .badge")).to_have_text("Chờ duyệt" if language == "vi" else "Awaiting approval")


def test_what_was_typed_is_back_after_signing_in_again(desk: Desks) -> None:
    officer = desk("officer")
    page = officer.open("/campaigns/new?template=hk07-5-vneid")
    page.fill("[name=name]", "Phiên hết hạn")
    page.context.clear_cookies()
    page.click(".step-actions [value=next]")
    page.wait_for_url(re.compile(r"/login\?next="))
    page.fill("[name=email]", "officer@danang.example")
    page.fill("[name=password]", "cau rong phun lua 2026")
    page.click("main form button")
    page.wait_for_url(re.compile(r"/campaigns/new"))
    expect(page.locator("[name=name]")).to_have_value("Phiên hết hạn")
    page.click(".step-actions [value=next]")
    page.wait_for_url(re.compile(r"/edit/audience$"))
    # Nor does a look at the people behind a number lose what is ticked.
    page.check("[name=district][value='492']")
    page.click(".waterfall .total a")
    expect(page.locator("h1")).to_have_text("Sẽ gửi")
    page.go_back()
    expect(page.locator("[name=district][value='492']")).to_be_checked()

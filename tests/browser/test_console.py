"""People at work in the console: from the first click to delivery by district, at any width."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, Desks

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def number_in(text: str) -> int:
    """The first number of a text, ``1.234`` as 1234."""
    found = re.search(r"\d[\d.,]*", text)
    assert found, text
    return int(re.sub(r"\D", "", found[0]))


def make_campaign(page: Page, name: str, slug: str = "hk07-5-vneid") -> str:
    """Make a campaign for two districts and leave it as a draft; its address."""
    page.fill("[name=name]", name)
    page.check(f"[name=template][value='{slug}']")
    page.click(".step-actions [value=next]")
    page.wait_for_url(re.compile(r"/edit/audience$"))
    page.check("[name=district][value='490']")
    page.check("[name=district][value='492']")
    page.click(".step-actions [value=next]")
    page.wait_for_url(re.compile(r"/edit/schedule$"))
    page.fill("[name=window_start]", "00:00")
    page.fill("[name=window_end]", "00:00")
    page.click(".step-actions [value=leave]")
    page.wait_for_url(re.compile(r"/campaigns/\d+/$"))
    return page.url


def test_the_way_in_has_no_barrier_and_says_what_is_wrong(desk: Desks) -> None:
    stranger = desk()
    page = stranger.open("/login")
    stranger.no_barriers()
    page.fill("[name=email]", "officer@danang.example")
    page.fill("[name=password]", "wrong")
    page.click("main button")
    expect(page.locator("#errors, .errors")).to_contain_text("Email hoặc mật khẩu không đúng.")
    stranger.no_barriers()


def test_the_editor_counts_while_one_types(desk: Desks) -> None:
    officer = desk("officer")
    page = officer.open("/templates/new")
    page.fill("[name=marked]", "UBND thông báo. 1022 " + "ạ" * 60)
    expect(page.locator("[data-result=marked] .counter")).to_contain_text("2 phần tin")
    page.fill("[name=plain]", "UBND thong bao. 1022")
    expect(page.locator("[data-result=plain] .counter")).to_contain_text("1 phần tin · GSM-7")
    page.focus("[name=plain]")
    page.click("[data-into=plain][data-insert='{{ phuong }}']")
    expect(page.locator("[data-result=plain] .bubble")).to_contain_text("Phuong Hoa Cuong Bac")
    officer.no_barriers()


def test_a_refused_form_leads_to_what_must_be_mended(desk: Desks) -> None:
    officer = desk("officer")
    page = officer.open("/optouts/add")
    page.fill("[name=phone]", "02363822222")
    page.fill("[name=evidence]", "cuộc gọi 1022")
    page.click("main form button")
    expect(page.locator("#errors")).to_be_focused()
    page.click("#errors a")
    expect(page.locator("[name=phone]")).to_be_focused()
    officer.complaints.clear()  # Chromium reports the status 422 of the refusal.
    officer.no_barriers()


def test_a_stale_tab_does_nothing_twice(desk: Desks) -> None:
    officer: Desk = desk("officer")
    address = make_campaign(officer.open("/campaigns/new"), "Hai thẻ")
    other = officer.page.context.new_page()
    other.goto(address)
    officer.page.locator("form[action$='/submit'] button").click()
    expect(officer.page.locator(".flash.good")).to_be_visible()
    other.locator("form[action$='/submit'] button").click()
    expect(other.locator(".flash.bad")).to_contain_text("đã thay đổi từ khi trang này được mở")


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

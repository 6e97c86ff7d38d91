"""A whole day in the browser: a list uploaded, a campaign made, approved, sent, read by district, proved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, Desks
from tests.browser.test_console import make_campaign, number_in
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NEW = 30
"""People whom the uploaded list adds."""


def upload(officer: Desk, folder: Path) -> None:
    """Bring people of one ward into the register, through the page."""
    rows = "".join(f"{n},09052{n:05},Đinh Thị Mít {n},Hòa Hiệp Bắc\n" for n in range(NEW))
    (folder / "phường.csv").write_text("STT,Số điện thoại,Họ và tên,Phường/Xã\n" + rows, encoding="utf-8")
    page = officer.open("/contacts/import")
    page.set_input_files("#f-list", folder / "phường.csv")
    page.click("main form[data-upload] .actions button")
    page.wait_for_url(re.compile(r"/contacts/import/\d+/$"))
    page.click("form[action$='/start'] button")
    expect(page.locator(".figures")).to_be_visible(timeout=90_000)
    assert page.locator(".figures strong").all_inner_texts()[1] == str(NEW)


def approve(approver: Desk, address: str, people: int) -> None:
    """Look at it as its approver does: tick the class, type the number."""
    page = approver.page
    page.goto(address)
    approver.no_barriers()
    page.locator("a[href$='/approve']").click()
    page.check("[name=class]")
    page.fill("[name=recipients]", str(people))
    page.locator("form:has([name=recipients]) button").click()
    expect(page.locator(".flash.good")).to_be_visible()


def read_delivery(officer: Desk, people: int) -> None:
    """Every view of the delivery adds up, and the table can be had as a file."""
    page = officer.page
    page.locator(".head-tools a[href*='/delivery']").click()
    page.wait_for_selector("img.chart")
    assert page.evaluate("document.querySelector('img.chart').naturalWidth") > 300
    foot = [number_in(text) for text in page.locator("tfoot td").all_inner_texts()]
    rows = page.locator("tbody tr")
    assert foot[0] == people > 0
    assert sum(number_in(rows.nth(n).locator("td").nth(1).inner_text()) for n in range(rows.count())) == people
    assert sum(foot[1:-1]) == people, "every message is in exactly one group"
    for by in ("ward", "carrier", "gateway", "hour", "state"):
        page.locator(f".tabs a[href$='by={by}']").click()
        page.wait_for_selector(f".tabs a[aria-current][href$='by={by}']")
        officer.no_barriers()
    with page.expect_download() as download:
        page.locator("a[href*='delivery.csv']").click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(("language", "slug"), [("vi", "hk07-5-vneid"), ("en", "hk07-2-doc-ma-qr")])
def test_a_day_from_the_list_to_the_proof(
    desk: Desks, town: City, tmp_path: Path, language: str, slug: str
) -> None:
    officer, approver = desk("officer", language=language), desk("approver", language=language)
    if language == "vi":
        upload(officer, tmp_path)
    address = make_campaign(officer.open("/campaigns/new"), f"Bảy cách {language}", slug)
    page: Page = officer.page
    page.wait_for_selector("table.waterfall")
    people = number_in(page.locator("table.waterfall tr").last.locator("td").first.inner_text())
    officer.no_barriers()
    page.locator("form[action$='/submit'] button").click()
    expect(page.locator(".badge").first).to_have_text("Chờ duyệt" if language == "vi" else "Awaiting approval")
    approve(approver, address, people)

    page.reload()
    page.locator("form[action$='/schedule'] button").click()
    expect(page.locator("#progress")).to_be_visible()
    # Nobody reloads from here on: the page follows the campaign by itself.
    expect(page.locator(".head .badge")).to_have_text("Đã xong" if language == "vi" else "Finished", timeout=120_000)
    officer.no_barriers()
    read_delivery(officer, people)

    approver.page.goto(address)
    approver.page.locator("a[href$='/proof']").click()
    approver.page.wait_for_url(re.compile("/proof$"))
    approver.no_barriers()
    with approver.page.expect_download() as download:
        approver.page.locator("form[action$='/proof.pdf'] button").click()
    assert town.loa("proof", "verify", download.value.path(), "--json")["intact"]
    assert town.loa("reconcile", "--json") == {"balanced": True, "differences": []}

"""Proving afterwards: a campaign's proof and the audit; short links, their codes, and what citizens see of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desks
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TARGET = "https://dichvucong.danang.gov.vn/bay-cach"


@pytest.fixture(scope="module", autouse=True)
def _public_address() -> Iterator[None]:
    """The console of this module has an address for citizens; set before it is made."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOA_PUBLIC_URL", "https://loa.danang.gov.vn")
        yield


def test_what_was_done_is_proved_on_paper_and_found_in_the_audit(desk: Desks, town: City, tmp_path: Path) -> None:
    campaign = town.campaign("officer@danang.example", "approver@danang.example", "--wards", "20194,20195")
    town.loa("campaigns", "wait", campaign, "--timeout", 90)
    analyst = desk("analyst")
    analyst.open(f"/campaigns/{campaign}/")
    analyst.page.click(".head-tools a[href$='/proof']")
    expect(analyst.page.locator("#proof-recount")).to_be_visible()
    expect(analyst.page.locator("dd", has_text="khớp sổ")).to_be_visible()
    expect(analyst.page.locator("dd", has_text="hai mã trùng nhau")).to_be_visible()
    analyst.no_barriers()
    with analyst.page.expect_download() as download:
        analyst.page.click(".head-tools button")
    file = tmp_path / "proof.pdf"
    download.value.save_as(file)
    assert town.loa("proof", "verify", file, "--json")["intact"]

    administrator = desk("administrator")
    page = administrator.open("/audit/")
    page.fill("#search", "duyet chien dich")
    page.click("form.filters button")
    expect(page.locator("tbody tr").first).to_contain_text("duyệt chiến dịch")
    assert "search=duyet+chien+dich" in page.url
    page.locator("tbody a", has_text="mọi việc với đối tượng này").first.click()
    expect(page.locator("tbody")).to_contain_text("lập hồ sơ chứng minh có chữ ký")
    administrator.no_barriers()
    page.click("form[action$='/audit/check'] button")
    # The next tick has it verified, and the page says so by itself.
    expect(page.locator("section.card .badge.good")).to_have_text("Nguyên vẹn", timeout=60_000)
    administrator.no_barriers()


def test_a_link_is_made_hung_opened_counted_and_closed(desk: Desks) -> None:
    officer = desk("officer", width=360)
    page = officer.open("/links/add")
    page.fill("[name=title]", "Bảy cách thay sổ hộ khẩu")
    page.fill("[name=name]", "bay-cach-in")
    page.fill("[name=target]", "https://gov.vn.evil.example/")
    page.click("main form .actions button")
    expect(page.locator("#errors")).to_contain_text("gov.vn.evil.example")
    officer.complaints.clear()  # Chromium complains about every answer of 422
    officer.no_barriers()
    page.fill("[name=target]", TARGET)
    page.click("main form .actions button")
    page.wait_for_url(re.compile(r"/links/\d+/$"))
    page.select_option("#ward", label="Phường Hòa Hiệp Bắc")
    page.click("form:has(#ward) button")
    expect(page.locator("main")).to_contain_text("Phường Hòa Hiệp Bắc")
    page.wait_for_function("document.querySelector('img.qr').naturalWidth > 100")
    officer.no_barriers()
    with page.expect_download() as download:
        page.click("a[href*='poster.pdf']")
    assert download.value.path().read_bytes().startswith(b"%PDF")
    code = page.locator("p.mono").inner_text().split("\n")[0].rsplit("/", 1)[1]

    citizen = desk(width=360)
    answer = citizen.page.request.get(f"{citizen.address}/l/{code}", max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (302, TARGET)
    citizen.open("/kiem-tra").fill("#text", code)
    citizen.page.click("main button")
    expect(citizen.page.locator("#answer")).to_contain_text("áp phích")
    citizen.no_barriers()

    # A headless browser says so, and is taken for what it is: a machine's visit, which is told and not counted.
    page.reload()
    expect(page.locator("main")).to_contain_text("1 lượt của máy quét")
    page.click("form[action$='/close'] button")
    expect(page.locator(".flash.good")).to_be_visible()
    for language in ("vi", "en"):
        citizen.page.goto(f"{citizen.address}/l/{code}?lang={language}")
        expect(citizen.page.locator("h1")).to_have_text(
            "Liên kết này không còn dùng" if language == "vi" else "This link is no longer in use"
        )
        citizen.complaints.clear()  # Chromium complains about every answer of 410
        citizen.no_barriers()

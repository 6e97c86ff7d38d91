"""What advertising needs, as people set it up: the list, a sender name, a consent with its proof."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.browser.conftest import Desks

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_list_is_uploaded_and_read_and_a_consent_written_down(desk: Desks, tmp_path: Path) -> None:
    path = tmp_path / "dnc.csv"
    path.write_text("Số điện thoại,Loại\n" + "".join(f"09050{n:05d},S\n" for n in range(3000)))
    officer = desk("officer", width=360)
    page = officer.open("/do-not-call/")
    assert "Chưa có danh sách" in page.inner_text("main")
    officer.no_barriers()
    page.set_input_files("#f-list", str(path))
    page.fill("#f-issued", date.today().isoformat())
    page.click("form[data-upload] button.button:not(.quiet)")
    # Read by a worker, in the background; the page asks by itself until it is done.
    page.wait_for_selector(".figures", timeout=60_000)
    assert "3.000" in page.inner_text(".figures")
    page.fill("#f-phone", "0905 000 001")
    page.press("#f-phone", "Enter")
    page.wait_for_selector("text=Số này có trong danh sách từ")
    assert "0905" not in page.url
    officer.no_barriers()

    officer.open("/consents/add")
    page.fill("#f-phone", "0905000001")
    page.fill("#f-given", "2026-03-01")
    page.fill("#f-wording", "Đồng ý nhận tin hội chợ")
    page.fill("#f-evidence", "phiếu 12")
    page.fill("#f-per_day", "0")
    page.press("#f-per_day", "Enter")
    page.wait_for_selector("#errors a[href='#f-per_day']")
    officer.complaints.clear()  # Chromium reports the status 422 of the refusal.
    officer.no_barriers()
    assert page.input_value("#f-wording") == "Đồng ý nhận tin hội chợ"
    page.fill("#f-per_day", "2")
    page.press("#f-per_day", "Enter")
    page.wait_for_url("**/consents/")
    assert "phiếu 12" in page.inner_text("table")
    officer.no_barriers()

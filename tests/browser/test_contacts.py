"""Lists uploaded in the browser: chosen, dropped, and without any script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, Desks
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HEADER = "STT,Liên hệ,Họ và tên,Phường/Xã\n"
REPORT = re.compile(r"/contacts/import/\d+/$")
DROP = """([place, name, content]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([content], name, { type: "text/csv" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.querySelector(place).dispatchEvent(
      new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


def people(first: int, bad: bool = True) -> str:
    rows = [f"{n},09051{first + n:05},Phan Thị Sim {first + n},Hòa Hiệp Bắc" for n in range(40)]
    if bad:
        rows += ["41,0905 12,Ngô Văn Ổi,Hòa Hiệp Bắc", f"42,09051{first + 90:05},Hồ Mận,Phường Không Có"]
    return HEADER + "\n".join(rows) + "\n"


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def finished(page: Page) -> None:
    """Wait, without reloading, until the report stands there."""
    expect(page.locator(".figures")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize(("language", "width", "first"), [("vi", 1440, 10_000), ("en", 360, 20_000)])
def test_a_list_goes_from_the_computer_into_the_register(
    desk: Desks, tmp_path: Path, language: str, width: int, first: int
) -> None:
    officer = desk("officer", language=language, width=width)
    page = officer.open("/contacts/import")
    officer.no_barriers()
    page.set_input_files("#f-list", write(tmp_path, f"phường {first}.csv", people(first)))
    page.click("main form[data-upload] .actions button")
    page.wait_for_url(REPORT)
    officer.no_barriers()
    assert f"09051{first:05}" not in page.content(), "numbers are masked also in the preview"
    page.select_option("#c-1", "phone")
    page.click("form[action$='/start'] button")
    finished(page)
    assert page.locator(".figures strong").all_inner_texts() == ["42", "40", "0", "0", "0", "2", "0"]
    rows = page.locator("table.list tbody tr")
    expect(rows).to_have_count(2)
    assert rows.nth(0).locator("th").inner_text().split()[-1] == "42", "the row as Excel counts it"
    officer.no_barriers()
    with page.expect_download() as download:
        page.click("a[href$='bad-rows.csv']")
    mended = download.value.path().read_text(encoding="utf-8-sig")
    assert f"09051{first + 90:05}" in mended
    again = mended.replace("0905 12,", f"09051{first + 91:05},").replace("Phường Không Có", "Hòa Hiệp Nam")
    page.goto(f"{officer.address}/contacts/import")
    page.evaluate(DROP, ["[data-drop]", "sua.csv", again])
    page.click("main form[data-upload] .actions button")
    page.wait_for_url(REPORT)
    page.select_option("#c-1", "phone")
    page.click("form[action$='/start'] button")
    finished(page)
    assert page.locator(".figures strong").all_inner_texts() == ["2", "2", "0", "0", "0", "0", "0"]
    officer.no_barriers()


def test_what_is_no_list_is_told_beside_its_field(desk: Desks, tmp_path: Path) -> None:
    officer = desk("officer")
    page = officer.open("/contacts/import")
    page.set_input_files("#f-list", write(tmp_path, "thu.csv", "%PDF-1.7"))
    page.click("main form[data-upload] .actions button")
    expect(page.locator("[data-upload-error]")).to_contain_text("PDF")
    expect(page.locator("#f-list")).to_be_focused()
    officer.complaints.clear()  # Chromium reports the status 422 of the refusal.
    page.evaluate("document.querySelector('[data-upload]').dataset.most = 3")
    page.set_input_files("#f-list", write(tmp_path, "to.csv", people(0)))
    expect(page.locator("[data-upload-error]")).to_contain_text("lớn quá")
    officer.no_barriers()


def test_everything_works_without_a_script(chromium: Browser, address: str, town: City, tmp_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    page.goto(f"{address}/login")
    page.fill("[name=email]", "officer@danang.example")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.goto(f"{address}/contacts/import")
    page.set_input_files("#f-list", write(tmp_path, "khong-js.csv", people(30_000)))
    page.click("main form[data-upload] .actions button")
    page.wait_for_url(REPORT)
    page.select_option("#c-1", "phone")
    page.click("form[action$='/start'] button")
    page.wait_for_url(REPORT)

    def there() -> bool:
        page.reload()
        return page.locator(".figures").count() == 1

    town.wait("the report", there)
    context.close()

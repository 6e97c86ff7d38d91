"""Writing a text with the keyboard alone, and setting up a gateway up to its first message."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from tests.browser.conftest import Desks
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

ODD = "UBND phuong\u00a0“{{ phuong }}” moi ong/ba "


def tab_to(page: Page, selector: str, *, key: str = "Tab") -> None:
    """Press Tab until something is focused, as somebody without a mouse does."""
    for _ in range(90):
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press(key)
    pytest.fail(f"{selector} cannot be reached with Tab on {page.url}")


def test_a_text_is_written_repaired_and_saved_with_the_keyboard_alone(desk: Desks) -> None:
    officer = desk("officer")
    page = officer.open("/templates/t17-moi-theo-dia-ban/edit")
    tab_to(page, "#f-plain")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(ODD)
    expect(page.locator("[data-result=plain]")).to_contain_text("Ký tự làm cả tin thành Unicode")
    expect(page.locator("[data-said]")).to_contain_text("Không dấu: ")
    # A chip puts its value where the cursor was, and the cursor is there again.
    tab_to(page, "[data-into=plain][data-insert*=ho_ten]", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#f-plain")).to_be_focused()
    assert page.input_value("#f-plain") == ODD + "{{ ho_ten }}"
    page.keyboard.insert_text(" den UBND. Hoi dap: 1022")
    tab_to(page, "[data-repair=plain]")
    page.keyboard.press("Enter")
    expect(page.locator("#f-plain")).to_have_value(
        'UBND phuong "{{ phuong }}" moi ong/ba {{ ho_ten }} den UBND. Hoi dap: 1022'
    )
    expect(page.locator("#f-plain")).to_be_focused()
    expect(page.locator("[data-repair=plain]")).to_be_hidden()
    expect(page.locator("[data-result=compare]")).to_contain_text("ASCII, 1 phần")
    officer.no_barriers()
    tab_to(page, "form[data-preview] > .actions button:not([name])")
    page.keyboard.press("Enter")
    page.wait_for_url("**/templates/t17-moi-theo-dia-ban/")
    expect(page.locator(".flash")).to_contain_text("Đã lưu phiên bản 2.")
    tab_to(page, "form[action$=diff] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/diff?**")
    expect(page.locator("ins").first).to_be_visible()
    officer.no_barriers()


def test_a_gateway_is_set_up_tried_and_sends_its_first_message(desk: Desks, town: City) -> None:
    with SandboxProcess(SandboxOptions(system_id="danang", password="mat-khau", receipt_delay=0.2)) as telco:
        operator = desk("operator")
        page = operator.open("/desks/")
        page.fill("#f-label", "Trực ban Sở KH&CN")
        page.fill("#f-phone", "0905 123 456")
        page.click("form.card button")
        page.wait_for_selector("td:has-text('Trực ban')")

        page = operator.open("/gateways/new")
        for field, value in (
            ("name", "moi"),
            ("s_host", "127.0.0.1"),
            ("s_port", str(telco.port)),
            ("s_system_id", "danang"),
            ("s_password", "sai"),
            ("tps", "20"),
        ):
            page.fill(f"#f-{field}", value)
        page.uncheck("[name='r_*']")
        page.click("[data-try]")
        expect(page.locator("[data-outcome]")).to_contain_text("Sai mật khẩu.")
        page.fill("#f-s_password", "mat-khau")
        page.click("[data-try]")
        expect(page.locator("[data-outcome]")).to_contain_text("Kết nối và đăng nhập được")
        assert page.input_value("#f-s_password") == "mat-khau"
        operator.no_barriers()
        page.click("text=Thêm cổng >> nth=-1")
        page.wait_for_url("**/gateways/moi/")
        assert "mat-khau" not in page.content()
        # The workers that run find it by themselves, and its message goes by no other although it has no route.
        page.click("text=Gửi tin kiểm tra")
        page.wait_for_load_state()
        expect(page.locator("#main [data-refresh]")).to_contain_text("Đã tới máy", timeout=30_000)
        expect(page.locator("#main [data-refresh] td[data-title=Cổng]")).to_have_text("moi")
        operator.no_barriers()
        page.click("text=Tắt >> nth=0")
        page.wait_for_selector("text=Đã tắt cổng moi")

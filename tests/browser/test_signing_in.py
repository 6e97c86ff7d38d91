"""Somebody is invited, joins, sets up an authenticator and a passkey, signs in with each, and ends sessions."""

from __future__ import annotations

import re
import time
from base64 import b32decode

import pytest
from playwright.sync_api import expect

from admin.console import totp
from tests.browser.conftest import PASSWORD, Desk, Desks

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CHOSEN = "thuyen thung cam le 43"


def _sign_in(desk: Desk, email: str, password: str) -> None:
    desk.open("/login")
    desk.page.fill("[name=email]", email)
    desk.page.fill("[name=password]", password)
    desk.page.click("main form button")


def _sign_out(desk: Desk) -> None:
    desk.page.click(".top details.menu summary")
    desk.page.click(".menu-box form[action='/logout'] button")
    desk.page.wait_for_url(re.compile("/login"))


def _code(secret: bytes, steps: int = 0) -> str:
    """The code of now or of a step beside it, which stays acceptable for the seconds that typing it takes."""
    left = totp.STEP_SECONDS - time.time() % totp.STEP_SECONDS
    if steps < 0 and left < 5:
        time.sleep(left)
    return totp.code_at(secret, totp.step_of(time.time()) + steps)


@pytest.mark.parametrize(("language", "width"), [("vi", 1440), ("en", 360)])
def test_from_the_invitation_to_a_second_step_and_the_list_of_sessions(desk: Desks, language: str, width: int) -> None:
    email = f"nguoi-moi-{language}@danang.example"
    administrator = desk("administrator", language=language, width=width)
    administrator.open("/users/invite")
    administrator.page.fill("[name=email]", email)
    administrator.page.check("[name=role][value=analyst]")
    administrator.page.locator("summary", has_text=re.compile("Chọn địa bàn|Choose places")).click()
    administrator.no_barriers()
    administrator.page.click("main .actions button")
    link = administrator.page.inner_text("#link")
    administrator.no_barriers()

    person = desk(language=language, width=width)
    person.page.goto(link)
    person.no_barriers()
    person.page.fill("[name=new]", "matkhau123456")
    person.page.fill("[name=again]", "matkhau123456")
    person.page.click("main form button")
    expect(person.page.locator("#errors")).to_be_visible()
    person.complaints.clear()  # the browser notes every answer of 422
    person.no_barriers()
    person.page.fill("[name=new]", CHOSEN)
    person.page.fill("[name=again]", CHOSEN)
    person.page.click("main form button")
    expect(person.page.locator(".flash.good")).to_contain_text(email)
    _sign_in(person, email, CHOSEN)
    person.page.wait_for_url(f"{person.address}/")
    if person.page.get_attribute("html", "lang") != language:
        person.page.click(".top-tools [name=language]")

    person.open("/account/totp")
    person.page.locator("summary", has_text=re.compile("Không quét|Cannot scan")).click()
    person.no_barriers()
    secret = b32decode(person.page.inner_text("#secret").replace(" ", ""))
    person.page.fill("[name=code]", _code(secret, -1))
    person.page.click("main form button")
    expect(person.page.locator(".codes li")).to_have_count(totp.RECOVERY_CODES)
    person.no_barriers()

    _sign_out(person)
    _sign_in(person, email, CHOSEN)
    person.page.wait_for_url(re.compile("/sign-in/step"))
    person.no_barriers()
    person.page.fill("[name=code]", _code(secret))
    person.page.click("main form button")
    person.page.wait_for_url(f"{person.address}/")

    elsewhere = desk(language=language, width=width)
    _sign_in(elsewhere, email, CHOSEN)
    elsewhere.page.fill("[name=code]", _code(secret, 1))
    elsewhere.page.click("main form button")
    elsewhere.page.wait_for_url(f"{person.address}/")
    person.open("/account/sessions")
    expect(person.page.locator("tbody tr")).to_have_count(2)
    person.no_barriers()
    person.page.click("form[action$='/end'] button")
    expect(person.page.locator("tbody tr")).to_have_count(1)
    elsewhere.page.goto(f"{person.address}/")
    assert "/login" in elsewhere.page.url
    administrator.open("/users/")
    administrator.page.get_by_role("link", name=email).click()
    administrator.no_barriers()


def test_a_passkey_opens_without_a_password_and_as_the_second_step(desk: Desks) -> None:
    analyst = desk()
    analyst.address = analyst.address.replace("127.0.0.1", "localhost")  # a passkey belongs to a name
    device = analyst.page.context.new_cdp_session(analyst.page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**options, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    _sign_in(analyst, "analyst@danang.example", PASSWORD)
    analyst.page.wait_for_url(f"{analyst.address}/")
    analyst.open("/account/factors")
    analyst.page.fill("#passkey-name", "Máy tính cơ quan")
    analyst.page.click("[data-passkey=create] button")
    expect(analyst.page.locator(".todo")).to_contain_text("Máy tính cơ quan")
    analyst.no_barriers()

    _sign_out(analyst)
    analyst.page.click("[data-passkey=get] button")
    analyst.page.wait_for_url(f"{analyst.address}/")
    _sign_out(analyst)
    _sign_in(analyst, "analyst@danang.example", PASSWORD)
    analyst.page.wait_for_url(re.compile("/sign-in/step"))
    analyst.no_barriers()
    analyst.page.click("[data-passkey=get] button")
    analyst.page.wait_for_url(f"{analyst.address}/")
    analyst.open("/account/sessions")
    expect(analyst.page.locator("tbody")).to_contain_text("Passkey")

    analyst.open("/account/factors")
    analyst.page.locator(".todo summary").click()
    analyst.page.fill(".todo [type=password]", PASSWORD)
    analyst.page.click(".todo form button")
    expect(analyst.page.locator(".flash.good")).to_be_visible()
    assert analyst.complaints == []

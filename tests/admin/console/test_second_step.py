"""The second step of signing in: codes of an authenticator, recovery codes, and who must have one."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.console import totp
from admin.console.app import create_app
from admin.console.lockout import LOCK_AFTER
from campaigns.audience.rekey import count_under_other_keys, rotate_keys
from campaigns.models import RecoveryCode, SignedIn, User
from campaigns.store.database import Database
from config.keys import Keyring
from config.settings import Settings
from tests.admin.console.conftest import PASSWORD, Browser, email_of


def _secret_of(page: str) -> bytes:
    shown = re.search(r'id="secret">([^<]+)<', page)
    assert shown
    import base64

    letters = shown[1].replace(" ", "")
    return base64.b32decode(letters + "=" * (-len(letters) % 8))


def code_of(secret: bytes, *, steps: int = 0) -> str:
    return totp.code_at(secret, totp.step_of(time.time()) + steps)


def set_up(browser: Browser) -> tuple[bytes, list[str]]:
    """Set up an authenticator; its secret, and the recovery codes."""
    secret = _secret_of(browser.get("/account/totp").text)
    answer = browser.post("/account/totp", {"code": code_of(secret, steps=-1)}, page="/")
    assert answer.status_code == 200, answer.text
    return secret, re.findall(r"<li><code>([a-z0-9-]+)</code>", answer.text)


def test_codes_are_those_of_the_standard() -> None:
    """RFC 4226, appendix D."""
    secret = b"12345678901234567890"
    codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert [totp.code_at(secret, step) for step in range(10)] == codes


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(steps: int, right: bool) -> None:
    secret, now = totp.new_secret(), 1_790_000_000.0
    code = totp.code_at(secret, totp.step_of(now) + steps)
    assert (totp.find_step(secret, code, now) is not None) == right


def test_the_address_an_app_reads_names_the_person_and_the_secret() -> None:
    address = totp.address_of(b"\0" * 20, "an@danang.example", "Loa Da Nang")
    assert address == (
        "otpauth://totp/Loa%20Da%20Nang%3Aan%40danang.example?secret=" + "A" * 32 + "&issuer=Loa%20Da%20Nang"
    )
    assert totp.picture_of(address).startswith("data:image/svg+xml")


def test_after_the_password_the_code_is_asked_and_opens_once(
    app: Flask, signed_in: Any, session: Session, keyring: Keyring
) -> None:
    secret, _ = set_up(signed_in("officer"))
    first, second = Browser(app.test_client()), Browser(app.test_client())
    for browser in (first, second):
        answer = browser.sign_in(email_of("officer"))
        assert answer.headers["Location"] == "/sign-in/step"
        assert browser.get("/campaigns/").status_code == 302
    code = code_of(secret)
    assert first.post("/sign-in/step", {"code": f"{code[:3]} {code[3:]}"}, page="/sign-in/step").status_code == 303
    assert first.get("/campaigns/").status_code == 200
    again = second.post("/sign-in/step", {"code": code}, page="/sign-in/step")
    assert again.status_code == 422
    assert "đã dùng rồi" in again.text
    assert second.get("/campaigns/").status_code == 302
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    assert user.totp_cipher
    assert secret not in user.totp_cipher
    assert keyring.decrypt(user.totp_cipher) == secret
    assert "totp" in session.scalars(select(SignedIn.method)).all()


def test_the_code_that_proved_the_authenticator_does_not_open_as_well(app: Flask, signed_in: Any) -> None:
    browser = signed_in("officer")
    secret = _secret_of(browser.get("/account/totp").text)
    code = code_of(secret)
    browser.post("/account/totp", {"code": code}, page="/")
    there = Browser(app.test_client())
    there.sign_in(email_of("officer"))
    assert there.post("/sign-in/step", {"code": code}, page="/sign-in/step").status_code == 422


def test_a_wrong_first_code_sets_nothing_up_and_keeps_the_picture(signed_in: Any) -> None:
    browser = signed_in("officer")
    page = browser.get("/account/totp").text
    answer = browser.post("/account/totp", {"code": "000000"}, page="/")
    assert answer.status_code == 422
    assert _secret_of(answer.text) == _secret_of(page)
    assert "Chưa cài" not in answer.text


def test_a_recovery_code_opens_once_and_is_stored_as_a_hash(app: Flask, signed_in: Any, session: Session) -> None:
    browser = signed_in("officer")
    _, codes = set_up(browser)
    assert len(codes) == totp.RECOVERY_CODES
    assert not set(codes) & set(re.findall(r"<code>([^<]+)</code>", browser.get("/account/factors").text))
    kept = session.scalars(select(RecoveryCode.code_hash)).all()
    assert len(set(kept)) == totp.RECOVERY_CODES
    assert all(len(each) == 16 for each in kept)
    for expected in (303, 422):
        there = Browser(app.test_client())
        there.sign_in(email_of("officer"))
        answer = there.post("/sign-in/step", {"code": codes[0].upper()}, page="/sign-in/step")
        assert answer.status_code == expected


def test_wrong_codes_lock_as_wrong_passwords_do_and_a_right_password_forgives_none(app: Flask, signed_in: Any) -> None:
    secret, _ = set_up(signed_in("officer"))
    browser = Browser(app.test_client())
    for _ in range(LOCK_AFTER):
        browser.sign_in(email_of("officer"))
        browser.post("/sign-in/step", {"code": "000000"}, page="/sign-in/step")
    answer = browser.post("/sign-in/step", {"code": code_of(secret)}, page="/sign-in/step")
    assert "Sai quá nhiều lần" in answer.text
    assert "Sai quá nhiều lần" in Browser(app.test_client()).sign_in(email_of("officer")).text


def test_the_second_step_is_no_page_without_the_password(stranger: Browser) -> None:
    answer = stranger.get("/sign-in/step")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login"


def test_the_second_step_leads_on_to_our_own_pages_only(app: Flask, signed_in: Any) -> None:
    secret, _ = set_up(signed_in("officer"))
    for wanted, reached in (("/campaigns/", "/campaigns/"), ("//evil.example", "/")):
        browser = Browser(app.test_client())
        browser.sign_in(email_of("officer"))
        path = f"/sign-in/step?next={wanted}"
        steps = 0 if reached != "/" else 1
        answer = browser.post(path, {"code": code_of(secret, steps=steps)}, page="/sign-in/step")
        assert answer.headers["Location"] == reached


def test_taking_it_away_takes_the_password(app: Flask, signed_in: Any, session: Session) -> None:
    browser = signed_in("officer")
    set_up(browser)
    assert browser.post("/account/totp/drop", {"totp_password": "wrong"}).status_code == 422
    assert browser.post("/account/totp/drop", {"totp_password": PASSWORD}).status_code == 303
    assert Browser(app.test_client()).sign_in(email_of("officer")).headers["Location"] == "/"
    assert session.scalars(select(RecoveryCode)).all() == []


def test_new_recovery_codes_replace_the_old(app: Flask, signed_in: Any) -> None:
    browser = signed_in("officer")
    _, old = set_up(browser)
    answer = browser.post("/account/recovery", {"recovery_password": PASSWORD})
    new = re.findall(r"<li><code>([a-z0-9-]+)</code>", answer.text)
    assert len(new) == totp.RECOVERY_CODES
    assert not set(old) & set(new)
    there = Browser(app.test_client())
    there.sign_in(email_of("officer"))
    assert there.post("/sign-in/step", {"code": old[1]}, page="/sign-in/step").status_code == 422
    assert there.post("/sign-in/step", {"code": new[1]}, page="/sign-in/step").status_code == 303


@pytest.fixture
def strict(app: Flask, people: None, database_url: str, redis_url: str) -> Any:
    """The same console where approvers and administrators must have a second factor."""
    old: Settings = app.extensions["loa"].settings
    settings = old.model_copy(update={"second_factor": "approver,administrator"})
    made = create_app(settings, database_url=database_url, redis_url=redis_url)
    yield made
    made.extensions["loa"].database.close()


def test_who_must_have_a_second_factor_gets_no_further_before(strict: Flask) -> None:
    browser = Browser(strict.test_client())
    assert browser.sign_in(email_of("approver")).status_code == 302
    assert browser.get("/campaigns/").headers["Location"] == "/account/factors"
    page = browser.get("/account/factors").text
    assert "bắt buộc có xác thực hai bước" in page
    assert browser.post("/campaigns/1/approve", {"version": "1"}, page="/account/factors").status_code == 403
    secret = _secret_of(browser.get("/account/totp").text)
    browser.post("/account/totp", {"code": code_of(secret)}, page="/account/factors")
    assert browser.get("/campaigns/").status_code == 200


def test_who_need_not_works_with_the_password_alone(strict: Flask) -> None:
    browser = Browser(strict.test_client())
    browser.sign_in(email_of("officer"))
    assert browser.get("/campaigns/").status_code == 200


@pytest.mark.parametrize("value", ["off", "everybody", "approver", "approver,administrator"])
def test_the_setting_takes_roles(value: str) -> None:
    assert Settings(second_factor=value).second_factor == value  # type: ignore[call-arg]


@pytest.mark.parametrize("value", ["", "king", "approver,", "off,approver", "approver administrator"])
def test_the_setting_refuses_what_is_no_role(value: str) -> None:
    with pytest.raises(ValueError, match="second_factor"):
        Settings(second_factor=value)  # type: ignore[call-arg]


def test_an_administrator_takes_away_what_somebody_lost(app: Flask, signed_in: Any, session: Session) -> None:
    set_up(signed_in("officer"))
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    administrator = signed_in("administrator")
    assert "Ứng dụng xác thực" in administrator.get(f"/users/{user.id}/").text
    administrator.post(f"/users/{user.id}/drop-factors")
    assert Browser(app.test_client()).sign_in(email_of("officer")).headers["Location"] == "/"


def test_secrets_go_along_when_keys_are_rotated(
    app: Flask, signed_in: Any, database: Database, session: Session, keyring: Keyring
) -> None:
    secret, _ = set_up(signed_in("officer"))
    newer = keyring.rotated()
    assert count_under_other_keys(database, newer) == 1
    assert rotate_keys(database, newer).left == 0
    session.expire_all()
    cipher = session.scalars(select(User.totp_cipher).where(User.totp_cipher.is_not(None))).one()
    assert cipher
    assert cipher[0] == newer.current
    assert newer.decrypt(cipher) == secret


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"rawId": "AAAA"},
        {"rawId": "AAAA", "response": {"clientDataJSON": "AAAA"}},
        {"rawId": "AAAA", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiJBQUFBIn0"}},
        {"rawId": ["x"], "response": []},
    ],
)
def test_a_made_up_passkey_is_refused(stranger: Browser, redis_url: str, answer: dict[str, Any]) -> None:
    token = stranger.token("/login")
    headers = {"X-CSRFToken": token}
    for path in ("/sign-in/passkey",):
        found = stranger.client.post(path, json=answer, headers=headers)
        assert found.status_code == 422, found.text
        assert "Passkey không được chấp nhận" in html.unescape(found.get_json()["error"])
    with Redis.from_url(redis_url) as redis:
        assert redis.keys("loa:passkey:*") == []


def test_made_up_passkeys_lock_out_no_stranger(app: Flask, people: None, stranger: Browser) -> None:
    headers = {"X-CSRFToken": stranger.token("/login")}
    for _ in range(LOCK_AFTER + 1):
        assert stranger.client.post("/sign-in/passkey", json={}, headers=headers).status_code == 422


def test_what_the_browser_is_to_sign_names_nobody(stranger: Browser) -> None:
    token = stranger.token("/login")
    asked = stranger.client.post("/sign-in/passkey/question", json={}, headers={"X-CSRFToken": token}).get_json()
    assert asked["userVerification"] == "required"
    assert asked["rpId"] == "localhost"
    assert asked["allowCredentials"] == []

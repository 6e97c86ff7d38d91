"""Vietnamese first, English on request, and remembered."""

from __future__ import annotations

from typing import Any

from tests.admin.console.conftest import Browser, email_of


def test_a_stranger_reads_vietnamese_and_may_switch(stranger: Browser) -> None:
    assert "Đăng nhập" in stranger.get("/login").text
    answer = stranger.post("/language", {"language": "en", "next": "/login"}, page="/login", follow_redirects=True)
    assert '<html lang="en">' in answer.text
    assert "Sign in" in answer.text


def test_the_choice_is_remembered_with_the_person(signed_in: Any, stranger: Browser) -> None:
    signed_in("officer").post("/language", {"language": "en", "next": "/"})
    stranger.sign_in(email_of("officer"))
    assert '<html lang="en">' in stranger.get("/").text


def test_a_language_nobody_speaks_here_is_refused(stranger: Browser) -> None:
    assert stranger.post("/language", {"language": "xx"}, page="/login").status_code == 400


def test_the_switch_leads_back_to_our_own_pages_only(stranger: Browser) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = stranger.post("/language", {"language": "en", "next": elsewhere}, page="/login")
        assert answer.headers["Location"] == "/"


def test_errors_speak_the_language_too(signed_in: Any) -> None:
    browser = signed_in("analyst")
    assert "cần vai trò" in browser.get("/users/").text
    browser.post("/language", {"language": "en", "next": "/"})
    assert "it takes one of the roles" in browser.get("/users/").text

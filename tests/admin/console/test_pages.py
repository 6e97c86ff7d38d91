"""Every list and page opens for whom it is meant."""

from __future__ import annotations

from typing import Any

import pytest

PAGES = {
    "officer": [
        "/",
        "/campaigns/",
        "/campaigns/new",
        "/templates/",
        "/templates/new",
        "/contacts/",
        "/contacts/import",
        "/areas/",
        "/optouts/",
        "/optouts/add",
        "/optouts/end",
        "/consents/",
        "/consents/add",
        "/consents/end",
        "/do-not-call/",
        "/senders/",
        "/account/password",
    ],
    "approver": ["/", "/campaigns/", "/templates/", "/areas/", "/optouts/"],
    "analyst": ["/", "/campaigns/", "/templates/", "/areas/"],
    "operator": ["/", "/campaigns/", "/gateways/", "/areas/", "/do-not-call/", "/senders/"],
    "administrator": ["/", "/users/", "/users/invite", "/audit/", "/areas/"],
}


@pytest.mark.parametrize(("role", "page"), [(role, page) for role, pages in PAGES.items() for page in pages])
def test_a_page_opens_in_both_languages(signed_in: Any, role: str, page: str) -> None:
    browser = signed_in(role)
    for language in ("vi", "en"):
        browser.post("/language", {"language": language, "next": page})
        answer = browser.get(page)
        assert answer.status_code == 200, answer.text
        assert f'<html lang="{language}">' in answer.text
        assert answer.text.count("<h1") == 1

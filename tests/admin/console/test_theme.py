"""Light, dark, or as the system has it."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("chosen", "said"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_a_chosen_appearance_stays_in_this_browser(signed_in: Any, chosen: str, said: str) -> None:
    officer = signed_in("officer")
    assert "data-theme" not in officer.get("/").text
    assert officer.post("/theme", {"theme": chosen, "next": "/campaigns/"}).headers["Location"] == "/campaigns/"
    assert said in officer.get("/").text
    officer.post("/theme", {"theme": "system", "next": "/"})
    assert "data-theme" not in officer.get("/").text


def test_an_appearance_nobody_offers_is_refused_and_nobody_is_sent_elsewhere(signed_in: Any) -> None:
    officer = signed_in("officer")
    assert officer.post("/theme", {"theme": "neon"}).status_code == 400
    assert officer.post("/theme", {"theme": "dark", "next": "https://example.com/"}).headers["Location"] == "/"

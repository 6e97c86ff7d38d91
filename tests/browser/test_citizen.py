"""The citizens' pages in a telephone and at a desk: without scripts, by keyboard, to axe and to a screen reader."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select, text
from werkzeug.serving import make_server

from admin.console import create_app
from campaigns.access import SYSTEM
from campaigns.content.files import templates_folder
from campaigns.content.links import make_token
from campaigns.content.sync import sync_templates
from campaigns.delivery.planner import plan_campaign
from campaigns.models import OptOut
from campaigns.optouts.register import add_optout
from campaigns.store.database import Database
from config.embedded import EmbeddedServices
from config.keys import Keyring
from config.settings import Settings
from tests.browser.conftest import AXE
from tests.conftest import _made
from tests.factories import OFFICER, make_campaign, make_contact, make_gateway

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WIDTHS = (360, 1440)
LANGUAGES = ("vi", "en")


@dataclass
class Public:
    """The pages at an address, and people who have links."""

    address: str
    database: Database
    keyring: Keyring

    def links(self, count: int = 1) -> list[str]:
        """Links of people who got a message about residence just now."""
        with self.database.transaction() as session:
            ids = [make_contact(session, self.keyring).id for _ in range(count)]
            campaign = make_campaign(session, state="scheduled").id
        plan_campaign(self.database, campaign)
        with self.database.transaction() as session:
            session.execute(text("UPDATE batch SET started_at = now()"))
        return [f"{self.address}/o/{make_token(self.keyring, each)}" for each in ids]

    def refused(self) -> int:
        with self.database.transaction() as session:
            return len(session.scalars(select(OptOut.id).where(OptOut.ended_at.is_(None))).all())


@pytest.fixture(scope="module")
def public(services: EmbeddedServices, _template: str, keyring: Keyring) -> Iterator[Public]:
    home = Path(tempfile.mkdtemp(prefix="loa-public-"))
    with _made(services, _template) as url:
        database = Database(url, pool_size=2)
        with database.transaction() as session:
            sync_templates(session, templates_folder(), SYSTEM)
            make_gateway(session, keyring)
        settings = Settings(home=home, keyring=keyring.to_json())  # type: ignore[arg-type]
        app = create_app(settings, database_url=url, redis_url=services.redis_url)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Public(f"http://127.0.0.1:{server.port}", database, keyring)
        server.shutdown()
        thread.join(10)
        server.server_close()
        app.extensions["loa"].database.close()
        database.close()
    shutil.rmtree(home, ignore_errors=True)


Windows = Callable[..., Page]


@pytest.fixture
def window(chromium: Browser) -> Iterator[Windows]:
    """``window(360, "en", scripts=False)`` is a browser of that width and language."""
    opened = []

    def open_one(width: int, language: str, *, scripts: bool = True, dark: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            locale={"vi": "vi-VN", "en": "en-GB"}[language],
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        return context.new_page()

    yield open_one
    for context in opened:
        context.close()


def look(page: Page, language: str) -> None:
    """One heading, the right language, nothing axe finds, nothing to scroll sideways for, targets to hit."""
    assert page.get_attribute("html", "lang") == language
    assert page.locator("h1").count() == 1
    found: Any = Axe().run(page, options=AXE).response["violations"]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"][:3]]) for v in found] == [], page.url
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than the window"
    for target in page.locator("button, .switch").all():
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    assert page.context.cookies() == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_state_of_the_page_is_open_to_everybody(
    public: Public, window: Windows, width: int, language: str
) -> None:
    [link] = public.links()
    page = window(width, language, dark=width < 400)
    page.goto(link)
    look(page, language)
    page.check("[name=scope][value=topic]")
    page.click("main form button.button:not(.quiet)")
    look(page, language)
    page.click("main form button.button:not(.quiet)")
    page.wait_for_selector("dl.facts")
    look(page, language)
    page.check("[name=statement]")
    page.click("main form button")
    page.wait_for_selector("[value=refuse]", state="attached")
    look(page, language)
    page.goto(public.address + "/o/nobody999")
    look(page, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_works_without_scripts_and_by_keyboard_alone(public: Public, window: Windows, language: str) -> None:
    [link] = public.links()
    before = public.refused()
    page = window(360, language, scripts=False)
    page.goto(link)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator("main form button:focus").count():
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("dl.facts")
    assert public.refused() == before + 1
    page.click(".switch")
    assert page.get_attribute("html", "lang") != language
    page.check("[name=statement]")
    page.click("main form button")
    page.wait_for_selector("[value=refuse]", state="attached")
    assert public.refused() == before
    assert page.get_attribute("html", "lang") != language, "the language chosen stays"


def test_a_screen_reader_is_told_what_is_asked_and_what_became_of_it(public: Public, window: Windows) -> None:
    [link] = public.links()
    page = window(360, "vi")
    page.goto(link)
    tree = page.locator("body").aria_snapshot()
    assert re.search(r'heading "Ngừng nhận tin nhắn của thành phố\?" \[level=1\]', tree)
    assert re.search(r"kết thúc bằng \d \d \d", tree)
    assert "•" not in tree
    assert 'group "Bạn muốn ngừng nhận"' in tree
    assert 'radio "Mọi tin thông báo, tuyên truyền của thành phố" [checked]' in tree
    assert 'button "Ngừng nhận tin"' in tree
    page.click("main form button")
    page.wait_for_selector("dl.facts")
    tree = page.locator("body").aria_snapshot()
    assert 'heading "Số này đã ngừng nhận tin" [level=1]' in tree
    assert "status" in tree
    assert 'checkbox "Tôi là người dùng số này và muốn nhận lại tin của thành phố."' in tree


def test_a_scanner_that_follows_every_link_refuses_for_nobody(public: Public, window: Windows) -> None:
    links, before = public.links(3), public.refused()
    page = window(1440, "en")
    for link in links:
        for method in ("HEAD", "GET", "OPTIONS"):
            assert page.request.fetch(link, method=method).status == 200
        page.goto(link)
        found = {str(anchor.get_attribute("href")) for anchor in page.locator("a[href]").all()}
        for href in found:
            if not href.startswith(("#", "tel:")):
                page.goto(link + href)
    assert public.refused() == before


def test_who_refused_at_the_hotline_is_shown_the_way_back_they_came(public: Public, window: Windows) -> None:
    with public.database.transaction() as session:
        contact = make_contact(session, public.keyring)
        number = public.keyring.decrypt(contact.phone_cipher or b"").decode()
        make_campaign(session)
    [link] = public.links()
    with public.database.transaction() as session:
        add_optout(session, public.keyring, OFFICER, number, source="hotline", evidence="gọi 1022")
    link = link.rpartition("/")[0] + "/" + make_token(public.keyring, contact.id)
    page = window(360, "vi")
    page.goto(link)
    look(page, "vi")
    assert "soạn DK" in page.inner_text("main")
    assert page.locator("main form").count() == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_check_is_open_to_everybody_too(public: Public, window: Windows, width: int, language: str) -> None:
    public.links()
    page = window(width, language)
    page.goto(public.address + "/kiem-tra")
    look(page, language)
    for written, tone in (("THÔNG BÁO từ phường.", None), ("Nhan qua tai danang-qua.top ngay hom nay", "warn")):
        page.fill("[name=text]", written)
        page.click("main form button")
        page.wait_for_selector("[role=alert]" if tone is None else f".card.{tone}")
        look(page, language)

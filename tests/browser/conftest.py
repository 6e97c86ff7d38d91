"""A city at work, its console over HTTP, and Chromium to look at it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

from admin.console import create_app
from admin.console.accounts import hash_password
from campaigns.access import ROLES
from campaigns.audience.demo import write_demo_people
from campaigns.audience.importing import import_contacts
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.store.database import Database
from config.embedded import EmbeddedServices
from config.keys import load_keyring
from config.settings import Settings
from tests.factories import make_user
from tests.journeys.city import City

PASSWORD = "cau rong phun lua 2026"
PEOPLE = 600
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # Every rule runs; of what it did not find fault with axe does not write a list of every element.
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Without one these tests are skipped on a laptop and fail in CI."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Chromium; .ci/run installs one")
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


def people_come(city: City) -> None:
    """Staff of every role and a register. In this process: seven commands would take ten seconds."""
    database = Database(city.database_url, pool_size=4)
    hashed = hash_password(PASSWORD)
    with database.transaction() as session:
        for role in ROLES:
            make_user(session, email=f"{role}@danang.example", roles=(role,), password=hashed)
    write_demo_people(city.home / "people.csv", PEOPLE)
    import_contacts(database, load_keyring(city.home), city.home / "people.csv", edition="2023")
    database.close()


@pytest.fixture(scope="module")
def town(services: EmbeddedServices, _template: str) -> Iterator[City]:
    """People of every role, a register, the texts, a telco, and the processes that send."""
    name = f"browser_{os.getpid()}"
    home = Path(tempfile.mkdtemp(prefix="loa-browser-"))
    with psycopg.connect(services.postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_template} STRATEGY file_copy".encode())
    city = City(home, services.postgres.url(name), services.redis_url)
    city.loa("migrate")
    people_come(city)
    with ExitStack() as running:
        telco = running.enter_context(SandboxProcess(SandboxOptions(receipt_delay=0.5, fail_share=0.05)))
        city.gateway("viettel", telco, tps=200)
        running.enter_context(city.process("worker"))
        running.enter_context(city.process("beat"))
        yield city
    with psycopg.connect(services.postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def app(town: City) -> Flask:
    """The town's console."""
    settings = Settings(home=town.home, undo_seconds=1)  # type: ignore[call-arg]
    return create_app(settings, database_url=town.database_url, redis_url=town.redis_url)


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    """Address of the town's console."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(10)
    server.server_close()
    app.extensions["loa"].database.close()


@dataclass
class Desk:
    """One person at one browser window. What the browser complains about is kept and must be nothing."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> Desk:
        def hear(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(f"{self.page.url}: {message.text}")

        self.page.on("console", hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("dialog", lambda dialog: dialog.accept())
        return self

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        return self.page

    def sign_in(self, role: str, language: str = "vi") -> Desk:
        self.open("/login")
        self.page.fill("[name=email]", f"{role}@danang.example")
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main button")
        self.page.wait_for_url(f"{self.address}/")
        if self.page.get_attribute("html", "lang") != language:
            self.page.click(".top-tools [name=language]")
            self.page.wait_for_selector(f"html[lang={language}]")
        return self

    def no_barriers(self) -> None:
        """Nothing axe finds, nothing wider than the window, nothing the browser complains about."""
        found: Any = Axe().run(self.page, options=AXE).response["violations"]
        told = [{"rule": v["id"], "where": [node["html"][:120] for node in v["nodes"][:3]]} for v in found]
        assert told == [], f"{self.page.url}: {json.dumps(told, ensure_ascii=False, indent=1)}"
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the window"
        # A table that became a stack of cards has nothing to scroll sideways for.
        cards = "[...document.querySelectorAll('.table-box > table.list')].map((t) => t.parentElement)"
        cut = self.page.evaluate(
            f"innerWidth > 700 ? [] : {cards}.filter((b) => b.scrollWidth > b.clientWidth + 1).map((b) => b.innerText)"
        )
        assert cut == [], f"{self.page.url} cuts off a table: {cut}"
        assert self.complaints == []


Desks = Callable[..., Desk]


def window(chromium: Browser, address: str, *, width: int, dark: bool) -> Desk:
    """A window of its own, with nobody signed in."""
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
    )
    context.set_default_timeout(15_000)
    return Desk(context.new_page(), address).listen()


@pytest.fixture
def desk(chromium: Browser, address: str) -> Iterator[Desks]:
    """``desk("officer", width=360)`` is the signed-in person's window."""
    opened = []

    def sit_down(role: str | None = None, *, language: str = "vi", width: int = 1440, dark: bool = False) -> Desk:
        made = window(chromium, address, width=width, dark=dark)
        opened.append(made)
        return made.sign_in(role, language) if role else made

    yield sit_down
    for made in opened:
        made.page.context.close()

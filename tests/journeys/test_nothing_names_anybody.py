"""After a journey's worth of everything: no number and no name in a dump, a queue, a log, an address or an error."""

from __future__ import annotations

import re
import socket
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote_plus

import psycopg
import pytest
import redis

from campaigns.areas.names import fold
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from tests.journeys.city import PASSWORD, City

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

PEOPLE = {
    f"09057{n:05d}": f"{first} {last}"
    for n, (first, last) in enumerate(
        (first, last)
        for first in ("Trần Thị", "Lê Đình", "Tôn Nữ Hoài", "Đặng Quốc")
        for last in ("Bưởi", "Quýt", "Sầu Riêng", "Măng Cụt")
    )
}
REFUSES, WRITES, BAD = "0905700003", "0905700004", "0905799"
SAID = "Toi la Phạm Nhãn Lồng, so 0905 700 004, dung nhan nua nhe"


def spellings() -> dict[str, list[str]]:
    """How each number and name could stand somewhere: written in any way, as bytes in hex, in base64."""
    found: dict[str, list[str]] = {}
    for number, name in {**PEOPLE, "0905799": "Phạm Nhãn Lồng"}.items():
        national = number[1:]
        parted = f"{national[:3]} {national[3:6]} {national[6:]}".strip()
        raw = [national, f"84{national}", name, fold(name)]
        found[number] = [
            national,
            parted,
            parted.replace(" ", "."),
            national.encode().hex(),
            *(b64encode(text.encode()).decode().rstrip("=")[:-1] for text in raw[1:]),
            *(text.encode().hex() for text in raw[2:]),
        ]
        found[name] = [name, unicodedata.normalize("NFD", name), fold(name), quote_plus(name)]
    return found


def named_in(where: str, text: str) -> list[str]:
    """Whom a text names, and how."""
    low = text.lower()
    return [
        f"{where}: {spelling!r}" for spelt in spellings().values() for spelling in spelt if spelling.lower() in low
    ]


@dataclass
class Browser:
    """A browser of sorts, which notes every address it was at and every error page it met."""

    root: str
    met: list[str] = field(default_factory=list)
    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    )

    def open(self, path: str, data: bytes | None = None, kind: str = "application/x-www-form-urlencoded") -> str:
        """The page, wherever one is led."""
        asked = urllib.request.Request(self.root + path, data, {"Content-Type": kind} if data is not None else {})
        self.met.append(path)
        try:
            with self.opener.open(asked, timeout=60) as answer:
                self.met.append(answer.geturl())
                self.path = urllib.parse.urlsplit(answer.geturl()).path
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            self.met.append(error.geturl() or "")
            if error.code != 422:  # a form that was refused holds what the person typed, for that person
                self.met.append(text)
            return text

    def token(self, page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.open(page))
        assert found, page
        return found[1]

    def post(self, path: str, page: str, **data: str | list[str]) -> str:
        """Send a form that stands on a page."""
        filled = urllib.parse.urlencode({"csrf_token": self.token(page), **data}, doseq=True)
        return self.open(path, filled.encode())

    def upload(self, path: str, page: str, name: str, content: str) -> str:
        """Send a list."""
        parts = (
            f'--cut\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.token(page)}\r\n'
            f'--cut\r\nContent-Disposition: form-data; name="list"; filename="{name}"\r\n'
            f"Content-Type: text/csv\r\n\r\n{content}\r\n--cut--\r\n"
        )
        return self.open(path, parts.encode(), "multipart/form-data; boundary=cut")


@contextmanager
def pages(city: City) -> Iterator[Browser]:
    """The console, and somebody to look at it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    browser = Browser(f"http://127.0.0.1:{port}")

    def answers() -> bool:
        try:
            return "ok" in browser.open("/healthz").lower()
        except OSError:
            return False

    with city.process("web", "--port", str(port)):
        city.wait("the pages", answers)
        yield browser


def test_nothing_that_is_kept_or_logged_names_anybody(city: City) -> None:
    officer, approver = city.users()
    listed = "Số điện thoại,Họ và tên,Phường/Xã,Ghi chú\n" + "".join(
        f"{number},{name},Hòa Hiệp Bắc,nhà của {name}\n" for number, name in PEOPLE.items()
    )
    listed += f"{BAD},Phạm Nhãn Lồng,Hòa Hiệp Bắc,\n"
    with (
        SandboxProcess(SandboxOptions(receipt_delay=0.2)) as telco,
        city.process("worker"),
        city.process("beat"),
        pages(city) as browser,
    ):
        city.gateway("telco", telco, tps=100, sender="1022")
        assert officer in browser.post("/login", "/login", email=officer, password=PASSWORD)

        columns = browser.upload("/contacts/import", "/contacts/import", "ds.csv", listed)
        job = browser.path
        fields = re.findall(r'<option value="(\w+)" selected>', columns)
        browser.post(f"{job}start", job, field=fields[:4], edition="2023")
        city.wait("the import", lambda: "bad-rows.csv" in browser.open(job))
        assert "Phạm Nhãn Lồng" in browser.open(f"{job}bad-rows.csv"), "its owner gets the rows back"

        campaign = city.campaign(officer, approver, "--all")
        city.loa("campaigns", "wait", campaign, "--timeout", 90)
        assert city.show(campaign)["totals"]["delivered"] == len(PEOPLE)

        telco.do("inbound", sender="84" + WRITES[1:], recipient="1022", text=SAID)
        telco.do("inbound", sender="84" + REFUSES[1:], recipient="1022", text="TC")
        city.wait("the refusal", lambda: len(city.loa("optouts", "list", "--json")) == 1)
        city.loa("optouts", "add", "0905700005", "--evidence", "số 0905700005 gọi 1022", by=officer)

        for words in ("0905 700 002", "Trần Thị Bưởi", "ton nu hoai"):
            person = re.search(r"href='(/contacts/\d+/)'", browser.post("/contacts/find", "/contacts/", search=words))
            assert person, words
        page = person[1]
        assert "0905 7" in browser.post(f"{page}reveal", page, reveal_reason="gọi lại 0905700010")
        assert "Tôn Nữ" in browser.post(f"{page}export", page, format="json")
        browser.post(f"{page}restrict", page, hold_reason="thư của 0905700010")
        asked = {"contact": page.split("/")[2], "kind": "copy", "channel": "letter", "evidence": "số 0905700010"}
        assert "Yêu cầu" in browser.post("/requests/new", "/requests/new", **asked, received_on=str(date.today()))
        for nowhere in ("/contacts/999999/", "/khong-co-trang-nay/", "/contacts/?search=x"):
            browser.open(nowhere)
        browser.post(f"{page}erase", page, erase_reason="thư của 0905700010")

        told = [*named_in("address or error page", "\n".join(browser.met))]
        with redis.from_url(city.redis_url) as client:
            for key in client.scan_iter():
                dumped = (client.dump(key) or b"").decode("latin-1")
                told += named_in(f"Redis {key!r}", f"{key!r} {dumped}")
    with psycopg.connect(city.database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert ("contact",) in tables
        for (table,) in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                told += named_in(f"table {table}", b"".join(bytes(block) for block in copy).decode())
    for file in city.home.rglob("*"):
        if file.is_file() and "telco" not in file.name:
            told += named_in(str(file.relative_to(city.home)), file.read_bytes().decode("utf-8", "replace"))
    assert not told, "\n".join(told)

"""Where a link may lead: the government's hosts, those allowed, and nothing dressed up as one."""

from __future__ import annotations

import pytest

from campaigns.errors import InvalidInput
from campaigns.links.targets import check_target, host_of, is_allowed, read_host

HOSTS = {"vneid.example"}


@pytest.mark.parametrize(
    "target",
    [
        "https://dichvucong.danang.gov.vn",
        "https://DichVuCong.gov.vn/p/home?x=1&y=%C3%A0#muc",
        "https://vneid.example/huong-dan",
        "  https://a.b.gov.vn/  ",
    ],
)
def test_it_may_lead_there(target: str) -> None:
    assert check_target(target, HOSTS) == target.strip()


@pytest.mark.parametrize(
    "target",
    [
        "http://dichvucong.gov.vn",
        "https://gov.vn",
        "https://gov.vn.evil.example",
        "https://evilgov.vn",
        "https://evil.example/dichvucong.gov.vn",
        "https://x.vneid.example",
        "https://dichvucong.gov.vn@evil.example/",
        "https://a:b@dichvucong.gov.vn/",
        "https://dichvucong.gov.vn:8443/",
        "https://dichvucong.gov.vn:/",
        "https://evil.example\\.gov.vn/",
        "https://evil.example/\\@a.gov.vn",
        "//dichvucong.gov.vn",
        "javascript:alert(1)//a.gov.vn",
        "data:text/html,a.gov.vn",
        "https://dịchvụ.gov.vn",
        "https://a.gov.vn/\r\nSet-Cookie: x",
        "https://a.gov.vn/ x",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://",
        "",
        "https://a.gov.vn/" + "x" * 1000,
    ],
)
def test_it_may_not_lead_there(target: str) -> None:
    assert not is_allowed(target, HOSTS)
    with pytest.raises(InvalidInput):
        check_target(target, HOSTS)


def test_a_host_taken_off_the_list_is_no_longer_allowed() -> None:
    assert is_allowed("https://vneid.example/", HOSTS)
    assert not is_allowed("https://vneid.example/", set())
    assert host_of("https://VNEID.example/") == "vneid.example"


@pytest.mark.parametrize(
    "written", ["https://a.example", "a b.example", "localhost", "10.0.0.1", "*.example", "đà.vn", ""]
)
def test_what_is_no_host_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        read_host(written)


def test_a_host_is_read_in_small_letters() -> None:
    assert read_host(" VNeID.Example. ") == "vneid.example"

"""Where a short link may lead: https, a host under ``gov.vn`` or on the list, and nothing that hides another."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from campaigns.errors import InvalidInput

GOVERNMENT = ".gov.vn"
TARGET_MOST = 1000
_PLAIN = re.compile(r"[A-Za-z0-9/:?#\[\]@!$&'()*+,;=._~%-]+")
"""The characters of RFC 3986."""
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")


def read_host(written: str) -> str:
    """A host as people write it, in lower case.

    Raises:
        InvalidInput: it is no name of a host: an address, a number, letters with marks.
    """
    host = written.strip().lower().rstrip(".")
    if not _HOST.fullmatch(host):
        raise InvalidInput(
            "“{host}” không phải tên miền; hãy ghi như: dichvucong.danang.gov.vn.",
            "“{host}” is no name of a host; write it like: dichvucong.danang.gov.vn.",
            host=host[:100],
        )
    return host


def host_of(target: str) -> str | None:
    """The host of an address a link may lead to, leaving aside which; None for anything but plain https.

    No user name, no port, no backslash, no control character, ASCII only: browsers read such addresses in ways of
    their own.
    """
    if len(target) > TARGET_MOST or not _PLAIN.fullmatch(target):
        return None
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or port is not None or "@" in parts.netloc or parts.netloc.endswith(":"):
        return None
    host = parts.netloc.lower()
    return host if _HOST.fullmatch(host) else None


def is_allowed(target: str, hosts: Collection[str]) -> bool:
    """Whether a link may lead to ``target``: under ``gov.vn``, or to one of ``hosts`` exactly."""
    host = host_of(target)
    return host is not None and (host.endswith(GOVERNMENT) or host in hosts)


def check_target(written: str, hosts: Collection[str]) -> str:
    """The address, trimmed.

    Raises:
        InvalidInput: it is no plain https address, or of a host that is not on the list.
    """
    target = written.strip()
    host = host_of(target)
    if host is None:
        raise InvalidInput(
            "Địa chỉ đích phải bắt đầu bằng https:// và chỉ gồm chữ không dấu, không có tên đăng nhập hay số cổng.",
            "The target must begin with https://, be plain ASCII, and name no user and no port.",
        )
    if not is_allowed(target, hosts):
        raise InvalidInput(
            "Không được dẫn tới “{host}”: chỉ các trang *.gov.vn và tên miền quản trị viên đã cho phép.",
            "Links may not lead to “{host}”: only to *.gov.vn and to hosts an administrator has allowed.",
            host=host,
        )
    return target

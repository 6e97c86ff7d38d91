"""QR codes of a link, and the A4 poster that carries one, each with the code of the place where it hangs."""

from __future__ import annotations

import io
from pathlib import Path

import segno

from campaigns.content.shortlinks import Code, make_code, short_link_of
from campaigns.errors import InvalidInput
from campaigns.models import Link
from campaigns.typeset import set_pages
from config.keys import Keyring

_SOURCE = Path(__file__).with_name("poster.typ")
_QUIET = 4
"""White modules around it, as ISO/IEC 18004 asks."""


def address_of(keyring: Keyring, link: Link, ward_id: int = 0) -> str:
    """What the QR code of a place says.

    Raises:
        InvalidInput: this installation has no public address.
    """
    address = short_link_of(make_code(keyring, Code("poster", link.id, ward_id)))
    if not address:
        raise InvalidInput(
            "Hệ thống chưa có địa chỉ công khai (LOA_PUBLIC_URL) nên chưa làm được mã QR.",
            "This installation has no public address (LOA_PUBLIC_URL), so there can be no QR code.",
        )
    return address


def _code(address: str) -> segno.QRCode:
    # Level Q bears a quarter of the code being dirty or torn, as posters get.
    return segno.make_qr(address, error="q", boost_error=False)


def qr_svg(address: str) -> bytes:
    """The code as SVG, black on white whatever the page around it looks like."""
    written = io.BytesIO()
    _code(address).save(written, kind="svg", border=_QUIET, scale=8, dark="#000", light="#fff", xmldecl=False)
    return written.getvalue()


def qr_png(address: str) -> bytes:
    """The code as PNG, about 1,000 pixels wide: 8 cm at the resolution of print."""
    written = io.BytesIO()
    code = _code(address)
    scale = max(1, 1000 // code.symbol_size(border=_QUIET)[0])
    code.save(written, kind="png", border=_QUIET, scale=scale)
    return written.getvalue()


def make_poster(keyring: Keyring, link: Link, *, issuer: str, ward_id: int = 0, place: str = "") -> bytes:
    """The poster as PDF, one A4.

    Raises:
        InvalidInput: this installation has no public address.
    """
    address = address_of(keyring, link, ward_id)
    shown = address.partition("://")[2]
    document = {"title": link.title, "address": shown, "issuer": issuer, "place": place}
    return set_pages(_SOURCE, document, qr=qr_svg(address).decode("utf-8"))

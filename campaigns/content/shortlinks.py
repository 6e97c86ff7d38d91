"""Codes of short links: which campaign, or which poster, in which ward; never which person.

Nine letters and digits as in the link to refuse, 38 bits for what they name and 15 to prove that we made them. A guess
that hits costs a false count and no more: it leads where the link leads (docs/adr/0020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from campaigns.content.tokens import Tokens
from config.keys import Keyring
from config.settings import get_settings

SHORT_PATH = "/l/"
SHORT_LENGTH = 9
SAMPLE_CODE = "Dn5xR0cBv"
"""As long as every other one: for counting parts and for previews."""
SAMPLE_SHORT_ADDRESS = "https://tinnhan.danang.gov.vn"

_WARDS = 2**15
_NUMBERS = 2**22
_CODES = Tokens("short link", 2 * _NUMBERS * _WARDS, SHORT_LENGTH)

Origin = Literal["campaign", "poster"]


@dataclass(frozen=True, slots=True)
class Code:
    """What a code names."""

    origin: Origin
    number: int
    """Of the campaign whose messages carry it, or of the link whose posters do."""
    ward_id: int
    """0 where the ward is unknown, or the poster hangs in no particular one."""


def make_code(keyring: Keyring, code: Code) -> str:
    """The code, always the same one.

    Raises:
        ValueError: a number does not fit, which takes four million campaigns.
    """
    if not (0 <= code.ward_id < _WARDS and 0 < code.number < _NUMBERS):
        raise ValueError("no code for these numbers")
    kind = 1 if code.origin == "poster" else 0
    return _CODES.make(keyring, (kind * _NUMBERS + code.number) * _WARDS + code.ward_id)


def read_code(keyring: Keyring, written: str) -> Code | None:
    """What a code names; None for everything we did not make."""
    packed = _CODES.read(keyring, written)
    if packed is None:
        return None
    rest, ward_id = divmod(packed, _WARDS)
    kind, number = divmod(rest, _NUMBERS)
    return Code("poster" if kind else "campaign", number, ward_id) if number else None


def short_link_of(code: str) -> str:
    """The link as a text or a poster carries it; empty where this installation has no public address."""
    address = get_settings().public_url
    return f"{address}{SHORT_PATH}{code}" if address else ""


def sample_short_link() -> str:
    """A link for previews: our own address, or one like it."""
    return short_link_of(SAMPLE_CODE) or f"{SAMPLE_SHORT_ADDRESS}{SHORT_PATH}{SAMPLE_CODE}"

"""The link by which one person refuses: nine characters that name a contact and that nobody can make up.

Nine letters and digits hold 53.6 bits: 32 for the number of the contact, 21.6 to prove that we made it. Nothing is
stored. Why so short is safe: docs/adr/0014.
"""

from __future__ import annotations

from campaigns.content.tokens import Tokens
from config.keys import Keyring
from config.settings import get_settings

PATH = "/o/"
LENGTH = 9
"""Characters after ``PATH``: twelve in all, so that the link costs a text as little as it can."""

SAMPLE_TOKEN = "8kTq2LmZa"  # noqa: S105  # names nobody
"""As long as every other one: for counting parts and for previews."""
SAMPLE_ADDRESS = "https://tinnhan.danang.gov.vn"

_TOKENS = Tokens("refusal link", 2**32, LENGTH)


def make_token(keyring: Keyring, contact_id: int) -> str:
    """The token of a contact, always the same one.

    Raises:
        ValueError: the number of the contact does not fit, which takes four thousand million contacts.
    """
    return _TOKENS.make(keyring, contact_id)


def read_token(keyring: Keyring, token: str) -> int | None:
    """The number of the contact a token was made for; None for everything we did not make."""
    return _TOKENS.read(keyring, token)


def link_of(token: str) -> str:
    """The link as a text carries it; empty where this installation has no public address."""
    address = get_settings().public_url
    return f"{address}{PATH}{token}" if address else ""


def sample_link() -> str:
    """A link for previews: our own address, or one like it."""
    return link_of(SAMPLE_TOKEN) or f"{SAMPLE_ADDRESS}{PATH}{SAMPLE_TOKEN}"


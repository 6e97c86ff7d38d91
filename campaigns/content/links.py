"""The link by which one person refuses: nine characters that name a contact and that nobody can make up.

Nine letters and digits hold 53.6 bits: 32 for the number of the contact, 21.6 to prove that we made it. The proof is a
keyed hash of the number; the number itself is written shifted by a second keyed hash, of the proof, so that links of
neighbours look nothing alike (a synthetic initialisation vector, as in RFC 5297, over numbers instead of bytes).
Nothing is stored. Why so short is safe: docs/adr/0014.
"""

from __future__ import annotations

import hmac
import string

from config.keys import Keyring
from config.settings import get_settings

PATH = "/o/"
LENGTH = 9
"""Characters after ``PATH``: twelve in all, so that the link costs a text as little as it can."""

SAMPLE_TOKEN = "8kTq2LmZa"  # noqa: S105  # names nobody
"""As long as every other one: for counting parts and for previews."""
SAMPLE_ADDRESS = "https://tinnhan.danang.gov.vn"

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_CONTACTS = 2**32
_PROOFS: int = len(_DIGITS) ** LENGTH // _CONTACTS


def make_token(keyring: Keyring, contact_id: int) -> str:
    """The token of a contact, always the same one.

    Raises:
        ValueError: the number of the contact does not fit, which takes four thousand million contacts.
    """
    if not 0 < contact_id < _CONTACTS:
        raise ValueError("no token for a contact with this number")
    key = keyring.derive("refusal link")
    proof = _prove(key, contact_id)
    return _write(proof * _CONTACTS + (contact_id + _shift(key, proof)) % _CONTACTS)


def read_token(keyring: Keyring, token: str) -> int | None:
    """The number of the contact a token was made for; None for everything we did not make."""
    if len(token) != LENGTH or not all(character in _VALUE for character in token):
        return None
    key = keyring.derive("refusal link")
    proof, shifted = divmod(_read(token), _CONTACTS)
    contact_id: int = (shifted - _shift(key, proof)) % _CONTACTS
    return contact_id if hmac.compare_digest(b"%d" % proof, b"%d" % _prove(key, contact_id)) else None


def link_of(token: str) -> str:
    """The link as a text carries it; empty where this installation has no public address."""
    address = get_settings().public_url
    return f"{address}{PATH}{token}" if address else ""


def sample_link() -> str:
    """A link for previews: our own address, or one like it."""
    return link_of(SAMPLE_TOKEN) or f"{SAMPLE_ADDRESS}{PATH}{SAMPLE_TOKEN}"


def _prove(key: bytes, contact_id: int) -> int:
    return int.from_bytes(hmac.digest(key, b"proof %d" % contact_id, "sha256")[:8], "big") % _PROOFS


def _shift(key: bytes, proof: int) -> int:
    return int.from_bytes(hmac.digest(key, b"shift %d" % proof, "sha256")[:4], "big")


def _write(value: int) -> str:
    digits = []
    for _ in range(LENGTH):
        value, digit = divmod(value, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _read(token: str) -> int:
    value = 0
    for character in token:
        value = value * len(_DIGITS) + _VALUE[character]
    return value

"""Codes of authenticator apps: six digits, new every half minute (RFC 6238, as every such app computes them)."""

from __future__ import annotations

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

STEP_SECONDS = 30
DIGITS = 6
DRIFT_STEPS = 1
"""A clock may be this many steps early or late."""
SECRET_BYTES = 20
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> bytes:
    """A secret for one authenticator."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step."""
    # What every authenticator app takes by itself is SHA-1 (RFC 6238, section 1.2).
    return HOTP(secret, DIGITS, SHA1()).generate(step).decode("ascii")  # noqa: S303


def step_of(moment: float) -> int:
    """The step of a moment, in seconds since 1970."""
    return int(moment // STEP_SECONDS)


def find_step(secret: bytes, code: str, moment: float) -> int | None:
    """The step a code belongs to, by a clock that is at most ``DRIFT_STEPS`` off; None where it is wrong."""
    now, found = step_of(moment), None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        # Every step is compared, so that the time it takes tells nothing.
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def shown(secret: bytes) -> str:
    """The secret for typing in by hand: ``ABCD EFGH …``."""
    letters = base64.b32encode(secret).decode("ascii").rstrip("=")
    return " ".join(letters[i : i + 4] for i in range(0, len(letters), 4))


def address_of(secret: bytes, email: str, issuer: str) -> str:
    """``otpauth://…``, what the picture says."""
    asked = urlencode({"secret": shown(secret).replace(" ", ""), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{email}')}?{asked}"


def picture_of(address: str) -> str:
    """The QR code as an address for ``<img src>``, dark on white in either theme."""
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=5, light="#fff", border=3)


def new_recovery_codes() -> list[str]:
    """Codes to print and put away: ``abcd-efgh-jkmn``, 59 bits each, without letters that look alike."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3)) for _ in range(RECOVERY_CODES)
    ]

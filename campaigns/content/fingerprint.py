"""What tells two campaigns that say the same: a text without case, marks, spaces and punctuation, hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from campaigns.content.encoding import normalise, strip_marks
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.content.rendering import compile_template

_BYTES = 16


_GREETING = frozenset(name for name, known in PLACEHOLDERS.items() if known.source == "contact")


def text_fingerprint(body: str, values: Mapping[str, str]) -> bytes | None:
    """16 bytes, equal for texts that people would call the same; ``values`` are those that all recipients share.

    Names and wards are not merged: a text stays the same however it greets. A value shared by everybody is part of
    what is said: a template that only says ``{{ noi_dung }}`` is another text with every value. None where everybody
    is told something of their own, such as the number of their file: it is never the same text twice.
    """
    placeholders = compile_template(body).placeholders
    if placeholders - values.keys() - _GREETING:
        return None
    said = [_plain(body), *(f"{name}={_plain(values[name])}" for name in sorted(placeholders & values.keys()))]
    return hashlib.sha256("\0".join(said).encode()).digest()[:_BYTES]


def _plain(text: str) -> str:
    return "".join(letter for letter in strip_marks(normalise(text)).lower() if letter.isalnum() or letter in "{}%")

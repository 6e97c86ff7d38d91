"""Filters of texts: how the name of a place or a moment is written inside a sentence, with or without marks."""

from __future__ import annotations

import re

_SHORT = {
    "phường": "P.",
    "phuong": "P.",
    "xã": "X.",
    "xa": "X.",
    "quận": "Q.",
    "quan": "Q.",
    "huyện": "H.",
    "huyen": "H.",
    "thị trấn": "TT.",
    "thi tran": "TT.",
    "thành phố": "TP.",
    "thanh pho": "TP.",
    "đặc khu": "ĐK.",
    "dac khu": "DK.",
}
_KIND = re.compile(rf"\b({'|'.join(_SHORT)})(?= +[A-ZĐÀ-ỸĂÂÊÔƠƯ0-9])", re.IGNORECASE)


def abbreviate(value: str) -> str:
    """``UBND quận Hải Châu`` → ``UBND Q. Hải Châu``."""
    return _KIND.sub(lambda found: _SHORT[found[1].lower()], str(value))


def kind(value: str) -> str:
    """The word that says what a unit is: ``Phường Hòa Cường Bắc`` → ``phường``; empty where there is none."""
    found = _KIND.search(str(value))
    return found[1].lower() if found else ""


def lower_first(value: str) -> str:
    """The word that says what a unit is in small letters: ``Phường Hòa Cường Bắc`` → ``phường Hòa Cường Bắc``."""
    return _KIND.sub(lambda found: found[1].lower(), str(value), count=1)


def hour(value: str) -> str:
    """The hour of a moment: ``09:15 12/03/2023`` → ``09:15``."""
    return str(value).split(" ", 1)[0]


def upper(value: str) -> str:
    """The value in capitals."""
    return str(value).upper()


def lower(value: str) -> str:
    """The value in small letters."""
    return str(value).lower()

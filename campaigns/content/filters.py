"""Filters of texts: how the name of a place or a moment is written inside a sentence, with or without marks."""

from __future__ import annotations

import re

from campaigns.errors import InvalidInput

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
_CAPITALS = "".join(filter(str.isupper, map(chr, range(0x1EFA))))
# Only before a name: "xã Hòa Bắc", not "xã hội".
_KIND = re.compile(rf"\b((?i:{'|'.join(_SHORT)}))(?= +[{_CAPITALS}0-9])")


def abbreviate(value: str) -> str:
    """``UBND quận Hải Châu`` → ``UBND Q. Hải Châu``."""
    return _KIND.sub(lambda found: _SHORT[found[1].lower()], str(value))


def kind(value: str) -> str:
    """The word that says what a unit is: ``Phường Hòa Cường Bắc`` → ``phường``.

    Raises:
        InvalidInput: the value names no kind of unit.
    """
    found = _KIND.search(str(value))
    if found is None:
        raise InvalidInput(
            "“{value}” không cho biết là phường, xã, quận hay huyện.",
            "“{value}” does not say whether it is a ward, a commune or a district.",
            value=str(value)[:80],
        )
    return found[1].lower()


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

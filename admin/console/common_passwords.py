"""Passwords everybody would try first: words and rows of keys that people here take, alone or one after another."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from campaigns.areas.names import fold

_LIST = Path(__file__).with_name("common_passwords.txt")
_FIGURES_FOR_LETTERS = str.maketrans("0134578@$!", "oieastbasi")
_LEFT_OVER = 3
"""Letters besides the listed words that still make nothing of a password."""


@lru_cache(maxsize=1)
def _words() -> re.Pattern[str]:
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    listed = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    return re.compile("|".join(sorted(map(re.escape, listed), key=len, reverse=True)))


def is_common(password: str) -> bool:
    """Whether hardly anything is left of a password without figures, signs and the words of the list.

    Compared without accents and capitals, and once more with ``@`` read as ``a``, ``0`` as ``o`` and the like.
    """
    plain = fold(password)
    without_end = re.sub(r"[\W\d_]+$", "", plain)
    return any(_is_made_of_them(form) for form in (plain, without_end.translate(_FIGURES_FOR_LETTERS)))


def _is_made_of_them(plain: str) -> bool:
    letters = re.sub(r"[^a-z]", "", plain)
    rest = _words().sub("", letters)
    return not letters or (rest != letters and len(rest) <= _LEFT_OVER)

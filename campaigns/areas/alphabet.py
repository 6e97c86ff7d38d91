"""The order of the Vietnamese alphabet: ``a ă â b c d đ e ê``, a tone only where two names are alike without tones.

PostgreSQL knows it only where it was built with ICU, so names are put in order by two translations of their letters,
here and in statements (``campaigns.store.sorting``) by the same tables.
"""

from __future__ import annotations

import unicodedata

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
"""None, huyền, hỏi, ngã, sắc, nặng, as dictionaries have them."""
_FIRST = 0x100
"""Where the letters are moved to: behind every digit and sign."""


def _written() -> dict[str, tuple[str, str]]:
    """Each letter as it may be written, with what stands for its place in the alphabet and for its tone."""
    found: dict[str, tuple[str, str]] = {}
    for place, letter in enumerate(_LETTERS):
        for tone, mark in enumerate(_TONES):
            for each in (letter, letter.upper()):
                written = unicodedata.normalize("NFC", each + mark)
                if len(written) == 1:
                    found[written] = (chr(_FIRST + place), str(tone))
    return found


_WRITTEN = _written()
WRITTEN = "".join(_WRITTEN)
"""Every letter with every tone, small and capital."""
PLACES = "".join(place for place, _ in _WRITTEN.values())
"""What each of ``WRITTEN`` becomes for the first comparison."""
TONES = "".join(tone for _, tone in _WRITTEN.values())
"""What each of ``WRITTEN`` becomes where two names are alike."""
_BY_PLACE = str.maketrans(WRITTEN, PLACES)
_BY_TONE = str.maketrans(WRITTEN, TONES)


def alphabetical(name: str) -> tuple[str, str]:
    """The key by which names are sorted."""
    name = unicodedata.normalize("NFC", name)
    return name.translate(_BY_PLACE), name.translate(_BY_TONE)

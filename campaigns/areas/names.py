"""Names of Vietnamese places as people write them: marks, tone placement, prefixes.

Two spellings of one tone are common (``Hoà``, ``Hòa``) and differ even after NFC; the project's own data place the
tone on the first vowel (``Hòa``), and every comparison here goes through that. Not after ``q``: in ``Quý`` the u
belongs to the consonant.
"""

from __future__ import annotations

import re
import unicodedata

_TONES = "\u0300\u0301\u0303\u0309\u0323"  # huyền sắc ngã hỏi nặng
_OPEN_PAIR = re.compile(rf"(?<!q)(o[ae]|uy)([{_TONES}])(?![a-zđ\u0300-\u036f])", re.IGNORECASE)
_AFTER_Q = re.compile(rf"(qu)([{_TONES}])(y)", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s._'’‘`\"]+")
_ROMAN = {"1": "i", "2": "ii", "3": "iii", "4": "iv"}

_WARD_PREFIX = re.compile(
    r"^(?:(?:phường|phuong|phg|thị trấn|thi tran|xã|xa|đặc khu|dac khu|ward|commune)(?= )|(?:p|x|tt|đk)(?=[ \d])) *"
)
_DISTRICT_PREFIX = re.compile(
    r"^(?:(?:quận|quan|huyện|huyen|thành phố|thanh pho|thị xã|thi xa|district)(?= )|(?:q|h|tp|tx)(?=[ \d])) *"
)


def tidy(text: str) -> str:
    """NFC with every run of white space (no-break space too) as one blank, none at the ends, no control characters."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(c for c in text if unicodedata.category(c)[0] != "C").strip()
    return text


def place_tones(text: str) -> str:
    """The same text, NFC, with the tone of an open ``oa oe uy`` on the first vowel: ``Hoà`` → ``Hòa``, not ``Quý``."""
    parted = unicodedata.normalize("NFD", text)
    parted = _OPEN_PAIR.sub(lambda m: m[1][0] + m[2] + m[1][1], parted)
    parted = _AFTER_Q.sub(lambda m: m[1] + m[3] + m[2], parted)
    return unicodedata.normalize("NFC", parted)


def fold(text: str) -> str:
    """Lower case without any mark, ``đ`` as ``d``: for search and suggestions, never as a key."""
    parted = unicodedata.normalize("NFD", text.lower().replace("đ", "d").replace("ð", "d"))
    return unicodedata.normalize("NFC", "".join(c for c in parted if not unicodedata.combining(c)))


def spelled(text: str) -> str:
    """The form in which accented names are compared: lower case, tones placed, punctuation as single blanks."""
    return _PUNCTUATION.sub(" ", place_tones(tidy(text)).lower()).strip()


def strip_prefix(key: str, kind: str = "ward") -> str:
    """A ``spelled`` name without the word for its kind: ``p hòa minh`` → ``hòa minh``; ``phước ninh`` stays.

    A ward's name keeps the word for a district, so that ``quận hải châu`` never becomes the ward Hải Châu.
    A name that is nothing but its prefix stays as it is.
    """
    return (_DISTRICT_PREFIX if kind == "district" else _WARD_PREFIX).sub("", key, count=1) or key


def number_words(key: str) -> str:
    """``hải châu 1`` → ``hải châu i``: the numbers of wards are written in Roman in the register."""
    head, _, tail = key.rpartition(" ")
    return f"{head} {_ROMAN[tail]}" if head and tail in _ROMAN else key


def agrees(written: str, name: str) -> bool:
    """Whether ``written`` is ``name`` with some or all marks left out; a mark that contradicts does not agree."""
    return len(written) == len(name) and all(
        w == n or w == fold(n) or (w == _without_tone(n)) for w, n in zip(written, name, strict=True)
    )


def _without_tone(letter: str) -> str:
    parted = unicodedata.normalize("NFD", letter)
    return unicodedata.normalize("NFC", "".join(c for c in parted if c not in _TONES))

"""What a person means who sends us a word: refuse, come back, ask. Case, accents and spaces do not matter."""

from __future__ import annotations

import re
from enum import StrEnum

from campaigns.content.encoding import normalise, strip_marks


class Wish(StrEnum):
    """What an inbound message asks for."""

    REFUSE = "optout"
    RETURN = "optin"
    HELP = "help"
    NONE = "none"


WORDS: dict[Wish, tuple[str, ...]] = {
    Wish.REFUSE: ("TC", "TUCHOI", "HUY", "DUNG", "STOP", "UNSUB"),
    Wish.RETURN: ("DK", "DANGKY", "START"),
    Wish.HELP: ("TROGIUP", "HELP", "HD"),
}
"""Words as they are compared: upper case, no marks, no spaces (conventions in use with Vietnamese carriers)."""

_SPELT: dict[str, frozenset[str]] = {"DUNG": frozenset({"dừng", "đừng"})}
"""A word that with other marks means something else: "Đúng ạ" agrees, "Dũng" is a name. Written with marks, only
these spellings count; written without, it is taken at its word."""

_TWO_WORDS = {"TU CHOI": "TUCHOI", "DANG KY": "DANGKY", "TRO GIUP": "TROGIUP"}
_NOT_A_LETTER = re.compile(r"[^0-9A-Z]+")
_MOST = 200


def read_wish(text: str) -> Wish:
    """The wish in the first word of a message (or its first two, where they are one word spelt apart).

    Only the first 200 characters are read. "Từ chối nhận tin" refuses; "tôi không từ chối" does not: what a
    sentence means is for a person to say.
    """
    plain = _NOT_A_LETTER.sub(" ", strip_marks(text[:_MOST]).upper()).strip()
    words = plain.split(" ")
    first = _TWO_WORDS.get(" ".join(words[:2]), words[0])
    if first in _SPELT and not _is_spelt(first, text[:_MOST]):
        return Wish.NONE
    for wish, known in WORDS.items():
        if first in known:
            return wish
    return Wish.NONE


def _is_spelt(word: str, text: str) -> bool:
    """Whether the text's first word is ``word`` without marks, or with the marks it has to have."""
    written = re.findall(r"\w+", normalise(text).lower())[0]
    return written.isascii() or written in _SPELT[word]

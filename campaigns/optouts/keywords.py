"""What a person means who sends us a word: refuse, come back, ask. Case, accents and spaces do not matter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaigns.content.encoding import normalise, strip_marks


class Wish(StrEnum):
    """What an inbound message asks for."""

    REFUSE = "optout"
    RETURN = "optin"
    HELP = "help"
    NONE = "none"


WORDS: dict[Wish, tuple[str, ...]] = {
    Wish.REFUSE: ("TC", "TU CHOI", "HUY", "DỪNG", "ĐỪNG", "STOP", "UNSUB"),
    Wish.RETURN: ("DK", "DANG KY", "START"),
    Wish.HELP: ("TRO GIUP", "HELP", "HD"),
}
"""What every list of words begins with (conventions in use with Vietnamese carriers)."""

_NOT_A_LETTER = re.compile(r"[^0-9A-Z]+")
_MOST = 200


@dataclass(frozen=True)
class Vocabulary:
    """Words as they are looked for.

    A word listed without marks is understood with any. A word listed with marks is one that means something else with
    others ("Đúng ạ" agrees, "Dũng" is a name, "dừng" refuses): written with marks it must have these, written without
    it is taken at its word. A listed pair ("TU CHOI") is also one word ("TUCHOI").
    """

    wishes: Mapping[str, Wish]
    """By the word without marks, and pairs by both spellings."""
    spelt: Mapping[str, frozenset[str]]
    """The spellings, in small letters, of words that have to have their marks."""

    @classmethod
    def of(cls, words: Iterable[tuple[str, Wish]]) -> Vocabulary:
        """Of (word, wish) pairs."""
        wishes: dict[str, Wish] = {}
        spelt: dict[str, set[str]] = {}
        for word, wish in words:
            plain = strip_marks(word).upper()
            wishes |= {plain: wish, plain.replace(" ", ""): wish}
            if plain != word.upper():
                spelt.setdefault(plain, set()).add(normalise(word).lower())
        return cls(wishes, {plain: frozenset(forms) for plain, forms in spelt.items()})


BUILT_IN = Vocabulary.of((word, wish) for wish, words in WORDS.items() for word in words)


def read_wish(text: str, vocabulary: Vocabulary = BUILT_IN) -> Wish:
    """The wish in the first word of a message (or its first two, where they are one word spelt apart).

    Only the first 200 characters are read. "Từ chối nhận tin" refuses; "tôi không từ chối" does not: what a
    sentence means is for a person to say.
    """
    words = _plain_words(text)
    for first in (" ".join(words[:2]), words[0]):
        wish = vocabulary.wishes.get(first, Wish.NONE)
        if wish is not Wish.NONE and _is_spelt(first, text[:_MOST], vocabulary):
            return wish
    return Wish.NONE


def _plain_words(text: str) -> list[str]:
    return _NOT_A_LETTER.sub(" ", strip_marks(text[:_MOST]).upper()).strip().split(" ")


def _is_spelt(word: str, text: str, vocabulary: Vocabulary) -> bool:
    """Whether the text begins with ``word`` without marks, or with the marks it has to have."""
    if word not in vocabulary.spelt:
        return True
    written = " ".join(re.findall(r"\w+", normalise(text).lower())[: word.count(" ") + 1])
    return written.isascii() or written in vocabulary.spelt[word]


_PHRASES = re.compile(
    r"\b(KHONG (?:MUON )?(?:NHAN|GUI|NHAN THEM)|KO NHAN|K NHAN|NGUNG|NGUNG GUI|DUNG GUI|THOI GUI|CHAN TIN|XOA SO|"
    r"HUY DANG KY|HUY DK|LAM PHIEN|PHIEN QUA|SPAM|UNSUBSCRIBED?|REMOVE|OPT ?OUT|QUIT|CANCEL)\b"
)
_SHORT = 3
"""Words of a message so short that a slip of the keys in its first one counts."""


def is_near_miss(text: str, vocabulary: Vocabulary = BUILT_IN) -> bool:
    """Whether a message that asks for nothing we understand may be meant as a refusal, so that a person reads it.

    It holds a word that refuses somewhere else than at its beginning, or says in other words that messages are not
    wanted, or is short and one slip of the keys away from such a word. Reading one too many costs a glance.
    """
    words = _plain_words(text)
    plain = " ".join(words)
    refusing = {
        word for word, wish in vocabulary.wishes.items() if wish is Wish.REFUSE and word not in vocabulary.spelt
    }
    if any(f" {word} " in f" {plain} " for word in refusing) or _PHRASES.search(plain):
        return True
    if len(words) > 1 and all(len(word) == 1 for word in words):
        return "".join(words) in refusing
    begun = (words[0], "".join(words[:2]))
    return len(words) <= _SHORT and any(_one_slip(each, word) for each in begun for word in refusing if " " not in word)


def _one_slip(written: str, word: str) -> bool:
    """One letter too many, too few or wrong, or two that changed places; words of two letters only grow."""
    if written == word or not 2 <= len(written) <= len(word) + 1:
        return False
    if len(word) == 2:  # half the alphabet is one letter away from a word of two
        return len(written) == len(word) + 1 and written in {word[0] + word, word + word[1]}
    if len(written) == len(word):
        wrong = [place for place in range(len(word)) if written[place] != word[place]]
        swapped = len(wrong) == 2 and written[wrong[0]] == word[wrong[1]] and written[wrong[1]] == word[wrong[0]]
        return len(wrong) == 1 or (swapped and wrong[1] - wrong[0] == 1)
    longer, shorter = sorted((written, word), key=len, reverse=True)
    return len(longer) - len(shorter) == 1 and any(
        longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer))
    )

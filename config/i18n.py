"""Texts for people, Vietnamese and English side by side, chosen by the language of the moment.

A text is written where it is used, in both languages at once, so that neither can be forgotten:
``t("Chiến dịch", "Campaign")`` is a ``str`` now, ``Text("Chiến dịch", "Campaign")`` becomes one when shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

_language: ContextVar[Language] = ContextVar("language", default="vi")


def current_language() -> Language:
    """The language texts are shown in now: ``vi`` unless something chose otherwise."""
    return _language.get()


def set_language(language: str) -> None:
    """Choose the language for the rest of this context; anything but ``en`` is Vietnamese."""
    _language.set("en" if language == "en" else "vi")


@contextmanager
def language(chosen: str) -> Iterator[None]:
    """Show texts in ``chosen`` inside the block."""
    token = _language.set("en" if chosen == "en" else "vi")
    try:
        yield
    finally:
        _language.reset(token)


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages, with ``{named}`` holes; ``str()`` gives the current language."""

    vi: str
    en: str

    def __str__(self) -> str:
        return self.en if _language.get() == "en" else self.vi

    def format(self, **values: Any) -> str:
        """The sentence of the current language with its holes filled."""
        return str(self).format(**values)


class Count(int):
    """How many of something; a sentence shows it as its language does: ``3.868`` people, or ``3,868``."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec) if spec else figure(int(self))


def in_every_language(say: Callable[[], T]) -> dict[str, T]:
    """What ``say`` tells, by language: for whoever reads it later, in the language of then."""
    said: dict[str, T] = {}
    for each in LANGUAGES:
        with language(each):
            said[each] = say()
    return said


def t(vi: str, en: str, **values: Any) -> str:
    """The sentence of the current language, with its ``{named}`` holes filled from ``values``."""
    chosen = en if _language.get() == "en" else vi
    return chosen.format(**values) if values else chosen


_SWAPPED = str.maketrans(".,", ",.")


def figure(value: float, digits: int = 0) -> str:
    """``1.234.567`` in Vietnamese, ``1,234,567`` in English; at most so many decimals, none that is a zero."""
    text = f"{value:,.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    return text if _language.get() == "en" else text.translate(_SWAPPED)

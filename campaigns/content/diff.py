"""What changed between two wordings, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_TOKEN = re.compile(r"\{[{%].*?[}%]\}|\w+|\s+|.", re.DOTALL)


class Change(StrEnum):
    """What became of a stretch of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words that belong together."""

    change: Change
    text: str


def compare(old: str, new: str) -> list[Stretch]:
    """``new`` seen from ``old``: what was removed stands before what took its place. A placeholder is one word."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    return list(_merged(_stretches(before, after)))


def differs(stretches: list[Stretch]) -> bool:
    """Whether anything changed."""
    return any(stretch.change is not Change.SAME for stretch in stretches)


def _stretches(before: list[str], after: list[str]) -> Iterator[Stretch]:
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Stretch(Change.SAME, "".join(before[a:b]))
            continue
        if b > a:
            yield Stretch(Change.REMOVED, "".join(before[a:b]))
        if d > c:
            yield Stretch(Change.ADDED, "".join(after[c:d]))


def _merged(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    """With lone spaces between two changes drawn into them, so that a changed phrase reads as one."""
    kept: list[Stretch] = []
    for stretch in stretches:
        blank = stretch.change is Change.SAME and not stretch.text.strip() and "\n" not in stretch.text
        if blank and kept and kept[-1].change is not Change.SAME:
            kept += [Stretch(Change.REMOVED, stretch.text), Stretch(Change.ADDED, stretch.text)]
        elif stretch.change is Change.SAME:
            yield from _grouped(kept)
            kept = []
            yield stretch
        else:
            kept.append(stretch)
    yield from _grouped(kept)


def _grouped(changes: list[Stretch]) -> Iterator[Stretch]:
    for change in (Change.REMOVED, Change.ADDED):
        text = "".join(stretch.text for stretch in changes if stretch.change is change)
        if text:
            yield Stretch(change, text)

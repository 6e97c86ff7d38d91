"""Is this message really from the city? Compares a text with those that were sent, as a person can tell it.

Case, marks, spaces and line ends do not matter: people type and copy. Where a text carries a value of each recipient's
own (a name, a ward, a link), anything short may stand, but no address and no long number: else a forger could put them
into the gap and have the page vouch for it. Tells nothing about any person: only texts are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from campaigns.content.encoding import normalise, strip_marks
from campaigns.content.links import LENGTH, PATH
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.content.rendering import HOLE, Compiled, compile_template
from campaigns.delivery.rendering import LINK
from campaigns.errors import LoaError
from campaigns.store.check import list_sent_texts
from config.settings import get_settings

LEAST = 20
"""Letters and digits below which a text is too short to say anything."""
MOST = 2000
_GAP = 80
"""Letters of a value of somebody's own; the longest names of people and wards are half of that."""
_DIGITS = 6
"""Digits in a gap from which it may be a telephone number, however it is written."""
_MOMENT, _TOKEN = "\ufffb", "\ufff9"
"""Stand for an hour and a date, and for the end of a link, as ``HOLE`` does for everything else that differs."""
_SHAPES = {_MOMENT: re.compile(r"[0-9:/]{1,20}"), _TOKEN: re.compile(rf"[a-z0-9]{{{LENGTH}}}")}
_HOLES = {"nhan_luc": _MOMENT, "ngung_tu": _MOMENT, LINK: _TOKEN}
_ADDRESS = re.compile(
    r"/|[a-z0-9-]\.(?:vn|com|net|org|info|me|ly|gl|gd|to|cc|io|co|app|link|xyz|top|site|online|shop|club|gg|page|dev|biz|"
    r"asia|pro|vip|live|store|tech|pw|ws|im|ai|ru|us|uk|eu|cn|tk)(?![a-z])"
)
"""In a word: what a telephone makes a link of. "P.Hòa" has a dot too."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A campaign whose text it is."""

    campaign: str
    sender: str
    first_sent: datetime


@dataclass(frozen=True, slots=True)
class Form:
    """A text without the values that differ."""

    pieces: tuple[str, ...]
    """What stands between them, folded."""
    gaps: str
    """For each gap, what stands there: ``_MOMENT``, ``_TOKEN`` or ``HOLE``."""
    addresses: frozenset[str]
    """Words of the text that hold an address or a slash."""
    link: str
    """How the recipient's own link begins; empty where there is none."""


def find_sent(session: Session, written: str) -> Sent | None:
    """The latest campaign that sent this text; None where none did."""
    written = written[:MOST]
    text, addresses = _folded(written), _addresses(written)
    if len(text) < LEAST:
        return None
    for sent in list_sent_texts(session):
        forms = _forms(sent.body, tuple(sorted(sent.values.items())))
        if any(_fits(text, form) and _leads_nowhere_else(addresses, form) for form in forms):
            return Sent(sent.name, sent.sender, sent.first_sent)
    return None


def _folded(text: str) -> str:
    return "".join(strip_marks(normalise(text)).lower().split())


def _addresses(text: str) -> frozenset[str]:
    words = (word.strip(".,;:!?()[]\"'") for word in strip_marks(normalise(text)).lower().split())
    return frozenset(word for word in words if _ADDRESS.search(word))


def _leads_nowhere_else(addresses: frozenset[str], form: Form) -> bool:
    """Whether every address was in what we sent. Looked at in whole words: a gap alone may hold half of one."""
    return all(
        word in form.addresses
        or (form.link and word.startswith(form.link) and _SHAPES[_TOKEN].fullmatch(word, len(form.link)))
        or (_MOMENT in form.gaps and _SHAPES[_MOMENT].fullmatch(word))
        for word in addresses
    )


def _fits(text: str, form: Form) -> bool:
    first, *rest = form.pieces
    if not text.startswith(first):
        return False
    at = len(first)
    for place, (piece, gap) in enumerate(zip(rest, form.gaps, strict=True)):
        if place < len(rest) - 1:
            found = text.find(piece, at)
        else:
            found = len(text) - len(piece) if text.endswith(piece) else -1
        if found < at or not _may_stand(text[at:found], gap):
            return False
        at = found + len(piece)
    return at == len(text)


def _may_stand(value: str, gap: str) -> bool:
    if gap in _SHAPES:
        return _SHAPES[gap].fullmatch(value) is not None
    return len(value) <= _GAP and sum(map(str.isdigit, value)) < _DIGITS


@lru_cache(maxsize=4096)
def _forms(body: str, values: Sequence[tuple[str, str]]) -> tuple[Form, ...]:
    """The forms of a text: with and without the values it can do without."""
    try:
        compiled = compile_template(body)
    except LoaError:
        return ()
    given = {name: value for name, value in values if value.strip() and not _is_own(name)}
    link = get_settings().public_url + PATH if LINK in compiled.placeholders else ""
    holes = {name: _HOLES.get(name, HOLE) for name in compiled.placeholders - given.keys()}
    if link:
        holes[LINK] = link + _TOKEN
    needed = {name: hole for name, hole in holes.items() if name in compiled.required}
    made = (_form(compiled, {**given, **chosen}, link.lower()) for chosen in (holes, needed))
    return tuple(form for form in made if form is not None)


def _is_own(name: str) -> bool:
    """Whether a value differs from one person, or one minute, to the next."""
    return name == LINK or (name in PLACEHOLDERS and PLACEHOLDERS[name].source == "system")


def _form(compiled: Compiled, values: Mapping[str, str], link: str) -> Form | None:
    try:
        merged = compiled.render(values)
    except LoaError:
        return None
    pieces = re.split(f"([{HOLE}{_MOMENT}{_TOKEN}])", merged)
    return Form(
        pieces=tuple(map(_folded, pieces[::2])),
        gaps="".join(pieces[1::2]),
        addresses=_addresses(merged),
        link=link,
    )

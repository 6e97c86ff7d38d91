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
from campaigns.content.shortlinks import SHORT_LENGTH, SHORT_PATH, short_link_of
from campaigns.delivery.rendering import LINK, SHORT_LINK
from campaigns.errors import LoaError
from campaigns.links.targets import host_of
from campaigns.links.visits import find_opened
from campaigns.store.check import list_sent_texts, read_sent_text
from config.keys import Keyring
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
_HOLES = {"nhan_luc": _MOMENT, "ngung_tu": _MOMENT, LINK: _TOKEN, SHORT_LINK: _TOKEN}
_PATHS = {LINK: PATH, SHORT_LINK: SHORT_PATH}
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
class Known:
    """What a code names: a campaign with the text it sent, or a link that hangs on posters."""

    title: str
    sender: str
    first_sent: datetime | None
    text: str
    """As it was sent, with ``…`` where something differs from one person to the next; empty for a poster."""
    leads_to: str
    """The host its link leads to."""


_CODE = re.compile(rf"(?:\S*{SHORT_PATH})?([0-9A-Za-z]{{{SHORT_LENGTH}}})[.,]?")


def code_in(written: str) -> str:
    """The code, where what was written is one, or a link with one, and nothing else; else nothing."""
    found = _CODE.fullmatch(written.strip())
    return found[1] if found else ""


def find_by_code(session: Session, keyring: Keyring, written: str) -> Known | None:
    """What the code of a message, or of a poster, names; None for one we did not make, or that was not sent yet.

    That a code is ours does not make the text around it ours, so the text that was sent is told too, to be compared.
    """
    opened = find_opened(session, keyring, code_in(written))
    if opened is None:
        return None
    host = host_of(opened.link.target) or ""
    if opened.code.origin == "poster":
        return Known(opened.link.title, "", None, "", host)
    sent = read_sent_text(session, opened.code.number)
    if sent is None:
        return None
    link = short_link_of(code_in(written))
    return Known(sent.name, sent.sender, sent.first_sent, _readable(sent.body, sent.values, link), host)


def _readable(body: str, values: Mapping[str, str], link: str) -> str:
    compiled = compile_template(body)
    given = {name: value for name, value in values.items() if value.strip() and not _is_own(name)}
    holes = dict.fromkeys(compiled.required - given.keys(), HOLE)
    return compiled.render({**holes, **given, SHORT_LINK: link}).replace(HOLE, "…")


@dataclass(frozen=True, slots=True)
class Form:
    """A text without the values that differ."""

    pieces: tuple[str, ...]
    """What stands between them, folded."""
    gaps: str
    """For each gap, what stands there: ``_MOMENT``, ``_TOKEN`` or ``HOLE``."""
    addresses: frozenset[str]
    """Words of the text that hold an address or a slash."""
    links: tuple[str, ...]
    """How the links begin that are of the recipient's, or the ward's, own."""


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
        or any(word.startswith(link) and _SHAPES[_TOKEN].fullmatch(word, len(link)) for link in form.links)
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
    links = {name: get_settings().public_url + path for name, path in _PATHS.items() if name in compiled.placeholders}
    holes = {name: _HOLES.get(name, HOLE) for name in compiled.placeholders - given.keys()}
    holes.update({name: link + _TOKEN for name, link in links.items()})
    needed = {name: hole for name, hole in holes.items() if name in compiled.required}
    beginnings = tuple(link.lower() for link in links.values())
    made = (_form(compiled, {**given, **chosen}, beginnings) for chosen in (holes, needed))
    return tuple(form for form in made if form is not None)


def _is_own(name: str) -> bool:
    """Whether a value differs from one person, or one minute, to the next."""
    return name in _PATHS or (name in PLACEHOLDERS and PLACEHOLDERS[name].source == "system")


def _form(compiled: Compiled, values: Mapping[str, str], links: tuple[str, ...]) -> Form | None:
    try:
        merged = compiled.render(values)
    except LoaError:
        return None
    pieces = re.split(f"([{HOLE}{_MOMENT}{_TOKEN}])", merged)
    return Form(
        pieces=tuple(map(_folded, pieces[::2])),
        gaps="".join(pieces[1::2]),
        addresses=_addresses(merged),
        links=links,
    )

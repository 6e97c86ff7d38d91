"""What the editor tells about a text: characters that cost or break, repairs on request, and how much to cut.

Nothing here changes a text by itself; ``repair`` is called only when a person asked for it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaigns.content.encoding import (
    Alphabet,
    Encoded,
    alphabet_of,
    count_parts,
    encode,
    forces_unicode,
    normalise,
    strip_marks,
    units_of,
)
from config.i18n import Text


class Kind(StrEnum):
    """Why a character is pointed out."""

    DECOMPOSED = "decomposed"
    """A letter typed as letter + mark (NFD); merged into one before counting and sending."""
    TYPOGRAPHY = "typography"
    """Quotes, dashes, dots and signs that word processors put in."""
    SPACE = "space"
    """A space that is not the ordinary one."""
    INVISIBLE = "invisible"
    """Cannot be seen, costs like a letter."""
    UNICODE = "unicode"
    """Makes the whole text Unicode."""
    GATEWAY = "gateway"
    """In the GSM alphabet as the whole text is, but gateways that tell ASCII from the rest send it as Unicode."""
    FORBIDDEN = "forbidden"
    """The gateway does not take it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one place of a text."""

    position: int
    """Characters before it, in the text as given."""
    character: str
    kind: Kind
    suggestion: Text
    replacement: str | None
    """What ``repair`` puts in its place; None where a person must decide."""


@dataclass(frozen=True, slots=True)
class Hints:
    """The counter beside the editor."""

    encoded: Encoded
    gateway_parts: int
    """Parts at a gateway that sends anything but ASCII as Unicode."""
    unicode_characters: tuple[str, ...]
    """Distinct characters that make the text Unicode, in order of appearance."""
    cut_for_one_less: int
    """Characters to take off the end for one part less; 0 where there is one part or none."""
    plain_parts: int
    """Parts of the same text without marks."""


def _table(kind: Kind, pairs: Mapping[str, str]) -> Iterator[tuple[str, tuple[Kind, str]]]:
    for characters, replacement in pairs.items():
        for character in characters:
            yield character, (kind, replacement)


_REPAIRS: Mapping[str, tuple[Kind, str]] = dict(
    [
        *_table(
            Kind.TYPOGRAPHY,
            {
                "“”„‟«»″": '"',
                "‘’‚‛′´`": "'",
                "‐‑‒–—―−": "-",
                "•·‣◦": "-",
                "…": "...",
                "₫": "đ",
                "№": "No.",
                "×": "x",
            },
        ),
        *_table(
            Kind.SPACE,
            {"\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t": " "},
        ),
        *_table(
            Kind.INVISIBLE,
            {"\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufe0e\ufe0f\r": ""},
        ),
    ]
)
_REPAIR_TABLE = {ord(character): replacement for character, (_, replacement) in _REPAIRS.items()}


def findings(text: str, *, forbidden: Collection[str] = ()) -> list[Finding]:
    """Remarks about a text, in order of place; ``forbidden`` are the characters a gateway does not take.

    Letters that only need Unicode because they are Vietnamese are not listed one by one: see ``hints``.
    """
    found = [*_decomposed(text), *_characters(text, frozenset(forbidden))]
    return sorted(found, key=lambda finding: finding.position)


def repair(text: str) -> str:
    """The text with every suggested replacement made, in NFC. Only when a person asked for it."""
    return normalise(normalise(text).translate(_REPAIR_TABLE))


def hints(text: str) -> Hints:
    """Alphabet, parts, and what would make it cheaper.

    Raises:
        UnsendableText: see ``campaigns.content.encoding.encode``.
    """
    text = normalise(text)
    encoded = encode(text)
    return Hints(
        encoded=encoded,
        gateway_parts=gateway_parts(text),
        unicode_characters=tuple(dict.fromkeys(filter(forces_unicode, text))),
        cut_for_one_less=_cut_for_one_less(text, len(encoded.parts)),
        plain_parts=count_parts(strip_marks(text)),
    )


def gateway_parts(text: str) -> int:
    """Parts at a gateway that knows only ASCII and Unicode: ``à`` is in the GSM alphabet but costs Unicode there."""
    text = normalise(text)
    if text.isascii() or alphabet_of(text) is Alphabet.UCS2:
        return count_parts(text)
    units = units_of(text, Alphabet.UCS2)
    return 1 if units <= Alphabet.UCS2.single else -(-units // Alphabet.UCS2.several)


def _cut_for_one_less(text: str, parts: int) -> int:
    if parts < 2:
        return 0
    return next(cut for cut in range(1, len(text) + 1) if count_parts(text[:-cut]) < parts)


def _decomposed(text: str) -> Iterator[Finding]:
    """Each run of letter + marks that NFC writes shorter."""
    if unicodedata.is_normalized("NFC", text):
        return
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        merged = normalise(text[start:end])
        if merged != text[start:end]:
            yield Finding(
                start,
                text[start:end],
                Kind.DECOMPOSED,
                Text(
                    f"“{merged}” đang gõ tách chữ và dấu; hệ thống tự gộp lại trước khi đếm và gửi.",
                    f"“{merged}” is typed as letter and mark; it is merged before counting and sending.",
                ),
                merged,
            )
        start = end


def _characters(text: str, forbidden: frozenset[str]) -> Iterator[Finding]:
    all_gsm = not any(map(forces_unicode, text))
    for position, character in enumerate(text):
        if character in forbidden:
            yield Finding(position, character, Kind.FORBIDDEN, _forbidden_text(character), None)
        elif character in _REPAIRS:
            kind, replacement = _REPAIRS[character]
            yield Finding(position, character, kind, _repair_text(character, replacement), replacement)
        elif all_gsm and not character.isascii():
            yield Finding(position, character, Kind.GATEWAY, _gateway_text(character), None)
        elif forces_unicode(character) and not _is_vietnamese(character):
            yield Finding(position, character, Kind.UNICODE, _unicode_text(character), None)


def _is_vietnamese(character: str) -> bool:
    return unicodedata.combining(character) != 0 or (character.isalpha() and strip_marks(character).isascii())


def _name(character: str) -> str:
    """How a text points at a character: itself where it can be seen, else its code."""
    visible = character.isprintable() and not character.isspace() and not unicodedata.combining(character)
    return f"“{character}”" if visible else f"U+{ord(character):04X}"


def _repair_text(character: str, replacement: str) -> Text:
    name = _name(character)
    if not replacement:
        return Text(f"Ký tự ẩn {name}: nên xoá.", f"Invisible character {name}: better deleted.")
    shown = "dấu cách thường" if replacement == " " else f"[ {replacement} ]"
    shown_en = "an ordinary space" if replacement == " " else f"[ {replacement} ]"
    name = name if name.startswith("U+") else f"[ {character} ]"
    return Text(f"Ký tự {name}: nên thay bằng {shown}.", f"Character {name}: better replaced by {shown_en}.")


def _gateway_text(character: str) -> Text:
    return Text(
        f"“{character}” thuộc bảng mã GSM nhưng nhiều cổng vẫn tính tin là Unicode.",
        f"“{character}” is in the GSM alphabet, yet many gateways count the text as Unicode.",
    )


def _unicode_text(character: str) -> Text:
    name = _name(character)
    return Text(
        f"{name} làm cả tin thành Unicode (70 ký tự một phần); hãy bỏ hoặc thay bằng chữ thường.",
        f"{name} makes the whole text Unicode (70 characters a part); delete or replace it.",
    )


def _forbidden_text(character: str) -> Text:
    name = _name(character)
    return Text(f"Cổng gửi tin không nhận {name}; hãy viết cách khác.", f"The gateway does not take {name}; rephrase.")

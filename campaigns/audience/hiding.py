"""Covering what could be a person's number in what people write: evidence and reasons are kept, and read by many."""

from __future__ import annotations

import re

# Seven digits and more, however parted; a comma with a blank behind it parts two things and not one.
_DIGITS = re.compile(r"\d(?:(?:,|[\s./_()–-]{0,2})\d){6,}")
_DATE = re.compile(r"(?<!\d)(\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d{2}|(?:19|20)\d{2}-\d{2}-\d{2})(?!\d)")


def hide_numbers(text: str) -> str:
    """``text`` with the middle of whatever could be a number of a person covered: ``09•• ••• 456``."""
    pieces = _DATE.split(text)
    # Every second piece is a date: reasons name the day of a letter or call.
    return "".join(
        piece if n % 2 else _DIGITS.sub(lambda found: _cover(found[0]), piece) for n, piece in enumerate(pieces)
    )


def _cover(number: str) -> str:
    digits = [place for place, letter in enumerate(number) if letter.isdigit()]
    hidden = set(digits[2:-3])
    return "".join("•" if place in hidden else letter for place, letter in enumerate(number))

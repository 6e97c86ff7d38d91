"""Tables on a terminal: numbers to the right, written the city's way."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import format_decimal

from admin.cli.base import show_table
from config.i18n import current_language


def format_number(number: int) -> str:
    """``1.234.567`` in Vietnamese, ``1,234,567`` in English."""
    return format_decimal(number, locale=current_language())


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """Print rows under headers; integers are formatted and set to the right."""
    if title:
        print(title)
    numbers = [place for place in range(len(headers)) if any(isinstance(row[place], int) for row in rows)]
    shown = [[format_number(cell) if isinstance(cell, int) else cell for cell in row] for row in rows]
    show_table(headers, shown, numbers=numbers)

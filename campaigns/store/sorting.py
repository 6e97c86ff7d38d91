"""Names in the order of the Vietnamese alphabet, by the same tables as ``campaigns.areas.alphabet``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func

from campaigns.areas.alphabet import PLACES, TONES, WRITTEN


def alphabetically(column: Any) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """What to order by; whatever the database's own order of letters is."""
    first, then = (func.translate(column, WRITTEN, to).collate("C") for to in (PLACES, TONES))
    return first, then

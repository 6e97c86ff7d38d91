"""Badges for lists, drawn by the same macro as on pages."""

from __future__ import annotations

from markupsafe import Markup

from admin.console.frame import drawn
from admin.console.words import Badge


def badge(look: Badge) -> Markup:
    """A state's icon and word."""
    return drawn("console/badge.html", look=look)

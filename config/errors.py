"""Faults of the installation itself, in words an operator can act on."""

from __future__ import annotations

from typing import Any

from config.i18n import Text


class ConfigError(Exception):
    """Something on this machine keeps Loa from starting; ``detail`` fills the holes of both texts."""

    def __init__(self, vi: str, en: str, **detail: Any) -> None:
        self.text = Text(vi, en)
        self.detail = detail
        super().__init__(en.format(**detail))

    def __str__(self) -> str:
        return self.text.format(**self.detail)

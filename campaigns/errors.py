"""Errors that a person can act on; each says what was found, where, and what to do."""

from __future__ import annotations

from typing import Any

from config.i18n import Text


class LoaError(Exception):
    """A refusal with a reason in both languages.

    Commands show it and exit with 1, the console shows it beside the field or on top of the page.
    ``detail`` holds the values named in the text, for ``--json`` and logs; never a phone number.
    """

    def __init__(self, vi: str, en: str, **detail: Any) -> None:
        self.text = Text(vi, en)
        self.detail = detail
        super().__init__(en.format(**detail))

    def __str__(self) -> str:
        return self.text.format(**self.detail)


class NotFound(LoaError):
    """The thing named does not exist."""


class Forbidden(LoaError):
    """The person acting may not do this."""


class WrongState(LoaError):
    """The step is not allowed from the state the thing is in."""


class InvalidInput(LoaError):
    """What was given cannot be used; the text says which, where, and how to mend it."""

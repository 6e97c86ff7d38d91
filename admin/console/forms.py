"""Forms as they were filled in: values by field, and for each wrong one the reason and the way out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID

from flask import abort, request

from config.i18n import t
from config.zone import CITY_TIME

FIELD_MOST = 4000
_COUNT = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:[.,\s][0-9]{3}){1,3}")
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.hH]([0-9]{2})?(?::[0-9]{2})?)")
_NO_DIGIT = re.compile(r"[^0-9]")


@dataclass
class Form:
    """Values and errors by field name; ``errors`` is empty while nothing was found wrong."""

    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sent(cls) -> Form:
        """What the browser sent, in NFC, each value cut to a sane length."""
        lists = {
            name: [unicodedata.normalize("NFC", value)[:FIELD_MOST] for value in values]
            for name, values in request.form.lists()
        }
        return cls({name: values[-1] for name, values in lists.items()}, lists)

    @property
    def told(self) -> dict[str, str]:
        """The errors in the order of the page's fields; browsers send them in that order."""
        order = {name: place for place, name in enumerate(self.values)}
        names = sorted(self.errors, key=lambda name: order.get(name, len(order)))
        return {name: self.errors[name] for name in names}

    def get(self, name: str) -> str:
        """The value of a field, empty where there is none."""
        return self.values.get(name, "")

    def list(self, name: str) -> list[str]:
        """All values of a field that may be given several times."""
        return self.lists.get(name, [])

    def text(self, name: str, *, most: int, missing: str | None = None) -> str:
        """A trimmed text; ``missing`` is the complaint where it must not be empty."""
        value = self.get(name).strip()
        if not value and missing:
            self.errors[name] = missing
        if len(value) > most:
            self.errors[name] = t("Dài quá {n} ký tự.", "Longer than {n} characters.", n=most)
        return value

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number, ``default`` where the field is empty."""
        value = self.get(name).strip()
        if not value:
            return default
        plain = _NO_DIGIT.sub("", value) if len(value) < 16 and _COUNT.fullmatch(value) else ""
        if not plain or len(plain) > 9:
            self.errors[name] = t("Hãy ghi một số nguyên, như 300 hoặc 1.200.", "Write a whole number: 300 or 1,200.")
            return default
        return int(plain)

    def count(self, name: str, missing: str) -> int | None:
        """A number as people write it: ``1234``, ``1.234``, ``1 234``; ``missing`` complains of an empty field."""
        value = self.get(name).strip()
        if not value:
            self.errors[name] = missing
            return None
        if len(value) > 15 or not _COUNT.fullmatch(value):
            self.errors[name] = t("Gõ số như 1234 hoặc 1.234.", "Write the number as 1234 or 1,234.")
            return None
        return int(_NO_DIGIT.sub("", value))

    def moment(self, name: str) -> datetime | None:
        """A date and time on the clocks of Da Nang (``2026-11-23T14:05``)."""
        value = self.get(name).strip()
        if not value:
            return None
        try:
            return datetime.fromisoformat(value[:16]).replace(tzinfo=CITY_TIME)
        except ValueError:
            self.errors[name] = t("Ngày giờ không hợp lệ.", "This is no date and time.")
            return None

    def clock(self, name: str, default: time) -> time:
        """An hour of the day as people write it: ``07:00``, ``7:30``, ``19h30``, ``7h``."""
        found = _CLOCK.fullmatch(self.get(name).strip())
        try:
            if found:
                return time(int(found[1]), int(found[2] or 0))
        except ValueError:
            pass  # no such hour
        self.errors[name] = t("Hãy ghi giờ như 07:00 hoặc 19:30.", "Write the hour as 07:00 or 19:30.")
        return default


def form_token(form: Form) -> UUID:
    """What a form that makes something is known by, so that sent twice it makes one; no form of ours is without."""
    try:
        return UUID(form.get("token"))
    except ValueError:
        abort(400)

"""Opening a short link: where it leads, and counting it by place, never by person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.content.shortlinks import Code, read_code
from campaigns.links.register import leads
from campaigns.models import Link
from campaigns.store.links import find_campaigns_link, note_visit, sum_visits
from config.keys import Keyring

LEAST = 30
"""People reached in a ward below which its visits are not shown alone: few would be somebody."""

_MACHINE = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scan|headless|monitor|validator|externalhit|urlcheck|safelink|"
    r"python|curl|wget|libwww|java/|go-http|okhttp|phantom|lighthouse",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a code leads to."""

    code: Code
    link: Link

    @property
    def campaign_id(self) -> int:
        """0 for a poster."""
        return self.code.number if self.code.origin == "campaign" else 0


def find_opened(session: Session, keyring: Keyring, written: str) -> Opened | None:
    """What a code leads to; None for one that is made up."""
    code = read_code(keyring, written)
    if code is None:
        return None
    by_campaign = code.origin == "campaign"
    link = find_campaigns_link(session, code.number) if by_campaign else session.get(Link, code.number)
    return Opened(code, link) if link is not None else None


def target_of(session: Session, opened: Opened) -> str | None:
    """Where it leads; None for a link that is closed, over, or whose host was taken off the list."""
    return opened.link.target if leads(session, opened.link) else None


class Headers(Protocol):
    """The head of a request."""

    def get(self, key: str, default: str) -> str:
        """The value under ``key``, else ``default``."""


def is_machine(headers: Headers) -> bool:
    """Whether a request looks like a scanner's or a preview's: browsers say Mozilla, and do not fetch ahead."""
    agent = headers.get("User-Agent", "")
    ahead = headers.get("Sec-Purpose", "") + headers.get("Purpose", "") + headers.get("X-Moz", "")
    return "Mozilla/" not in agent or _MACHINE.search(agent) is not None or "prefetch" in ahead or "preview" in ahead


def count(session: Session, opened: Opened, *, by_machine: bool) -> None:
    """Count one visit of today."""
    note_visit(session, opened.link.id, opened.campaign_id, opened.code.ward_id, by_machine=by_machine)


@dataclass(frozen=True, slots=True)
class WardVisits:
    """Visits of one ward beside the messages delivered there; ``ward`` is empty for the wards too small to name."""

    code: str
    ward: str
    district: str
    delivered: int
    from_messages: int
    from_posters: int


@dataclass(frozen=True, slots=True)
class Visits:
    """A link's visits by ward. ``rest`` is everything that has no ward, or where fewer than ``LEAST`` were reached."""

    wards: list[WardVisits]
    rest: WardVisits | None
    machines: int

    @property
    def total(self) -> WardVisits:
        """All rows added up."""
        return _added([*self.wards, *([self.rest] if self.rest else [])])


def _added(rows: list[WardVisits]) -> WardVisits:
    return WardVisits(
        "",
        "",
        "",
        sum(row.delivered for row in rows),
        sum(row.from_messages for row in rows),
        sum(row.from_posters for row in rows),
    )


def visits_by_ward(
    session: Session, link: Link, campaigns: list[int], *, only: int | None = None, scope: Scope = WHOLE_CITY
) -> Visits:
    """A link's visits beside what ``campaigns`` delivered; ``only`` narrows to one of them, or to posters with 0.

    Of a scope that is no whole city they are those of its campaigns, its own links' posters and its wards.
    """
    found = sum_visits(session, link, campaigns, only=only, scope=scope)
    rows = [
        WardVisits(row.code, row.ward, row.district, row.delivered, row.from_messages, row.from_posters)
        for row in found
    ]
    # A poster's visits tell of nobody who got a message; those of a message do where few got one.
    small = [row for row in rows if not row.code or (row.from_messages and row.delivered < LEAST)]
    named = [row for row in rows if row not in small]
    return Visits(named, _added(small) if small else None, sum(row.machines for row in found))

"""Messages of a campaign as some of its people would read them: the shortest, the longest, one of a real person."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from campaigns.audience.reach import reach_of
from campaigns.content.encoding import Part
from campaigns.delivery.planner import place_of
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import CampaignText, Place
from campaigns.errors import LoaError
from campaigns.models import Campaign
from campaigns.store.places import load_places
from campaigns.store.planning import page_end, read_page
from campaigns.store.reach import Reach
from config.i18n import Text

PEOPLE_MOST, WARDS_MOST, OF_ONE_WARD = 240, 24, 20
"""A text that differs by person is made for so many, of so many wards: enough to find one of each length."""

_INSIDE = re.compile(r"(?<=\w)[^\W\d_]|\d")


@dataclass(frozen=True, slots=True)
class Sample:
    """One message. What is a person's own is covered: ``Nxxxxx Vxx A``."""

    title: Text
    place: str
    text: str
    parts: int
    """As the telco counts the message that would really go out."""


SHORTEST, LONGEST = Text("Tin ngắn nhất", "The shortest"), Text("Tin dài nhất", "The longest")
SAME = Text("Mọi người nhận cùng một tin", "The same for everybody")
ALIKE = Text("Một tin; mọi tin dài như nhau", "One; all are of this length")
PERSONAL = Text("Tin của một người", "One person's")


@dataclass(frozen=True, slots=True)
class _Made:
    length: int
    parts: int
    place: Place
    full_name: str | None = None
    attributes: Mapping[str, Any] | None = None


def samples_of(session: Session, campaign: Campaign, wards: Collection[int | None]) -> list[Sample]:
    """The shortest and the longest for people of these wards, and a personal one where texts differ by person.

    Never a name in full.
    """
    text, reach = campaign_text(campaign), reach_of(session, campaign)
    made = sorted(_make(session, text, reach, list(wards)), key=lambda each: (each.parts, each.length))
    if not made:
        return []
    if not (text.is_personal or text.names_places):
        return [_sample(SAME, text, made[0])]
    if made[0].length == made[-1].length:
        return [_sample(ALIKE, text, made[0])]
    ends = [_sample(SHORTEST, text, made[0]), _sample(LONGEST, text, made[-1])]
    return [*ends, _sample(PERSONAL, text, made[len(made) // 2])] if text.is_personal and len(made) > 2 else ends


def _make(session: Session, text: CampaignText, reach: Reach, wards: list[int | None]) -> Iterator[_Made]:
    places = load_places(session)
    if not text.is_personal:
        for ward in wards if text.names_places else wards[:1]:
            place = place_of(places, ward)
            parts = _tried(text, place)
            if parts:
                yield _Made(_length(parts), len(parts), place)
        return
    found = 0
    for ward in wards[:: max(1, len(wards) // WARDS_MOST)]:
        last = page_end(session, ward, 0, OF_ONE_WARD)
        if last is None or found >= PEOPLE_MOST:
            continue
        for person in read_page(session, reach, ward, 0, last):
            place = place_of(places, ward)
            parts = _tried(text, place, person.full_name, person.attributes)
            if parts:
                found += 1
                yield _Made(_length(parts), len(parts), place, person.full_name, person.attributes)


def _tried(
    text: CampaignText, place: Place, full_name: str | None = None, attributes: Mapping[str, Any] | None = None
) -> tuple[Part, ...]:
    """The parts; none where a value is missing, which the checks before sending say with its count."""
    try:
        return text.for_person(place, full_name, attributes) if text.is_personal else text.for_place(place)
    except LoaError:
        return ()


def _length(parts: tuple[Part, ...]) -> int:
    return sum(len(part.text) for part in parts)


def _sample(title: Text, text: CampaignText, made: _Made) -> Sample:
    own = {name: covered(value) for name, value in (made.attributes or {}).items()}
    parts = _tried(text, made.place, covered(made.full_name), own)
    place = ", ".join(filter(None, (made.place.ward, made.place.district)))
    shown = place if text.names_places or text.is_personal else ""
    return Sample(title, shown, "".join(part.text for part in parts), made.parts)


def covered(value: Any) -> Any:
    """A value with all but the first letter of each word covered: as long as before, and nobody's any more."""
    if value is None:
        return None
    return _INSIDE.sub(lambda found: "0" if found[0].isdigit() else "x", str(value))

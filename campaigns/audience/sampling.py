"""What a text becomes for a few real people: how long for the shortest and the longest, and who they are, masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.audience.phone import mask_phone
from campaigns.audience.sealing import open_attributes, open_name
from campaigns.content.encoding import encode
from campaigns.content.rendering import compile_template
from campaigns.delivery.rendering import DISTRICT, PERSON, WARD
from campaigns.errors import LoaError
from campaigns.store.places import load_places
from campaigns.store.samples import read_sample, read_sample_person
from config.keys import Keyring

PEOPLE = 60
"""Enough to meet long names of people and wards; both wordings for all of them take some ten milliseconds."""

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """One of them, for choosing."""

    id: int
    phone: str
    """Masked: ``09•• ••• 456``."""
    ward: str
    values: Values
    """Of the placeholders that differ by person, those this one has."""


@dataclass(frozen=True, slots=True)
class Span:
    """The shortest and the longest of one wording over a sample."""

    people: int
    parts: tuple[int, int] = (0, 0)
    units: tuple[int, int] = (0, 0)
    missing: int = 0
    """People of the sample for whom it cannot be made, because a value is missing or too long."""


def draw_sample(
    session: Session, keyring: Keyring, *, most: int = PEOPLE, scope: Scope = WHOLE_CITY
) -> list[SamplePerson]:
    """At most so many people of a scope, spread over the register, always the same while nobody joins."""
    places = load_places(session)
    return [_person(keyring, places, row) for row in read_sample(session, most=most, wards=scope.wards)]


def sample_person(
    session: Session, keyring: Keyring, contact_id: int, *, scope: Scope = WHOLE_CITY
) -> SamplePerson | None:
    """One person somebody chose, where they may see them."""
    row = read_sample_person(session, contact_id, wards=scope.wards)
    return None if row is None else _person(keyring, load_places(session), row)


def _person(keyring: Keyring, places: Mapping[int, tuple[str, str]], row: Any) -> SamplePerson:
    ward, district = places.get(row.ward_id, ("", ""))
    own = {
        WARD: ward,
        DISTRICT: district,
        PERSON: open_name(keyring, row.name_cipher),
        **open_attributes(keyring, row.attributes),
    }
    values = {name: str(value) for name, value in own.items() if value is not None and str(value).strip()}
    return SamplePerson(row.id, mask_phone(keyring.decrypt(row.phone_cipher).decode("ascii")), ward, values)


def measure(source: str, people: Sequence[SamplePerson], common: Values, *, plain: bool) -> Span:
    """How long a wording is for these people; ``common`` are the values that are the same for everybody.

    Raises:
        InvalidTemplate: it cannot be read at all.
    """
    compiled = compile_template(source)
    lengths: list[tuple[int, int]] = []
    for person in people:
        try:
            encoded = encode(compiled.render({**common, **person.values}, plain=plain))
        except LoaError:
            continue
        lengths.append((len(encoded.parts), encoded.units))
    if not lengths:
        return Span(len(people), missing=len(people))
    parts, units = zip(*lengths, strict=True)
    return Span(len(people), (min(parts), max(parts)), (min(units), max(units)), missing=len(people) - len(lengths))

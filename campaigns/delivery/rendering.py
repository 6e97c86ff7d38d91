"""From a campaign's text and a person to the parts that go on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.content.encoding import Part, encode
from campaigns.content.rendering import Compiled, compile_template

PERSON = "ho_ten"
WARD = "phuong"
DISTRICT = "quan"


@dataclass(frozen=True, slots=True)
class Place:
    """Names of a ward and its district as a text says them; empty where unknown."""

    ward: str
    district: str


@dataclass(frozen=True)
class CampaignText:
    """One campaign's text, ready to be merged with places and people."""

    template: Compiled
    values: Mapping[str, str]
    plain: bool

    @classmethod
    def of(cls, source: str, values: Mapping[str, str], variant: str) -> CampaignText:
        """The text of a template body with the campaign's values."""
        return cls(compile_template(source), dict(values), variant == "plain")

    @property
    def open_placeholders(self) -> frozenset[str]:
        """Placeholders the campaign itself gives no value for."""
        return self.template.placeholders - self._given

    @property
    def must_have(self) -> frozenset[str]:
        """Open placeholders without which the text cannot be written."""
        return self.template.required - self._given

    @property
    def _given(self) -> frozenset[str]:
        return frozenset(name for name, value in self.values.items() if value.strip())

    @property
    def is_personal(self) -> bool:
        """Whether two people of one ward may get different texts."""
        return bool(self.open_placeholders - {WARD, DISTRICT})

    @property
    def names_places(self) -> bool:
        """Whether people of two wards may get different texts."""
        return bool(self.open_placeholders & {WARD, DISTRICT})

    def for_place(self, place: Place) -> tuple[Part, ...]:
        """Parts of a text that is the same for everybody in a ward.

        Raises:
            MissingValue: the text names a ward or district and there is none.
        """
        return self._encoded({WARD: place.ward, DISTRICT: place.district})

    def for_person(self, place: Place, full_name: str | None, attributes: Mapping[str, Any] | None) -> tuple[Part, ...]:
        """Parts of the text for one person.

        Raises:
            MissingValue: a placeholder has no value for this person.
        """
        return self._encoded({**(attributes or {}), WARD: place.ward, DISTRICT: place.district, PERSON: full_name})

    def _encoded(self, values: Mapping[str, Any]) -> tuple[Part, ...]:
        return encode(self.template.render({**values, **self.values}, plain=self.plain)).parts

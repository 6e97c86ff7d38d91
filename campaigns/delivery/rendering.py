"""From a campaign's text and a person to the parts that go on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.content.encoding import Part, encode
from campaigns.content.links import SAMPLE_TOKEN, link_of
from campaigns.content.rendering import Compiled, compile_template
from campaigns.content.shortlinks import SAMPLE_CODE, short_link_of

PERSON = "ho_ten"
WARD = "phuong"
DISTRICT = "quan"
LINK = "lien_ket_tu_choi"
SHORT_LINK = "lien_ket"


@dataclass(frozen=True, slots=True)
class Place:
    """Names of a ward and its district as a text says them, empty where unknown, and the short link's code there."""

    ward: str
    district: str
    code: str = SAMPLE_CODE
    """For counting any other will do."""


@dataclass(frozen=True)
class CampaignText:
    """One campaign's text, ready to be merged with places and people."""

    template: Compiled
    values: Mapping[str, str]
    plain: bool

    @classmethod
    def of(cls, source: str, values: Mapping[str, str], variant: str) -> CampaignText:
        """The text of a template body with the campaign's values; links are of each person's, or each ward's, own."""
        common = {name: value for name, value in values.items() if name not in {LINK, SHORT_LINK}}
        return cls(compile_template(source), common, variant == "plain")

    @property
    def open_placeholders(self) -> frozenset[str]:
        """Placeholders the campaign itself gives no value for."""
        return self.template.placeholders - self._given

    @property
    def must_have(self) -> frozenset[str]:
        """Open placeholders without which the text cannot be written, and which are not of our own making."""
        return self.template.required - self._given - {LINK, SHORT_LINK}

    @property
    def has_link(self) -> bool:
        """Whether everybody gets a link of their own by which to refuse."""
        return LINK in self.open_placeholders

    @property
    def has_short_link(self) -> bool:
        """Whether a short link of the campaign's stands in it, with another code in every ward."""
        return SHORT_LINK in self.open_placeholders

    @property
    def _given(self) -> frozenset[str]:
        return frozenset(name for name, value in self.values.items() if value.strip())

    @property
    def is_personal(self) -> bool:
        """Whether two people of one ward may get different texts."""
        return bool(self.open_placeholders - {WARD, DISTRICT, SHORT_LINK})

    @property
    def names_places(self) -> bool:
        """Whether people of two wards may get different texts."""
        return bool(self.open_placeholders & {WARD, DISTRICT})

    def for_place(self, place: Place) -> tuple[Part, ...]:
        """Parts of a text that is the same for everybody in a ward.

        Raises:
            MissingValue: the text names a ward or district and there is none.
        """
        return self._encoded(_of_place(place))

    def for_person(
        self, place: Place, full_name: str | None, attributes: Mapping[str, Any] | None, token: str = SAMPLE_TOKEN
    ) -> tuple[Part, ...]:
        """Parts of the text for one person; ``token`` is that of their link, for counting any other will do.

        Raises:
            MissingValue: a placeholder has no value for this person.
        """
        own = {**_of_place(place), PERSON: full_name, LINK: link_of(token)}
        return self._encoded({**(attributes or {}), **own})

    def _encoded(self, values: Mapping[str, Any]) -> tuple[Part, ...]:
        return encode(self.template.render({**values, **self.values}, plain=self.plain)).parts


def _of_place(place: Place) -> dict[str, str]:
    return {WARD: place.ward, DISTRICT: place.district, SHORT_LINK: short_link_of(place.code)}

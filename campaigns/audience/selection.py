"""Whom a campaign is for: areas or everybody, narrowed by carrier, language, tag and what they got before."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)
from sqlalchemy.orm import Session

from campaigns.errors import InvalidInput
from campaigns.models import Area
from campaigns.store.places import load_areas_of

WITHIN_DAYS_MOST = 365
Word = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=40)]
Words = Annotated[tuple[Word, ...], Field(max_length=50)]

NARROWING = ("carriers", "languages", "tags", "not_within_days", "not_campaigns", "outcomes")
"""Fields that make an audience smaller. Empty ones are not written, so older drafts keep their hash."""


Ending = Literal["undelivered", "expired", "failed", "rejected", "unknown"]
"""``campaigns.delivery.states.MessageState`` by label: how a message ends that did not arrive, surely or perhaps."""


class Outcomes(BaseModel):
    """People of one earlier campaign, by what became of their message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: int
    states: Annotated[tuple[Ending, ...], Field(min_length=1)]


class Audience(BaseModel):
    """Districts and wards of one edition by code, or everybody; neither while a draft has not come so far.

    Part of what an approver's hash covers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    edition: str = "2023"
    everybody: bool = False
    districts: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()
    carriers: Words = ()
    """Only numbers of these carriers; empty is all."""
    languages: Words = ()
    """Only people who get messages in these languages; empty is all."""
    tags: Words = ()
    """Only people who bear one of these tags at least; empty is all."""
    not_within_days: int | None = Field(None, ge=1, le=WITHIN_DAYS_MOST)
    """Not whom any campaign sent a message in so many days."""
    not_campaigns: Annotated[tuple[int, ...], Field(max_length=50)] = ()
    """Not who got one of these campaigns."""
    outcomes: Outcomes | None = None
    """Only people whose message of an earlier campaign ended so; what is sent again to those not reached."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.everybody and (self.districts or self.wards):
            raise ValueError("choose everybody, or districts and wards")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if value or name not in NARROWING}

    @property
    def is_chosen(self) -> bool:
        """Whether it says at all whom to send to."""
        return self.everybody or bool(self.districts or self.wards)

    def ward_ids(self, session: Session) -> list[int] | None:
        """``area.id`` of every ward reached, in order; None for everybody.

        Raises:
            InvalidInput: a code is not a district or ward of the edition.
        """
        if self.everybody:
            return None
        areas = load_areas_of(session, self.edition)
        by_code = {area.code: area for area in areas}
        self._refuse_unknown(self.districts, "district", by_code)
        self._refuse_unknown(self.wards, "ward", by_code)
        chosen = {a.id for a in areas if a.kind == "ward" and (a.parent_code in self.districts or a.code in self.wards)}
        return sorted(chosen)

    def _refuse_unknown(self, codes: tuple[str, ...], kind: str, by_code: dict[str, Area]) -> None:
        unknown = [code for code in codes if code not in by_code or by_code[code].kind != kind]
        if unknown:
            raise InvalidInput(
                "Không có {kind_vi} mang mã {codes} trong danh mục {edition}. Xem mã bằng: loa areas list.",
                "No {kind} of edition {edition} has the code {codes}. See the codes with: loa areas list.",
                kind=kind,
                kind_vi={"district": "quận, huyện", "ward": "phường, xã"}[kind],
                codes=", ".join(unknown),
                edition=self.edition,
            )

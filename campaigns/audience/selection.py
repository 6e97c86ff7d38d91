"""Whom a campaign reaches: areas of one edition, or everybody in the register."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy.orm import Session

from campaigns.errors import InvalidInput
from campaigns.models import Area
from campaigns.store.places import load_areas_of


class Audience(BaseModel):
    """Districts and wards of one edition by code, or everybody. Part of what an approver's hash covers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edition: str = "2023"
    everybody: bool = False
    districts: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.everybody == bool(self.districts or self.wards):
            raise ValueError("choose everybody, or districts and wards")
        return self

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

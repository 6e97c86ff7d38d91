"""How a simulated telco behaves; every option may be changed while it runs."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, Field, field_validator

from campaigns.gateways.smpp.constants import status_code
from campaigns.gateways.smpp.references import ReferenceStyle


class ReceiptStyle(StrEnum):
    """Where a receipt says what it is about."""

    TEXT = "text"
    TLV = "tlv"
    BOTH = "both"


def _share(description: str) -> float:
    field: float = Field(0.0, ge=0, le=1, description=description)
    return field


class SandboxOptions(BaseModel, extra="forbid", frozen=True, validate_default=True):
    """Options of ``loa sandbox``. Shares lie between 0 and 1; times are seconds."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="Port; 0 takes a free one.")
    control: str | None = Field(
        None, description="Where commands are taken, one JSON document per line: a port (0 takes a free one) or a path."
    )
    system_id: str | None = Field(None, max_length=15, description="The only account let in; without it any is.")
    password: str | None = Field(None, max_length=64, description="The account's password; without it any is right.")
    tps: float = Field(0.0, ge=0, description="Parts per second taken; above it ESME_RTHROTTLED. 0: no limit.")
    burst: int = Field(0, ge=0, description="Parts taken at once after a rest; 0: those of one second.")
    delay: float = Field(0.0, ge=0, le=3600, description="Time until an answer.")
    receipt_delay: float = Field(0.0, ge=0, le=86400, description="Time from taking to the receipt.")
    shuffle: float = Field(0.0, ge=0, le=3600, description="Up to this much more for each receipt, so they overtake.")
    fail_share: float = _share("Parts whose receipt says undelivered, expired or rejected.")
    refuse_share: float = _share("Parts refused at once.")
    refuse_with: tuple[str, ...] = Field(
        ("ESME_RINVDSTADR", "ESME_RSYSERR", "ESME_RX_P_APPN"),
        description="Statuses of those refusals, by name or number.",
        min_length=1,
    )
    duplicate_share: float = _share("Receipts sent twice.")
    missing_share: float = _share("Receipts never sent.")
    early_share: float = _share("Receipts sent before the answer.")
    mute_share: float = _share("Parts taken without ever answering.")
    stray_share: float = _share("Receipts sent in addition, with an id and a number that nobody knows.")
    drop_after: int = Field(0, ge=0, description="Parts after which a connection breaks, its last answers unsent.")
    hang: bool = Field(False, description="Read everything, answer nothing.")
    refuse_binds: bool = Field(False, description="Let nobody in: binds are answered with ESME_RBINDFAIL.")
    ids: ReferenceStyle = Field(ReferenceStyle.AS_IS, description="How ids differ between answer and receipt.")
    receipts: ReceiptStyle = Field(ReceiptStyle.TEXT, description="Receipts by text, by optional parameters, or both.")
    receipt_window: int = Field(1000, ge=1, le=100_000, description="Receipts on the wire without an answer.")
    receipt_retry: float = Field(1.0, ge=0, le=3600, description="Wait before a receipt that was refused goes again.")
    enquire_link: float = Field(30.0, ge=0, le=3600, description="Silence before the link is checked; 0: never.")
    seed: int = Field(1, description="The same seed decides the same for the same number.")
    log: Path | None = Field(None, description="File with one line for each part taken.")

    @field_validator("refuse_with")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not 0 < status_code(name) <= 0xFFFFFFFF for name in value):
            raise ValueError("a refusal has a status of its own")
        return value

    @cached_property
    def undecided(self) -> bool:
        """Whether anything is left to chance, so that parts have a fate of their own."""
        return bool(
            self.fail_share
            or self.refuse_share
            or self.duplicate_share
            or self.missing_share
            or self.early_share
            or self.mute_share
            or self.stray_share
            or self.shuffle
        )

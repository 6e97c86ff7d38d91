"""What an SMPP account's contract with the telco says."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from campaigns.gateways.contract import AdapterSettings, Verdict
from campaigns.gateways.smpp.charsets import Charset
from campaigns.gateways.smpp.references import ReferenceStyle
from campaigns.gateways.smpp.statuses import read_verdicts
from campaigns.gateways.smpp.words import WORDS


class Bind(StrEnum):
    """Which binds make a session."""

    TRANSCEIVER = "transceiver"
    SEPARATE = "transmitter+receiver"


class Concatenation(StrEnum):
    """How a message of several parts is written."""

    UDH = "udh"
    """A user data header in every part, with an 8-bit reference."""
    SAR = "sar"
    """The optional parameters sar_* in every part."""
    PAYLOAD = "payload"
    """One PDU with the whole text in message_payload; the telco cuts it, and one reference stands for all parts."""


class SmppSettings(AdapterSettings):
    """Settings of the adapter ``smpp``; the defaults are what most contracts say."""

    host: str = Field(description="The telco's address.", min_length=1, max_length=253)
    port: int = Field(2775, ge=1, le=65535)
    system_id: str = Field(description="The account.", max_length=15)
    password: SecretStr = Field(SecretStr(""), max_length=8)
    system_type: str = Field("", max_length=12)
    bind: Bind = Bind.TRANSCEIVER
    address_range: str = Field("", max_length=40, description="Numbers whose messages we receive, if the telco asks.")
    address_ton: int = Field(0, ge=0, le=6)
    address_npi: int = Field(0, ge=0, le=18)
    service_type: str = Field("", max_length=5)
    sender: str = Field("", max_length=20, description="Sender name or number where a message brings none.")
    source_ton: int = Field(5, ge=0, le=6, description="5 for a sender name, 3 for a short code.")
    source_npi: int = Field(0, ge=0, le=18)
    destination_ton: int = Field(1, ge=0, le=6)
    destination_npi: int = Field(1, ge=0, le=18)
    window: int = Field(100, ge=1, le=10_000, description="Parts on the wire without an answer, at most.")
    enquire_link: float = Field(30.0, gt=0, le=600, description="Seconds of silence before the link is checked.")
    response_timeout: float = Field(30.0, gt=0, le=600, description="Seconds before an answer is given up.")
    connect_timeout: float = Field(10.0, gt=0, le=120)
    concatenation: Concatenation = Concatenation.UDH
    finish_seconds: float = Field(
        30.0, ge=0, le=600, description="How long parts refused for now are offered again, once others were taken."
    )
    registered_delivery: int = Field(1, ge=0, le=31)
    charset: Charset = Field(Charset.GSM7, description="What data_coding 0 means to the telco.")
    reference_style: ReferenceStyle = ReferenceStyle.AS_IS
    verdicts: str = Field("", max_length=2000, description="The telco's own codes: `0x401=throttled, 0x402=retry`.")
    country_code: str = Field("84", pattern=r"^[1-9]\d{0,2}$", description="For numbers that come with a leading 0.")
    tls: bool = False
    tls_ca: str | None = Field(
        None, max_length=500, description="File of the authority that signs the telco's certificate."
    )

    words = {**WORDS, **AdapterSettings.words}

    @field_validator("system_id", "system_type", "address_range", "service_type", "sender")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not value.isascii() or "\0" in value:
            raise PydanticCustomError("plain_ascii", "plain ASCII only")
        return value

    @field_validator("password")
    @classmethod
    def _plain_secret(cls, value: SecretStr) -> SecretStr:
        cls._plain(value.get_secret_value())
        return value

    @field_validator("verdicts")
    @classmethod
    def _readable(cls, value: str) -> str:
        read_verdicts(value)
        return value

    @cached_property
    def own_verdicts(self) -> dict[int, Verdict]:
        """``verdicts`` by status code."""
        return read_verdicts(self.verdicts)

"""One typed reader of the environment; every setting starts with ``LOA_``."""

from __future__ import annotations

import difflib
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an installation decides. Read once; ``docs/settings.md`` is made from this class."""

    model_config = SettingsConfigDict(env_prefix="LOA_", frozen=True, extra="ignore")

    home: Path = Field(Path("var"), description="Folder of the embedded services' data, the keys and the logs.")
    database_url: str | None = Field(
        None, description="PostgreSQL to use, `postgresql://user:password@host/name`; without it the embedded one."
    )
    redis_url: str | None = Field(None, description="Redis to use, `redis://host:6379/0`; without it the embedded one.")
    keyring: SecretStr | None = Field(
        None, description="The keyring as JSON instead of the file `keyring.json` in `LOA_HOME`."
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs console sessions; without it `secret_key` in `LOA_HOME`, made at the first start."
    )
    user: str | None = Field(None, description="Email of the person commands act as when `--as` is not given.")
    language: Literal["vi", "en"] = Field("vi", description="Language of the command line.")
    web_host: str = Field("127.0.0.1", description="Address the console listens on.")
    web_port: int = Field(8000, ge=1, le=65535, description="Port of the console; `loa up` takes the next free one.")
    session_idle_minutes: int = Field(
        60, ge=5, le=1440, description="Minutes without doing anything after which a person must sign in again."
    )
    session_hours: int = Field(
        12, ge=1, le=168, description="Hours after signing in after which a person must sign in again in any case."
    )
    second_factor: str = Field(
        "off",
        pattern=r"^(off|everybody|(officer|approver|analyst|operator|administrator)"
        r"(,(officer|approver|analyst|operator|administrator))*)$",
        description="Who must sign in with an authenticator or a passkey besides the password: `off`, roles such as"
        " `approver,administrator`, or `everybody`. Whoever sets one up is asked for it in any case.",
    )
    invite_hours: int = Field(
        72, ge=1, le=720, description="Hours for which a link that invites somebody, or resets a password, is good."
    )
    web_workers: int = Field(2, ge=1, description="Processes of the console.")
    upload_mb: int = Field(256, ge=1, le=4096, description="Largest list, in MB, that the console takes in a browser.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["console", "json"] = Field("console", description="Lines for people or for machines.")
    batch_size: int = Field(500, ge=1, le=500, description="Messages of one batch.")
    lease_seconds: float = Field(
        20.0, gt=1, description="How long a claim holds without being renewed; after it a dead worker's batch is free."
    )
    retry_attempts: int = Field(
        5, ge=1, description="Times an unknown message is handed over in all, where its campaign resends those."
    )
    retry_seconds: float = Field(
        10.0,
        gt=0,
        description="Wait after a message is refused for now; doubled each time, at most 10 minutes, until its validity"
        " ends.",
    )
    rest_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a gateway that failed is left alone before one message tries it; doubled each time, at"
        " most 10 minutes.",
    )
    pause_window: int = Field(
        500, ge=1, description="A campaign pauses itself when of so many answers four fifths are the same refusal."
    )
    keep_messages_months: int = Field(
        24, ge=0, description="Months after its campaign's end that it stays known who was sent a message; 0: for ever."
    )
    keep_messages_by_class: dict[str, int] = Field(
        default_factory=dict,
        description='Months for messages of single classes instead, as JSON: `{"quang-cao": 12}`; 0: for ever.',
    )
    keep_inbound_months: int = Field(
        24,
        ge=0,
        description="Months for which the words people wrote to the city are kept; those of a refusal in force stay. "
        "0: for ever.",
    )
    keep_reports_months: int = Field(
        24, ge=0, description="Months for which it is kept what lists were imported and files asked for; 0: for ever."
    )
    keep_requests_months: int = Field(
        60, ge=0, description="Months for which closed requests of citizens are kept; 0: for ever."
    )
    keep_references_days: int = Field(
        30, ge=0, description="Days after the end that late receipts are still understood; 0: as long as the messages."
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[A-Za-z0-9.-]+(:\d{1,5})?)?$",
        description="Address of the citizens' pages as texts give it, `https://tinnhan.danang.gov.vn`; "
        "without it no text can carry the link to refuse.",
    )
    issuer: str = Field("UBND thành phố Đà Nẵng", description="Who speaks, as the citizen's check names it.")
    part_price: int = Field(850, ge=0, description="Đồng a message part counts as where the price list names none.")
    two_approvers_above: int = Field(
        200_000_000,
        ge=0,
        description="Cost in đồng above which two people must approve a campaign; 0: one is enough at any cost.",
    )
    undo_seconds: int = Field(
        60, ge=0, le=3600, description="Seconds in the console between an approval and the first message, to undo it."
    )
    signing_key: Path | None = Field(
        None,
        description="Private key (PEM, without a password) that signs proofs, beside `LOA_SIGNING_CERT`; without it "
        "one of this installation's own, `signing.pem` in `LOA_HOME`, made at the first use.",
    )
    signing_cert: Path | None = Field(
        None, description="Certificate (PEM) of `LOA_SIGNING_KEY`, with those of its issuers behind it."
    )
    dead_after: int = Field(
        3, ge=2, description="Messages in a row that came back as sent to nobody, after which a number is left alone."
    )
    refusal_link_days: int = Field(
        365, ge=30, description="Days after the last message to a number for which its link to refuse works."
    )
    do_not_call_days: int = Field(
        30, ge=1, description="Days after which the do-not-call list is too old to advertise with."
    )
    do_not_call_warn_days: int = Field(7, ge=1, description="Days after which a new do-not-call list is asked for.")
    advertising_copy_to: str = Field(
        "5656", description="Where people must send a copy of every advertising campaign; shown on its review."
    )
    class_rules: str = Field(
        "",
        description="What the city sets otherwise for a class of messages, as JSON: "
        '`{"thong-bao": {"hours": "08:00-20:00", "rest_days": false, "cap": 2, "approvals": 2}}`; `"cap": null` is no '
        "cap. The law is not loosened (`docs/law.md`).",
    )
    gateway_hosts: str = Field(
        "",
        max_length=2000,
        description="Where gateways that are set up in the console may be: networks and names, "
        "`10.20.0.0/16, smpp.telco.vn, .telco.vn`; empty: anywhere but link-local addresses.",
    )
    gateway_ports: str = Field(
        "1024-65535", pattern=r"^\d{1,5}(-\d{1,5})?$", description="Ports that such a gateway may listen on."
    )
    any_hour: bool = Field(
        False,
        description="Message classes keep no hours, weekdays and holidays; a campaign's own hours still hold. For "
        "rehearsals against a simulated telco only: never where people get the messages.",
    )
    repeat_days: int = Field(
        7,
        ge=0,
        le=365,
        description="Days in which nobody gets the same text twice, unless a campaign says why; 0: no such guard.",
    )
    default_edition: str = Field("2023", description="Edition of the areas that names and codes are read in.")


def misspelt_settings(environ: dict[str, str] | None = None) -> dict[str, str | None]:
    """Variables that start with ``LOA_`` but are no setting, each with the nearest real name."""
    names = {f"LOA_{name.upper()}" for name in Settings.model_fields}
    found = {key for key in (os.environ if environ is None else environ) if key.startswith("LOA_")}
    return {key: next(iter(difflib.get_close_matches(key, names, n=1)), None) for key in sorted(found - names)}


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read from the environment once."""
    return Settings()

"""Consents to advertising with their proof: when, how, to which words (Decree 91/2020/NĐ-CP, Articles 11.2, 11.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.hiding import hide_numbers
from campaigns.audience.phone import PhoneProblem, normalise_phone
from campaigns.audience.problems import Outcome, Problem, ProblemFile
from campaigns.audience.tables import Row, Table, open_table
from campaigns.content.topics import TOPICS
from campaigns.errors import InvalidInput, WrongState
from campaigns.optouts.register import OWN_TOPICS, mobile_number
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import city_today
from campaigns.store.consents import end_consents, insert_consent, insert_consents
from campaigns.store.database import Database
from campaigns.store.optouts import find_in_force
from config.i18n import Text
from config.keys import Keyring
from config.zone import CITY_TIME

HOW: Mapping[str, Text] = {
    "paper": Text("Phiếu giấy", "Form on paper"),
    "web": Text("Biểu mẫu trên trang web", "Form on a web page"),
    "app": Text("Ứng dụng, phần mềm", "App"),
    "reply": Text("Trả lời tin đăng ký [DKQC]", "Reply to the registration SMS [DKQC]"),
    "hotline": Text("Gọi hoặc nhắn tới đường dây nóng", "Call or SMS to the hotline"),
}
"""The ways of Article 11.2."""

_Proof = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Terms(BaseModel):
    """What was agreed to, and what proves it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str | None = None
    """None is all advertising."""
    given_at: AwareDatetime
    how: str
    wording: _Proof
    """The text agreed to."""
    daily_cap: int | None = Field(None, ge=1, le=100)
    """Messages within 24 hours, where that was agreed (Article 13.5)."""
    evidence: _Proof


@dataclass(slots=True)
class ConsentImport:
    """rows = added + known + refused + rejected; a number named twice counts as known the second time."""

    rows: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0
    """Numbers whose refusal of advertising is in force: they must come back first."""
    rejected: int = 0

    def to_json(self) -> dict[str, int]:
        """The document of ``loa consents import --json``."""
        return asdict(self)


_WRONG: Mapping[str, Text] = {
    "given_at": Text("Hãy ghi ngày người dân đồng ý.", "Give the day on which the person agreed."),
    "wording": Text("Hãy ghi nội dung đã đồng ý (tối đa 1.000 ký tự).", "Give the text agreed to (1,000 characters)."),
    "daily_cap": Text("Số tin mỗi ngày đã đồng ý từ 1 tới 100.", "Messages a day agreed to: from 1 to 100."),
    "evidence": Text(
        "Hãy ghi căn cứ: số phiếu, mã cuộc gọi, địa chỉ trang (tối đa 1.000 ký tự).",
        "Give the evidence: number of the form, of the call, address of the page (1,000 characters).",
    ),
}


def terms(**given: Any) -> Terms:
    """The terms a person filled in.

    Raises:
        InvalidInput: something is missing; ``detail["field"]`` names it.
    """
    try:
        return Terms(**given)
    except ValidationError as error:
        name = str(error.errors(include_input=False)[0]["loc"][0])
        why = _WRONG.get(name, Text("Giá trị không hợp lệ.", "This value cannot be used."))
        raise InvalidInput(why.vi, why.en, field=name) from error


def parse_day(value: str) -> datetime | None:
    """Noon of a day written ``2026-11-23`` or ``23/11/2026``, or the moment of an ISO time; None for anything else."""
    written = value.strip()
    if len(parts := written.split("/")) == 3:
        written = "-".join(reversed([part.zfill(2) for part in parts]))
    try:
        if len(written) > 10:
            moment = datetime.fromisoformat(written)
            return moment if moment.tzinfo else moment.replace(tzinfo=CITY_TIME)
        return datetime.combine(date.fromisoformat(written), time(12), CITY_TIME)
    except ValueError:
        return None


def _check(session: Session, agreed: Terms) -> None:
    if agreed.topic is not None and (agreed.topic not in TOPICS or agreed.topic in OWN_TOPICS):
        raise InvalidInput(
            "Không có chủ đề “{topic}”.", "There is no topic “{topic}”.", topic=agreed.topic, field="topic"
        )
    if agreed.how not in HOW:
        raise InvalidInput(
            "Không có cách đồng ý “{how}”. Các cách: {known}.",
            "There is no way to agree “{how}”. Ways: {known}.",
            how=agreed.how,
            known=", ".join(HOW),
            field="how",
        )
    # A day is written down as its noon, so today's may be a few hours ahead.
    if agreed.given_at.astimezone(CITY_TIME).date() > city_today(session):
        raise InvalidInput("Ngày đồng ý chưa tới.", "The day of the consent is still to come.", field="given_at")


def _values(agreed: Terms, actor: Actor) -> dict[str, Any]:
    covered = {"evidence": hide_numbers(agreed.evidence)}
    return {**agreed.model_dump(), **covered, "given_at": agreed.given_at.astimezone(UTC), "created_by": actor.email}


def add_consent(session: Session, keyring: Keyring, actor: Actor, phone: str, agreed: Terms) -> int | None:
    """Write down that a person agreed to advertising; None where the same consent is in force.

    Raises:
        InvalidInput: no mobile number, no such topic or way, or a day to come.
        WrongState: the person refuses advertising; that must end first, with its own evidence.
    """
    actor.require("consent.edit")
    _check(session, agreed)
    phone_hash = keyring.hash(mobile_number(phone).encode())
    blocking = {None, "quang-cao", agreed.topic}
    if any(refusal.topic in blocking for refusal in find_in_force(session, phone_hash)):
        raise WrongState(
            "Số này đang từ chối nhận tin. Nếu người dân muốn nhận lại thì trước hết ghi ở “Từ chối nhận tin”.",
            "This number refuses messages. If the person came back, register that under refusals first.",
        )
    new_id = insert_consent(session, {**_values(agreed, actor), "phone_hash": phone_hash})
    if new_id is not None:
        append_audit(
            session, actor.email, "consent.added", "consent", new_id, {"topic": agreed.topic, "how": agreed.how}
        )
    return new_id


def end_consent(
    session: Session, keyring: Keyring, actor: Actor, phone: str, *, topic: str | None = None, evidence: str
) -> int:
    """Write down that a person took consent back (to one topic, or all); returns how many ended.

    Raises:
        InvalidInput: no mobile number, or no evidence.
    """
    actor.require("consent.edit")
    cleaned = hide_numbers(evidence.strip()[:1000])
    if not cleaned:
        raise InvalidInput(_WRONG["evidence"].vi, _WRONG["evidence"].en, field="evidence")
    phone_hash = keyring.hash(mobile_number(phone).encode())
    ended = end_consents(session, phone_hash=phone_hash, topic=topic, by=actor.email, evidence=cleaned)
    for consent_id in ended:
        append_audit(session, actor.email, "consent.ended", "consent", consent_id)
    return len(ended)


def import_consents(
    database: Database,
    keyring: Keyring,
    actor: Actor,
    path: Path,
    agreed: Terms,
    *,
    errors_to: Path | None = None,
) -> ConsentImport:
    """Write down one consent for every number of a CSV or XLSX file, block by block; harmless to repeat.

    Raises:
        InvalidInput: no table, no number column, or the terms cannot be.
    """
    actor.require("consent.edit")
    with database.transaction() as session:
        _check(session, agreed)
    table, report = open_table(path), ConsentImport()
    with ProblemFile(errors_to) as problems:
        for block in table.rows:
            numbers, bad = _read(table, block)
            problems.write(bad)
            with database.transaction() as session:
                hashes = keyring.hash_many([number.encode() for number in numbers])
                added, refused = insert_consents(session, hashes, _values(agreed, actor))
            report.rows += len(block)
            report.added += added
            report.refused += refused
            report.known += len(numbers) - added - refused
            report.rejected += len(bad)
    with database.transaction() as session:
        append_audit(session, actor.email, "consent.imported", "consent", "*", {**report.to_json(), "how": agreed.how})
    return report


def _read(table: Table, block: list[Row]) -> tuple[list[str], list[Problem]]:
    numbers: list[str] = []
    bad: list[Problem] = []
    place = table.columns.phone
    for line, cells in block:
        cell = cells[place] if place < len(cells) else ""
        result = normalise_phone(cell)
        if isinstance(result, PhoneProblem):
            title = table.columns.titles[place]
            bad.append(Problem(line, Outcome.REJECTED, title, cell, result.reason, result.suggestion))
        else:
            numbers.append(result.number)
    return numbers, bad

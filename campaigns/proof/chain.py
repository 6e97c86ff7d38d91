"""Verifying the audit: walks the chain, and compares it with its sealed heads, which lie outside the database.

The chain shows what was changed or taken out of its middle. That its end was cut off only shows beside something that
remembers where it ended: after every verification the last row's hash is written into ``LOA_HOME/audit_heads.jsonl``,
sealed with a key of the keyring, and every signed proof carries one too.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.models import AuditCheck
from campaigns.store.audit import (
    find_hashes,
    insert_check,
    list_open_checks,
    lock_checking,
    read_head,
    walk_chain,
    was_asked_on,
)
from campaigns.store.campaigns import database_now
from campaigns.store.database import Database
from config.i18n import Text
from config.keys import Keyring
from config.zone import CITY_TIME

NIGHT = "system"
"""Who asks at night."""
NIGHT_HOUR = 2
"""From this hour on (Vietnam), once a day."""


class Fault(StrEnum):
    """What is wrong with the chain."""

    CONTENT = "content"
    GAP = "gap"
    CUT = "cut"
    SEAL = "seal"


FAULT_TITLES = {
    Fault.CONTENT: Text("nội dung dòng này đã bị sửa", "what this entry says was changed"),
    Fault.GAP: Text("trước dòng này có dòng bị xoá hoặc chèn", "before this entry one was taken out or put in"),
    Fault.CUT: Text(
        "dòng này đã được ghi nhận trước đây nhưng nay không còn hoặc khác đi",
        "this entry was seen before and is gone now, or another",
    ),
    Fault.SEAL: Text(
        "tệp mốc đối chiếu audit_heads.jsonl đã bị sửa ở mốc của dòng này",
        "the file audit_heads.jsonl was changed where it speaks of this entry",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a verification found; ``broken_id`` names the first entry that does not fit, None where all is well."""

    entries: int
    head_id: int | None
    head_hash: bytes
    marks: int
    """Sealed heads the chain was compared with."""
    broken_id: int | None = None
    fault: Fault | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of ``loa audit verify --json``."""
        return {
            "intact": self.fault is None,
            "entries": self.entries,
            "head": {"id": self.head_id, "hash": self.head_hash.hex()},
            "marks": self.marks,
            "broken_id": self.broken_id,
            "fault": self.fault,
        }


@dataclass(frozen=True, slots=True)
class Mark:
    """One sealed head: where the chain ended at a moment."""

    id: int
    hash: bytes
    genuine: bool
    """Whether the seal is ours."""


def verify_chain(session: Session, keyring: Keyring, home: Path) -> Finding:
    """Walk the chain and compare it with every sealed head of this installation."""
    walk = walk_chain(session)
    marks = list(_read_marks(home, keyring))
    if walk.fault is not None:
        fault = Fault(walk.fault)
        return Finding(walk.entries, walk.head_id, walk.head_hash, len(marks), walk.broken_id, fault)
    broken, why = _first_missing(session, marks)
    return Finding(walk.entries, walk.head_id, walk.head_hash, len(marks), broken, why)


def _first_missing(session: Session, marks: list[Mark]) -> tuple[int | None, Fault | None]:
    for mark in marks:
        if not mark.genuine:
            return mark.id, Fault.SEAL
    found = find_hashes(session, [mark.id for mark in marks])
    for mark in marks:
        if found.get(mark.id) != mark.hash:
            return mark.id, Fault.CUT
    return None, None


def _path(home: Path) -> Path:
    return home / "audit_heads.jsonl"


def _seal(keyring: Keyring, head_id: int, digest: str, at: str) -> str:
    return hmac.digest(keyring.derive("audit head"), f"{head_id} {digest} {at}".encode(), "sha256").hex()


def _read_marks(home: Path, keyring: Keyring) -> Iterator[Mark]:
    try:
        lines = _path(home).read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            entry = json.loads(line)
            head_id, digest, at, seal = int(entry["id"]), str(entry["hash"]), str(entry["at"]), str(entry["seal"])
            genuine = hmac.compare_digest(seal.encode(), _seal(keyring, head_id, digest, at).encode())
            yield Mark(head_id, bytes.fromhex(digest) if genuine else b"", genuine)
        except (ValueError, KeyError, TypeError):
            yield Mark(0, b"", False)


def keep_head(home: Path, keyring: Keyring, finding: Finding) -> None:
    """Seal where an intact chain ends now, unless that is known already."""
    if finding.fault is not None or finding.head_id is None:
        return
    if any(mark.id == finding.head_id for mark in _read_marks(home, keyring)):
        return
    digest, at = finding.head_hash.hex(), datetime.now(UTC).isoformat()
    seal = _seal(keyring, finding.head_id, digest, at)
    line = json.dumps({"id": finding.head_id, "hash": digest, "at": at, "seal": seal})
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_path(home), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def ask_for_check(session: Session, actor: Actor) -> AuditCheck:
    """Ask for a verification, which the next tick begins; one that waits already serves all who ask."""
    actor.require("audit.view")
    waiting = list_open_checks(session)
    return waiting[0] if waiting else insert_check(session, actor.email)


def ask_at_night(session: Session) -> bool:
    """Ask for the verification of this night, once, where there is anything; whether it was asked for now."""
    now = database_now(session).astimezone(CITY_TIME)
    if now.hour < NIGHT_HOUR or read_head(session) is None or was_asked_on(session, NIGHT, now.date()):
        return False
    insert_check(session, NIGHT)
    return True


def run_checks(database: Database, keyring: Keyring, home: Path, *, asked_by: str | None = None) -> Finding | None:
    """Verify once for everybody who waits, note what was found, and seal the head; None where somebody is at it.

    With ``asked_by`` it is done also where nobody waits.
    """
    with database.transaction() as guard:
        if not lock_checking(guard):
            return None
        with database.transaction() as session:
            if asked_by is not None:
                insert_check(session, asked_by)
            waiting = [check.id for check in list_open_checks(session)]
        with database.transaction() as session:
            finding = verify_chain(session, keyring, home)
        with database.transaction() as session:
            _note(session, waiting, finding)
        keep_head(home, keyring, finding)
    return finding


def _note(session: Session, waiting: list[int], finding: Finding) -> None:
    now = database_now(session)
    for check in list_open_checks(session):
        if check.id in waiting:
            check.finished_at = now
            check.entries, check.head_id, check.head_hash = finding.entries, finding.head_id, finding.head_hash
            check.broken_id, check.fault = finding.broken_id, finding.fault

"""``loa proof`` and ``loa audit``: made, verified, and refused with exit 1 where something does not fit."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from campaigns.store.database import Database
from tests.admin.cli.conftest import Run
from tests.factories import ANALYST, make_campaign, make_user


def a_campaign(database: Database) -> int:
    with database.transaction() as session:
        make_user(session, email=ANALYST.email, roles=("analyst",))
        return make_campaign(session).id


def test_a_proof_is_made_and_verified_and_a_changed_one_refused(loa: Run, database: Database, tmp_path: Path) -> None:
    campaign, file = a_campaign(database), tmp_path / "proof.pdf"
    assert loa("proof", "make", campaign, "--out", file, "--as", ANALYST.email).code == 0
    good = loa("proof", "verify", file, "--json")
    assert good.code == 0
    assert good.document["intact"]
    assert good.document["known"]
    changed = bytearray(file.read_bytes())
    changed[len(changed) // 3] ^= 1
    file.write_bytes(bytes(changed))
    bad = loa("proof", "verify", file)
    assert bad.code == 1
    assert "KHÔNG còn nguyên vẹn" in bad.err
    assert "BEGIN CERTIFICATE" in loa("proof", "certificate").out
    assert "PRIVATE" not in loa("proof", "certificate").out


def test_a_proof_of_nothing_or_to_nowhere_is_refused(loa: Run, database: Database, tmp_path: Path) -> None:
    campaign = a_campaign(database)
    assert loa("proof", "make", 999, "--out", tmp_path / "a.pdf", "--as", ANALYST.email).code == 1
    nowhere = loa("proof", "make", campaign, "--out", tmp_path / "none" / "a.pdf", "--as", ANALYST.email)
    assert nowhere.code == 1
    assert "Không ghi được" in nowhere.err


def test_the_audit_is_verified_and_the_first_broken_entry_named(loa: Run, database: Database, tmp_path: Path) -> None:
    campaign = a_campaign(database)
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        assert loa("proof", "make", campaign, "--out", tmp_path / name, "--as", ANALYST.email).code == 0
    whole = loa("audit", "verify", "--json")
    assert (whole.code, whole.document["intact"], whole.document["entries"]) == (0, True, 3)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        session.execute(text("UPDATE audit SET actor = 'x' WHERE id = 2"))
    broken = loa("audit", "verify")
    assert broken.code == 1
    assert "dòng 2" in broken.err
    assert loa("audit", "verify", "--json").document["broken_id"] == 2

"""The signed file: by whom, and that not a byte of it can be changed unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.errors import InvalidInput
from campaigns.models import AuditEntry
from campaigns.proof.document import Document, Fact, Section, Table
from campaigns.proof.pdf import make_proof, set_proof
from campaigns.proof.signing import Signer, certificate_pem, load_signer, read_certificates, sign, verify
from config.settings import Settings
from tests.campaigns.proof.conftest import PHONE, READER, Done

LABELS = {"page": "Trang", "head": "Hồ sơ", "lang": "vi"}
PAPER = Document(
    "Bảy phương thức",
    "thử",
    [Section("a", "Ai", [Fact("x", "#let y = [z]", tone="bad")], Table(["a", "b"], [["1", "*2*"]], (1,), ["c", "2"]))],
    LABELS,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def signer(home: Path) -> Signer:
    return load_signer(Settings(home=home))


@pytest.fixture(scope="module")
def signed(signer: Signer) -> bytes:
    return sign(set_proof(PAPER), signer, reason="thử")


def test_the_key_is_made_once_and_only_its_owner_may_read_it(home: Path, signer: Signer) -> None:
    assert (home / "signing.pem").stat().st_mode & 0o777 == 0o600
    assert load_signer(Settings(home=home)).certificate.sha256 == signer.certificate.sha256
    assert "UBND thành phố Đà Nẵng" in signer.certificate.subject.human_friendly


def test_a_file_as_it_was_signed_is_good(signer: Signer, signed: bytes) -> None:
    verdict = verify(signed, signer.chain)
    assert verdict.good
    assert "UBND thành phố Đà Nẵng" in verdict.signer
    assert verdict.signed_at is not None


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95])
def test_one_bit_changed_is_noticed(signer: Signer, signed: bytes, share: float) -> None:
    changed = bytearray(signed)
    changed[int(len(changed) * share)] ^= 1
    assert not verify(bytes(changed), signer.chain).intact


def test_what_is_added_cut_off_or_never_signed_is_noticed(signer: Signer, signed: bytes) -> None:
    for other in (signed + b"\n% more", signed[:-100], set_proof(PAPER), b"", b"%PDF-1.7\n"):
        assert not verify(other, signer.chain).intact


def test_a_second_signature_does_not_hide_a_change(signer: Signer, signed: bytes) -> None:
    from io import BytesIO

    from pyhanko.pdf_utils.generic import NameObject, pdf_string
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(signed))
    writer.root[NameObject("/Lang")] = pdf_string("de")
    writer.update_root()
    later = BytesIO()
    writer.write(later)
    assert not verify(later.getvalue(), signer.chain).intact


def test_somebody_elses_signature_is_not_ours(signer: Signer, tmp_path: Path) -> None:
    other = load_signer(Settings(home=tmp_path, issuer="Ai đó"))
    verdict = verify(sign(set_proof(PAPER), other, reason="thử"), signer.chain)
    assert (verdict.intact, verdict.known) == (True, False)
    assert "Ai đó" in verdict.signer


def test_it_is_verified_elsewhere_by_the_certificate_alone(signer: Signer, signed: bytes, tmp_path: Path) -> None:
    handed_over = tmp_path / "loa.crt"
    handed_over.write_text(certificate_pem(signer))
    assert verify(signed, read_certificates(handed_over)).good


def test_the_citys_own_key_is_used_where_it_is_named(tmp_path: Path, home: Path, signer: Signer) -> None:
    own = load_signer(Settings(home=tmp_path, signing_key=home / "signing.pem", signing_cert=home / "signing.pem"))
    assert own.certificate.sha256 == signer.certificate.sha256
    assert not (tmp_path / "signing.pem").exists()


def test_half_a_key_or_a_foreign_certificate_is_refused(tmp_path: Path, home: Path, signer: Signer) -> None:
    load_signer(Settings(home=tmp_path))
    with pytest.raises(InvalidInput, match="cùng nhau"):
        load_signer(Settings(home=tmp_path, signing_key=home / "signing.pem"))
    with pytest.raises(InvalidInput, match="không phải của khoá ký"):
        load_signer(Settings(signing_key=home / "signing.pem", signing_cert=tmp_path / "signing.pem"))
    with pytest.raises(InvalidInput, match="Không đọc được"):
        load_signer(Settings(signing_key=home / "nothing.pem", signing_cert=home / "signing.pem"))


def test_the_pages_are_pdf_a_and_hold_their_fonts() -> None:
    pages = set_proof(PAPER, "loa-audit-head:1:ab")
    assert b"pdfaid" in pages
    assert b"/FontFile" in pages
    assert b"loa-audit-head:1:ab" in pages


def test_who_made_a_proof_is_in_the_audit_with_the_files_hash(done: Done, signer: Signer) -> None:
    import hashlib

    with done.database.transaction() as session:
        made = make_proof(session, READER, done.id, signer, "UBND")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.proved")).one()
    assert verify(made.content, signer.chain).good
    assert entry.detail == {"fingerprint": hashlib.sha256(made.content).hexdigest()}
    assert made.file_name == f"loa-chung-minh-{done.id}.pdf"
    assert PHONE.encode() not in made.content

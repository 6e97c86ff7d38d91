"""Signing PDF files with the installation's key, and telling whether a signed one is as it was.

The signature is PAdES (ETSI EN 319 142), over the whole file, and permits no change after it. The key is the city's
own where ``LOA_SIGNING_KEY`` and ``LOA_SIGNING_CERT`` name one (with a certificate of the Government Cipher Committee,
say); else one made at the first use, whose certificate nobody vouches for but this installation.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, keys, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from campaigns.errors import InvalidInput
from config.keys import make_private
from config.settings import Settings

YEARS = 20
KEY_BITS = 3072
FILE_MOST = 50 * 1024**2
_FIELD = "Loa"
_DIGEST = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()

# What pyHanko has to say of a file it cannot read is told by ``verify``.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with its certificate, and those of its issuers behind it."""

    key: keys.PrivateKeyInfo
    chain: Sequence[x509.Certificate]

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's own."""
        return self.chain[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a signed file."""

    intact: bool
    """Not a byte differs from what was signed, and nothing was added."""
    known: bool
    """Whether the signature is by a certificate we know."""
    signer: str
    """Whom the certificate names; empty where there is no signature."""
    fingerprint: str
    """SHA-256 of the certificate."""
    signed_at: datetime | None
    """By the signer's own clock."""

    @property
    def good(self) -> bool:
        """Whether the file can be relied upon."""
        return self.intact and self.known

    def to_json(self) -> dict[str, Any]:
        """The document of ``loa proof verify --json``."""
        return {
            "intact": self.intact,
            "known": self.known,
            "signer": self.signer,
            "fingerprint": self.fingerprint,
            "signed_at": self.signed_at,
        }


UNREADABLE = Verdict(False, False, "", "", None)


def load_signer(settings: Settings) -> Signer:
    """The key and certificate of the settings, or the installation's own, made if missing.

    Raises:
        InvalidInput: a file is missing, unreadable, or key and certificate do not belong together.
    """
    if (settings.signing_key is None) != (settings.signing_cert is None):
        raise InvalidInput(
            "LOA_SIGNING_KEY và LOA_SIGNING_CERT phải đặt cùng nhau.",
            "LOA_SIGNING_KEY and LOA_SIGNING_CERT must be set together.",
        )
    if settings.signing_key is not None and settings.signing_cert is not None:
        return _read(settings.signing_key, settings.signing_cert)
    own = settings.home / "signing.pem"
    if not own.exists():
        _make(own, settings.issuer)
    return _read(own, own)


def _read(key_path: Path, certificate_path: Path) -> Signer:
    try:
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        chain = certificates.load_pem_x509_certificates(certificate_path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInput(
            "Không đọc được khoá hoặc chứng thư ký ({path}): {why}.",
            "The signing key or certificate cannot be read ({path}): {why}.",
            path=str(key_path if key_path == certificate_path else f"{key_path}, {certificate_path}"),
            why=type(error).__name__,
        ) from None
    if _public(key.public_key()) != _public(chain[0].public_key()):
        raise InvalidInput(
            "Chứng thư {path} không phải của khoá ký.",
            "The certificate {path} does not belong to the signing key.",
            path=str(certificate_path),
        )
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Signer(keys.PrivateKeyInfo.load(der), [_loaded(each) for each in chain])


def _public(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _loaded(certificate: certificates.Certificate) -> x509.Certificate:
    return x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _make(path: Path, issuer: str) -> None:
    """A key and a certificate signed by itself, in one private file; another process's counts where it was first."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = _self_signed(key, issuer).public_bytes(serialization.Encoding.PEM)
    make_private(path, (private + public).decode("ascii"))


def _self_signed(key: rsa.RSAPrivateKey, issuer: str) -> certificates.Certificate:
    name = certificates.Name(
        [
            certificates.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            certificates.NameAttribute(NameOID.ORGANIZATION_NAME, issuer[:64]),
            certificates.NameAttribute(NameOID.COMMON_NAME, "Loa"),
        ]
    )
    now = datetime.now(UTC)
    usage = certificates.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        certificates.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(certificates.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(usage, critical=True)
        .add_extension(certificates.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256())


def sign(pages: bytes, signer: Signer, reason: str) -> bytes:
    """The file with the signature in it, which nothing may follow."""
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple(signer.chain[1:])
    meta = signers.PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    signed = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pages)),
        meta,
        signer=signers.SimpleSigner(
            signing_cert=signer.certificate, signing_key=signer.key, cert_registry=registry
        ),
    )
    content: bytes = signed.getvalue()
    return content


def verify(content: bytes, known: Sequence[x509.Certificate]) -> Verdict:
    """Who signed a file, and whether it is as it was; a file that cannot be read is one that was changed."""
    if len(content) > FILE_MOST:
        return UNREADABLE
    try:
        return _verify(content, known)
    except Exception:  # whatever a damaged or hostile file makes a parser stumble over, it is not the file we signed
        return UNREADABLE


def _verify(content: bytes, known: Sequence[x509.Certificate]) -> Verdict:
    signatures = PdfFileReader(io.BytesIO(content)).embedded_signatures
    if len(signatures) != 1:
        return UNREADABLE
    signature, certificate = signatures[0], signatures[0].signer_cert
    trusted = [each.sha256 for each in known]
    context = ValidationContext(trust_roots=[*known, certificate], allow_fetching=False)
    status = validate_pdf_signature(signature, context)
    whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    return Verdict(
        intact=bool(status.intact and status.valid and whole and status.docmdp_ok and _is_exact(content, signature)),
        known=all(each.sha256 in trusted for each in (certificate, *signature.other_embedded_certs)),
        signer=certificate.subject.human_friendly,
        fingerprint=hashlib.sha256(certificate.dump()).hexdigest(),
        signed_at=signature.self_reported_timestamp,
    )


def _is_exact(content: bytes, signature: Any) -> bool:
    """Whether the place of the signature holds exactly what we write there: of itself a signature can say nothing.

    Versions and the list of digests stand outside everything that is signed, and so do the zeros behind it.
    """
    info = cms.ContentInfo.load(signature.pkcs7_content)
    signed = info["content"]
    (by,) = signed["signer_infos"]
    digests = [each.dump(force=True) for each in signed["digest_algorithms"]]
    if digests != [_DIGEST] or by["digest_algorithm"].dump(force=True) != _DIGEST:
        return False
    if (signed["version"].native, by["version"].native, by["unsigned_attrs"].native) != ("v1", "v1", None):
        return False
    _, before, after, _ = signature.byte_range
    written = info.dump(force=True).hex().upper().encode("ascii")
    return bool(content[before:after] == b"<" + written.ljust(after - before - 2, b"0") + b">")


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file, for verifying where the key is not.

    Raises:
        InvalidInput: there is none in it.
    """
    try:
        return [_loaded(each) for each in certificates.load_pem_x509_certificates(path.read_bytes())]
    except (OSError, ValueError):
        raise InvalidInput(
            "Không có chứng thư nào trong {path}.", "There is no certificate in {path}.", path=str(path)
        ) from None


def certificate_pem(signer: Signer) -> str:
    """The signer's certificate, to be given to whoever will verify."""
    made = certificates.load_der_x509_certificate(signer.certificate.dump())
    return made.public_bytes(serialization.Encoding.PEM).decode("ascii")

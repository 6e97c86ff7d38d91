"""SMPP inside TLS: the telco's certificate must be signed by whom we were told, and be the telco's."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaigns.gateways.contract import GatewayUnavailable, Verdict
from tests.campaigns.gateways.smpp.peer import PeerTelco
from tests.campaigns.gateways.smpp.test_adapter import opened
from tests.campaigns.gateways.support import Ledger, Permits, asynchronous, messages


def certificate(folder: Path, address: str) -> Path:
    """A certificate for ``address`` that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "telco")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{address}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@asynchronous
async def test_a_telco_with_the_right_certificate_is_spoken_to(tmp_path: Path) -> None:
    path, ledger = certificate(tmp_path, "127.0.0.1"), Ledger()
    telco = PeerTelco(tls=server_context(path))
    async with opened(telco, tls=True, tls_ca=str(path)) as adapter:
        await adapter.submit(messages(3), Permits(), ledger.settle)
    assert {answer.verdict for answer in ledger.values()} == {Verdict.ACCEPTED}


@pytest.mark.parametrize("trusted", ["nobody", "another address", "no file"])
@asynchronous
async def test_another_certificate_is_refused_before_the_password_is_sent(trusted: str, tmp_path: Path) -> None:
    mine = certificate(tmp_path, "127.0.0.2" if trusted == "another address" else "127.0.0.1")
    telco = PeerTelco(tls=server_context(mine))
    authority = {"nobody": None, "another address": str(mine), "no file": str(tmp_path / "none.pem")}[trusted]
    with pytest.raises(GatewayUnavailable):
        async with opened(telco, tls=True, tls_ca=authority):
            pass
    assert telco.seen == []

"""``loa proof``: a campaign's proof as a signed PDF, and whether such a file is as it was signed."""

from __future__ import annotations

from pathlib import Path

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say
from campaigns.errors import InvalidInput, LoaError
from config.i18n import t


@click.group(help=t("Hồ sơ chứng minh của chiến dịch, có chữ ký số.", "A campaign's proof, signed."))
def proof() -> None:
    """The group."""


@proof.command(
    help=t(
        "Lập hồ sơ PDF có chữ ký: ai yêu cầu, ai duyệt, cổng nào gửi bao nhiêu, nội dung nào, khi nào.",
        "Make the signed PDF: who ordered, who approved, which gateway sent how many, which text, when.",
    )
)
@click.argument("campaign_id", metavar="ID", type=int)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help=t("Tệp PDF sẽ ghi.", "The PDF file to write."),
)
@as_option
@pass_loa
def make(loa: Loa, campaign_id: int, out: Path, as_email: str | None) -> None:
    """Gather, set, sign."""
    from campaigns.proof.pdf import make_proof
    from campaigns.proof.signing import load_signer

    signer = load_signer(loa.settings)
    with loa.database.transaction() as session:
        made = make_proof(session, loa.actor(as_email), campaign_id, signer, loa.settings.issuer)
        _write(out, made.content)
    say(t("Đã ghi {path}.", "Wrote {path}.", path=out))


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InvalidInput(
            "Không ghi được {path}: {why}.", "{path} cannot be written: {why}.", path=str(out), why=error.strerror
        ) from None


@proof.command(
    help=t(
        "Cho biết ai ký một hồ sơ và tệp có còn nguyên vẹn không.",
        "Say who signed a proof and whether the file is as it was signed.",
    )
)
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--certificate",
    "certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=t("Chứng thư người ký (PEM); mặc định: của nơi này.", "The signer's certificate (PEM); by default our own."),
)
@json_option
@pass_loa
def verify(loa: Loa, path: Path, certificate: Path | None, as_json: bool) -> None:
    """Needs neither database nor key; exit 1 where the file is not to be relied upon."""
    from campaigns.proof.signing import load_signer, read_certificates
    from campaigns.proof.signing import verify as verify_file

    known = read_certificates(certificate) if certificate else load_signer(loa.settings).chain
    verdict = verify_file(path.read_bytes(), known)
    if as_json:
        emit_json(verdict.to_json())
    if not verdict.intact:
        raise LoaError(
            "Tệp KHÔNG còn nguyên vẹn, hoặc không phải hồ sơ có chữ ký.",
            "The file is NOT as it was signed, or carries no signature.",
        )
    if not verdict.known:
        raise LoaError(
            "Tệp nguyên vẹn, nhưng do bên khác ký: {who} (SHA-256 của chứng thư: {print}).",
            "The file is as it was signed, but by somebody else: {who} (SHA-256 of the certificate: {print}).",
            who=verdict.signer,
            print=verdict.fingerprint,
        )
    if not as_json:
        click.echo(
            t(
                "Nguyên vẹn. Người ký: {who}; lúc {at}.",
                "As it was signed. Signer: {who}; at {at}.",
                who=verdict.signer,
                at=verdict.signed_at,
            )
        )


@proof.command(
    help=t(
        "In chứng thư ký của nơi này, để gửi cho bên kiểm tra.",
        "Print the certificate of this installation, for whoever will verify.",
    )
)
@pass_loa
def certificate(loa: Loa) -> None:
    """PEM on stdout."""
    from campaigns.proof.signing import certificate_pem, load_signer

    click.echo(certificate_pem(load_signer(loa.settings)), nl=False)

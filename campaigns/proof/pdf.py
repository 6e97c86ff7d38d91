"""A campaign's proof as a PDF: set by Typst with the fonts it brings, then signed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import typst
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.proof.document import Document, write_proof
from campaigns.proof.record import collect_proof, recount
from campaigns.proof.signing import Signer, sign
from campaigns.store.audit import append_audit

_SOURCE = Path(__file__).with_name("proof.typ")
STANDARD: Literal["a-2b"] = "a-2b"
"""PDF/A-2b: everything that is needed to read it in twenty years is in the file."""


@dataclass(frozen=True, slots=True)
class Made:
    """A signed proof and what its file is called."""

    file_name: str
    content: bytes


@cache
def _fonts() -> typst.Fonts:
    # Only those of the wheel: the same page on every machine.
    return typst.Fonts(include_system_fonts=False)


def set_pages(document: Document, head: str = "") -> bytes:
    """The pages of a document, unsigned; ``head`` goes into the file's keywords."""
    inputs = {"document": json.dumps(document.to_json(), ensure_ascii=False), "head": head}
    compiler = typst.Compiler(_SOURCE.read_bytes(), font_paths=_fonts(), sys_inputs=inputs)
    pages = compiler.compile(format="pdf", pdf_standards=STANDARD)
    assert isinstance(pages, bytes)
    return pages


def make_proof(session: Session, actor: Actor, campaign_id: int, signer: Signer, issuer: str) -> Made:
    """Gather, set and sign the proof of a campaign; who made it, and the file's hash, go into the audit.

    Raises:
        NotFound: there is no such campaign.
        Forbidden: the person may not see campaigns.
    """
    proof = collect_proof(session, actor, campaign_id)
    document = write_proof(proof, issuer, recount(session, campaign_id))
    head = f"loa-audit-head:{proof.head[0]}:{proof.head[1]}" if proof.head else ""
    content = sign(set_pages(document, head), signer, reason=document.subtitle)
    fingerprint = hashlib.sha256(content).hexdigest()
    append_audit(session, actor.email, "campaign.proved", "campaign", campaign_id, {"fingerprint": fingerprint})
    return Made(f"loa-chung-minh-{campaign_id}.pdf", content)

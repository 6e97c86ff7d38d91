"""A campaign's proof as a PDF: set, then signed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.proof.document import Document, write_proof
from campaigns.proof.record import collect_proof, recount
from campaigns.proof.signing import Signer, sign
from campaigns.store.audit import append_audit
from campaigns.typeset import set_pages

_SOURCE = Path(__file__).with_name("proof.typ")

@dataclass(frozen=True, slots=True)
class Made:
    """A signed proof and what its file is called."""

    file_name: str
    content: bytes


def set_proof(document: Document, head: str = "") -> bytes:
    """The pages of a proof, unsigned; ``head`` goes into the file's keywords."""
    return set_pages(_SOURCE, document.to_json(), head=head)


def make_proof(session: Session, actor: Actor, campaign_id: int, signer: Signer, issuer: str) -> Made:
    """Gather, set and sign the proof of a campaign; who made it, and the file's hash, go into the audit.

    Raises:
        NotFound: there is no such campaign.
        Forbidden: the person may not see campaigns.
    """
    proof = collect_proof(session, actor, campaign_id)
    document = write_proof(proof, issuer, recount(session, campaign_id))
    head = f"loa-audit-head:{proof.head[0]}:{proof.head[1]}" if proof.head else ""
    content = sign(set_proof(document, head), signer, reason=document.subtitle)
    fingerprint = hashlib.sha256(content).hexdigest()
    append_audit(session, actor.email, "campaign.proved", "campaign", campaign_id, {"fingerprint": fingerprint})
    return Made(f"loa-chung-minh-{campaign_id}.pdf", content)

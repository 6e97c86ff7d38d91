"""What failed receipts tell about a person: that they refuse us at their telco, or that nobody has the number.

Only codes that the gateway's settings name (``refused_codes``, ``dead_codes``) tell anything; none is guessed. A
telco's refusal is a refusal of everything, with the code as evidence; it is not confirmed, for it would not arrive.
A dead number is no refusal: it becomes unusable after several messages in a row came back so, no longer is when
somebody writes to us from it, and says nothing about what its next owner wants.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.store.audit import append_audit
from campaigns.store.failures import bury_contacts, find_recipients, read_codes
from campaigns.store.optouts import insert_optout
from campaigns.store.receipts import ReceiptColumns
from config.settings import get_settings


def heed_failures(session: Session, gateway_id: int, receipts: ReceiptColumns) -> None:
    """Register refusals and dead numbers that these receipts tell of; they have been applied."""
    failed = [place for place, error in enumerate(receipts.errors) if error and receipts.references[place]]
    if not failed:
        return
    codes = read_codes(session, gateway_id)
    telling = [place for place in failed if receipts.errors[place] in codes.refused | codes.dead]
    if not telling:
        return
    references = [receipts.references[place] for place in telling]
    errors = [str(receipts.errors[place]) for place in telling]
    found = find_recipients(session, gateway_id, references, errors)
    for recipient in found:
        if recipient.error in codes.refused:
            _register(session, recipient.phone_hash, gateway_id, recipient.error)
    dying = sorted({recipient.contact_id for recipient in found if recipient.error in codes.dead})
    buried = bury_contacts(session, dying, after=get_settings().dead_after) if dying else 0
    if buried:
        append_audit(session, "system", "contact.dead", "contact", "*", {"count": buried, "gateway": gateway_id})


def _register(session: Session, phone_hash: bytes, gateway_id: int, code: str) -> None:
    insert_optout(
        session,
        phone_hash=phone_hash,
        topic=None,
        source="telco",
        evidence=f"receipt {code} of gateway {gateway_id}",
        created_by="system",
    )

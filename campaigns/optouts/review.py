"""Messages that may be refusals and are none by their words: a person reads each and decides."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.errors import NotFound
from campaigns.models import InboundMessage
from campaigns.optouts.confirmation import Replies
from campaigns.optouts.keywords import Wish
from campaigns.store.audit import append_audit
from campaigns.store.inbound import find_number, list_waiting, settle_review
from campaigns.store.optouts import insert_optout
from config.keys import Keyring

PAGE = 20


def waiting(session: Session, actor: Actor) -> Sequence[InboundMessage]:
    """The messages that wait longest, a page of them."""
    actor.require("optout.add")
    return list_waiting(session, PAGE, actor.scope)


def decide(session: Session, keyring: Keyring, actor: Actor, entry_id: int, *, refuses: bool) -> bool:
    """Say whether a waiting message refuses; whether a refusal came of it that was not in force.

    Raises:
        NotFound: somebody decided it meanwhile, or it never waited.
    """
    actor.require("optout.add")
    wish = Wish.REFUSE if refuses else Wish.NONE
    entry = settle_review(session, entry_id, decision=wish.value, by=actor.email, scope=actor.scope)
    if entry is None:
        raise NotFound("Tin này đã có người xem rồi.", "Somebody has read this message already.")
    append_audit(session, actor.email, "inbound.decided", "inbound", entry_id, {"decision": wish.value})
    if not refuses:
        return False
    new_id = insert_optout(
        session,
        phone_hash=entry.sender_hash,
        topic=None,
        source="keyword",
        evidence=f"inbound message {entry_id}, read by {actor.email}",
        created_by=actor.email,
    )
    cipher = find_number(session, entry.sender_hash)
    if new_id is not None and cipher is not None:
        number = keyring.decrypt(cipher).decode("ascii")
        Replies(session, keyring).confirm(wish, number, entry_id, gateway_id=entry.gateway_id)
    return new_id is not None

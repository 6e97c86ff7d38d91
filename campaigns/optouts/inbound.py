"""What happens when a person writes to us: the word is obeyed at once, and confirmed once."""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.models import InboundMessage
from campaigns.optouts.confirmation import Replies
from campaigns.optouts.keywords import Wish, is_near_miss, read_wish
from campaigns.optouts.words import vocabulary
from campaigns.store.failures import revive_contact
from campaigns.store.optouts import end_optouts, insert_optout
from config.keys import Keyring

_BODY_MOST = 1000


class Listener:
    """Takes in inbound messages of one transaction; what is the same for all of them is looked up once."""

    def __init__(self, session: Session, keyring: Keyring, gateway_id: int) -> None:
        self._session, self._keyring, self._gateway_id = session, keyring, gateway_id
        self._words = vocabulary(session)
        self._replies = Replies(session, keyring)

    def handle(self, *, sender: str, recipient: str, body: str) -> Wish:
        """Keep an inbound message, obey it, and queue its confirmation on the gateway it came by.

        ``sender`` is E.164 without plus. Repeating a refusal that is in force changes nothing and confirms nothing.
        What may be a refusal and is none by its words waits for a person to read it.
        """
        session, wish = self._session, read_wish(body, self._words)
        phone_hash = self._keyring.hash(sender.encode())
        entry = InboundMessage(
            gateway_id=self._gateway_id,
            sender_hash=phone_hash,
            recipient=recipient[:50],
            body_cipher=self._keyring.encrypt(body[:_BODY_MOST].replace("\x00", "").encode()),
            action=wish.value,
            review="waiting" if wish is Wish.NONE and is_near_miss(body, self._words) else None,
        )
        session.add(entry)
        session.flush()
        revive_contact(session, phone_hash)
        if _obey(session, phone_hash, wish, entry.id):
            self._replies.confirm(wish, sender, entry.id, gateway_id=self._gateway_id)
        return wish


def handle_inbound(
    session: Session, keyring: Keyring, gateway_id: int, *, sender: str, recipient: str, body: str
) -> Wish:
    """Take in a single message."""
    return Listener(session, keyring, gateway_id).handle(sender=sender, recipient=recipient, body=body)


def _obey(session: Session, phone_hash: bytes, wish: Wish, entry_id: int) -> bool:
    """Whether something changed that deserves an answer."""
    evidence = f"inbound message {entry_id}"
    if wish is Wish.REFUSE:
        new_id = insert_optout(
            session, phone_hash=phone_hash, topic=None, source="keyword", evidence=evidence, created_by="system"
        )
        return new_id is not None
    if wish is Wish.RETURN:
        return bool(end_optouts(session, phone_hash=phone_hash, topic=None, by="system", evidence=evidence))
    return wish is Wish.HELP

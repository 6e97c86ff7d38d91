"""A person with the link of their message: what they refused, refusing by it, and taking that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.content.links import read_token
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import OptOut
from campaigns.optouts.confirmation import Replies
from campaigns.optouts.keywords import Wish
from campaigns.optouts.register import OWN_TOPICS, check_topic
from campaigns.store.optouts import end_optout_ids, find_in_force, find_linked_contact, insert_optout
from config.keys import Keyring

BY = "citizen"
"""Who did it, in the register: the person themselves."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """Whom a link names, and how they stand."""

    contact_id: int
    phone_hash: bytes
    number: str
    """E.164 without plus; never shown but masked."""
    topic: str | None
    """What the last message was about, where that can be refused on its own."""
    refusals: Sequence[OptOut]

    @property
    def everything(self) -> OptOut | None:
        """The refusal of everything, where it is in force."""
        return next((refusal for refusal in self.refusals if refusal.topic is None), None)

    @property
    def since(self) -> datetime | None:
        """Since when everything is refused."""
        return self.everything.created_at if self.everything else None

    def refuses(self, topic: str | None) -> bool:
        """Whether messages about ``topic`` are refused already, by themselves or with everything."""
        return any(refusal.topic in {None, topic} for refusal in self.refusals)

    @property
    def may_return_here(self) -> bool:
        """Whether the page can take back every refusal in force.

        The link proves less than the telephone: messages are forwarded. It takes back what was done by it; who refused
        by message, by telephone or on paper comes back the same way, with the evidence that leaves.
        """
        return bool(self.refusals) and all(refusal.source == "web" for refusal in self.refusals)


def find_citizen(session: Session, keyring: Keyring, token: str, *, days: int) -> Citizen | None:
    """Whom a link names; None for a link that is made up, erased, or older than ``days`` after the last message."""
    contact_id = read_token(keyring, token)
    found = find_linked_contact(session, contact_id, days=days) if contact_id else None
    if found is None:
        return None
    return Citizen(
        contact_id=found.id,
        phone_hash=found.phone_hash,
        number=keyring.decrypt(found.phone_cipher).decode("ascii"),
        topic=None if found.topic in OWN_TOPICS else found.topic,
        refusals=find_in_force(session, found.phone_hash),
    )


def refuse_by_link(session: Session, keyring: Keyring, citizen: Citizen, *, topic: str | None, words: str) -> bool:
    """Register the refusal of everything or of one topic, and confirm it once; False where it was in force.

    ``words`` are what stood on the button the person pressed.

    Raises:
        InvalidInput: there is no such topic, or no refusal stops it.
    """
    check_topic(topic)
    if topic in OWN_TOPICS:
        raise InvalidInput("Không từ chối riêng chủ đề này được.", "This topic cannot be refused by itself.")
    if citizen.refuses(topic):
        return False
    new_id = insert_optout(
        session,
        phone_hash=citizen.phone_hash,
        topic=topic,
        source="web",
        evidence=f"liên kết trong tin nhắn; đã bấm “{words}”",
        created_by=BY,
    )
    if new_id is not None:
        Replies(session, keyring).confirm(Wish.REFUSE, citizen.number, -new_id, topic=topic)
    return new_id is not None


def return_by_link(session: Session, keyring: Keyring, citizen: Citizen, *, words: str) -> None:
    """Take back what was refused by the link; ``words`` are the statement the person made.

    Raises:
        WrongState: something was refused in another way, or nothing is.
    """
    if not citizen.may_return_here:
        raise WrongState(
            "Việc từ chối này không rút lại bằng liên kết được. Hãy gọi 1022.",
            "This refusal cannot be taken back by the link. Call 1022.",
        )
    ended = end_optout_ids(
        session,
        [refusal.id for refusal in citizen.refusals],
        by=BY,
        evidence=f"liên kết trong tin nhắn; đã xác nhận “{words}”",
    )
    if ended:
        Replies(session, keyring).confirm(Wish.RETURN, citizen.number, -max(ended))

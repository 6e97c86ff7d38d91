"""The one confirmation of a refusal, a return or a question, in a standing campaign of its minute.

It names the three facts of Decree 91/2020/NĐ-CP, Article 16.4: that the refusal was received, when, and from when no
more is sent. Its class is ``he-thong``, which neither a refusal nor a cap stops, so it goes out although the refusal
is in force already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

import structlog
from sqlalchemy.orm import Session

from campaigns.audience.phone import PhoneProblem, normalise_phone
from campaigns.content.topics import TOPICS
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.delivery.states import CampaignState
from campaigns.errors import LoaError
from campaigns.models import Campaign
from campaigns.optouts.keywords import Wish
from campaigns.store.campaigns import database_now, find_standing, lock_standing
from campaigns.store.optouts import ensure_contact, find_route, queue_single_message
from campaigns.store.templates import get_version
from config.keys import Keyring
from config.zone import CITY_TIME

log = structlog.get_logger(__name__)

REPLIES: Mapping[Wish, str] = {
    Wish.REFUSE: "sys-xac-nhan-tu-choi",
    Wish.RETURN: "sys-xac-nhan-dang-ky-lai",
    Wish.HELP: "sys-tro-giup",
}
"""Template of the answer to each wish."""


class Replies:
    """The replies of one transaction: each kind is looked up once, for a thousand people may write at one moment.

    The minute a reply names is that of the transaction's beginning, so what was found holds until its end.
    """

    def __init__(self, session: Session, keyring: Keyring) -> None:
        self._session, self._keyring = session, keyring
        self._found: dict[tuple[Wish, str | None], tuple[int, int] | None] = {}

    def confirm(
        self, wish: Wish, number: str, occasion: int, *, topic: str | None = None, gateway_id: int | None = None
    ) -> bool:
        """Queue the answer to ``number`` (E.164 without plus), once per ``occasion``; whether it was queued.

        It goes by ``gateway_id``, the way the person came, else by the route of the number's carrier. A refusal stands
        also where its confirmation cannot be made, as when somebody broke the reply's text or no gateway is there.
        """
        phone = normalise_phone(number)
        if isinstance(phone, PhoneProblem) or phone.number != number:
            return False  # a short code or a foreign number: obeyed, but nobody to answer
        gateway_id = gateway_id or find_route(self._session, phone.carrier)
        if gateway_id is None:
            return False  # an answer that waits for a gateway to be set up would be no answer
        reply = self._reply(wish, topic)
        if reply is None:
            return False
        contact_id, ward_id, known_carrier = ensure_contact(
            self._session,
            phone_hash=self._keyring.hash(number.encode()),
            cipher=self._keyring.encrypt(number.encode()),
            carrier=phone.carrier,
        )
        return queue_single_message(
            self._session,
            campaign_id=reply[0],
            contact_id=contact_id,
            occasion=occasion,
            gateway_id=gateway_id,
            ward_id=ward_id,
            carrier=known_carrier,
            parts=reply[1],
        )

    def _reply(self, wish: Wish, topic: str | None) -> tuple[int, int] | None:
        """(campaign, parts) of the reply, None where it cannot be made."""
        if (wish, topic) not in self._found:
            try:
                with self._session.begin_nested():
                    campaign = _standing_campaign(self._session, wish, topic, database_now(self._session))
                    parts = len(campaign_text(campaign).for_place(Place("", "")))
                self._found[wish, topic] = campaign.id, parts
            except LoaError:
                log.exception("reply_impossible", wish=wish.value)
                self._found[wish, topic] = None
        return self._found[wish, topic]


def _standing_campaign(session: Session, wish: Wish, topic: str | None, now: datetime) -> Campaign:
    """The minute's standing campaign for this reply: its text names the minute, the same for everybody in it."""
    minute = now.astimezone(CITY_TIME).strftime("%H:%M %d/%m/%Y")
    version = get_version(session, REPLIES[wish])
    name = " ".join(filter(None, (f"{REPLIES[wish]} v{version.number} {minute}", topic)))
    lock_standing(session, name)
    campaign = find_standing(session, name)
    if campaign is not None:
        return campaign
    campaign = Campaign(
        name=name,
        standing=name,
        template_version=version,
        template_version_id=version.id,
        message_class=version.template.message_class,
        topic=version.template.topic,
        values={"nhan_luc": minute, "ngung_tu": minute, "chu_de": TOPICS[topic].vi if topic else ""},
        audience={"edition": "2023", "everybody": True},
        window_start=time(0),
        window_end=time(0),
        priority=0,
        state=CampaignState.RUNNING.value,
        planned_at=now,
        created_by="system",
        edited_by="system",
    )
    session.add(campaign)
    session.flush()
    return campaign

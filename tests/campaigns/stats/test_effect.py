"""From refusal to effect: which refusals count, and until when the time runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.models import Batch, Contact, Message, OptOut, Submission
from campaigns.stats.effect import measure_effect
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway, make_template


class Scene:
    """A campaign under way for an hour, and people who refuse in it."""

    def __init__(self, session: Session, keyring: Keyring, **template: str) -> None:
        self.session, self.keyring = session, keyring
        self.gateway = make_gateway(session, keyring)
        self.campaign = make_campaign(session, template=make_template(session, **template))
        self.now: datetime = session.execute(text("SELECT now()")).scalar_one()
        self.campaign.planned_at = self.now - timedelta(hours=2)

    def refuses(
        self,
        state: MessageState,
        *sent_after: float,
        minutes_ago: float = 10,
        topic: str | None = None,
        source: str = "web",
    ) -> OptOut:
        """Somebody refuses; parts of their message went out so many seconds after that (before, where negative)."""
        contact = make_contact(self.session, self.keyring)
        refusal = OptOut(
            phone_hash=contact.phone_hash,
            topic=topic,
            source=source,
            evidence="x",
            created_by="citizen",
            created_at=self.now - timedelta(minutes=minutes_ago),
        )
        self.session.add(refusal)
        self._message(contact, state, refusal.created_at, sent_after)
        self.session.flush()
        return refusal

    def _message(self, contact: Contact, state: MessageState, at: datetime, sent_after: tuple[float, ...]) -> None:
        batch = Batch(
            campaign_id=self.campaign.id,
            gateway_id=self.gateway.id,
            carrier="viettel",
            size=1,
            parts=1,
            started_at=self.now - timedelta(hours=1),
        )
        self.session.add(batch)
        self.session.flush()
        message = Message(
            batch_id=batch.id, seq=1, contact_id=contact.id, campaign_id=self.campaign.id, parts=1, state=state.value
        )
        self.session.add(message)
        for part, seconds in enumerate(sent_after):
            self.session.add(
                Submission(
                    batch_id=batch.id,
                    gateway_id=self.gateway.id,
                    seq=1,
                    part=part,
                    reference=f"{batch.id}-{part}",
                    submitted_at=at + timedelta(seconds=seconds),
                )
            )


def test_time_runs_to_the_last_part_and_is_nothing_where_none_went_out(undone: Session, keyring: Keyring) -> None:
    scene = Scene(undone, keyring)
    scene.refuses(MessageState.SUPPRESSED)
    scene.refuses(MessageState.SUPPRESSED)
    scene.refuses(MessageState.ACCEPTED, 0.4, 1.25)
    found = measure_effect(undone)
    assert (found.people, found.stopped, found.median, found.longest) == (3, 2, 0.0, 1.25)


def test_who_had_their_message_before_refused_long_ago_or_stood_on_a_list_met_nothing(
    undone: Session, keyring: Keyring
) -> None:
    scene = Scene(undone, keyring)
    scene.refuses(MessageState.DELIVERED, -30)
    scene.refuses(MessageState.SUPPRESSED, minutes_ago=8 * 24 * 60)
    scene.refuses(MessageState.SUPPRESSED, source="import")
    assert measure_effect(undone).people == 0


def test_a_topic_and_a_class_the_refusal_does_not_touch_are_not_counted(undone: Session, keyring: Keyring) -> None:
    scene = Scene(undone, keyring, topic="y-te")
    scene.refuses(MessageState.ACCEPTED, 30, topic="cu-tru")
    assert measure_effect(undone).people == 0
    scene.refuses(MessageState.ACCEPTED, 30, topic="y-te")
    assert measure_effect(undone).longest == 30
    Scene(undone, keyring, message_class="khan-cap").refuses(MessageState.ACCEPTED, 50)
    assert measure_effect(undone).longest == 30


def test_what_went_out_after_somebody_came_back_is_not_held_against_the_refusal(
    undone: Session, keyring: Keyring
) -> None:
    scene = Scene(undone, keyring)
    refusal = scene.refuses(MessageState.ACCEPTED, 120)
    refusal.ended_at = refusal.created_at + timedelta(seconds=60)
    undone.flush()
    assert measure_effect(undone).people == 0

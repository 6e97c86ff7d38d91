"""When a campaign pauses itself: as a table of answers, and on a real database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns import steps
from campaigns.delivery.health import note_campaigns, note_receipts, pause_refused
from campaigns.delivery.pulse import Pulse
from campaigns.delivery.states import MessageState
from campaigns.delivery.trouble import Refusals, Stretch, latest, read_reason, too_many
from campaigns.models import AuditEntry, Campaign, CampaignTrouble
from campaigns.stats.idle import idle_reason
from campaigns.store.delivery import Outcomes
from config.i18n import language
from tests.factories import OFFICER, make_campaign

NAME, NUMBER = "ESME_RINVSRCADR", "ESME_RINVDSTADR"


@pytest.mark.parametrize(
    ("stretches", "found"),
    [
        ([], None),
        ([Stretch(499, {NAME: 499})], None),
        ([Stretch(500, {NAME: 493})], Refusals(493, 500, NAME)),
        ([Stretch(250, {NAME: 250}), Stretch(250, {NAME: 150})], Refusals(400, 500, NAME)),
        ([Stretch(500, {NAME: 399})], None),
        ([Stretch(500, {NAME: 250, NUMBER: 250})], None),
        ([Stretch(500, {NAME: 450, NUMBER: 50})], Refusals(450, 500, NAME)),
        ([Stretch(500, {NUMBER: 100})], None),
        ([Stretch(100_000)], None),
    ],
)
def test_most_answers_have_to_be_one_refusal(stretches: Sequence[Stretch], found: Refusals | None) -> None:
    assert too_many(stretches, 500) == found


def test_only_the_latest_answers_count() -> None:
    old, new = Stretch(100_000), Stretch(500, {NAME: 493})
    assert latest([old, new], 500) == [new]
    assert latest([old, Stretch(499)], 500) == [old, Stretch(499)]
    assert latest([Stretch(), Stretch(10)], 500) == [Stretch(10)]


@pytest.mark.parametrize(
    ("reason", "vi", "en"),
    [
        (None, None, None),
        ("sai giờ", "sai giờ", "sai giờ"),
        ("refused: by the mayor", "refused: by the mayor", "refused: by the mayor"),
        (
            Refusals(493, 500, NAME).to_reason(),
            f"493 trên 500 tin gần nhất bị nhà mạng từ chối: Tên người gửi chưa được đăng ký ở nhà mạng này. ({NAME})",
            "493 of the last 500 messages were refused by the telco: "
            f"The sender is not registered with this telco. ({NAME})",
        ),
    ],
)
def test_the_reason_is_told_in_both_languages_and_peoples_own_words_are_left(
    reason: str | None, vi: str | None, en: str | None
) -> None:
    for chosen, words in (("vi", vi), ("en", en)):
        with language(chosen):
            assert read_reason(reason) == words


def test_what_was_recorded_is_gathered_by_campaign() -> None:
    pulse, outcomes = Pulse(), Outcomes()
    for seq, (state, error) in enumerate(
        [(MessageState.ACCEPTED, None), (MessageState.FAILED, NAME), (MessageState.QUEUED, "ESME_RSYSERR")], 1
    ):
        outcomes.add(seq, state, error, 1)
    pulse.recorded(1, outcomes)
    pulse.recorded(1, outcomes)
    pulse.recorded(2, Outcomes())
    heard = pulse.take_campaigns()
    assert heard[1] == Stretch(4, {NAME: 2})
    assert heard.get(2, Stretch()).answers == 0
    assert pulse.take_campaigns() == {}


def hear(session: Session, campaign: Campaign, *stretches: Stretch) -> dict[int, Refusals]:
    found: dict[int, Refusals] = {}
    for stretch in stretches:
        found = note_campaigns(session, {campaign.id: stretch}, 500)
    session.expire_all()
    return found


def test_a_campaign_that_is_refused_pauses_itself_and_says_why_and_counts_anew_when_resumed(undone: Session) -> None:
    campaign = make_campaign(undone, state="running")
    campaign.planned_at = campaign.created_at
    assert hear(undone, campaign, Stretch(600), Stretch(300, {NAME: 295})) == {}
    found = hear(undone, campaign, Stretch(200, {NAME: 198}))
    assert found == {campaign.id: Refusals(493, 500, NAME)}
    assert pause_refused(undone, campaign.id, found[campaign.id])
    assert campaign.state == "paused"
    for chosen, words in (
        ("vi", "tạm dừng: 493 trên 500 tin"),
        ("en", "paused: 493 of the last 500 messages were refused"),
    ):
        with language(chosen):
            assert str(idle_reason(undone, campaign.id)).startswith(words)
    entry = undone.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.actor, entry.action, entry.detail["error"]) == ("system", "campaign.paused", NAME)
    assert not pause_refused(undone, campaign.id, found[campaign.id]), "once is enough"
    steps.resume(undone, OFFICER, campaign.id)
    assert hear(undone, campaign, Stretch(499, {NAME: 499})) == {}
    assert hear(undone, campaign, Stretch(1, {NAME: 1})) != {}


def test_answers_without_a_refusal_leave_no_row_and_good_ones_clear_it(undone: Session) -> None:
    campaign = make_campaign(undone, state="running")

    def kept() -> list[int]:
        return [len(row.recent) for row in undone.scalars(select(CampaignTrouble))]

    hear(undone, campaign, Stretch(500))
    assert kept() == []
    hear(undone, campaign, Stretch(100, {NUMBER: 3}), Stretch(450))
    assert kept() == [2]
    hear(undone, campaign, Stretch(50))
    assert kept() == [0]


def receive(session: Session, campaign: Campaign, delivered: int, rejected: int) -> dict[int, Refusals]:
    """Receipts came, as the counters of a batch tell; what they mean."""
    batch = session.execute(
        text(
            "INSERT INTO batch (campaign_id, carrier, state, size, parts, delivered, rejected)"
            " VALUES (:c, 'viettel', 'done', :n, :n, :delivered, :rejected) RETURNING id"
        ),
        {"c": campaign.id, "n": delivered + rejected, "delivered": delivered, "rejected": rejected},
    ).scalar_one()
    session.execute(
        text(
            "INSERT INTO message (batch_id, seq, contact_id, campaign_id, state, parts, error)"
            " VALUES (:b, 1, :b, :c, 42, 1, 'REJECTD:028')"
        ),
        {"b": batch, "c": campaign.id},
    )
    return note_receipts(session, 500)


def test_receipts_that_say_rejected_pause_it_too_and_only_those_since_it_was_resumed(undone: Session) -> None:
    campaign = make_campaign(undone, state="running")
    campaign.planned_at = campaign.created_at
    assert receive(undone, campaign, 600, 5) == {}
    assert receive(undone, campaign, 10, 480) == {}, "not enough since the last time"
    found = receive(undone, campaign, 5, 5)
    assert found == {campaign.id: Refusals(485, 500, "REJECTD:028")}
    assert pause_refused(undone, campaign.id, found[campaign.id])
    assert receive(undone, campaign, 0, 500) == {}, "it is paused already"
    undone.expire_all()
    steps.resume(undone, OFFICER, campaign.id)
    undone.flush()
    assert note_receipts(undone, 500) == {}
    assert receive(undone, campaign, 300, 200) == {}
    assert receive(undone, campaign, 0, 500) != {}


def test_the_systems_own_answers_to_people_are_never_paused(undone: Session) -> None:
    campaign = make_campaign(undone, state="running", standing="optout-confirmation")
    assert not pause_refused(undone, campaign.id, Refusals(500, 500, NAME))
    assert undone.execute(text("SELECT state FROM campaign WHERE id = :c"), {"c": campaign.id}).scalar() == "running"

"""When a campaign will be done, and what holds it up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.models import Campaign
from campaigns.stats.idle import idle_reason
from campaigns.stats.outlook import outlook
from campaigns.store.campaigns import database_now
from campaigns.store.gateways import note_session
from config.i18n import language
from config.keys import Keyring
from config.zone import CITY_TIME
from tests.factories import make_campaign, make_gateway, ward_id

HOUR = 3600


@pytest.fixture
def sending(undone: Session, keyring: Keyring) -> Iterator[tuple[Session, Campaign]]:
    """3,600 messages of two parts in one ward, on a gateway of four parts a second, at all hours."""
    gateway = make_gateway(undone, keyring, name="viettel", tps=4)
    campaign = make_campaign(undone, state="running", window_start="00:00", window_end="00:00")
    campaign.planned_at = database_now(undone)
    undone.flush()
    undone.refresh(campaign)
    for _ in range(36):
        undone.execute(
            text(
                "INSERT INTO batch (campaign_id, gateway_id, ward_id, carrier, size, parts, queued)"
                " VALUES (:c, :g, :w, 'viettel', 100, 200, 100)"
            ),
            {"c": campaign.id, "g": gateway.id, "w": ward_id(undone)},
        )
    with language("en"):
        yield undone, campaign


def hours_left(session: Session, campaign: Campaign) -> tuple[float, str | None]:
    session.refresh(campaign)
    found = outlook(session, campaign)
    assert found.finish_at is not None
    return (found.finish_at - database_now(session)) / timedelta(hours=1), found.held_by


def keep(session: Session, campaign: Campaign, per_hour: float | None, ward_per_hour: float | None = None) -> None:
    campaign.pace_now = per_hour and per_hour / HOUR
    campaign.ward_pace_now = ward_per_hour and ward_per_hour / HOUR
    session.flush()


def test_without_a_pace_the_gateways_limit_says_when(sending: tuple[Session, Campaign]) -> None:
    assert hours_left(*sending) == (0.5, "viettel")


def test_the_slowest_of_pace_ward_and_gateway_says_when(sending: tuple[Session, Campaign]) -> None:
    keep(*sending, 3600)
    assert hours_left(*sending) == (2.0, "pace")
    keep(*sending, 3600, 1200)
    assert hours_left(*sending) == (3.0, "ward")
    keep(*sending, 100_000)
    assert hours_left(*sending) == (0.5, "viettel")
    assert outlook(*sending).words()[-1].startswith("The limit of gateway viettel is lower than the pace set")


def test_campaigns_of_the_same_urgency_share_the_limit(sending: tuple[Session, Campaign]) -> None:
    session, campaign = sending
    other = make_campaign(session, state="running")
    session.execute(
        text(
            "INSERT INTO batch (campaign_id, gateway_id, carrier, size, parts, queued)"
            " SELECT :c, gateway_id, 'viettel', 1, 1, 1 FROM batch LIMIT 1"
        ),
        {"c": other.id},
    )
    assert hours_left(session, campaign) == (1.0, "viettel")
    other.priority = 9
    session.flush()
    assert hours_left(session, campaign) == (0.5, "viettel")


def test_a_finish_beyond_todays_hours_is_said_as_such(sending: tuple[Session, Campaign]) -> None:
    session, campaign = sending
    keep(session, campaign, 100)
    words = " ".join(outlook(session, campaign).words())
    assert "Pace: at most 100 parts an hour." in words
    assert "Will not be done before 23:59 today; expected at" in words
    with language("vi"):
        assert "Sẽ không kịp trước 23:59 hôm nay; dự kiến xong lúc" in " ".join(outlook(session, campaign).words())


def test_what_cannot_go_anywhere_or_stands_still_has_no_finish(sending: tuple[Session, Campaign]) -> None:
    session, campaign = sending
    campaign.state = "paused"
    session.flush()
    assert outlook(session, campaign).to_json() == {"pace": None, "finish_at": None, "held_by": "viettel"}
    campaign.state = "running"
    session.execute(text("UPDATE gateway SET enabled = false"))
    session.flush()
    assert outlook(session, campaign).finish_at is None


def test_between_two_messages_of_a_slow_pace_it_says_when_the_next_go(sending: tuple[Session, Campaign]) -> None:
    session, campaign = sending
    keep(session, campaign, 10)
    gateway = session.execute(text("SELECT id FROM gateway")).scalar_one()
    note_session(session, gateway, 0, "host:1", "bound", "")
    assert idle_reason(session, campaign.id) is None
    session.execute(
        text("INSERT INTO campaign_pace VALUES (:c, 'gateway', :g, now() + interval '6 minutes')"),
        {"c": campaign.id, "g": gateway},
    )
    expected = (database_now(session) + timedelta(minutes=6)).astimezone(CITY_TIME)
    assert idle_reason(session, campaign.id) == f"keeping its pace: next messages at {expected:%H:%M:%S}"

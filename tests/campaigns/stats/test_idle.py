"""Why a campaign stands still, in words a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.models import Campaign
from campaigns.stats.idle import idle_reason
from campaigns.steps import pause
from campaigns.store.gateways import note_session
from config.i18n import language
from config.keys import Keyring
from tests.factories import OPERATOR, make_campaign, make_gateway

HOURS = "(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::time"


@pytest.fixture
def english() -> Iterator[None]:
    with language("en"):
        yield


@pytest.fixture
def waiting(undone: Session, keyring: Keyring, english: None) -> tuple[Session, Campaign]:
    """A running campaign with a batch that waits for gateway viettel."""
    gateway = make_gateway(undone, keyring, name="viettel")
    campaign = make_campaign(undone, state="running", window_start="00:00", window_end="00:00")
    batch(undone, campaign, gateway.id)
    return undone, campaign


def batch(session: Session, campaign: Campaign, gateway: int | None, carrier: str = "viettel") -> None:
    session.execute(
        text(
            "INSERT INTO batch (campaign_id, gateway_id, carrier, size, parts, queued)"
            " VALUES (:c, :g, :carrier, 1, 1, 1)"
        ),
        {"c": campaign.id, "g": gateway, "carrier": carrier},
    )


def change(session: Session, what: str, **values: Any) -> None:
    session.execute(text(what), values)
    session.expire_all()


def test_what_is_not_to_send_has_no_reason_to_stand_still(undone: Session) -> None:
    for state in ("draft", "submitted", "approved", "finished", "cancelled"):
        assert idle_reason(undone, make_campaign(undone, state=state).id) is None


def test_before_its_time_it_says_when_it_starts(undone: Session, english: None) -> None:
    campaign = make_campaign(undone, state="scheduled")
    change(undone, "UPDATE campaign SET scheduled_for = '2099-12-31 17:30+00' WHERE id = :c", c=campaign.id)
    assert idle_reason(undone, campaign.id) == "starts at 00:30 01/01/2100"
    with language("vi"):
        assert idle_reason(undone, campaign.id) == "bắt đầu lúc 00:30 ngày 01/01/2100"
    change(undone, "UPDATE campaign SET scheduled_for = now() WHERE id = :c", c=campaign.id)
    assert idle_reason(undone, campaign.id) == "waiting for its audience to be frozen"
    campaign.plan_cursor = {"wards": [], "place": 0, "after": 0}
    undone.flush()
    assert idle_reason(undone, campaign.id) == "freezing its audience"


def test_paused_it_gives_the_reason(undone: Session, english: None) -> None:
    assert idle_reason(undone, make_campaign(undone, state="paused", state_reason="sai giờ").id) == "paused: sai giờ"


def test_paused_without_a_reason_it_says_who_did_it(undone: Session, english: None) -> None:
    campaign = make_campaign(undone, state="running")
    assert idle_reason(undone, make_campaign(undone, state="paused").id) == "paused"
    pause(undone, OPERATOR, campaign.id)
    undone.flush()
    assert str(idle_reason(undone, campaign.id)).startswith(f"paused by {OPERATOR.email}, ")


def test_outside_its_hours_it_says_when_they_begin(waiting: tuple[Session, Campaign]) -> None:
    session, campaign = waiting
    change(
        session,
        f"UPDATE campaign SET window_start = {HOURS} + interval '2 hours', window_end = {HOURS} + interval '3 hours'",
    )
    assert idle_reason(session, campaign.id) == f"outside its hours until {campaign.window_start:%H:%M}"
    with language("vi"):
        assert idle_reason(session, campaign.id) == f"ngoài khung giờ gửi, tiếp tục lúc {campaign.window_start:%H:%M}"
    change(session, "UPDATE batch SET state = 'done', queued = 0, accepted = 1")
    assert idle_reason(session, campaign.id) is None, "nothing is left to wait for"


def test_it_tells_what_is_wrong_with_its_gateway(waiting: tuple[Session, Campaign], keyring: Keyring) -> None:
    session, campaign = waiting
    gateway = session.execute(text("SELECT gateway_id FROM batch WHERE campaign_id = :c"), {"c": campaign.id}).scalar()
    assert isinstance(gateway, int)

    def reason() -> str | None:
        return idle_reason(session, campaign.id)

    assert reason() == "no worker serves viettel"
    note_session(session, gateway, 0, "host:1", "down", "ESME_RINVPASWD")
    assert reason() == "viettel is down: The password is wrong. (ESME_RINVPASWD)"
    note_session(session, gateway, 0, "host:1", "throttled", "")
    assert reason() == "waiting for viettel's rate"
    note_session(session, gateway, 1, "host:2", "bound", "")
    assert reason() is None, "one good session is enough"
    change(session, "UPDATE gateway_session SET seen_at = now() - interval '1 minute'")
    assert reason() == "no worker serves viettel"
    change(session, "UPDATE gateway SET enabled = false WHERE id = :g", g=gateway)
    assert reason() == "gateway viettel is switched off"
    batch(session, campaign, None, "vinaphone")
    assert reason() == "gateway viettel is switched off; no gateway carries VinaPhone"
    other = make_gateway(session, keyring, name="other")
    batch(session, campaign, other.id)
    note_session(session, other.id, 0, "host:1", "bound", "")
    assert reason() is None, "something is going out"


def test_a_more_urgent_campaign_on_its_gateway_goes_first(waiting: tuple[Session, Campaign]) -> None:
    session, campaign = waiting
    gateway = session.execute(text("SELECT gateway_id FROM batch WHERE campaign_id = :c"), {"c": campaign.id}).scalar()
    assert isinstance(gateway, int)
    note_session(session, gateway, 0, "host:1", "bound", "")
    urgent = make_campaign(session, state="running", window_start="00:00", window_end="00:00", priority=0)
    batch(session, urgent, gateway)
    change(session, "UPDATE batch SET state = 'ready'")
    assert idle_reason(session, campaign.id) == "gateway viettel serves a more urgent campaign first"
    assert idle_reason(session, urgent.id) is None
    change(session, "UPDATE batch SET state = 'done', queued = 0, accepted = 1 WHERE campaign_id = :c", c=urgent.id)
    assert idle_reason(session, campaign.id) is None


def test_when_only_retries_are_left_it_says_when(waiting: tuple[Session, Campaign]) -> None:
    session, campaign = waiting
    change(
        session,
        "INSERT INTO gateway_session (gateway_id, slot, worker, state, reason)"
        " SELECT gateway_id, 0, 'host:1', 'bound', '' FROM batch WHERE campaign_id = :c",
        c=campaign.id,
    )
    change(session, "UPDATE batch SET not_before = '2099-12-31 17:30+00' WHERE campaign_id = :c", c=campaign.id)
    assert idle_reason(session, campaign.id) == "tries again at 00:30 01/01/2100"
    change(session, "UPDATE batch SET not_before = now() - interval '1 s' WHERE campaign_id = :c", c=campaign.id)
    assert idle_reason(session, campaign.id) is None

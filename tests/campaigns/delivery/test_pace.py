"""A campaign's own pace: what one claim takes, when the next is due, how wards and gateways share it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from campaigns.delivery.housekeeping import tidy
from campaigns.delivery.menu import Menu
from campaigns.delivery.pace import Pace, parse_rate, parse_span
from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MessageState
from campaigns.errors import Forbidden, InvalidInput, WrongState
from campaigns.steps import set_pace
from campaigns.store.database import Database
from campaigns.store.delivery import list_gateways_with_work, list_ready_campaigns
from campaigns.store.gateways import note_session
from campaigns.store.pacing import PACE_SECONDS
from config.keys import Keyring
from tests.campaigns.delivery.conftest import Planned
from tests.factories import ANALYST, APPROVER, OFFICER, make_campaign, make_contact, make_gateway, make_template

Make = Callable[..., Planned]
A = MessageState.ACCEPTED
HOUR = 3600
SLOW = 36
"""An hour: one message every hundred seconds, so that no slow machine can make the next one due."""


def run(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as session:
        session.execute(text(statement), values)


def pass_seconds(campaign: Planned, seconds: float) -> None:
    """As if so much time had passed since the last claim."""
    run(campaign.database, "UPDATE campaign_pace SET due = due - make_interval(secs => :s)", s=float(seconds))


def sent(campaign: Planned) -> int:
    """Claim once, as a worker would, and hand everything over; how many messages."""
    claim = campaign.claim(paced=True)
    if claim is None:
        return 0
    campaign.record(claim, *[(m.seq, A, None) for m in claim.messages])
    campaign.release(claim)
    return len(claim.messages)


def due(database: Database, scope: str = "gateway") -> datetime:
    with database.transaction() as session:
        statement = text("SELECT due FROM campaign_pace WHERE scope = :scope")
        moment: datetime = session.execute(statement, {"scope": scope}).scalar_one()
        return moment


def test_a_claim_takes_what_is_due_and_the_next_waits_for_its_time(planned: Make) -> None:
    campaign = planned(10, pace_per_hour=SLOW)
    assert [sent(campaign), sent(campaign)] == [1, 0]
    pass_seconds(campaign, 50)
    assert sent(campaign) == 0
    pass_seconds(campaign, 50)
    assert [sent(campaign), sent(campaign)] == [1, 0]
    assert campaign.totals() == {"accepted": 2, "queued": 8}


def test_a_claim_holds_two_seconds_of_the_pace(planned: Make) -> None:
    assert sent(planned(100, pace_per_hour=5 * HOUR)) == 5 * PACE_SECONDS


def test_over_a_time_spreads_the_planned_parts_over_it(planned: Make) -> None:
    campaign = planned(60, text="x" * 200, over_minutes=200)  # 120 parts: a message of two every 200 s
    assert sent(campaign) == 1
    pass_seconds(campaign, 150)
    assert sent(campaign) == 0
    pass_seconds(campaign, 50)
    assert sent(campaign) == 1


def test_after_a_pause_there_is_no_burst(planned: Make) -> None:
    campaign = planned(10, pace_per_hour=SLOW)
    sent(campaign)
    pass_seconds(campaign, HOUR)
    assert [sent(campaign), sent(campaign)] == [1, 0]


def test_a_beat_that_is_a_little_late_moves_nothing(planned: Make, database: Database) -> None:
    campaign = planned(10, pace_per_hour=SLOW)
    sent(campaign)
    pass_seconds(campaign, 100)
    was = due(database)
    assert sent(campaign) == 1
    assert due(database) - was == timedelta(seconds=100)


def test_workers_keep_one_pace_together(planned: Make) -> None:
    campaign = planned(10, batch_size=1, pace_per_hour=SLOW)
    claims = [campaign.claim(paced=True, worker=f"worker {n}") for n in range(4)]
    assert [len(claim.messages) for claim in claims if claim] == [1]


def test_no_ward_gets_more_than_its_pace_and_wards_take_turns(database: Database, keyring: Keyring) -> None:
    campaign = city(database, keyring, wards=("20194", "20195", "20197"), people=10, ward_pace_per_hour=SLOW)
    taken: list[int | None] = []
    for _ in range(2):
        for _ in range(5):
            claim = campaign.claim(paced=True)
            if claim is not None:
                assert len(claim.messages) == 1
                taken.append(claim.ward_id)
                campaign.record(claim, (claim.messages[0].seq, A, None))
                campaign.release(claim)
        pass_seconds(campaign, 100)
    assert len(set(taken[:3])) == 3
    assert taken == taken[:3] * 2


def city(
    database: Database, keyring: Keyring, wards: tuple[str, ...], people: int, gateways: int = 1, **more: object
) -> Planned:
    """A running campaign to so many people in each ward, on a gateway for each carrier."""
    carriers = ("viettel", "vinaphone", "mobifone")[:gateways]
    with database.transaction() as session:
        ids = [make_gateway(session, keyring, carriers=(carrier,), tps=1000).id for carrier in carriers]
        for ward in wards:
            for n in range(people):
                make_contact(session, keyring, ward=ward, carrier=carriers[n % len(carriers)])
        row = make_campaign(
            session,
            template=make_template(session),
            state="scheduled",
            window_start="00:00",
            window_end="00:00",
            **more,
        )
        row.scheduled_for = row.created_at
    assert plan_campaign(database, row.id) == people * len(wards)
    return Planned(database, keyring, row.id, ids[0])


def test_two_gateways_share_a_ward(database: Database, keyring: Keyring) -> None:
    campaign = city(database, keyring, wards=("20194",), people=10, gateways=2, ward_pace_per_hour=SLOW)
    assert campaign.claim(paced=True) is not None
    with database.transaction() as session:
        other = session.execute(text("SELECT max(id) FROM gateway")).scalar_one()
    assert campaign.claim(paced=True, gateway_id=other) is None


def test_each_gateway_has_its_share_so_a_late_one_holds_up_no_other(database: Database, keyring: Keyring) -> None:
    campaign = city(database, keyring, wards=("20194",), people=30, gateways=3, pace_per_hour=SLOW)
    with database.transaction() as session:
        gateways = list(session.execute(text("SELECT id FROM gateway ORDER BY id")).scalars())
    taken = {}
    for gateway in gateways[:2]:  # the third has no session
        for _ in range(3):
            claim = campaign.claim(paced=True, gateway_id=gateway)
            taken[gateway] = taken.get(gateway, 0) + (len(claim.messages) if claim else 0)
    assert taken == dict.fromkeys(gateways[:2], 1)


def test_what_is_not_due_is_not_on_the_menu(planned: Make, database: Database) -> None:
    campaign = planned(10, pace_per_hour=SLOW)
    with database.transaction() as session:
        note_session(session, campaign.gateway_id, 0, "test", "bound", "")

    def offered() -> tuple[int, int]:
        with database.transaction() as session:
            return len(list_ready_campaigns(session, campaign.gateway_id)), len(list_gateways_with_work(session))

    assert offered() == (1, 1)
    sent(campaign)
    assert offered() == (0, 0)
    pass_seconds(campaign, 100)
    assert offered() == (1, 1)


def test_a_campaign_without_a_pace_writes_no_turn(planned: Make, database: Database) -> None:
    campaign = planned(10)
    assert campaign.claim() is not None
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM campaign_pace")).scalar_one() == 0


def test_a_worker_that_does_not_know_of_the_pace_yet_claims_nothing(planned: Make) -> None:
    campaign = planned(10, batch_size=5)
    menu = Menu(campaign.database, campaign.gateway_id)
    before = menu.next()
    with campaign.database.transaction() as session:
        set_pace(session, OFFICER, campaign.campaign_id, Pace(parts_per_hour=360))
    assert before is not None
    assert campaign.claim(paced=before.paced) is None
    menu.exhausted(before)
    after = menu.next()
    assert after is not None
    assert after.paced
    assert sent(campaign) == 1


def test_slowing_down_holds_at_once_for_what_is_unsent(planned: Make) -> None:
    campaign = planned(100, pace_per_hour=HOUR)
    assert sent(campaign) == 2
    with campaign.database.transaction() as session:
        changed = set_pace(session, OFFICER, campaign.campaign_id, Pace(over_minutes=98))
    assert changed.pace_now == pytest.approx(1 / 60)
    assert sent(campaign) == 1
    assert sent(campaign) == 0


def test_faster_than_approved_takes_an_approver(planned: Make) -> None:
    campaign = planned(100, pace_per_hour=HOUR, ward_pace_per_hour=100)
    with campaign.database.transaction() as session:
        for slower in (Pace(parts_per_hour=HOUR, ward_people_per_hour=100), Pace(None, 60, 10)):
            set_pace(session, OFFICER, campaign.campaign_id, slower)
    for faster in (Pace(replaces=True), Pace(parts_per_hour=2 * HOUR), Pace(parts_per_hour=HOUR, replaces=True)):
        with pytest.raises(Forbidden, match="approve"), campaign.database.transaction() as session:
            set_pace(session, OFFICER, campaign.campaign_id, faster)
        with campaign.database.transaction() as session:
            set_pace(session, APPROVER, campaign.campaign_id, faster)
    assert campaign.claim() is None  # the last of them keeps a pace
    assert sent(campaign) == PACE_SECONDS


def test_what_a_change_does_not_name_stays(planned: Make) -> None:
    campaign = planned(10, pace_per_hour=HOUR, ward_pace_per_hour=HOUR)

    def change(pace: Pace) -> tuple[float | None, float | None]:
        with campaign.database.transaction() as session:
            changed = set_pace(session, OFFICER, campaign.campaign_id, pace)
            return changed.pace_now, changed.ward_pace_now

    assert change(Pace(parts_per_hour=HOUR // 2)) == (0.5, 1.0)
    assert change(Pace(ward_people_per_hour=HOUR // 4)) == (0.5, 0.25)


def test_the_pace_of_a_campaign_that_has_not_begun_is_part_of_its_draft(database: Database) -> None:
    with database.transaction() as session:
        waiting = make_campaign(session, state="scheduled").id
    with pytest.raises(WrongState), database.transaction() as session:
        set_pace(session, OFFICER, waiting, Pace(parts_per_hour=60))
    with pytest.raises(Forbidden), database.transaction() as session:
        set_pace(session, ANALYST, waiting, Pace(parts_per_hour=60))


def test_a_paced_campaign_ends_and_its_books_balance(planned: Make, database: Database) -> None:
    campaign = planned(25, pace_per_hour=5 * HOUR)
    while sent(campaign):
        pass_seconds(campaign, PACE_SECONDS)
    tidy(database, lease_seconds=20, retry_attempts=3, thorough=False)
    assert campaign.totals() == {"accepted": 25}
    with database.transaction() as session:
        assert session.execute(text("SELECT state FROM campaign")).scalar_one() == "finished"


@pytest.mark.parametrize(("written", "minutes"), [("6h", 360), ("90m", 90), ("1h30m", 90), (" 2H ", 120)])
def test_a_span_is_read_as_people_write_it(written: str, minutes: int) -> None:
    assert parse_span(written) == minutes


@pytest.mark.parametrize(("written", "hourly"), [("2000/h", 2000), ("30/m", 1800), ("1 / H", 1)])
def test_a_pace_is_read_as_people_write_it(written: str, hourly: int) -> None:
    assert parse_rate(written) == hourly


@pytest.mark.parametrize("wrong", ["", "6", "h", "0h", "-1h", "6 hours", "1.5h", "2000", "0/h", "10/d", "/h", "١/h"])
def test_anything_else_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        parse_span(wrong)
    with pytest.raises(InvalidInput):
        parse_rate(wrong)

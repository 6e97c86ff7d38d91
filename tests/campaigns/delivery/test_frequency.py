"""At most so many messages of a class to one person a day: counted from the messages, under many workers at once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MessageState
from campaigns.stats import reconcile, summary
from campaigns.stats.idle import idle_reason
from campaigns.store import making
from campaigns.store.claiming import Claim, ClaimRequest, claim_messages
from campaigns.store.database import Database
from campaigns.store.delivery import Outcomes, list_ready_campaigns, record_outcomes, release_batch
from campaigns.store.frequency import OVER_CAP, Cap, enter
from campaigns.store.gateways import note_session
from campaigns.store.making import count_over_cap, list_over_cap
from campaigns.store.reach import WILL_SEND, Reach, count_stages, list_at_stage
from config.keys import Keyring
from config.zone import CITY_TIME
from tests.factories import ADVERTISING, allow_advertising, make_campaign, make_contact, make_gateway, make_template

ONE_A_DAY = Cap("thong-bao", 1)
THREE_IN_24_HOURS = Cap("quang-cao", 3, rolling=True, agreed=True)
CITY = "AT TIME ZONE 'Asia/Ho_Chi_Minh'"


class Town:
    """People, one gateway, and campaigns that all go to all of them."""

    def __init__(self, database: Database, keyring: Keyring, people: int, cap: Cap = ONE_A_DAY) -> None:
        self.database, self.cap = database, cap
        with database.transaction() as session:
            self.gateway = make_gateway(session, keyring, tps=1000).id
            allow_advertising(session)
            self.people = [make_contact(session, keyring).id for _ in range(people)]
            session.execute(
                text(
                    "INSERT INTO consent (phone_hash, given_at, how, wording, evidence, created_by)"
                    " SELECT phone_hash, now(), 'paper', 'x', 'x', 'x' FROM contact"
                )
            )

    def campaign(self, message_class: str | None = None, batch_size: int = 500) -> int:
        with self.database.transaction() as session:
            kind = message_class or self.cap.message_class
            version = make_template(
                session, message_class=kind, **({"plain": ADVERTISING} if kind == "quang-cao" else {})
            )
            row = make_campaign(
                session, template=version, state="scheduled", window_start="00:00", window_end="00:00", sender="DNXTTM"
            )
            row.scheduled_for = row.created_at
            made = row.id
        assert plan_campaign(self.database, made, batch_size=batch_size) == len(self.people)
        return made

    def ask(self, campaign: int, *, crowded: bool = True, **more: object) -> ClaimRequest:
        reach = Reach(ward_ids=None, topic="cu-tru", honours_refusals=True)
        wanted = {"reach": reach, "cap": self.cap, "crowded": crowded, "budget_parts": 1000.0, **more}
        return ClaimRequest(
            self.gateway, campaign, personal=False, most=500, cover=500, worker="w", lease_seconds=20, **wanted
        )  # type: ignore[arg-type]

    def claim(self, campaign: int, database: Database | None = None, **more: object) -> Claim | None:
        with (database or self.database).transaction() as session:
            return claim_messages(session, self.ask(campaign, **more), uuid4())

    def settle(
        self, claim: Claim, database: Database | None = None, state: MessageState = MessageState.ACCEPTED
    ) -> None:
        outcomes = Outcomes()
        for message in claim.messages:
            outcomes.add(message.seq, state, None, 1)
            outcomes.add_references(message.seq, [(0, uuid4().hex)])
        with (database or self.database).transaction() as session:
            record_outcomes(session, claim.batch_id, self.gateway, claim.token, outcomes, lease_seconds=20)
            release_batch(session, claim.batch_id, claim.token, waits=[10], cap=self.cap)

    def send(self, campaign: int, **more: object) -> int:
        """Send what may be sent; how many."""
        sent = 0
        while (claim := self.claim(campaign, **more)) is not None:
            self.settle(claim)
            sent += len(claim.messages)
        return sent

    def each_got(self) -> Counter[int]:
        """How many people got how many messages, by the message table."""
        with self.database.transaction() as session:
            rows = session.execute(
                text(
                    "SELECT count(m.contact_id) FILTER (WHERE m.state = ANY(:sent)) FROM contact c"
                    " LEFT JOIN message m ON m.contact_id = c.id GROUP BY c.id"
                ),
                {"sent": [MessageState.ACCEPTED.value, MessageState.CLAIMED.value]},
            )
            return Counter(rows.scalars())

    def run(self, statement: str) -> None:
        with self.database.transaction() as session:
            session.execute(text(statement))


Make = Callable[..., Town]


@pytest.fixture
def town(database: Database, keyring: Keyring) -> Make:
    return lambda people, cap=ONE_A_DAY: Town(database, keyring, people, cap)


@pytest.mark.parametrize("cap", [ONE_A_DAY, Cap("thong-bao", 2), THREE_IN_24_HOURS], ids=["one", "two", "rolling"])
def test_eight_workers_on_four_campaigns_give_everybody_exactly_what_the_cap_allows(
    town: Make, database_url: str, cap: Cap
) -> None:
    """Every worker picks a campaign at random, often with an outdated belief that it is alone."""
    place = town(240, cap)
    campaigns = [place.campaign(batch_size=30) for _ in range(4)]
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        chance, database = random.Random(seed), Database(database_url, pool_size=1, by_index=True)
        try:
            while True:
                with database.transaction() as session:
                    ready = list_ready_campaigns(session, place.gateway)
                if not ready:
                    return
                item = chance.choice(ready)
                assert item.crowded
                believed = chance.random() < 0.7
                most = chance.randint(1, 25)
                with database.transaction() as session:
                    ask = place.ask(item.campaign_id, crowded=believed, budget_parts=float(most), may_wait=True)
                    claim = claim_messages(session, ask, uuid4())
                assert believed or claim is None, "nothing is claimed by one who only believes to be alone"
                if claim is not None:
                    place.settle(claim, database)
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert place.each_got() == {cap.most: 240}
    with place.database.transaction() as session:
        assert reconcile(session).balanced
        waiting = sum(summary(session, campaign).totals["queued"] for campaign in campaigns)
    assert waiting == 240 * (4 - cap.most)


def test_a_second_campaign_waits_for_the_claim_that_believed_to_be_alone(town: Make) -> None:
    """The one race there is: the first claim counted nobody, and is not committed when the second one counts."""
    place = town(10)
    first = place.campaign()
    with place.database.transaction() as session:
        early = claim_messages(session, place.ask(first, crowded=False), uuid4())
        second = place.campaign()
        found: list[Claim | None] = []
        late = threading.Thread(target=lambda: found.append(place.claim(second)))
        late.start()
        with place.database.transaction() as other:
            waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not other.execute(waits).scalar():
                assert late.is_alive() or not found
    late.join()
    assert early is not None
    assert len(early.messages) == 10
    [counted] = found
    assert counted is not None
    assert not counted.messages


def test_who_has_had_enough_waits_for_the_next_day_behind_all_others(town: Make, keyring: Keyring) -> None:
    place = town(3)
    assert place.send(place.campaign(), crowded=False) == 3
    with place.database.transaction() as session:
        place.people.append(make_contact(session, keyring).id)
    second = place.campaign()
    assert place.send(second) == 1, "the one who has got nothing yet"
    with place.database.transaction() as session:
        [not_before] = session.execute(
            text("SELECT not_before FROM batch WHERE campaign_id = :c"), {"c": second}
        ).scalars()
        local = not_before.astimezone(CITY_TIME)
        assert (local.hour, local.minute, local.date()) == (0, 0, datetime.now(CITY_TIME).date() + timedelta(days=1))
        note_session(session, place.gateway, 0, "w", "bound", "")
        reason = idle_reason(session, second)
        assert reason is not None
        assert "người nhận đã đủ số tin trong ngày" in reason
    place.run("UPDATE batch SET not_before = NULL, started_at = started_at - interval '1 day'")
    place.run("UPDATE submission SET submitted_at = submitted_at - interval '1 day'")
    assert place.send(second) == 3
    with place.database.transaction() as session:
        notes = session.execute(text("SELECT count(*) FROM message WHERE error = :code"), {"code": OVER_CAP}).scalar()
        assert notes == 0, "who was sent to after all has no note"
        assert reconcile(session).balanced


def test_where_no_other_day_is_left_they_are_left_out_and_it_says_why(town: Make) -> None:
    place = town(3)
    place.send(place.campaign(), crowded=False)
    last = place.campaign()
    assert place.send(last, may_wait=False) == 0
    with place.database.transaction() as session:
        assert summary(session, last).totals["suppressed"] == 3
        codes = session.execute(text("SELECT DISTINCT error FROM message WHERE campaign_id = :c"), {"c": last})
        assert codes.scalars().all() == [OVER_CAP]
        assert reconcile(session).balanced


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.EXPIRED])
def test_what_was_never_handed_over_is_not_counted(town: Make, state: MessageState) -> None:
    place = town(3)
    claim = place.claim(place.campaign(), crowded=False)
    assert claim is not None
    place.settle(claim, state=state)
    assert place.send(place.campaign()) == 3


def test_other_classes_and_other_days_are_not_counted(town: Make) -> None:
    place = town(3)
    place.send(place.campaign("khan-cap"), cap=None, crowded=False)
    place.send(place.campaign("ca-nhan"), cap=None, crowded=False)
    assert place.send(place.campaign(), crowded=False) == 3, "alone with its class"


def test_a_batch_begun_before_midnight_counts_for_the_day_it_went_on_in(town: Make) -> None:
    place = town(2)
    first = place.campaign()
    claim = place.claim(first, budget_parts=1.0, crowded=False)
    assert claim is not None
    place.settle(claim)
    place.run("UPDATE batch SET started_at = started_at - interval '1 day'")
    place.run("UPDATE submission SET submitted_at = submitted_at - interval '1 day'")
    claim = place.claim(first, budget_parts=1.0, crowded=False)
    assert claim is not None
    place.settle(claim)
    assert place.send(place.campaign()) == 1, "only the one who got it yesterday"


def test_what_became_unknown_today_counts_for_today_however_long_ago_its_batch_began(town: Make) -> None:
    place = town(2)
    first = place.campaign()
    for ending in (MessageState.ACCEPTED, MessageState.UNKNOWN):
        place.run("UPDATE batch SET started_at = started_at - interval '3 days'")
        place.run("UPDATE submission SET submitted_at = submitted_at - interval '3 days'")
        claim = place.claim(first, budget_parts=1.0, crowded=False)
        assert claim is not None
        place.settle(claim, state=ending)
    place.run("DELETE FROM submission WHERE seq = 2")
    assert place.send(place.campaign()) == 1, "only the one who got it three days ago"


def test_waiting_for_another_day_is_no_attempt_and_is_not_why_a_refusal_stopped_it(town: Make) -> None:
    place = town(2)
    place.send(place.campaign(), crowded=False)
    second = place.campaign()
    assert place.send(second) == 0
    place.run("UPDATE batch SET not_before = NULL, started_at = started_at - interval '1 day'")
    place.run("UPDATE submission SET submitted_at = submitted_at - interval '1 day'")
    place.run(
        "INSERT INTO opt_out (phone_hash, source, evidence, created_by)"
        " SELECT phone_hash, 'staff', 'x', 'x' FROM contact ORDER BY id LIMIT 1"
    )
    claim = place.claim(second)
    assert claim is not None
    assert [message.attempts for message in claim.messages] == [0]
    with place.database.transaction() as session:
        found = session.execute(
            text("SELECT state, error FROM message WHERE campaign_id = :c ORDER BY contact_id"), {"c": second}
        )
        assert found.all() == [(MessageState.SUPPRESSED, None), (MessageState.CLAIMED, None)]


def test_a_consent_may_agree_to_another_number(town: Make) -> None:
    place = town(2, THREE_IN_24_HOURS)
    place.run("UPDATE consent SET daily_cap = 1 WHERE id = (SELECT min(id) FROM consent)")
    for campaign in [place.campaign() for _ in range(4)]:
        place.send(campaign)
    assert place.each_got() == {1: 1, 3: 1}


def test_claims_of_one_class_share_the_lock_while_each_is_alone(town: Make) -> None:
    place = town(1)
    with place.database.transaction() as one, place.database.transaction() as two:
        enter(one, ONE_A_DAY, crowded=False)
        enter(two, ONE_A_DAY, crowded=False)
        locked = two.execute(text("SELECT pg_try_advisory_xact_lock(classid::int, objid::int) FROM pg_locks"
                                  " WHERE locktype = 'advisory' AND mode = 'ShareLock' LIMIT 1")).scalar()  # fmt: skip
        assert locked is False


@pytest.mark.parametrize("cap", [ONE_A_DAY, THREE_IN_24_HOURS], ids=["a notice", "advertising"])
def test_who_has_had_enough_is_counted_the_same_one_by_one_and_all_at_once(
    town: Make, cap: Cap, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = town(6, cap)
    place.run("UPDATE consent SET daily_cap = 2 WHERE id % 2 = 0")
    for _ in range(2):
        claim = place.claim(place.campaign(), budget_parts=4.0)
        assert claim is not None
        place.settle(claim)
    place.run("UPDATE contact SET unusable = 'restricted' WHERE id = (SELECT min(id) FROM contact)")
    place.run(
        "INSERT INTO opt_out (phone_hash, source, evidence, created_by)"
        " SELECT phone_hash, 'staff', 'x', 'x' FROM contact ORDER BY id DESC LIMIT 1"
    )
    reach = Reach(ward_ids=None, topic="cu-tru", honours_refusals=True, campaign_id=99, cap=cap)
    with place.database.transaction() as session:
        one_by_one = count_over_cap(session, reach)
        assert one_by_one == len(list_over_cap(session, reach, after=0, limit=50)) > 0
        monkeypatch.setattr(making, "_FEW", 0)
        assert count_over_cap(session, reach) == one_by_one
        assert count_over_cap(session, replace(reach, cap=replace(cap, message_class="noi-bo"))) == 0


def test_the_same_text_reaches_nobody_twice_unless_a_campaign_says_why(town: Make) -> None:
    """Left out when it is planned, and again when it is claimed; counted by the waterfall with its own name."""
    place = town(4)
    print_of_it = b"0123456789abcdef"
    first = place.campaign("ca-nhan")
    place.run("UPDATE campaign SET text_fingerprint = '0123456789abcdef'")
    claim = place.claim(first, cap=None, budget_parts=3.0)
    assert claim is not None
    place.settle(claim)
    same = Reach(
        ward_ids=None, topic="cu-tru", honours_refusals=True, campaign_id=99, fingerprint=print_of_it, repeat_days=7
    )
    with place.database.transaction() as session:
        assert {row.stage: row.people for row in count_stages(session, same)} == {"same_text": 3, WILL_SEND: 1}
        assert len(list_at_stage(session, same, "same_text")) == 3
    second = place.campaign("ca-nhan")
    claimed = place.claim(second, cap=None, reach=replace(same, campaign_id=second))
    assert claimed is not None
    assert len(claimed.messages) == 1
    place.run("UPDATE batch SET started_at = started_at - interval '8 days' WHERE campaign_id = 1")
    with place.database.transaction() as session:
        codes = session.execute(text("SELECT error FROM message WHERE campaign_id = :c AND state = 50"), {"c": second})
        assert Counter(codes.scalars()) == {"LOA_SAME_TEXT": 3}
        assert reconcile(session).balanced

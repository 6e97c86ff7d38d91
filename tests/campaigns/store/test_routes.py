"""Which gateway carries a batch, and how batches move when that changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.models import Route
from campaigns.stats import reconcile
from campaigns.store.gateways import note_session
from campaigns.store.routes import (
    SHARES,
    align_batches,
    choice,
    lend_batches,
    route_batches,
    routes_changed,
)
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway

CLOSED, DEMOTED, OPEN = "closed", "demoted", "open"
Routed = tuple[str, str, int, int, str]
"""(gateway, carrier, position, weight, health)."""


@pytest.fixture
def route(undone: Session, keyring: Keyring) -> Callable[[Sequence[Routed]], dict[str, int]]:
    """Makes gateways with one route each; a gateway named again gets one more. Their ids by name."""

    def make(routes: Sequence[Routed]) -> dict[str, int]:
        ids: dict[str, int] = {}
        for name, carrier, position, weight, health in routes:
            if name not in ids:
                ids[name] = make_gateway(undone, keyring, name=name, carriers=()).id
                stand(undone, ids[name], health)
            undone.add(Route(carrier=carrier, gateway_id=ids[name], position=position, weight=weight))
        undone.flush()
        return ids

    return make


def stand(session: Session, gateway: int, health: str) -> None:
    session.execute(text("DELETE FROM gateway_health WHERE gateway_id = :g"), {"g": gateway})
    session.execute(
        text(
            "INSERT INTO gateway_health (gateway_id, state, retry_at, demoted_until) SELECT :g,"
            " CASE WHEN :h = 'open' THEN 'open' ELSE 'closed' END, now() + interval '30 s',"
            " CASE WHEN :h = 'demoted' THEN now() + interval '1 minute' END"
        ),
        {"g": gateway, "h": health},
    )


def make_batches(session: Session, count: int, gateway: int | None, carrier: str = "viettel") -> int:
    """Ready batches of one message each, as if they stood with ``gateway``; the campaign's id."""
    campaign = make_campaign(session, state="running", window_start="00:00", window_end="00:00").id
    session.execute(
        text(
            "INSERT INTO batch (campaign_id, gateway_id, carrier, size, parts, queued)"
            " SELECT :c, :g, :carrier, 1, 1, 1 FROM generate_series(1, :n)"
        ),
        {"c": campaign, "g": gateway, "carrier": carrier, "n": count},
    )
    return campaign


def carried(session: Session, campaign: int) -> dict[str | None, int]:
    rows = session.execute(
        text("SELECT g.name FROM batch b LEFT JOIN gateway g ON g.id = b.gateway_id WHERE b.campaign_id = :c"),
        {"c": campaign},
    )
    return Counter(rows.scalars())


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([("a", "viettel", 0, 1, CLOSED), ("b", "viettel", 1, 1, CLOSED)], {"a": 100}),
        ([("a", "viettel", 1, 1, CLOSED), ("b", "viettel", 0, 1, CLOSED)], {"b": 100}),
        ([("a", "*", 0, 1, CLOSED), ("b", "viettel", 5, 1, CLOSED)], {"b": 100}),
        ([("a", "*", 0, 1, CLOSED), ("b", "vinaphone", 0, 1, CLOSED)], {"a": 100}),
        ([("b", "vinaphone", 0, 1, CLOSED)], {None: 100}),
        ([("a", "viettel", 0, 1, OPEN), ("b", "viettel", 1, 1, CLOSED)], {"b": 100}),
        ([("a", "viettel", 0, 1, OPEN), ("b", "*", 1, 1, DEMOTED)], {"b": 100}),
        ([("a", "viettel", 0, 1, OPEN), ("b", "viettel", 1, 1, OPEN)], {"a": 100}),
        ([("a", "viettel", 0, 1, DEMOTED), ("b", "viettel", 1, 1, CLOSED)], {"b": 100}),
        ([("a", "viettel", 0, 1, DEMOTED), ("b", "viettel", 1, 1, DEMOTED)], {"a": 100}),
        ([("a", "viettel", 0, 1, DEMOTED)], {"a": 100}),
        ([("a", "viettel", 0, 3, CLOSED), ("b", "viettel", 0, 1, CLOSED)], {"a": 75, "b": 25}),
        ([("a", "viettel", 0, 3, CLOSED), ("b", "viettel", 0, 1, OPEN)], {"a": 100}),
        ([("a", "viettel", 0, 3, OPEN), ("b", "viettel", 0, 1, OPEN)], {"a": 75, "b": 25}),
        ([("a", "viettel", 0, 1, DEMOTED), ("b", "viettel", 0, 1, CLOSED)], {"a": 9, "b": 91}),
        (
            [("a", "viettel", 0, 1, CLOSED), ("a", "*", 0, 1, CLOSED), ("b", "viettel", 0, 1, CLOSED)],
            {"a": 50, "b": 50},
        ),
    ],
)
def test_position_health_and_weight_choose(
    undone: Session, route: Callable[..., dict[str, int]], routes: Sequence[Routed], expected: dict[str | None, int]
) -> None:
    route(routes)
    campaign = make_batches(undone, 100, None)
    route_batches(undone)
    found = carried(undone, campaign)
    assert set(found) == set(expected)
    assert all(abs(found[name] - count) <= 3 for name, count in expected.items()), found
    assert align_batches(undone) == 0, "one choice for new batches and for ready ones"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 8, 100])
def test_batches_fall_evenly_whatever_the_steps_between_their_ids(
    undone: Session, route: Callable[..., dict[str, int]], step: int
) -> None:
    names = {
        made: name
        for name, made in route([(n, "viettel", 0, w, CLOSED) for n, w in zip("abc", (1, 2, 5), strict=True)]).items()
    }
    rows = undone.execute(
        text(
            f"WITH {SHARES} SELECT share.gateway_id, count(*) FROM"
            f" (SELECT 7000 + n * :step AS id, 'viettel' AS carrier FROM generate_series(1, 400) n) b {choice()}"
            " GROUP BY 1"
        ),
        {"step": step},
    )
    found = {names[row[0]]: row[1] for row in rows}
    assert all(abs(found[name] - fair) <= 20 for name, fair in {"a": 50, "b": 100, "c": 250}.items()), found


def test_batches_go_to_the_next_gateway_and_come_back(undone: Session, route: Callable[..., dict[str, int]]) -> None:
    ids = route([("first", "viettel", 0, 1, CLOSED), ("second", "viettel", 1, 1, CLOSED)])
    campaign = make_batches(undone, 5, ids["first"])
    undone.execute(text("UPDATE batch SET not_before = now() + interval '5 min'"))
    assert align_batches(undone) == 0
    stand(undone, ids["first"], OPEN)
    assert routes_changed(undone, within=180)
    assert align_batches(undone, most=3) == 3, "a bounded amount at a time"
    assert align_batches(undone) == 2
    assert carried(undone, campaign) == {"second": 5}
    assert undone.execute(text("SELECT count(not_before) FROM batch")).scalar() == 0, "the second refused nothing"
    stand(undone, ids["first"], CLOSED)
    assert align_batches(undone) == 5
    assert carried(undone, campaign) == {"first": 5}


def test_only_ready_batches_move(undone: Session, route: Callable[..., dict[str, int]]) -> None:
    ids = route([("first", "viettel", 0, 1, OPEN), ("second", "viettel", 1, 1, CLOSED)])
    campaign = make_batches(undone, 3, ids["first"])
    undone.execute(text("UPDATE batch SET state = 'leased', queued = 0, claimed = 1"))
    assert align_batches(undone) == 0
    undone.execute(text("UPDATE batch SET state = 'done', claimed = 0, accepted = 1"))
    assert align_batches(undone) == 0
    assert carried(undone, campaign) == {"first": 3}


def begun_batch(session: Session, keyring: Keyring, gateway: int, policy: str = "never") -> int:
    """A batch of six: one accepted, two unknown, three queued, one of those refused once; its campaign's id."""
    campaign = make_campaign(session, state="running", unknown_policy=policy).id
    states = (MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.UNKNOWN, *[MessageState.QUEUED] * 3)
    batch = session.execute(
        text(
            "INSERT INTO batch (campaign_id, gateway_id, carrier, size, parts, queued, accepted, unknown)"
            " VALUES (:c, :g, 'viettel', 6, 12, 3, 1, 2) RETURNING id"
        ),
        {"c": campaign, "g": gateway},
    ).scalar_one()
    for seq, state in enumerate(states, 1):
        session.execute(
            text(
                "INSERT INTO message (batch_id, seq, contact_id, campaign_id, state, parts, attempts, retry_until)"
                " VALUES (:b, :seq, :p, :c, :state, 2, CAST(:tried AS int),"
                " CASE WHEN :tried = 1 THEN now() + interval '1 hour' END)"
            ),
            {
                "b": batch,
                "seq": seq,
                "p": make_contact(session, keyring).id,
                "c": campaign,
                "state": state.value,
                "tried": int(seq == 6),
            },
        )
    return campaign


def test_what_went_out_stays_with_its_gateway_above_all_what_is_unknown(
    undone: Session, keyring: Keyring, route: Callable[..., dict[str, int]]
) -> None:
    ids = route([("first", "viettel", 0, 1, OPEN), ("second", "viettel", 1, 1, CLOSED)])
    campaign = begun_batch(undone, keyring, ids["first"])
    assert align_batches(undone) == 1
    assert align_batches(undone) == 0
    rows = undone.execute(
        text(
            "SELECT g.name, b.state, b.size, b.parts, b.queued, b.accepted, b.unknown, b.retry_until IS NOT NULL"
            " FROM batch b JOIN gateway g ON g.id = b.gateway_id WHERE b.campaign_id = :c ORDER BY b.id"
        ),
        {"c": campaign},
    ).all()
    assert rows == [("first", "done", 3, 6, 0, 1, 2, False), ("second", "ready", 3, 6, 3, 0, 0, True)]
    assert reconcile(undone).differences == []


def test_what_went_out_stays_also_when_its_gateway_is_switched_off(
    undone: Session, keyring: Keyring, route: Callable[..., dict[str, int]]
) -> None:
    ids = route([("first", "viettel", 0, 1, CLOSED), ("second", "viettel", 1, 1, CLOSED)])
    campaign = begun_batch(undone, keyring, ids["first"], policy="resend")
    undone.execute(text("UPDATE gateway SET enabled = false WHERE id = :g"), {"g": ids["first"]})
    assert route_batches(undone) == 1
    assert route_batches(undone) == 0
    assert carried(undone, campaign) == {"first": 1, "second": 1}


def test_where_unknown_messages_are_sent_again_a_begun_batch_waits_for_its_own_gateway(
    undone: Session, keyring: Keyring, route: Callable[..., dict[str, int]]
) -> None:
    ids = route([("first", "viettel", 0, 1, OPEN), ("second", "viettel", 1, 1, CLOSED)])
    campaign = begun_batch(undone, keyring, ids["first"], policy="resend")
    assert align_batches(undone) == 0
    assert carried(undone, campaign) == {"first": 1}


def test_one_batch_is_lent_to_a_gateway_that_is_due_and_stays_until_it_was_tried(
    undone: Session, route: Callable[..., dict[str, int]]
) -> None:
    ids = route([("first", "viettel", 0, 1, OPEN), ("second", "viettel", 1, 1, CLOSED)])
    campaign = make_batches(undone, 5, ids["second"])
    assert lend_batches(undone) == 0, "it still rests"
    undone.execute(text("UPDATE gateway_health SET retry_at = now() WHERE state = 'open'"))
    assert lend_batches(undone) == 0, "nobody has a session to try it with"
    note_session(undone, ids["first"], 0, "host:1", "bound", "")
    assert lend_batches(undone) == 1
    assert lend_batches(undone) == 0
    assert align_batches(undone) == 0
    assert carried(undone, campaign) == {"first": 1, "second": 4}
    undone.execute(
        text("UPDATE gateway_health SET state = 'half-open', retry_at = now() + interval '1 min' WHERE state = 'open'")
    )
    assert align_batches(undone) == 0
    stand(undone, ids["first"], OPEN)
    assert align_batches(undone) == 1
    assert carried(undone, campaign) == {"second": 5}

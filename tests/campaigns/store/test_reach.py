"""Whom a campaign reaches: every stage counts, lists and plans the same people."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.errors import NotFound
from campaigns.store.optouts import insert_optout
from campaigns.store.reach import WILL_SEND, Reach, count_stages, list_at_stage
from config.keys import Keyring
from tests.factories import make_contact

EVERYBODY = Reach(ward_ids=None, topic="cu-tru", honours_refusals=True)


def counted(session: Session, reach: Reach) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in count_stages(session, reach):
        totals[row.stage] = totals.get(row.stage, 0) + row.people
    return totals


@pytest.fixture
def people(undone: Session, keyring: Keyring) -> Session:
    """Twelve people: some dead, some refused, one of them both."""
    for n in range(12):
        person = make_contact(undone, keyring, unusable="dead" if n in (0, 1) else None)
        if n in (1, 2, 3, 4):
            topic = "y-te" if n == 4 else "cu-tru" if n == 3 else None
            insert_optout(
                undone, phone_hash=person.phone_hash, topic=topic, source="web", evidence="x", created_by="x"
            )
    return undone


@pytest.mark.parametrize("honours", [True, False])
def test_everybody_stands_at_one_stage_the_first_that_leaves_them_out(people: Session, honours: bool) -> None:
    reach = Reach(ward_ids=None, topic="cu-tru", honours_refusals=honours)
    refused = {"refused": 2} if honours else {}
    assert counted(people, reach) == {"no_number": 2, WILL_SEND: 8 if honours else 10} | refused


def test_every_number_opens_the_list_of_its_people_page_by_page(people: Session) -> None:
    for key, count in counted(people, EVERYBODY).items():
        found: list[int] = []
        while page := list_at_stage(people, EVERYBODY, key, after=found[-1] if found else 0, limit=3):
            found += [row.id for row in page]
        assert len(found) == len(set(found)) == count, key
    with pytest.raises(NotFound):
        list_at_stage(people, EVERYBODY, "nobody")


def test_what_is_planned_is_what_is_counted_as_sent_to(people: Session) -> None:
    query = f"SELECT count(*) FROM contact c WHERE {EVERYBODY.chosen()} AND {EVERYBODY.reachable()}"
    planned = people.execute(text(query), EVERYBODY.bind()).scalar_one()
    assert planned == counted(people, EVERYBODY)[WILL_SEND]

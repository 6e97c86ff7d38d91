"""Finding people by name in a long list."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Query, Session

from campaigns.audience.sealing import Words
from campaigns.models import Contact
from campaigns.store import people
from campaigns.store.people import in_order, narrow_to_name, narrow_to_window
from config.keys import Keyring

FILL = text("""
    INSERT INTO contact (phone_hash, carrier, source, name_cipher, name_words)
    SELECT int4send(n), 'viettel', 'x', 'some cipher', CASE WHEN n = 7 THEN CAST(:rare AS integer[]) ELSE :common END
      FROM generate_series(1, 20000) n
""")


@pytest.fixture
def words(keyring: Keyring) -> Words:
    """Hashes of words."""
    return Words(keyring)


@pytest.fixture
def crowd(session: Session, words: Words) -> Query[Any]:
    """Twenty thousand people, one of whom has a rare name, with the planner's statistics made."""
    session.execute(FILL, {"rare": words.of("Nguyễn Văn Xuyến"), "common": words.of("Nguyễn Văn An")})
    session.execute(text("ANALYZE contact"))
    return session.query(Contact.id)


def plan(session: Session, query: Query[Any]) -> str:
    """The plan of a query, as text."""
    written = str(query.statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
    rows = session.connection().exec_driver_sql("EXPLAIN " + written.replace("%%", "%"))
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("name", ["xuyến", "XUYEN", "văn xuyến nguyễn", "khongai", "xuy"])
def test_a_rare_name_is_found_through_the_index_whatever_the_planner_believes(
    session: Session, crowd: Query[Any], words: Words, name: str
) -> None:
    query = in_order(narrow_to_name(crowd, words.of(name)), ascending=False, by_list=False).limit(50)
    assert "ix_contact_name_words" in plan(session, query)
    assert len(query.all()) == (0 if name in ("khongai", "xuy") else 1), "words are found whole"


def test_a_common_name_fills_its_page_from_the_nearest_people(
    session: Session, crowd: Query[Any], words: Words
) -> None:
    near = narrow_to_window(narrow_to_name(crowd, words.of("nguyen an"), by_list=True), before=None, after=None)
    query = in_order(near, ascending=False, by_list=True).limit(50)
    found = plan(session, query)
    assert "Index Scan Backward using pk_contact" in found
    assert "Sort" not in found
    last = session.execute(text("SELECT max(id) FROM contact")).scalar_one()
    assert [row.id for row in query.all()] == list(range(last, last - 50, -1))


@pytest.mark.parametrize(("before", "after"), [(None, None), (101, None), (None, 101)])
def test_the_window_lies_beside_the_page(
    session: Session, crowd: Query[Any], monkeypatch: pytest.MonkeyPatch, before: int | None, after: int | None
) -> None:
    monkeypatch.setattr(people, "WINDOW", 10)
    if before:
        crowd = crowd.filter(Contact.id < before)
    if after:
        crowd = crowd.filter(Contact.id > after)
    found = sorted(row.id for row in narrow_to_window(crowd, before=before, after=after))
    first, last = {(None, None): (19_991, 20_000), (101, None): (91, 100), (None, 101): (102, 111)}[before, after]
    lowest = session.execute(text("SELECT min(id) FROM contact")).scalar_one()
    assert (lowest, found) == (1, list(range(first, last + 1)))


@pytest.mark.parametrize("name", ["", "%", "' | a:*", "! khongai", "((", "\\"])
def test_what_people_type_is_never_read_as_a_query(crowd: Query[Any], words: Words, name: str) -> None:
    assert narrow_to_name(crowd, words.of(name)).limit(5).all() == []

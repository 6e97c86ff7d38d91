"""Loading the areas."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.models import Area
from campaigns.store.areas import list_areas, load_area_ids, load_areas


def test_loading_again_changes_nothing_and_keeps_ids(session: Session) -> None:
    before = session.execute(text("SELECT id, xmin, edition, code FROM area ORDER BY id")).all()
    for _ in range(3):
        counts = load_areas(session)
        assert counts == {"units": 160, "created": 0, "updated": 0, "successors": 0}
    assert session.execute(text("SELECT id, xmin, edition, code FROM area ORDER BY id")).all() == before
    assert session.execute(text("SELECT nextval(pg_get_serial_sequence('area', 'id'))")).scalar_one() <= len(before) + 1


def test_loading_mends_what_somebody_changed_and_adds_what_is_missing(session: Session) -> None:
    session.execute(text("UPDATE area SET name = 'Hoà Minh' WHERE edition = '2023' AND code = '20200'"))
    session.execute(text("DELETE FROM area WHERE edition = '2025' AND code = '20194'"))
    session.execute(text("UPDATE area_successor SET exact = false WHERE from_code = '20194'"))
    assert load_areas(session) == {"units": 160, "created": 1, "updated": 1, "successors": 1}
    names = {a.code: a.name for a in session.query(Area).where(Area.edition == "2023")}
    assert names["20200"] == "Hòa Minh"


def test_one_edition_can_be_loaded_alone(session: Session) -> None:
    session.execute(text("DELETE FROM area"))
    assert load_areas(session, "2025")["created"] == 95
    assert load_area_ids(session, "2023") == {}
    assert len(load_area_ids(session, "2025")) == 95


def test_units_are_listed_from_the_city_down(session: Session) -> None:
    listed = list_areas(session, "2023")
    assert [a.kind for a in listed[:9]] == ["city", *["district"] * 8]
    assert len(listed) == 65

"""Array literals: PostgreSQL reads back what went in."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.store.arrays import int_array, text_array

shared = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
characters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@shared
@given(values=st.lists(st.none() | st.integers(-32768, 32767), max_size=8))
def test_integers_come_back_as_they_went(session: Session, values: list[int | None]) -> None:
    found = session.execute(text("SELECT CAST(:values AS smallint[])"), {"values": int_array(values)}).scalar_one()
    assert found == values


@shared
@given(values=st.lists(st.none() | characters | st.sampled_from(["NULL", "", '"', "\\", "{a,b}", " a "]), max_size=8))
def test_texts_come_back_as_they_went(session: Session, values: list[str | None]) -> None:
    found = session.execute(text("SELECT CAST(:values AS text[])"), {"values": text_array(values)}).scalar_one()
    assert found == values


def test_a_telcos_nul_does_not_break_the_column(session: Session) -> None:
    literal = text_array(["a\0b"])
    assert session.execute(text("SELECT CAST(:values AS text[])"), {"values": literal}).scalar_one() == ["ab"]

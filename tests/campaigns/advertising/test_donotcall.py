"""The do-not-call list: replaced as a whole or not at all, and its age."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.access import SYSTEM
from campaigns.advertising.donotcall import DoNotCallImport, check_do_not_call, import_do_not_call, list_state
from campaigns.errors import Forbidden, InvalidInput
from campaigns.models import DoNotCall, DoNotCallList
from campaigns.store.campaigns import city_today
from campaigns.store.database import Database
from campaigns.store.donotcall import count_do_not_call
from config.keys import Keyring
from tests.factories import APPROVER

DAY = date(2026, 3, 1)


@pytest.fixture
def take(database: Database, keyring: Keyring, tmp_path: Path) -> Any:
    """``take("0905000001", "0905000002,S", issued=…)`` imports a list of these rows."""

    def run(*rows: str, header: str = "Số điện thoại,Loại", issued: date = DAY, **more: Any) -> DoNotCallImport:
        path = tmp_path / "dnc.csv"
        path.write_text("\n".join([header, *rows] if header else rows))
        return import_do_not_call(database, keyring, SYSTEM, path, issued_on=issued, **more)

    return run


def kinds(database: Database, keyring: Keyring, *numbers: str) -> list[str | None]:
    """What each number refuses; None where it is not on the list."""
    with database.transaction() as session:
        found = [check_do_not_call(session, keyring, SYSTEM, number) for number in numbers]
        return [entry.kind if entry else None for entry in found]


def test_an_edition_replaces_the_one_before(take: Any, database: Database, keyring: Keyring) -> None:
    first = take("0905000001,S", "0905000002,", "0905000003,V", "0905000002,S", "abc,")
    assert first == DoNotCallImport(rows=5, numbers=2, repeated=1, calls_only=1, rejected=1, added=2)
    assert kinds(database, keyring, "0905000001", "0905000002", "0905000003") == ["S", "all", None]
    with database.transaction() as session:
        since = session.scalars(select(DoNotCall.since).order_by(DoNotCall.since)).all()
    second = take("+84905000002,", "84905000004,", issued=DAY + timedelta(days=7))
    assert (second.added, second.removed) == (1, 1)
    assert kinds(database, keyring, "0905000001", "0905000002", "0905000004") == [None, "all", "all"]
    with database.transaction() as session:
        assert count_do_not_call(session) == 2
        assert [each.numbers for each in session.scalars(select(DoNotCallList).order_by(DoNotCallList.id))] == [2, 2]
        kept = session.scalars(select(DoNotCall.since).order_by(DoNotCall.since)).first()
        assert kept in since, "who stays on the list has been there since the first"


def test_a_bare_list_of_numbers_needs_no_header(take: Any, database: Database, keyring: Keyring) -> None:
    assert take("0905000001", "0905000002", header="").numbers == 2
    assert kinds(database, keyring, "0905000001", "0905000002") == ["all", "all"]


def test_what_cannot_be_the_list_changes_nothing(take: Any, database: Database, keyring: Keyring) -> None:
    take(*(f"090500000{n}," for n in range(9)))
    for rows, more in (
        (["0905000001,"], {}),
        (["abc,"], {}),
        (["0905000001,"], {"issued": DAY - timedelta(days=1), "may_shrink": True}),
        (["0905000001,"], {"issued": date(2999, 1, 1), "may_shrink": True}),
        (['"0905000001', "0905000002"], {"may_shrink": True}),
    ):
        with pytest.raises(InvalidInput):
            take(*rows, **more)
    with pytest.raises(InvalidInput):
        take("x,y", header="Tên,Tuổi")
    with database.transaction() as session:
        assert count_do_not_call(session) == 9


def test_a_list_may_shrink_when_told_so_and_may_be_added_to(take: Any, database: Database) -> None:
    take(*(f"090500000{n}," for n in range(9)))
    assert take("0905000100,", add_only=True).removed == 0
    assert take("0905000001,", may_shrink=True).removed == 9
    with database.transaction() as session:
        assert count_do_not_call(session) == 1


def test_the_list_grows_old_from_the_day_it_shows(
    take: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOA_DO_NOT_CALL_WARN_DAYS", "7")
    monkeypatch.setenv("LOA_DO_NOT_CALL_DAYS", "30")
    with database.transaction() as session:
        assert list_state(session).is_missing
        today = city_today(session)
    for days, ageing, too_old in ((31, True, True), (30, True, False), (8, True, False), (7, False, False)):
        take("0905000001,", issued=today - timedelta(days=days))
        with database.transaction() as session:
            state = list_state(session)
        assert (state.days, state.is_ageing, state.is_too_old) == (days, ageing, too_old)


def test_only_who_may_imports_it(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        import_do_not_call(database, keyring, APPROVER, tmp_path / "x.csv", issued_on=DAY)

"""The migrations make the tables that the models describe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from campaigns.migrations import current_revision, differences, head_revision, upgrade


def test_models_and_migrations_agree(database_url: str) -> None:
    assert differences(database_url) == []


def test_an_empty_database_is_brought_to_the_head(empty_database_url: str) -> None:
    assert current_revision(empty_database_url) is None
    assert upgrade(empty_database_url) == (None, head_revision())
    assert current_revision(empty_database_url) == head_revision()


def test_migrating_again_changes_nothing(database_url: str) -> None:
    assert upgrade(database_url) == (head_revision(), head_revision())


def test_processes_that_migrate_at_once_wait_for_each_other(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(upgrade, [empty_database_url] * 4))
    assert sorted(before or "" for before, _ in outcomes) == ["", *[head_revision()] * 3]

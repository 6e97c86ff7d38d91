"""Files become versions; what the console wrote is never overwritten without a word."""

from __future__ import annotations

import shutil
import threading
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access import SYSTEM
from campaigns.content.files import TemplateFileError, templates_folder
from campaigns.content.sync import SyncReport, sync_templates
from campaigns.errors import Forbidden
from campaigns.models import AuditEntry
from campaigns.store.database import Database
from campaigns.store.templates import (
    add_version,
    change_facts,
    facts_of,
    get_template,
    get_version,
    list_templates,
    list_versions,
    set_archived,
)
from tests.factories import ANALYST, OFFICER, OPERATOR

BODY = "Công an phường mời bạn."
PLAIN = "Cong an phuong moi ban."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one template, ``mau``."""
    write(tmp_path)
    return tmp_path


def write(folder: Path, *, marked: str = BODY, plain: str = PLAIN, title: str = "Mẫu", slug: str = "mau") -> None:
    """Write a template file."""
    (folder / f"{slug}.toml").write_text(
        f'title = "{title}"\ntopic = "cu-tru"\nmessage_class = "thong-bao"\nmarked = "{marked}"\nplain = "{plain}"\n',
        encoding="utf-8",
    )


def sync(session: Session, folder: Path, *, force: bool = False) -> SyncReport:
    """Load the folder as the system."""
    return sync_templates(session, folder, SYSTEM, force=force)


def edit(session: Session, body: str, plain: str = PLAIN) -> None:
    """A new wording from the console, on top of the latest."""
    add_version(session, "mau", body, plain, OFFICER, get_version(session, "mau").number)


def test_the_shipped_texts_load_once_and_a_second_time_change_nothing(session: Session) -> None:
    first = sync(session, templates_folder())
    assert (len(first.created), first.updated, first.unchanged, first.conflicts) == (33, [], [], [])
    second = sync(session, templates_folder())
    assert (second.created, second.updated, len(second.unchanged), second.conflicts) == ([], [], 33, [])
    assert {(row.number, row.origin) for row in list_templates(session)} == {(1, "file")}


def test_a_version_holds_both_bodies_of_the_file_and_the_facts(session: Session, folder: Path) -> None:
    sync(session, folder)
    version = get_version(session, "mau")
    assert (version.body("marked"), version.body("plain"), version.number) == (BODY, PLAIN, 1)
    assert (version.template.title, version.template.topic, version.created_by) == ("Mẫu", "cu-tru", "system")


def test_a_changed_file_becomes_the_next_version(session: Session, folder: Path) -> None:
    sync(session, folder)
    write(folder, marked="Công an phường kính mời bạn.")
    assert sync(session, folder).updated == ["mau"]
    assert [(v.number, v.origin) for v in list_versions(session, "mau")] == [(2, "file"), (1, "file")]
    assert get_version(session, "mau", 1).body_marked == BODY


def test_a_file_that_did_not_change_leaves_the_consoles_wording_alone(session: Session, folder: Path) -> None:
    sync(session, folder)
    edit(session, "Công an phường mời bạn tới.")
    assert sync(session, folder).unchanged == ["mau"]
    assert sync(session, folder, force=True).unchanged == ["mau"]
    assert get_version(session, "mau").body_marked == "Công an phường mời bạn tới."


def test_changed_in_the_file_and_in_the_console_is_a_conflict_that_changes_nothing(
    session: Session, folder: Path
) -> None:
    sync(session, folder)
    edit(session, "Công an phường mời bạn tới.")
    write(folder, marked="Công an phường kính mời bạn.", title="Tên khác")
    report = sync(session, folder)
    assert (report.conflicts, report.updated) == (["mau"], [])
    assert get_version(session, "mau").body_marked == "Công an phường mời bạn tới."
    assert get_template(session, "mau").title == "Mẫu"
    assert sync(session, folder).conflicts == ["mau"]


def test_force_makes_the_file_a_new_version_and_keeps_the_consoles(session: Session, folder: Path) -> None:
    sync(session, folder)
    edit(session, "Công an phường mời bạn tới.")
    write(folder, marked="Công an phường kính mời bạn.")
    assert sync(session, folder, force=True).updated == ["mau"]
    assert [(v.number, v.origin) for v in list_versions(session, "mau")] == [(3, "file"), (2, "console"), (1, "file")]
    assert sync(session, folder).unchanged == ["mau"]


def test_a_console_wording_copied_into_the_file_is_no_conflict(session: Session, folder: Path) -> None:
    sync(session, folder)
    edit(session, "Công an phường mời bạn tới.")
    write(folder, marked="Công an phường mời bạn tới.")
    assert sync(session, folder).updated == ["mau"]
    write(folder, marked="Công an phường mời bạn tới trụ sở.")
    assert sync(session, folder).updated == ["mau"]
    assert get_version(session, "mau").number == 4


def test_going_back_to_an_older_wording_in_the_file_is_a_change(session: Session, folder: Path) -> None:
    sync(session, folder)
    write(folder, marked="Công an phường kính mời bạn.")
    sync(session, folder)
    write(folder)
    assert sync(session, folder).updated == ["mau"]
    assert (get_version(session, "mau").number, get_version(session, "mau").body_marked) == (3, BODY)


def test_new_facts_alone_make_no_version(session: Session, folder: Path) -> None:
    sync(session, folder)
    write(folder, title="Tên mới")
    assert sync(session, folder).updated == ["mau"]
    assert (get_template(session, "mau").title, get_version(session, "mau").number) == ("Tên mới", 1)


def test_the_same_text_in_another_unicode_form_is_no_change(session: Session, folder: Path) -> None:
    sync(session, folder)
    write(folder, marked=unicodedata.normalize("NFD", BODY))
    assert sync(session, folder).unchanged == ["mau"]


def test_one_bad_file_loads_nothing(session: Session, folder: Path) -> None:
    write(folder, slug="hong", marked="{{ a.b }}")
    with pytest.raises(TemplateFileError):
        sync(session, folder)
    assert list_templates(session) == []


def test_loading_needs_its_permission_and_is_written_down(session: Session, folder: Path) -> None:
    with pytest.raises(Forbidden):
        sync_templates(session, folder, ANALYST)
    sync_templates(session, folder, OPERATOR)
    (entry,) = session.scalars(select(AuditEntry)).all()
    assert (entry.actor, entry.action) == (OPERATOR.email, "template.synced")
    assert entry.detail == {"slug": "mau", "version": 1}


def test_two_loads_at_once_make_each_version_once(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "sms"
    shutil.copytree(templates_folder(), folder)
    reports: list[SyncReport] = []

    def load() -> None:
        with database.transaction() as session:
            reports.append(sync_templates(session, folder, SYSTEM))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(len(report.created) for report in reports) == [0, 0, 33]
    with database.transaction() as session:
        assert {row.number for row in list_templates(session)} == {1}


def retell(session: Session, **facts: str) -> None:
    """Other facts from the console."""
    change_facts(session, OFFICER, replace(facts_of(get_template(session, "mau")), **facts))


def test_facts_changed_in_the_console_stay_until_the_file_says_otherwise_too(session: Session, folder: Path) -> None:
    sync(session, folder)
    retell(session, title="Tên của Sở")
    assert sync(session, folder).unchanged == ["mau"]
    write(folder, marked="Công an phường kính mời bạn.")
    assert sync(session, folder).updated == ["mau"]
    assert (get_template(session, "mau").title, get_version(session, "mau").number) == ("Tên của Sở", 2)
    write(folder, marked="Công an phường kính mời bạn.", title="Tên mới của tệp")
    assert sync(session, folder).conflicts == ["mau"]
    assert get_template(session, "mau").title == "Tên của Sở"
    assert sync(session, folder, force=True).updated == ["mau"]
    assert get_template(session, "mau").title == "Tên mới của tệp"
    assert sync(session, folder).unchanged == ["mau"]


def test_facts_of_the_console_that_were_copied_into_the_file_are_no_conflict(session: Session, folder: Path) -> None:
    sync(session, folder)
    retell(session, title="Tên của Sở")
    write(folder, title="Tên của Sở")
    assert sync(session, folder).updated == ["mau"]
    write(folder, title="Tên khác")
    assert sync(session, folder).updated == ["mau"]
    assert get_template(session, "mau").title == "Tên khác"


def test_a_text_put_away_stays_so_when_its_file_is_loaded(session: Session, folder: Path) -> None:
    sync(session, folder)
    set_archived(session, OFFICER, "mau", True)
    write(folder, marked="Công an phường kính mời bạn.")
    assert sync(session, folder).updated == ["mau"]
    assert list_templates(session) == []

"""One number that several people share: one message, and a true number of people."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.audience import importing
from campaigns.audience.importing import import_contacts
from campaigns.audience.person import collect, erase
from campaigns.delivery.planner import plan_campaign
from campaigns.stats import estimate
from campaigns.store.database import Database
from config.keys import Keyring
from tests.factories import OFFICER, make_campaign, make_gateway, make_template

LIST = """sdt,ho_ten,phuong
0905000001,Nguyễn Văn Bình,20194
0905000001,Trần Thị Cúc,20194
0905000001,TRAN THI CUC,20194
0905000001,Nguyễn Văn An,20194
0905000002,Lê Dung,20194
0905000002,,20194
0905000003,Phạm Em,20195
0905000003,Phạm Giang,20195
"""


def read(database: Database, keyring: Keyring, folder: Path, rows: str) -> None:
    table = folder / "danh-sach.csv"
    table.write_text(rows)
    report = import_contacts(database, keyring, table, edition="2023")
    assert report.rows == report.created + report.updated + report.unchanged + report.duplicates + report.rejected


def beside(database: Database) -> list[int]:
    with database.transaction() as session:
        query = "SELECT count(h.contact_id) FROM contact c LEFT JOIN household_member h ON h.contact_id = c.id"
        return list(session.execute(text(f"{query} GROUP BY c.id ORDER BY c.id")).scalars())


@pytest.mark.parametrize("chunk", [20_000, 2], ids=["one chunk", "cut between them"])
def test_people_who_share_a_number_are_known_and_get_one_message(
    database: Database, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Who is registered = who has no number + who refused + who shares a number + who will be sent to, in people."""
    monkeypatch.setattr(importing, "CHUNK_ROWS", chunk)
    read(database, keyring, tmp_path, LIST)
    assert sorted(beside(database)) == [0, 1, 2]
    read(database, keyring, tmp_path, LIST)
    assert sorted(beside(database)) == [0, 1, 2], "the same list again names nobody new"
    with database.transaction() as session:
        make_gateway(session, keyring)
        session.execute(text("UPDATE contact SET unusable = 'dead' WHERE ward_id = (SELECT id FROM area"
                             " WHERE edition = '2023' AND code = '20195')"))  # fmt: skip
        campaign = make_campaign(session, template=make_template(session, plain="Chao {{ ho_ten }}"), state="scheduled")
        campaign.scheduled_for = campaign.created_at
        found = estimate(session, campaign.id)
        made = campaign.id
    assert found.registered == 6
    assert {step.key: step.people for step in found.steps} == {
        "no_number": 2,
        "restricted": 0,
        "refused": 0,
        "household": 2,
        "will_send": 2,
    }
    assert plan_campaign(database, made) == 2


def test_who_a_later_list_names_first_is_not_beside_themselves(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    read(database, keyring, tmp_path, "sdt,ho_ten\n0905000001,Nguyễn Văn Bình\n0905000001,Trần Thị Cúc\n")
    read(database, keyring, tmp_path, "sdt,ho_ten\n0905000001,Trần Thị Cúc\n0905000001,Nguyễn Văn Bình\n")
    assert beside(database) == [1]


def test_names_of_others_are_not_kept_and_go_with_the_person(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    read(database, keyring, tmp_path, "sdt,ho_ten\n0905000001,Nguyễn Văn Bình\n0905000001,Trần Thị Cúc\n")
    with database.transaction() as session:
        [row] = session.execute(text("SELECT * FROM household_member")).all()
        assert "Cúc" not in str(row)
        contact = row.contact_id
        assert collect(session, keyring, OFFICER, contact)["person"]["others_sharing_the_number"] == 1
        erase(session, OFFICER, contact, "theo yêu cầu")
        session.flush()
        assert session.execute(text("SELECT count(*) FROM household_member")).scalar_one() == 0

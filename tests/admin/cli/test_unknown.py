"""Messages nobody knows the fate of: seen masked, settled by hand and by a telco's report, sent again on a word."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.states import MessageState
from campaigns.stats import reconcile, summary
from campaigns.store.database import Database
from config.keys import Keyring, write_private
from tests.admin.cli.conftest import Run
from tests.campaigns.delivery.conftest import Planned
from tests.factories import make_campaign, make_contact, make_gateway, make_template, make_user

OFFICER, APPROVER, ANALYST = "can-bo@danang.example", "nguoi-duyet@danang.example", "xem@danang.example"
PHONES = [b"8490511100%d" % n for n in range(5)]


@dataclass
class Doubt:
    """Five people of whom nobody knows whether they were sent to."""

    loa: Run
    planned: Planned

    def run(self, *words: object, by: str = OFFICER) -> Any:
        return self.loa("unknown", *words, "--as", by, "--json")

    def totals(self) -> dict[str, int]:
        with self.planned.database.transaction() as session:
            assert reconcile(session).balanced
            found = summary(session, self.planned.campaign_id).totals
        return {state: count for state, count in found.items() if count}

    def execute(self, statement: str) -> list[Any]:
        with self.planned.database.transaction() as session:
            result = session.execute(text(statement))
            return list(result) if result.returns_rows else []


@pytest.fixture
def doubt(loa: Run, database: Database, keyring: Keyring, loa_home: Path) -> Doubt:
    write_private(loa_home / "keyring.json", keyring.to_json())
    with database.transaction() as session:
        for email, role in ((OFFICER, "officer"), (APPROVER, "approver"), (ANALYST, "analyst")):
            make_user(session, email=email, roles=(role,))
        gateway = make_gateway(session, keyring, name="viettel").id
        make_gateway(session, keyring, name="mobifone", carriers=())
        for phone in PHONES:
            make_contact(session, keyring, phone=phone)
    return Doubt(loa, in_doubt(database, keyring, gateway))


def in_doubt(database: Database, keyring: Keyring, gateway: int) -> Planned:
    """A campaign to everybody, handed over, with no answer."""
    with database.transaction() as session:
        campaign = make_campaign(
            session,
            template=make_template(session),
            name="Bảy cách",
            state="scheduled",
            window_start="00:00",
            window_end="00:00",
        )
        campaign.scheduled_for = campaign.created_at
    plan_campaign(database, campaign.id)
    planned = Planned(database, keyring, campaign.id, gateway)
    claim = planned.claim()
    assert claim is not None
    planned.record(claim, *[(m.seq, MessageState.UNKNOWN, None) for m in claim.messages])
    planned.release(claim)
    return planned


def table(path: Path, *rows: tuple[str, ...]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_they_are_listed_with_masked_numbers_gateway_and_time(doubt: Doubt) -> None:
    rows = doubt.loa("unknown", "list", "--json").document
    assert [row["number"] for row in rows] == [f"09•• ••• 00{n}" for n in range(5)]
    assert {(row["campaign"], row["name"], row["gateway"]) for row in rows} == {(1, "Bảy cách", "viettel")}
    assert all(row["since"] < row["valid_until"] and not row["may_be_resent"] for row in rows)
    assert len(doubt.loa("unknown", "list", "1", "--limit", 2, "--json").document) == 2
    assert doubt.loa("unknown", "list", "2", "--json").document == []
    assert "09•• ••• 003" in doubt.loa("unknown", "list").out


def test_by_hand_all_are_settled_with_a_reason_in_the_audit(doubt: Doubt) -> None:
    ended = doubt.run("settle", 1, "--as-state", "delivered", "--all", "--reason", "Viettel trả lời công văn 12")
    assert (ended.code, ended.document) == (0, {"settled": 5})
    assert doubt.totals() == {"delivered": 5}
    assert doubt.execute("SELECT actor, detail->>'reason' FROM audit WHERE action = 'campaign.unknown-settled'") == [
        (OFFICER, "Viettel trả lời công văn 12")
    ]
    again = doubt.run("settle", 1, "--as-state", "failed", "--all", "--reason", "x")
    assert (again.document, doubt.totals()) == ({"settled": 0}, {"delivered": 5})


def test_by_hand_only_the_numbers_of_a_file_are_settled(doubt: Doubt, tmp_path: Path) -> None:
    numbers = table(tmp_path / "so.csv", ("Số điện thoại",), ("0905111000",), ("84905111003",), ("0905999999",))
    ended = doubt.run("settle", 1, "--as-state", "undelivered", "--numbers", numbers, "--reason", "gọi điện hỏi")
    assert ended.document == {"settled": 2}
    assert doubt.totals() == {"undelivered": 2, "unknown": 3}
    assert doubt.execute("SELECT DISTINCT error FROM message WHERE state = 40") == [("LOA_BY_HAND",)]


@pytest.mark.parametrize(
    ("words", "by", "code"),
    [
        (("--as-state", "delivered", "--reason", "x"), OFFICER, 2),
        (("--as-state", "expired", "--all", "--reason", "x"), OFFICER, 2),
        (("--as-state", "delivered", "--all"), OFFICER, 2),
        (("--as-state", "delivered", "--all", "--reason", " "), OFFICER, 1),
        (("--as-state", "delivered", "--all", "--reason", "x"), ANALYST, 1),
    ],
    ids=str,
)
def test_by_hand_it_takes_a_state_whom_it_concerns_a_reason_and_the_right(
    doubt: Doubt, words: tuple[str, ...], by: str, code: int
) -> None:
    assert doubt.run("settle", 1, *words, by=by).code == code
    assert doubt.totals() == {"unknown": 5}


def test_a_telcos_report_settles_row_by_row(doubt: Doubt, tmp_path: Path) -> None:
    report = table(
        tmp_path / "bao-cao.csv",
        ("STT", "Thuê bao", "Trạng thái", "Thời gian"),
        ("1", "0905111000", "DELIVRD", ""),
        ("2", "84905111001", "Hết hạn", "25/11/2026 14:05"),
        ("3", "905111002", "Thành công", "2026-11-25T14:05:00+07:00"),
        ("4", "0905111000", "UNDELIV", ""),
        ("5", "0905999999", "DELIVRD", ""),
        ("6", "0905111003", "ENROUTE", ""),
        ("7", "0236", "DELIVRD", ""),
        ("8", "0905111003", "DELIVRD", "hôm qua"),
    )
    problems = tmp_path / "loi.csv"
    ended = doubt.run("import", report, "--gateway", "viettel", "--errors-to", problems)
    assert ended.code == 0
    assert ended.document == {
        "rows": 8, "settled": 3, "not_unknown": 1, "no_such_number": 1, "several": 0, "rejected": 3
    }  # fmt: skip
    assert doubt.totals() == {"delivered": 2, "expired": 1, "unknown": 2}
    with problems.open(encoding="utf-8-sig") as file:
        lines = [int(row["Dòng"]) for row in csv.DictReader(file)]
    assert sorted(lines) == [5, 6, 7, 8, 9], "the rows that settled nothing, as Excel numbers them"
    again = doubt.run("import", report, "--gateway", "viettel")
    assert (again.document["settled"], again.document["not_unknown"]) == (0, 4)


def test_of_several_messages_to_a_person_the_time_or_nothing_tells_which(doubt: Doubt, tmp_path: Path) -> None:
    later = in_doubt(doubt.planned.database, doubt.planned.keyring, doubt.planned.gateway_id)
    doubt.execute(
        f"UPDATE batch SET started_at = '2026-11-20 10:00+07' WHERE campaign_id = {doubt.planned.campaign_id}"
    )
    doubt.execute(f"UPDATE batch SET started_at = '2026-11-25 10:00+07' WHERE campaign_id = {later.campaign_id}")
    report = table(
        tmp_path / "bao-cao.csv",
        ("msisdn", "status", "time"),
        ("0905111000", "DELIVRD", ""),
        ("0905111001", "DELIVRD", "21/11/2026 08:00"),
        ("0905111002", "DELIVRD", "25/11/2026 10:05"),
    )
    ended = doubt.run("import", report, "--gateway", "viettel").document
    assert (ended["settled"], ended["several"]) == (2, 1)
    assert doubt.totals() == {"delivered": 1, "unknown": 4}
    assert later.totals() == {"delivered": 1, "unknown": 4}


def test_a_report_of_another_gateway_touches_nothing(doubt: Doubt, tmp_path: Path) -> None:
    report = table(tmp_path / "r.csv", ("phone", "status"), ("0905111000", "DELIVRD"))
    assert doubt.run("import", report, "--gateway", "mobifone").document["no_such_number"] == 1
    assert doubt.run("import", report, "--gateway", "nowhere").code == 1
    assert doubt.run("import", report, "--gateway", "viettel", by=ANALYST).code == 1
    assert doubt.totals() == {"unknown": 5}


def test_a_file_that_is_no_report_is_refused_with_what_is_missing(doubt: Doubt, tmp_path: Path) -> None:
    without = doubt.run("import", table(tmp_path / "a.csv", ("phone",), ("0905111000",)), "--gateway", "viettel")
    assert (without.code, "Trạng thái" in without.err) == (1, True)
    (tmp_path / "b.csv").write_bytes(b"%PDF-1.7")
    assert doubt.run("import", tmp_path / "b.csv", "--gateway", "viettel").code == 1
    assert doubt.run("import", tmp_path / "none.csv", "--gateway", "viettel").code == 2


def test_sending_again_takes_an_approver_and_the_end_of_the_validity(doubt: Doubt) -> None:
    assert doubt.run("resend", 1, "--reason", "x", by=OFFICER).code == 1
    assert doubt.run("resend", 1, "--reason", "x", by=APPROVER).document == {"queued": 0}
    doubt.execute("UPDATE batch SET started_at = now() - interval '2 days', lease_until = now() - interval '2 days'")
    assert doubt.run("resend", 1, "--reason", "Viettel mất dữ liệu", by=APPROVER).document == {"queued": 5}
    assert doubt.totals() == {"queued": 5}
    assert doubt.execute("SELECT actor FROM audit WHERE action = 'campaign.unknown-resent'") == [(APPROVER,)]
    assert doubt.run("resend", 99, "--reason", "x", by=APPROVER).code == 1

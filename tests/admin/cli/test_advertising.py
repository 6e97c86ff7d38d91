"""``loa do-not-call``, ``loa consents`` and ``loa senders`` from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from campaigns.store.database import Database
from tests.factories import make_template, make_user

TERMS = ["--given", "2026-03-01", "--how", "paper", "--wording", "Nhận tin hội chợ", "--evidence", "phiếu 12"]


@pytest.fixture
def people(database: Database) -> dict[str, list[str]]:
    """How each role names itself."""
    with database.transaction() as session:
        return {role: ["--as", make_user(session, roles=(role,)).email] for role in ("officer", "operator", "analyst")}


def test_the_list_is_imported_and_asked(loa: Any, people: dict[str, list[str]], tmp_path: Path) -> None:
    asked = loa("do-not-call", "check", "--json", *people["officer"])
    assert (asked.code, asked.document["usable"], asked.document["issued_on"]) == (1, False, None)
    path = tmp_path / "dnc.csv"
    path.write_text("Số điện thoại,Loại\n0905000001,S\n0905000002,V\n0905000003,\n090500,\n0905000003,\n")
    done = loa("do-not-call", "import", path, "--issued", "2026-01-01", "--json", *people["operator"])
    assert done.document == {
        "rows": 5, "numbers": 2, "repeated": 1, "calls_only": 1, "rejected": 1, "added": 2, "removed": 0,
    }  # fmt: skip
    old = loa("do-not-call", "check", "0905000001", "--json", *people["officer"], LOA_DO_NOT_CALL_DAYS="1")
    assert (old.code, old.document["usable"], old.document["listed"], old.document["kind"]) == (1, False, True, "S")
    fresh = loa("do-not-call", "check", "0905000002", *people["officer"], LOA_DO_NOT_CALL_DAYS="99999")
    assert (fresh.code, "không có trong danh sách" in fresh.out) == (0, True)
    assert "0905000002" not in fresh.out + fresh.err
    assert loa("do-not-call", "import", path, "--issued", "2026-01-02", *people["analyst"]).code == 1


def test_a_consent_is_written_down_listed_and_ended(loa: Any, people: dict[str, list[str]], tmp_path: Path) -> None:
    officer = people["officer"]
    added = loa("consents", "add", "0905000001", *TERMS, "--per-day", "2", "--json", *officer)
    assert added.document["added"]
    assert not loa("consents", "add", "0905000001", *TERMS, "--json", *officer).document["added"]
    path = tmp_path / "ds.csv"
    path.write_text("Số điện thoại\n0905000001\n0905000002\nabc\n")
    imported = loa("consents", "import", path, *TERMS, "--topic", "y-te", "--json", *officer).document
    assert imported == {"rows": 3, "added": 2, "known": 0, "refused": 0, "rejected": 1}
    listed = loa("consents", "list", "--json").document
    assert [(row["topic"], row["how"], row["per_day"], row["ended"]) for row in listed][-1] == (None, "paper", 2, None)
    assert "mọi quảng cáo" in loa("consents", "list").out
    assert loa("consents", "end", "0905000001", "--evidence", "gọi 1022", "--json", *officer).document == {"ended": 2}
    assert loa("consents", "add", "0905000001", *TERMS, "--given", "2999-01-01", *officer).code == 1


def test_sender_names_are_kept_with_their_carriers(loa: Any, people: dict[str, list[str]]) -> None:
    save = ["senders", "save", "DNXTTM", "--owner", "Trung tâm Xúc tiến", "--kind", "commercial"]
    assert loa(*save, "--carrier", "viettel=registered", "--expires", "31/12/2028", *people["operator"]).code == 0
    assert loa("senders", "list", "--json").document == [
        {
            "name": "DNXTTM",
            "owner": "Trung tâm Xúc tiến",
            "kind": "commercial",
            "carriers": {"viettel": "registered"},
            "expires_on": "2028-12-31",
        }
    ]
    assert "Thương mại" in loa("senders", "list").out
    assert loa(*save, "--carrier", "verizon=registered", *people["operator"]).code == 1
    assert loa(*save, *people["officer"]).code == 1
    assert loa("senders", "remove", "dnxttm", *people["operator"]).code == 0
    assert loa("senders", "list", "--json").document == []


def test_rules_that_loosen_the_law_stop_every_command(loa: Any) -> None:
    done = loa("senders", "list", LOA_CLASS_RULES='{"quang-cao": {"cap": 9}}')
    assert (done.code, "Điều 13.5" in done.err) == (1, True)


def test_a_campaign_is_made_with_its_legal_basis(loa: Any, database: Database, people: dict[str, list[str]]) -> None:
    with database.transaction() as session:
        make_template(session, slug="bao", message_class="khan-cap")
    make = ["campaigns", "create", "--name", "Bão", "--template", "bao", "--all", *people["officer"]]
    named = loa(*make, "--legal-basis", "Công điện 05/CĐ-UBND", "--json").document["id"]
    assert "Công điện 05/CĐ-UBND" in loa("campaigns", "show", named).out
    bare = loa(*make, "--json").document["id"]
    refused = loa("campaigns", "submit", bare, *people["officer"])
    assert (refused.code, "căn cứ pháp lý" in refused.err) == (1, True)

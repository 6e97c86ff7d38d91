"""``loa gateways``: routes with weights, health, and its history."""

from __future__ import annotations

import pytest

from campaigns.delivery.health import report_answers
from campaigns.gateways.breaker import Report
from campaigns.store.database import Database
from campaigns.store.gateways import get_gateway
from tests.admin.cli.conftest import Run
from tests.factories import make_user

ACCOUNT = ("--set", "host=127.0.0.1", "--set", "system_id=loa", "--tps", "5")


@pytest.fixture
def operator(database: Database) -> str:
    with database.transaction() as session:
        return make_user(session, roles=("operator",)).email


def test_gateways_share_a_carrier_by_weight_or_stand_behind_each_other(loa: Run, operator: str) -> None:
    for name, carriers in (("a", "viettel"), ("b", "viettel:3,vinaphone"), ("c", "*,viettel")):
        assert loa("gateways", "add", name, *ACCOUNT, "--carriers", carriers, "--as", operator).code == 0
    found = {row["name"]: row for row in loa("gateways", "list", "--json").document}
    assert found["b"]["carriers"] == ["viettel", "vinaphone"]
    assert {n: {r["carrier"]: (r["position"], r["weight"]) for r in row["routes"]} for n, row in found.items()} == {
        "a": {"viettel": (0, 1)},
        "b": {"viettel": (0, 3), "vinaphone": (0, 1)},
        "c": {"viettel": (1, 1), "*": (0, 1)},
    }
    assert loa("gateways", "change", "c", "--carriers", "viettel:2", "--as", operator).code == 0
    assert "viettel:2" in loa("gateways", "list").out
    for wrong in ("viettel:0", "viettel:x", "viettel:101", "viettel:", ":3"):
        ended = loa("gateways", "change", "c", "--carriers", wrong, "--as", operator)
        assert (ended.code, f"“{wrong}”" in ended.err) == (1, True)


def test_the_list_says_that_a_gateway_rests_and_the_history_what_happened(
    loa: Run, operator: str, database: Database
) -> None:
    loa("gateways", "add", "viettel", *ACCOUNT, "--as", operator)
    (healthy,) = loa("gateways", "list", "--json").document
    assert healthy["health"] == {"state": "closed", "since": None, "reason": "", "retry_at": None, "demoted": False}
    assert loa("gateways", "history", "viettel", "--json").document == []
    with database.transaction() as session:
        report_answers(session, get_gateway(session, "viettel").id, Report(20, 20, 20, "ESME_RSYSERR"), 30)
    (resting,) = loa("gateways", "list", "--json").document
    assert resting["health"]["state"] == "open"
    assert resting["health"]["since"] < resting["health"]["retry_at"]
    assert "viettel is resting after 20 failures in a row" in loa("gateways", "list", LOA_LANGUAGE="en").out
    (change,) = loa("gateways", "history", "viettel", "--json").document
    assert (change["state"], change["cause"], change["count"], change["error"]) == (
        "open", "failures", 20, "ESME_RSYSERR",
    )  # fmt: skip
    assert "20 failures in a row: ESME_RSYSERR" in loa("gateways", "history", "viettel").out
    assert loa("gateways", "history", "nobody").code == 1

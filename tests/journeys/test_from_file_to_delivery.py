"""A file of people, imported, sent to over SMPP, counted by district: everything through commands and processes."""

from __future__ import annotations

from collections import Counter

import pytest

from campaigns.audience.demo import write_demo_people
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from tests.journeys.city import City

pytestmark = pytest.mark.journey
PEOPLE = 1500


def test_from_a_file_of_people_to_delivery_by_district_that_adds_up(city: City) -> None:
    officer, approver = city.users()
    people = city.home / "people.csv"
    write_demo_people(people, PEOPLE)
    report = city.loa("contacts", "import", people, "--errors-to", city.home / "errors.csv", "--json", by=officer)
    assert report["rows"] == sum(report[key] for key in ("created", "updated", "unchanged", "duplicates", "rejected"))
    assert report["created"] > PEOPLE * 0.9
    assert report["rejected"] > 0

    fails = SandboxOptions(fail_share=0.1, duplicate_share=0.05, shuffle=0.5, seed=3)
    with SandboxProcess(fails) as viettel, SandboxProcess(SandboxOptions(receipt_delay=0.2)) as others:
        city.gateway("viettel", viettel, tps=300, carriers="viettel")
        city.gateway("others", others, tps=300)
        with city.process("worker"), city.process("beat"):
            campaign = city.campaign(officer, approver, "--all")
            expected = city.loa("campaigns", "estimate", campaign, "--json")
            city.loa("campaigns", "wait", campaign, "--timeout", 90)
            found = city.show(campaign)
        told = [viettel.do("stats"), others.do("stats")]

    assert expected["registered"] == report["created"]
    assert found["state"] == "finished"
    assert found["planned"] == expected["will_send"]
    assert found["totals"]["accepted"] == found["totals"]["unknown"] == found["totals"]["queued"] == 0
    assert sum(stats["taken"] for stats in told) == found["parts"] == expected["parts"]
    assert all(stats["most_parts_to_one"] == found["parts"] // found["planned"] for stats in told), "nobody twice"
    for dimension in ("district", "ward", "carrier", "gateway", "hour", "state"):
        rows = city.loa("stats", campaign, "--by", dimension, "--format", "json")
        assert sum(row["planned"] for row in rows) == found["planned"]
        for state, count in found["totals"].items():
            assert sum(row[state] for row in rows) == count, (dimension, state)
    assert Counter(row["key"] for row in city.loa("stats", campaign, "--by", "district", "--format", "json"))
    assert city.loa("reconcile", "--json") == {"balanced": True, "differences": []}
    assert "84905" not in city.log_of("worker"), "no number in a log"

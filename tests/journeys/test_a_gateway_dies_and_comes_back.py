"""Two gateways of one carrier: the first dies, the second takes over, the first comes back."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from tests.journeys.city import City
from tests.journeys.test_nobody_lost_nobody_twice import fill, taken

PEOPLE = 1500


def sent_to(telcos: list[SandboxProcess], number: str) -> int:
    """Parts all telcos took for one number."""
    return sum(int(telco.do("parts", destination="84" + number[1:])["parts"]) for telco in telcos)


@pytest.mark.journey
def test_batches_go_to_the_next_gateway_and_return_after_one_probe(city: City) -> None:
    officer, approver = city.users()
    numbers = fill(city, officer, PEOPLE)

    def history(*states: str) -> list[dict[str, Any]]:
        found = reversed(city.loa("gateways", "history", "first", "--json"))
        return [change for change in found if not states or change["state"] in states]

    with SandboxProcess(SandboxOptions(delay=0.02)) as first, SandboxProcess() as second:
        city.gateway("first", first, tps=100, response_timeout=1)
        city.gateway("second", second, tps=20)
        with city.process("worker"), city.process("beat"):
            campaign = city.campaign(officer, approver, "--all", slug="hk07-0-tong-quan-ngan")
            city.wait("the first to send", lambda: taken(first) > 100)
            assert taken(second) == 0, "it only stands behind the first"
            first.do("set", options={"hang": True})
            city.wait("the second to take over", lambda: taken(second) > 20)
            assert history()[0]["state"] == "open"
            before = taken(first)
            first.do("set", options={"hang": False})
            city.wait("the first to come back", lambda: history("closed") != [])
            city.wait("batches to return", lambda: taken(first) > before + 100)
            city.loa("campaigns", "wait", campaign, "--timeout", 90)
            city.wait("receipts", lambda: city.show(campaign)["totals"]["accepted"] == 0)
            found = city.show(campaign)["totals"]
        telcos = [first, second]
        told = [telco.do("stats") for telco in telcos]
        both = [number for number in numbers if sent_to(telcos, number) > 1]

    assert both == [], "somebody was sent to by both"
    assert [one["most_parts_to_one"] for one in told] == [1, 1]
    assert found["delivered"] + found["unknown"] == PEOPLE
    assert found["delivered"] == sum(one["taken"] for one in told)
    assert 0 < found["unknown"] <= 200, "what was on the wire when it fell silent, and not sent again"
    probes = history("half-open")
    assert len(probes) == len(history("closed")) + sum(c["cause"] == "probe-failed" for c in history())
    assert city.loa("reconcile", "--json")["balanced"]

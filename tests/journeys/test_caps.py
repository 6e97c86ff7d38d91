"""Three campaigns of a class to the same people on one day, by two workers: nobody gets more than the class allows."""

from __future__ import annotations

import os

import pytest

from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from tests.journeys.city import City
from tests.journeys.test_nobody_lost_nobody_twice import fill

PEOPLE = 600
TEXTS = ("hk07-0-tong-quan-ngan", "hk07-5-vneid", "t16-nop-phat-giao-thong")


@pytest.mark.journey
def test_a_cap_holds_over_campaigns_and_workers(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted where it matters: at the telco. What is over the cap waits, and the books say so."""
    monkeypatch.setitem(os.environ, "LOA_CLASS_RULES", '{"thong-bao": {"cap": 2}}')
    officer, approver = city.users()
    numbers = fill(city, officer, PEOPLE)
    with SandboxProcess() as telco:
        city.gateway("viettel", telco, tps=400)
        city.loa("gateways", "change", "viettel", "--binds", 2, by="operator@danang.example")
        campaigns = [city.campaign(officer, approver, "--all", slug=slug) for slug in TEXTS]
        with city.process("worker"), city.process("worker", "--gateway", "viettel"), city.process("beat"):
            city.wait("everybody to have had enough", lambda: telco.do("stats")["taken"] >= 2 * PEOPLE)
            city.wait("the rest to wait", lambda: all(idle(city, campaign) for campaign in campaigns))
        assert telco.do("stats")["most_parts_to_one"] == 2
        assert all(telco.do("parts", destination="84" + number[1:])["parts"] == 2 for number in numbers[:50])
        assert telco.do("stats")["taken"] == 2 * PEOPLE
    left = [city.show(campaign)["totals"]["queued"] for campaign in campaigns]
    assert sum(left) == PEOPLE
    assert city.loa("reconcile", "--json")["balanced"]


def idle(city: City, campaign: int) -> bool:
    """Whether nothing of a campaign is on its way: it is done, or says that its people have had enough."""
    shown = city.show(campaign)
    return shown["totals"]["claimed"] == 0 and (
        shown["state"] == "finished" or "đã đủ số tin" in (shown["idle_reason"] or "")
    )

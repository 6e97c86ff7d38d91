"""A worker that dies in the middle, refusals in the middle: counted at the telco."""

from __future__ import annotations

import time

import pytest

from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from tests.journeys.city import City, kill

pytestmark = pytest.mark.journey
PEOPLE = 2000


def taken(telco: SandboxProcess) -> int:
    """Parts the telco has taken so far."""
    return int(telco.do("stats").get("taken", 0))


def fill(city: City, officer: str, people: int = PEOPLE, first: int = 10_000_000) -> list[str]:
    """Import people of one ward; their numbers. A file's people are sent to in any order, a later file's after them."""
    numbers = [f"09{n:08d}" for n in range(first, first + people)]
    table = city.home / "people.csv"
    table.write_text("sdt,phuong\n" + "".join(f"{number},Hòa Cường Bắc\n" for number in numbers))
    report = city.loa("contacts", "import", table, "--json", by=officer)
    assert report["created"] == people
    return numbers


def test_a_worker_killed_in_the_middle_loses_nobody_and_sends_to_nobody_twice(city: City) -> None:
    officer, approver = city.users()
    fill(city, officer)
    with SandboxProcess(SandboxOptions(delay=0.05, receipt_delay=0.5)) as telco:
        city.gateway("telco", telco, tps=400)
        with city.process("beat"):
            with city.process("worker") as worker:
                campaign = city.campaign(officer, approver, "--all", slug="hk07-0-tong-quan-ngan")
                city.wait("a third to be sent", lambda: taken(telco) > PEOPLE / 3)
                kill(worker)
            assert taken(telco) < PEOPLE, "killed too late to show anything"
            with city.process("worker"):
                city.loa("campaigns", "wait", campaign, "--timeout", 90)
                city.wait(
                    "unknown messages to be settled by their receipts",
                    lambda: city.show(campaign)["totals"]["delivered"] == taken(telco),
                )
                found = city.show(campaign)
        told = telco.do("stats")

    assert found["planned"] == PEOPLE
    assert told["most_parts_to_one"] == 1, "somebody was sent to twice"
    assert told["destinations"] == told["taken"]
    # Only what was about to go out within a tenth of a second, in two claims, can stay in doubt unsent.
    assert found["totals"]["delivered"] + found["totals"]["unknown"] == PEOPLE
    assert found["totals"]["unknown"] <= 80
    assert city.loa("reconcile", "--json")["balanced"]


def test_a_refusal_wins_also_over_a_running_campaign_and_is_confirmed_once(city: City) -> None:
    officer, approver = city.users()
    fill(city, officer, 1200)
    by_staff, by_word = fill(city, officer, 2, first=11_000_000)  # of the same carrier
    with SandboxProcess(SandboxOptions(receipt_delay=0.2)) as telco:
        city.gateway("telco", telco, tps=60, sender="1022")
        with city.process("worker"), city.process("beat"):
            campaign = city.campaign(officer, approver, "--all", slug="hk07-0-tong-quan-ngan")
            city.wait("sending to begin", lambda: taken(telco) > 20)
            refusing = "84" + by_word[1:]
            assert telco.do("parts", destination=refusing)["parts"] == 0
            for _ in range(2):
                telco.do("inbound", sender=refusing, recipient="1022", text="Từ chối")
            city.loa("optouts", "add", by_staff, "--evidence", "gọi 1022", by=officer)
            city.wait("the confirmation", lambda: telco.do("parts", destination=refusing)["parts"] == 1)
            city.loa("campaigns", "wait", campaign, "--timeout", 60)
        found = city.show(campaign)
        assert found["totals"]["suppressed"] == 2
        assert telco.do("parts", destination="84" + by_staff[1:])["parts"] == 0
        assert telco.do("parts", destination=refusing)["parts"] == 1, "the confirmation, and nothing else"
    assert [row["source"] for row in city.loa("optouts", "list", "--json")] == ["staff", "keyword"]


def test_a_paused_campaign_is_silent_within_two_seconds_and_goes_on(city: City) -> None:
    officer, approver = city.users()
    fill(city, officer, 600)
    with SandboxProcess(SandboxOptions()) as telco:
        city.gateway("telco", telco, tps=100)
        with city.process("worker"), city.process("beat"):
            campaign = city.campaign(officer, approver, "--all", slug="hk07-0-tong-quan-ngan")
            city.wait("sending to begin", lambda: taken(telco) > 50)
            city.loa("campaigns", "pause", campaign, "--reason", "sai giờ", by=officer)
            time.sleep(2)
            silent = taken(telco)
            time.sleep(2)
            assert taken(telco) == silent < 600
            assert "sai giờ" in city.show(campaign)["idle_reason"]
            city.loa("campaigns", "resume", campaign, by=officer)
            city.loa("campaigns", "wait", campaign, "--timeout", 60)
        told = telco.do("stats")
    assert told["taken"] == told["destinations"] == 600
    assert told["most_parts_in_a_second"] <= 100, "the limit"

"""Sessions of a worker whose telco fails: they let it rest, try it with one message, and go on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from campaigns.delivery.trouble import read_reason
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.steps import resume
from campaigns.store.campaigns import get_campaign
from campaigns.store.health import list_changes
from tests.factories import OFFICER
from tests.workers.test_hands import Found, Town, found_town
from workers.context import Context

__all__ = ["found_town"]


@pytest.fixture
def context(context: Context) -> Context:
    """A worker whose gateways rest for a second, and whose campaigns pause after fifty refusals."""
    return replace(context, settings=context.settings.model_copy(update={"rest_seconds": 1.0, "pause_window": 50}))


def changes(town: Town) -> list[tuple[str, str, str]]:
    """(state, cause, error), the first first."""
    with town.context.database.transaction() as session:
        gateway = session.execute(text("SELECT id FROM gateway")).scalar_one()
        return [(c.state, c.cause, c.error) for c in reversed(list_changes(session, gateway))]


def test_a_telco_in_trouble_rests_is_tried_with_one_message_and_goes_on(found_town: Found) -> None:
    telco = {"delay": 0.01, "refuse_with": ("ESME_RSYSERR",)}
    town = found_town(150, SandboxOptions(refuse_share=1, **telco), tps=200, window=10)
    with town.working() as hands:
        town.until("a probe that failed", hands, lambda: ("open", "probe-failed", "ESME_RSYSERR") in changes(town))
        refused = town.telco.do("stats")["refused"]
        probes = sum(state == "half-open" for state, _, _ in changes(town))
        assert refused - probes < 100, "it stops after about twenty and what is on the wire"
        town.telco.do("set", options={"refuse_share": 0})
        town.until("everything delivered", hands, lambda: town.totals() == {"delivered": 150})
    found = changes(town)
    assert found[0] == ("open", "failures", "ESME_RSYSERR")
    assert found[-2:] == [("half-open", "probe", ""), ("closed", "answered", "")]
    stats = town.telco.do("stats")
    assert (stats["taken"], stats["most_parts_to_one"]) == (150, 1)


def test_a_telco_that_falls_silent_leaves_few_in_doubt_and_none_of_them_is_sent_again(found_town: Found) -> None:
    town = found_town(200, SandboxOptions(hang=True), tps=500, window=25, response_timeout=1.0)
    with town.working() as hands:
        town.until("its rest", hands, lambda: changes(town) and town.totals().get("unknown", 0) > 0)
        town.telco.do("set", options={"hang": False})
        town.until("the rest to be delivered", hands, lambda: not {"queued", "claimed"} & town.totals().keys())
        town.until("the receipts", hands, lambda: "accepted" not in town.totals())
    totals = town.totals()
    assert changes(town)[0][:2] == ("open", "failures")
    assert changes(town)[-1][0] == "closed"
    assert 20 <= totals["unknown"] < 80
    assert totals["delivered"] + totals["unknown"] == 200
    assert town.telco.do("stats")["most_parts_to_one"] == 1


def test_wrong_numbers_never_make_a_gateway_rest(found_town: Found) -> None:
    town = found_town(45, SandboxOptions(refuse_share=1, refuse_with=("ESME_RINVDSTADR",)), tps=500)
    with town.working() as hands:
        town.until("everybody to be refused", hands, lambda: town.totals() == {"failed": 45})
    assert changes(town) == []


def test_a_campaign_that_is_refused_pauses_and_goes_on_when_a_person_says_so(found_town: Found) -> None:
    town = found_town(400, SandboxOptions(delay=0.05, refuse_share=1, refuse_with=("ESME_RINVSRCADR",)), tps=60)
    with town.working() as hands:

        def state() -> str:
            with town.context.database.transaction() as session:
                return get_campaign(session, town.campaign).state

        town.until("the campaign to pause itself", hands, lambda: state() == "paused")
        town.until("what is on the wire", hands, lambda: "claimed" not in town.totals())
        with town.context.database.transaction() as session:
            reason = read_reason(get_campaign(session, town.campaign).state_reason)
            assert reason is not None
            assert "ESME_RINVSRCADR" in reason
        failed = town.totals()["failed"]
        assert 50 <= failed < 350
        town.telco.do("set", options={"refuse_share": 0, "tps": 0})
        with town.context.database.transaction() as session:
            resume(session, OFFICER, town.campaign)
        town.until("the rest", hands, lambda: town.totals() == {"failed": failed, "delivered": 400 - failed})
    assert changes(town) == [], "the gateway did its part"

"""Every list of the console over tables that are full, and the count of an audience, as a browser asks for them.

1,000,000 people, 5,000,000 messages, 1,000,000 rows in each register and in the audit, 3,000 small campaigns. The
worst places are asked for too: deep pages, filters that fit few and old rows, names that half the city bears or nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

import redis
from flask.testing import FlaskClient

from benchmarks.crowd import CAMPAIGNS, NUMBER, PEOPLE, RARE, ROWS, fill_books, fill_messages, fill_register
from benchmarks.pages import percentiles, sign_in, token_of
from benchmarks.world import World, report, world
from campaigns.access import ROLES, SYSTEM
from campaigns.gateways.registry import add_gateway

TIMES, TIMES_COUNTING = 15, 5
LIST_MS, CAMPAIGN_MS, COUNT_MS = 100, 50, 1000
CLERK = "clerk@danang.example"
HOURS_AGO = [2400, 1900, 1400, 900, 400]
LOAD = f"{PEOPLE} people, {PEOPLE * CAMPAIGNS} messages, {ROWS} rows in each register and in the audit"
COUNTED = ' waterfall">'


class Asked(NamedTuple):
    """One page: what it is, how to ask for it, and how many milliseconds it may take at the 95th of a hundred."""

    what: str
    ask: Callable[[], object]
    target: int = LIST_MS


def _get(browser: FlaskClient, address: str) -> None:
    answer = browser.get(address, buffered=True)
    assert answer.status_code == 200, (address, answer.status)


def _found(browser: FlaskClient, place: str, words: str, **more: str) -> str:
    """The address of what a search finds; it holds the search encrypted."""
    form = {"csrf_token": token_of(browser.get(f"{place}/").text), "search": words, **more}
    answer = browser.post(f"{place}/find", data=form)
    assert answer.status_code == 303, (place, answer.status)
    return str(answer.location)


def people_pages(place: World, browser: FlaskClient) -> Iterator[tuple[str, str]]:
    """Contacts: the list and deep in it, filters, numbers, names; and one person."""
    district = place.run("SELECT id FROM area WHERE edition = '2023' AND code = '492'")
    ward = place.run("SELECT min(id) FROM area WHERE edition = '2023' AND kind = 'ward'")
    yield "people", "/contacts/"
    for deep in (PEOPLE // 2, 1000):
        yield f"people, from the {deep:,}th on", f"/contacts/?before={deep}"
    yield "people of a district", f"/contacts/?area={district}"
    yield "people of a ward", f"/contacts/?area={ward}"
    yield "people of a small carrier", "/contacts/?carrier=gmobile"
    yield "people of no carrier", "/contacts/?carrier=unknown"
    yield "a full number", _found(browser, "/contacts", f"0{NUMBER + 7}")
    for name in ("Nguyễn", "thi", "Anh", "nguyen thi anh", "Đào", "Lý Xuyến", "Ông Ích Khôi", RARE, "Tèo Zét"):
        yield f"the name “{name}”", _found(browser, "/contacts", name)
    for name in ("Nguyễn", "Đào"):
        found = _found(browser, "/contacts", name)
        yield f"the name “{name}”, from the {PEOPLE // 2:,}th on", f"{found}&before={PEOPLE // 2}"
    yield "the name “Anh” in a ward", _found(browser, "/contacts", "Anh", area=str(ward))
    yield "the name “Ông Ích” in a ward", _found(browser, "/contacts", "Ông Ích", area=str(ward))
    yield "a person and what was sent to them", f"/contacts/{PEOPLE // 2}/"


def register_pages(browser: FlaskClient) -> Iterator[tuple[str, str]]:
    """Refusals, consents, the do-not-call list, files asked for."""
    for place, rare in (("/optouts", "source=web"), ("/consents", "how=hotline")):
        name = place[1:]
        yield name, f"{place}/"
        yield f"{name}, from the {ROWS // 2:,}th on", f"{place}/?before={ROWS // 2}"
        yield f"{name}, those that ended", f"{place}/?standing=no"
        yield f"{name} of a rare kind", f"{place}/?{rare}"
        yield f"{name} of a rare kind in force", f"{place}/?{rare}&standing=yes"
        yield f"{name} of a number", _found(browser, place, f"0{NUMBER + 4}")
    yield "do-not-call list", "/do-not-call/"
    yield "files asked for", "/exports/"


def audit_pages(place: World) -> Iterator[tuple[str, str]]:
    """The audit: deep in it, by each of its filters where few and old entries fit, and searched."""
    old = place.run("SELECT to_char(min(at) + interval '30 days', 'YYYY-MM-DD') FROM audit")
    asked: dict[str, dict[str, object]] = {
        f"from the {ROWS // 2:,}th on": {"before": ROWS // 2},
        "of somebody who did little, long ago": {"who": "binh@danang.example"},
        "of somebody who did much": {"who": "person7@danang.example"},
        "of a rare deed": {"deed": "contact.erased"},
        "of a rare kind of thing": {"kind": "gateway"},
        "of one thing": {"kind": "contact", "object": "500"},
        "to an old day": {"to": old},
        "of an old day": {"from": old, "to": old},
        "of somebody and a deed they never did": {"who": "person7@danang.example", "deed": "contact.erased"},
        "searched for a rare deed": {"search": "xoa du lieu"},
        "searched for a person": {"search": "binh@"},
        "searched for a common word": {"search": "sua"},
        "searched for nothing there": {"search": "khongcogi"},
    }
    yield "audit", "/audit/"
    for what, given in asked.items():
        yield f"audit, {what}", f"/audit/?{urlencode(given)}"


def campaign_pages(campaign: int) -> Iterator[tuple[str, str]]:
    """Campaigns, and what was delivered."""
    yield "start page", "/"
    yield "campaigns", "/campaigns/"
    yield "campaigns, the 50th page", "/campaigns/?page=49"
    yield "campaigns, searched by name", "/campaigns/?search=2999"
    yield "drafts", "/campaigns/?state=draft"
    root = f"/campaigns/{campaign}/"
    for by in ("ward", "state", "carrier"):
        yield f"delivery of a campaign by {by}", f"{root}delivery?by={by}"
    yield "delivery of all campaigns, 30 days", "/delivery/"
    yield "delivery of all campaigns, ever, by ward", "/delivery/?since=&by=ward"
    for stage in ("will_send", "refused"):
        yield f"people behind “{stage}”", f"{root}people?stage={stage}"
    deep = PEOPLE // 2
    yield f"people behind “will_send”, from the {deep:,}th on", f"{root}people?stage=will_send&after={deep}"


def wizard_pages(draft: int, submitted: int) -> Iterator[tuple[str, str]]:
    """The steps of making a campaign to everybody, and the page of its approver."""
    for step in ("text", "audience", "schedule", "review", "submission"):
        yield f"step “{step}” of a campaign to everybody", f"/campaigns/{draft}/edit/{step}"
    yield "page of a draft to everybody", f"/campaigns/{draft}/"
    yield "approver's page", f"/campaigns/{submitted}/approve"


def counting(browser: FlaskClient, draft: int, submitted: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """The waterfall where pages show it."""
    root, by_script = f"/campaigns/{draft}", {"X-Requested-With": "fetch"}
    step = f"{root}/edit/audience"
    form = {"csrf_token": token_of(browser.get(step).text), "whom": "all", "edition": "2023", "go": "show"}

    def typed() -> None:
        answer = browser.post(step, data=form, headers=by_script, buffered=True)
        assert COUNTED in answer.text, answer.text

    def loaded(address: str) -> None:
        answer = browser.get(address, headers=by_script, buffered=True)
        assert COUNTED in answer.text, answer.text
        assert "<html" not in answer.text, answer.text

    yield "an audience, while somebody chooses it", typed
    yield "an audience, on the campaign's page", partial(loaded, f"{root}/waterfall")
    yield "an audience, for its review", partial(loaded, f"{root}/edit/review")
    yield "an audience, for its approver", partial(loaded, f"/campaigns/{submitted}/approve")


def asked_for(place: World, browser: FlaskClient, campaigns: list[int]) -> Iterator[Asked]:
    """Everything, in order."""
    draft, submitted = (_planned(place, state, campaigns[2]) for state in ("draft", "submitted"))
    lists = [
        *people_pages(place, browser),
        *register_pages(browser),
        *audit_pages(place),
        *campaign_pages(campaigns[0]),
        *wizard_pages(draft, submitted),
    ]
    for what, address in lists:
        yield Asked(what, partial(_get, browser, address))
    yield Asked("page of a campaign of 1,000,000", partial(_get, browser, f"/campaigns/{campaigns[0]}/"), CAMPAIGN_MS)
    for what, ask in counting(browser, draft, submitted):
        yield Asked(what, ask, COUNT_MS)


def _planned(place: World, state: str, same_as: int) -> int:
    """A campaign to everybody that is still being made; an old one, ``same_as``, said the same."""
    campaign = place.campaign(name=f"Gửi cả thành phố ({state})")
    place.run("UPDATE campaign SET state = :state, scheduled_for = NULL WHERE id = :id", state=state, id=campaign)
    place.run("UPDATE campaign SET text_fingerprint = '\\x01' WHERE id IN (:one, :other)", one=campaign, other=same_as)
    return campaign


def measure(place: World, browser: FlaskClient, campaigns: list[int]) -> list[dict[str, Any]]:
    """Ask for every page again and again."""
    results = []
    with redis.from_url(place.services.redis_url) as cache:

        def fresh(ask: Callable[[], object]) -> None:
            for key in cache.scan_iter("loa:progress:*"):
                cache.delete(key)
            ask()

        for each in asked_for(place, browser, campaigns):
            times = TIMES if each.target < COUNT_MS else TIMES_COUNTING
            figures = percentiles(partial(fresh, each.ask), times, warm_up=1)
            results.append(report("lists", load=LOAD, what=each.what, target_ms=each.target, **figures))
    return results


def main() -> list[dict[str, Any]]:
    """Fill, then ask."""
    with world() as place:
        with place.database.transaction() as session:
            settings = {"host": "127.0.0.1", "system_id": "loa"}
            add_gateway(session, place.keyring, SYSTEM, "telco", adapter="smpp", settings=settings, tps=1000.0)
        fill_register(place)
        campaigns = fill_messages(place, HOURS_AGO)
        fill_books(place, CLERK)
        place.vacuum()
        return measure(place, sign_in(place, CLERK, list(ROLES)), campaigns)


if __name__ == "__main__":
    main()

"""A page of totals for 10,000,000 messages: the statements behind it, and the console's pages as a browser asks.

Totals are sums over batches, never a look at messages, so the load is batches that count: 20,000 of the campaign
that is asked for, 12,000 of six others. The console's cache of a campaign's figures is emptied before each request.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import redis
from flask.testing import FlaskClient

from admin.console.accounts import hash_password
from admin.console.app import create_app
from benchmarks.past import fill_past
from benchmarks.world import World, report, world
from campaigns.access import SYSTEM
from campaigns.gateways.registry import add_gateway
from campaigns.stats import stats_by, summary
from campaigns.store.users import insert_user
from config.settings import Settings

BIG, OTHERS, OTHERS_EACH = 10_000_000, 6, 1_000_000
TIMES = 60
PERSON, PASSWORD = "analyst@danang.example", "cau rong phun lua 2026"


def percentiles(action: Callable[[], object], times: int = TIMES, *, warm_up: int = 3) -> dict[str, float]:
    """Milliseconds of doing something many times; the first few warm up and do not count."""
    for _ in range(warm_up):
        action()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - started))
    cuts = statistics.quantiles(taken, n=20, method="inclusive")
    return {"best_ms": round(min(taken), 1), "p50_ms": round(statistics.median(taken), 1), "p95_ms": round(cuts[18], 1)}


def token_of(page: str) -> str:
    """What its forms must bear to be taken."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def sign_in(place: World, person: str = PERSON, roles: Sequence[str] = ("analyst",)) -> FlaskClient:
    """A browser of somebody with these roles, at the real console."""
    with place.database.transaction() as session:
        insert_user(session, person, roles, hash_password(PASSWORD))
    settings = Settings(home=place.home, keyring=place.keyring.to_json())
    app = create_app(settings, database_url=place.services.database_url, redis_url=place.services.redis_url)
    browser = app.test_client()
    token = token_of(browser.get("/login").text)
    answer = browser.post("/login", data={"csrf_token": token, "email": person, "password": PASSWORD})
    assert answer.status_code == 302, answer.status
    return browser


def addresses(campaign: int) -> dict[str, str]:
    """The pages that show totals."""
    root = f"/campaigns/{campaign}/"
    return {
        "campaign": root,
        "figures of a running campaign": f"{root}progress",
        "delivery by district": f"{root}delivery?by=district",
        "delivery by ward": f"{root}delivery?by=ward",
        "delivery by hour": f"{root}delivery?by=hour",
        "picture by district": f"{root}delivery.svg?by=district",
    }


def _pages(place: World, campaign: int) -> list[dict[str, Any]]:
    browser = sign_in(place)
    results = []
    with redis.from_url(place.services.redis_url) as cache:

        def ask(address: str) -> None:
            for key in cache.scan_iter("loa:progress:*"):
                cache.delete(key)
            answer = browser.get(address, buffered=True)
            assert answer.status_code == 200, (address, answer.status)

        for name, address in addresses(campaign).items():
            results.append(_report(f"page: {name}", percentiles(partial(ask, address))))
    return results


def _statements(place: World, campaign: int) -> list[dict[str, Any]]:
    def in_session(action: Callable[[Any], object]) -> Callable[[], None]:
        def run() -> None:
            with place.database.transaction() as session:
                action(session)

        return run

    asked: dict[str, Callable[[Any], object]] = {
        "summary": lambda session: summary(session, campaign),
        "by district": lambda session: stats_by(session, campaign, "district"),
        "by ward": lambda session: stats_by(session, campaign, "ward"),
        "by hour": lambda session: stats_by(session, campaign, "hour"),
        "all campaigns by district": lambda session: stats_by(session, None, "district"),
    }
    return [_report(f"statement: {name}", percentiles(in_session(action))) for name, action in asked.items()]


def _report(what: str, figures: dict[str, float]) -> dict[str, Any]:
    load = f"a campaign of {BIG} messages in {BIG // 500} batches, beside {OTHERS} of {OTHERS_EACH}"
    return report("pages", load=load, what=what, **figures)


def main() -> list[dict[str, Any]]:
    """Statements first, then pages."""
    with world() as place:
        with place.database.transaction() as session:
            settings = {"host": "127.0.0.1", "system_id": "loa"}
            add_gateway(session, place.keyring, SYSTEM, "telco", adapter="smpp", settings=settings, tps=1000.0)
        fill_past(place, OTHERS, OTHERS_EACH, batches_only=True)
        campaign = fill_past(place, 1, BIG, batches_only=True)[0]
        place.vacuum()
        assert place.run("SELECT sum(size) FROM batch") == BIG + OTHERS * OTHERS_EACH
        return _statements(place, campaign) + _pages(place, campaign)


if __name__ == "__main__":
    main()

"""Every page of the console, in both languages, wide and narrow, light and dark: nobody meets a barrier.

The pages are those the console has addresses for. One that takes an argument needs an example below, or a reason why
it is no page; a new address that has neither fails here.
"""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from admin.console.guard import rule_of
from campaigns.access import ROLES
from campaigns.links.register import make_link
from campaigns.store.campaigns import database_now
from campaigns.store.database import Database
from campaigns.subjects.breach import open_breach
from campaigns.subjects.processors import Entry, add_processor, prefilled
from campaigns.subjects.requests import open_request
from config.zone import CITY_TIME
from tests.browser.conftest import Desks
from tests.factories import ADMINISTRATOR, OFFICER
from tests.journeys.city import City

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

EXAMPLES = {
    "campaigns.show": "/campaigns/{campaign}/",
    "campaigns.edit": "/campaigns/{draft}/edit",
    "campaigns.again": "/campaigns/{campaign}/again",
    "campaigns.cancel": "/campaigns/{draft}/cancel",
    "campaigns.delivery": "/campaigns/{campaign}/delivery?by=ward",
    "campaigns.proof": "/campaigns/{campaign}/proof",
    "links.show": "/links/{link}/",
    "templates.show": "/templates/hk07-0-tong-quan/",
    "templates.edit": "/templates/hk07-0-tong-quan/edit",
    "templates.facts": "/templates/hk07-0-tong-quan/facts",
    "templates.diff": "/templates/hk07-0-tong-quan/diff?from=1&to=1",
    "gateways.show": "/gateways/viettel/",
    "gateways.edit": "/gateways/viettel/edit",
    "campaigns.edit_text": "/campaigns/{draft}/edit/text",
    "campaigns.edit_audience": "/campaigns/{draft}/edit/audience",
    "campaigns.edit_schedule": "/campaigns/{draft}/edit/schedule",
    "campaigns.edit_review": "/campaigns/{draft}/edit/review",
    "campaigns.edit_submission": "/campaigns/{draft}/edit/submission",
    "campaigns.reached": "/campaigns/{draft}/people?stage=will_send",
    "contacts.show": "/contacts/{person}/",
    "contacts.edit": "/contacts/{person}/edit",
    "requests.show": "/requests/{request}/",
    "breaches.show": "/breaches/{breach}/",
    "processors.edit": "/processors/{processor}/",
    "users.show": "/users/{user}/",
    "users.edit": "/users/{user}/edit",
}
"""What an address that takes an argument is opened with."""

MORE = {
    "officer": [
        "/campaigns/new?template=t17-moi-theo-dia-ban",
        "/contacts/?carrier=viettel",
        "/areas/?edition=2025",
    ],
    "analyst": ["/delivery/?by=ward&edition=2025", "/delivery/?by=state", "/templates/hk07-5-vneid/"],
}
"""Faces of pages that only other arguments show."""

NO_PAGES = {
    "static",
    "admin.static",
    "ops.healthz",
    "ops.metrics",
    "security.login",  # by itself in test_console
    "security.logout",
    "signing_in.second_step",  # by themselves in test_signing_in
    "signing_in.join",
    "account.setup",  # once, before anybody can sign in
    "campaigns.approve",  # by themselves in test_approving
    "campaigns.emergency",
    "campaigns.progress",  # fragments and files
    "campaigns.waterfall",
    "campaigns.delivery_chart",
    "campaigns.delivery_sheet",
    "campaigns.proof_recount",
    "audit.check",
    "links.sheet",
    "links.qr",
    "links.qr_image",
    "links.poster",
    "templates.tests",
    "gateways.tests",
    "contacts.import_progress",
    "contacts.imported",  # by itself in test_contacts, at every stage
    "contacts.bad_rows",
    "donotcall.progress",
    "delivery.chart",
    "delivery.table",
    "exports.progress",
    "exports.fetch",
    "citizen.refusal",  # by itself in test_citizen
    "citizen.check",
    "citizen.short_link",  # by itself in test_proof
}
"""Addresses that are no page of the console, or that a test of their own opens."""


@pytest.fixture(scope="module")
def named(town: City) -> dict[str, int]:
    """Something for every kind of page to show: a campaign that is over, a draft, a person, a file."""
    officer, approver = "officer@danang.example", "approver@danang.example"
    campaign = town.campaign(officer, approver, "--all", slug="hk07-0-tong-quan-ngan")
    town.loa("campaigns", "wait", campaign, "--timeout", 60)
    draft = town.loa(
        "campaigns", "create", "--name", "Nháp", "--template", "hk07-5-vneid", "--all", "--json", by=officer
    )["id"]
    database = Database(town.database_url, pool_size=1)
    with database.transaction() as session:
        person = session.execute(text("SELECT min(id) FROM contact")).scalar_one()
        registered = _registers(session, person)
        user = session.execute(text('SELECT min(id) FROM "user"')).scalar_one()
        target = "https://dichvucong.danang.gov.vn/"
        link = make_link(session, OFFICER, name="bay-cach", title="Bảy cách", target=target).id
    database.close()
    return {"campaign": campaign, "draft": draft, "person": person, "link": link, "user": user, **registered}


def _registers(session: Session, person: int) -> dict[str, int]:
    """A request, a breach and a processor."""
    now = database_now(session)
    asked = open_request(
        session,
        OFFICER,
        kind="delete",
        channel="letter",
        evidence="VB 12",
        received_on=now.astimezone(CITY_TIME).date(),
        contact_id=person,
    )
    found = open_breach(session, ADMINISTRATOR, title="Mất máy tính", discovered_at=now)
    telco = add_processor(session, ADMINISTRATOR, Entry(prefilled("viettel"), {}))
    return {"request": asked.id, "breach": found.id, "processor": telco.id}


def pages(app: Flask, named: dict[str, int]) -> dict[str, list[str]]:
    """The addresses of every page, by a role that may open it."""
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert known >= NO_PAGES | EXAMPLES.keys(), f"gone: {sorted((NO_PAGES | EXAMPLES.keys()) - known)}"
    found: dict[str, list[str]] = {role: list(paths) for role, paths in MORE.items()}
    for rule in app.url_map.iter_rules():
        access = rule_of(app, rule.endpoint)
        if access is None or "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGES:
            continue
        assert not rule.arguments or rule.endpoint in EXAMPLES, f"{rule} needs an example, or a reason to be none"
        path = EXAMPLES.get(rule.endpoint, rule.rule).format(**named)
        role = "officer" if access in {"public", "signed-in"} else next(r for r in ROLES if access in ROLES[r])
        found.setdefault(role, []).append(path)
    return found


@pytest.mark.parametrize(("language", "width", "dark"), [("vi", 1440, False), ("en", 360, True)])
@pytest.mark.parametrize("role", list(ROLES))
def test_no_page_has_a_barrier(
    desk: Desks, app: Flask, named: dict[str, int], role: str, language: str, width: int, dark: bool
) -> None:
    paths = pages(app, named).get(role, ["/"])
    person = desk(role, language=language, width=width, dark=dark)
    for path in paths:
        person.open(path)
        person.no_barriers()

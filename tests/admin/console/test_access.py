"""Every address has a rule, and the rule holds for every role."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from admin.console import create_app
from admin.console.guard import PUBLIC, SIGNED_IN, rule_of
from campaigns.access import PERMISSIONS, ROLES, Actor
from tests.admin.console.conftest import Browser
from tests.factories import make_campaign, make_template

SAMPLES = {
    "request_id": 999_999,
    "breach_id": 999_999,
    "processor_id": 999_999,
    "campaign_id": 1,
    "user_id": 999_999,
    "contact_id": 999_999,
    "job_id": 999_999,
    "invite_id": 999_999,
    "department_id": 999_999,
    "session_id": 999_999,
    "passkey_id": 999_999,
    "link_id": 999_999,
    "slug": "mau",
    "gateway": "viettel",
    "token": "x",
    "filename": "console.css",
}

OFFICER, APPROVER, ANALYST, OPERATOR, ADMINISTRATOR = ROLES
WHO: dict[str, set[str]] = {
    "area.view": set(ROLES),
    "audit.view": {ADMINISTRATOR},
    "breach.manage": {ADMINISTRATOR},
    "campaign.approve": {APPROVER},
    "campaign.edit": {OFFICER},
    "campaign.emergency": set(),  # given to persons by name
    "campaign.settle": {OFFICER, APPROVER, OPERATOR},
    "campaign.stop": {OFFICER, APPROVER, OPERATOR},
    "campaign.submit": {OFFICER},
    "campaign.view": set(ROLES),
    "consent.edit": {OFFICER},
    "consent.view": {OFFICER, APPROVER},
    "contact.edit": {OFFICER},
    "contact.erase": {OFFICER},
    "contact.export": {OFFICER},
    "contact.import": {OFFICER},
    "contact.restrict": {OFFICER},
    "contact.reveal": {OFFICER},
    "contact.view": {OFFICER},
    "do-not-call.import": {OFFICER, OPERATOR},
    "do-not-call.view": {OFFICER, APPROVER, OPERATOR},
    "gateway.edit": {OPERATOR},
    "gateway.view": {OPERATOR},
    "link.allow": {ADMINISTRATOR},
    "link.edit": {OFFICER},
    "link.view": {OFFICER, APPROVER, ANALYST, ADMINISTRATOR},
    "optout.add": {OFFICER},
    "optout.view": {OFFICER, APPROVER},
    "optout.words": {OPERATOR, ADMINISTRATOR},
    "processor.manage": {ADMINISTRATOR},
    "request.handle": {OFFICER},
    "request.view": {OFFICER, ADMINISTRATOR},
    "retention.view": {OPERATOR, ADMINISTRATOR},
    "sender.edit": {OPERATOR},
    "sender.view": {OFFICER, APPROVER, OPERATOR},
    "stats.view": set(ROLES),
    "template.edit": {OFFICER},
    "template.test": {OFFICER},
    "template.view": {OFFICER, APPROVER, ANALYST},
    "test.numbers": {OPERATOR, ADMINISTRATOR},
    "user.edit": {ADMINISTRATOR},
    "user.view": {ADMINISTRATOR},
}
"""Rule of an address → the roles it opens to, written down a second time: to change one is to say so here."""


def addresses(app: Flask) -> list[tuple[Rule, str, str]]:
    """(rule, method, path) of everything the app answers."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        path = adapter.build(rule.endpoint, {name: SAMPLES[name] for name in rule.arguments}, force_external=False)
        found += [(rule, method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def test_every_route_has_a_rule(app: Flask) -> None:
    without = {rule.endpoint for rule in app.url_map.iter_rules() if rule_of(app, rule.endpoint) is None}
    assert without == set()


def test_every_rule_is_a_permission_somebody_holds(app: Flask) -> None:
    rules = set(app.extensions["loa"].rules.values()) - {"signed-in"}
    assert rules <= PERMISSIONS


def test_every_rule_opens_to_the_roles_of_the_table_and_no_others(app: Flask) -> None:
    rules = set(app.extensions["loa"].rules.values()) - {"signed-in"}
    found = {rule: {role for role in ROLES if Actor("", frozenset({role})).may(rule)} for rule in rules}
    assert found == WHO


def test_whatever_changes_something_asks_for_more_than_looking(app: Flask) -> None:
    lookers = {rule for rule in WHO if rule.endswith(".view")}
    changing = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule_of(app, rule.endpoint) in lookers
    }
    # They ask by POST, so that the number stands in no address, or make a file of what is seen; the undoing is for who
    # made or approved it, which its use case checks.
    assert changing == {
        "contacts.find",
        "optouts.find",
        "consents.find",
        "donotcall.check",
        "campaigns.proof_file",
        "audit.ask",
        "campaigns.undo",
    }


def test_every_exception_from_the_rules_exists(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints >= PUBLIC | SIGNED_IN


def test_a_route_without_a_rule_is_closed(app: Flask, database_url: str, redis_url: str) -> None:
    own = create_app(app.extensions["loa"].settings, database_url=database_url, redis_url=redis_url)
    own.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    answer = own.test_client().get("/forgotten")
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_flask_admins_own_editing_is_not_there(app: Flask) -> None:
    paths = {str(rule) for rule in app.url_map.iter_rules()}
    assert not [path for path in paths if path.endswith(("/delete/", "/action/", "/ajax/update/", "/ajax/lookup/"))]
    assert not [path for path in paths if "/export/" in path]


def test_nobody_comes_in_without_signing_in(app: Flask, stranger: Browser) -> None:
    token = stranger.token("/login")
    for rule, method, path in addresses(app):
        if rule.endpoint in PUBLIC | {"security.login"}:
            continue
        answer = stranger.get(path) if method == "GET" else stranger.client.post(path, data={"csrf_token": token})
        refused = answer.status_code == 401 or (answer.status_code == 302 and "/login" in answer.headers["Location"])
        assert refused, (method, path, answer.status_code)


@pytest.mark.parametrize("role", list(ROLES))
def test_each_role_reaches_its_addresses_and_no_other(app: Flask, session: Session, signed_in: Any, role: str) -> None:
    version = make_template(session, slug="mau")
    make_campaign(session, template=version)
    session.commit()
    browser = signed_in(role)
    person = Actor("", frozenset({role}))
    form = {"csrf_token": browser.token("/"), "version": "999"}
    for rule, method, path in addresses(app):
        rule_now = rule_of(app, rule.endpoint)
        if rule_now in {"public", "signed-in"}:
            continue
        answer = browser.get(path) if method == "GET" else browser.client.post(path, data=form)
        may = person.may(str(rule_now))
        assert (answer.status_code != 403) == may, (role, method, path, answer.status_code)
        assert answer.status_code < 500, (role, method, path)
    assert browser.client.post("/language", data={**form, "language": "en"}).status_code in {302, 303}, "the token held"

"""Making links, allowing hosts, and what a campaign may choose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns import steps
from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.links.register import allow_host, check_chosen, close_link, leads, make_link, remove_host
from campaigns.models import AuditEntry, Campaign, Link
from campaigns.store.campaigns import database_now
from config.keys import Keyring
from config.settings import get_settings
from tests.campaigns.links.conftest import TARGET
from tests.factories import ADMINISTRATOR, APPROVER, OFFICER, make_contact, make_gateway


def test_a_link_is_made_and_the_audit_says_where_it_leads(session: Session, link: Link) -> None:
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.object_id, entry.detail["target"]) == ("link.made", str(link.id), TARGET)
    assert leads(session, link)


@pytest.mark.parametrize(
    "wrong",
    [{"name": "Có dấu"}, {"name": ""}, {"name": "-x"}, {"title": " "}, {"title": "x" * 121}, {"target": "https://a.com"}],
)
def test_what_cannot_be_used_is_refused(session: Session, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        make_link(session, OFFICER, **{"name": "x", "title": "X", "target": TARGET, **wrong})


def test_a_name_is_taken_once_and_an_end_lies_ahead(session: Session, link: Link) -> None:
    with pytest.raises(InvalidInput):
        make_link(session, OFFICER, name="bay-cach", title="X", target=TARGET)
    with pytest.raises(InvalidInput):
        make_link(session, OFFICER, name="y", title="X", target=TARGET, ends_at=database_now(session))


def test_only_an_administrator_allows_hosts_and_only_officers_make_links(session: Session) -> None:
    with pytest.raises(Forbidden):
        allow_host(session, OFFICER, "vneid.example", "hướng dẫn")
    with pytest.raises(Forbidden):
        make_link(session, APPROVER, name="x", title="X", target=TARGET)


def test_a_host_is_allowed_with_a_reason_and_taken_back_at_once(session: Session) -> None:
    with pytest.raises(InvalidInput):
        allow_host(session, ADMINISTRATOR, "vneid.example", " ")
    allow_host(session, ADMINISTRATOR, "VNEID.example", "hướng dẫn của Bộ")
    link = make_link(session, OFFICER, name="vneid", title="VNeID", target="https://vneid.example/x")
    assert leads(session, link)
    remove_host(session, ADMINISTRATOR, "vneid.example")
    session.flush()
    assert not leads(session, link)
    with pytest.raises(NotFound):
        remove_host(session, ADMINISTRATOR, "vneid.example")
    with pytest.raises(InvalidInput):
        allow_host(session, ADMINISTRATOR, "x.gov.vn", "không cần")


def test_a_closed_or_ended_link_leads_nowhere(session: Session, link: Link) -> None:
    link.ends_at = database_now(session) - timedelta(seconds=1)
    assert not leads(session, link)
    link.ends_at = None
    close_link(session, OFFICER, link.id)
    close_link(session, OFFICER, link.id)
    assert not leads(session, link)
    assert session.scalars(select(AuditEntry.action)).all() == ["link.made", "link.closed"]


def test_a_campaign_that_chose_no_link_in_use_is_not_submitted(
    session: Session, keyring: Keyring, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_contact(session, keyring)
    make_gateway(session, keyring)
    campaign.values = {}
    with pytest.raises(InvalidInput, match="lien_ket"):
        steps.submit(session, OFFICER, campaign.id)
    session.refresh(campaign)
    campaign.values, campaign.state = {"lien_ket": "bay-cach"}, "draft"
    steps.submit(session, OFFICER, campaign.id)
    monkeypatch.delenv("LOA_PUBLIC_URL")
    get_settings.cache_clear()
    with pytest.raises(InvalidInput, match="LOA_PUBLIC_URL"):
        check_chosen(session, "bay-cach")

"""A person limited to a part of the city sees, and reaches, that part alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns import scope, steps
from campaigns.access import Actor, Scope
from campaigns.audience.selection import Audience
from campaigns.content.files import TemplateFacts
from campaigns.draft import CampaignDraft
from campaigns.errors import Forbidden, NotFound
from campaigns.models import Area, Department, OptOut
from campaigns.store.campaigns import list_campaigns
from campaigns.store.console import Refusals, count_campaigns, estimate_contacts, estimate_refusals
from campaigns.store.invites import write_place
from campaigns.store.people import list_messages_to
from campaigns.store.scope import load_scope
from campaigns.store.templates import add_version, create_template, list_templates
from config.keys import Keyring
from tests.factories import (
    APPROVER,
    OFFICER,
    make_campaign,
    make_contact,
    make_template,
    make_user,
    ward_id,
)

HERE, THERE = "20194", "20254"
"""Hoà Hiệp Bắc in Liên Chiểu (490), and a ward of Hải Châu (492)."""


def here(session: Session) -> Scope:
    return Scope(wards=frozenset({ward_id(session, HERE)}))


def department(session: Session, name: str) -> int:
    return session.scalars(select(Department.id).where(Department.name == name)).one()


def limited(session: Session, *areas: str, edition: str = "2023") -> Scope:
    """The scope of somebody limited to these areas."""
    user = make_user(session)
    ids = session.scalars(select(Area.id).where(Area.edition == edition, Area.code.in_(areas))).all()
    write_place(session, user, department=None, departments=[], areas=ids)
    return load_scope(session, user.id)


def test_without_a_limit_the_scope_is_the_whole_city(session: Session) -> None:
    assert load_scope(session, make_user(session).id).whole


def test_a_district_is_all_of_its_wards(session: Session) -> None:
    found = limited(session, "490").wards or frozenset()
    old = session.scalars(select(Area.id).where(Area.edition == "2023", Area.parent_code == "490")).all()
    assert set(old) <= found
    assert ward_id(session, THERE) not in found


@pytest.mark.parametrize(("district", "editions"), [("493", {"2023", "2025"}), ("490", {"2023"})])
def test_a_new_ward_is_in_the_scope_only_when_all_it_was_made_of_is(
    session: Session, district: str, editions: set[str]
) -> None:
    """Sơn Trà became wards of its own; every ward of Liên Chiểu took in a part of Hoà Vang."""
    wards = limited(session, district).wards or frozenset()
    assert set(session.scalars(select(Area.edition).where(Area.id.in_(wards)))) == editions


def test_a_department_brings_those_that_were_merged_into_it(session: Session) -> None:
    user = make_user(session)
    heir = department(session, "Sở Khoa học và Công nghệ")
    write_place(session, user, department=heir, departments=[heir], areas=[])
    assert load_scope(session, user.id).departments == {heir, department(session, "Sở Thông tin và Truyền thông")}


AUDIENCES = [
    ({"wards": [HERE]}, True),
    ({"wards": [HERE, THERE]}, False),
    ({"wards": [THERE]}, False),
    ({"districts": ["490"]}, False),
    ({"everybody": True}, False),
]


@pytest.mark.parametrize(("audience", "inside"), AUDIENCES)
def test_a_campaign_is_inside_when_all_it_reaches_is(
    session: Session, audience: dict[str, object], inside: bool
) -> None:
    campaign = make_campaign(session, audience={"edition": "2023", **audience})
    person = replace(OFFICER, scope=here(session))
    assert scope.sees(session, person, "campaign", campaign.id) == inside
    assert [c.id for c in list_campaigns(session, scope=person.scope)] == ([campaign.id] if inside else [])
    assert count_campaigns(session, person.scope) == ({"draft": 1} if inside else {})


@pytest.mark.parametrize(("audience", "inside"), AUDIENCES)
def test_nobody_makes_a_campaign_that_reaches_outside(
    session: Session, audience: dict[str, object], inside: bool
) -> None:
    draft = CampaignDraft(
        name="Tin", template_version_id=make_template(session).id, audience=Audience.model_validate(audience)
    )
    person = replace(OFFICER, scope=here(session), department=department(session, "Sở Y tế"))
    if inside:
        assert steps.create(session, person, draft).department_id == person.department
    else:
        with pytest.raises(Forbidden):
            steps.create(session, person, draft)


@pytest.mark.parametrize("step", [steps.approve, steps.submit, steps.pause, steps.resume, steps.cancel, steps.schedule])
def test_no_step_is_taken_with_a_campaign_outside(session: Session, step: object) -> None:
    campaign = make_campaign(session, state="submitted")
    both = Actor("x@danang.example", OFFICER.roles | APPROVER.roles, scope=here(session))
    with pytest.raises(NotFound):
        step(session, both, campaign.id)  # type: ignore[operator]


def test_campaigns_of_another_department_are_not_there(session: Session) -> None:
    health, police = department(session, "Sở Y tế"), department(session, "Công an thành phố")
    own, _ = make_campaign(session, department_id=health), make_campaign(session, department_id=police)
    make_campaign(session)
    seen = list_campaigns(session, scope=Scope(departments=frozenset({health})))
    assert [campaign.id for campaign in seen] == [own.id]


def test_the_citys_texts_are_for_everybody_to_use_and_not_to_change(session: Session) -> None:
    health = department(session, "Sở Y tế")
    person = replace(OFFICER, scope=Scope(departments=frozenset({health})), department=health)
    make_template(session, slug="cua-thanh-pho")
    make_template(session, slug="cua-cong-an", department_id=department(session, "Công an thành phố"))
    facts = TemplateFacts(slug="cua-y-te", title="Y tế", topic="y-te", message_class="thong-bao")
    text = "UBND TP Đà Nẵng: khám sức khoẻ.", "UBND TP Da Nang: kham suc khoe."
    create_template(session, person, facts, *text)
    session.flush()
    assert [row.slug for row in list_templates(session, scope=person.scope)] == ["cua-thanh-pho", "cua-y-te"]
    with pytest.raises(Forbidden):
        add_version(session, "cua-thanh-pho", *text, person, 1)


def test_contacts_are_counted_inside_only(session: Session, keyring: Keyring) -> None:
    for ward in (HERE, THERE, None):
        make_contact(session, keyring, ward=ward)
    assert estimate_contacts(session, here(session)) == 1
    assert estimate_contacts(session) == 3


def test_refusals_are_counted_inside_only_and_those_that_ended_nowhere(session: Session, keyring: Keyring) -> None:
    for ward, ended in ((HERE, None), (THERE, None), (HERE, datetime.now(UTC))):
        contact = make_contact(session, keyring, ward=ward)
        session.add(
            OptOut(phone_hash=contact.phone_hash, source="staff", evidence="đơn", created_by="b", ended_at=ended)
        )
    session.flush()
    assert estimate_refusals(session, here(session)) == Refusals(in_force=1, today=1)
    assert estimate_refusals(session) == Refusals(in_force=2, today=2)


def test_messages_of_campaigns_outside_are_not_listed(session: Session, keyring: Keyring) -> None:
    contact = make_contact(session, keyring)
    assert list_messages_to(session, contact.id, 10, here(session)) == []


@pytest.mark.parametrize("permission", ["user.edit", "audit.view", "gateway.edit", "link.allow", "optout.words"])
def test_what_touches_the_whole_city_takes_somebody_without_a_limit(session: Session, permission: str) -> None:
    everybody = Actor("x@danang.example", frozenset({"officer", "operator", "administrator"}))
    assert everybody.may(permission)
    assert not replace(everybody, scope=here(session)).may(permission)

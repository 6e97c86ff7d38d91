"""Every list and every page as somebody limited to a part of the city: nothing from outside is there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.console.guard import OBJECTS, PUBLIC, rule_of
from campaigns.access import ROLES, Actor, Scope
from campaigns.links.register import make_link
from campaigns.models import Batch, Contact, Department, ImportJob, LinkVisit, OptOut, SubjectRequest, User
from campaigns.store.campaigns import city_today
from campaigns.store.invites import write_place
from campaigns.subjects.requests import open_request
from config.keys import Keyring
from tests.admin.console.conftest import Browser, email_of
from tests.admin.console.test_imports import send, start, work
from tests.factories import OFFICER, make_campaign, make_contact, make_template, ward_id

BELONG_TO_NOBODYS_PART = {
    # Their addresses take a permission that people with a limit do not hold, or show nothing of people or campaigns.
    "user_id": "user.",
    "invite_id": "user.",
    "department_id": "user.",
    "job_id": ("contact.import", "do-not-call.", "signed-in"),  # a list's reading, or a file only who asked can have
    "gateway": "gateway.",
    "breach_id": "breach.",
    "processor_id": "processor.",
    # One's own account, and links that carry their right in themselves.
    "session_id": "signed-in",
    "passkey_id": "signed-in",
    "token": "public",
    "filename": "public",
}
SECRET = "NGOAI-PHAM-VI"
"""Stands in the name of everything that lies outside."""
MANY = 24_681
"""So many messages and visits lie outside."""
COUNTED = re.compile(r"(?<![0-9a-f])24[.,]?681(?![0-9a-f])")
"""``MANY`` as pages and files may write it; not as a stretch of some hash."""


class City:
    """What is inside and what is outside of the scope of everybody in these tests."""

    def __init__(self, session: Session, keyring: Keyring) -> None:
        names = ("Sở Y tế", "Công an thành phố")
        health, police = (session.scalars(select(Department.id).where(Department.name == n)).one() for n in names)
        inside = {"edition": "2023", "wards": ["20194"]}
        version = make_template(session, slug="mau-trong", title="Mẫu trong", department_id=health)
        other = make_template(session, slug="mau-ngoai", title=f"{SECRET} mẫu", department_id=police)
        self.inside = {
            "campaign_id": make_campaign(session, template=version, audience=inside, department_id=health).id,
            "contact_id": make_contact(session, keyring, full_name="Người trong").id,
            "slug": "mau-trong",
        }
        person = session.get_one(Contact, self.inside["contact_id"])
        self.inside["request_id"] = ask(session, person)
        self.inside["link_id"] = make_link(session, replace(OFFICER, department=health), **LINK, name="trong").id
        abroad = {"edition": "2023", "wards": ["20254"]}
        elsewhere = [
            make_campaign(session, name=f"{SECRET} {n}", template=t, state=state, audience=a, department_id=d)
            for n, (t, state, a, d) in enumerate(
                [
                    (version, "draft", abroad, health),
                    (version, "submitted", {"edition": "2023", "everybody": True}, health),
                    (other, "submitted", inside, police),
                    (other, "approved", inside, None),
                ]
            )
        ]
        stranger = make_contact(session, keyring, full_name=f"{SECRET} người", ward="20254")
        self.outside = {
            "campaign_id": [campaign.id for campaign in elsewhere],
            "contact_id": [stranger.id],
            "slug": ["mau-ngoai"],
            "request_id": [ask(session, stranger), ask(session, None)],
        }
        of_police = replace(OFFICER, department=police)
        hidden = {**LINK, "title": f"{SECRET} liên kết"}
        self.outside["link_id"] = [make_link(session, of_police, **hidden, name="ngoai").id]
        elsewhere[2].values = {"lien_ket": "trong"}
        day = city_today(session)
        for origin, ward in ((elsewhere[2].id, "20194"), (0, "20254")):
            place = {"campaign_id": origin, "ward_id": ward_id(session, ward), "day": day}
            session.add(LinkVisit(link_id=self.inside["link_id"], visits=MANY, **place))
        self.list_of_another = ImportJob(
            folder="x",
            file_name=f"{SECRET}.csv",
            size=1,
            edition="2023",
            header_digest=b"",
            titles=["SĐT"],
            fields=["phone"],
            language="vi",
            state="finished",
            created_by="x@danang.example",
        )
        session.add(self.list_of_another)
        evidence = {"source": "staff", "evidence": f"{SECRET} đơn", "created_by": "x"}
        session.add(OptOut(phone_hash=stranger.phone_hash, topic=None, **evidence))
        campaign = elsewhere[1]
        campaign.planned_at = campaign.created_at
        session.add(
            Batch(
                campaign_id=campaign.id,
                ward_id=ward_id(session, "20254"),
                carrier="viettel",
                size=MANY,
                parts=MANY,
                delivered=MANY,
                state="done",
            )
        )
        for role in ("officer", "approver", "analyst"):
            user = session.scalars(select(User).where(User.email == email_of(role))).one()
            write_place(session, user, department=health, departments=[health], areas=[ward_id(session, "20194")])
        session.commit()


LINK = {"title": "Bảy cách", "target": "https://dichvucong.danang.gov.vn/"}


def ask(session: Session, person: Contact | None) -> int:
    """A request of somebody; of nobody in the register where there is none."""
    given = {"kind": "delete", "channel": "letter", "evidence": "VB 12", "received_on": city_today(session)}
    return open_request(session, OFFICER, contact_id=person.id if person else None, **given).id


@pytest.fixture
def city(session: Session, keyring: Keyring, people: None) -> City:
    return City(session, keyring)


def test_every_variable_of_an_address_is_kept_to_the_scope_or_needs_none(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        for name in rule.arguments:
            if name not in OBJECTS:
                wanted = BELONG_TO_NOBODYS_PART.get(name, "(not in the table)")
                assert str(rule_of(app, rule.endpoint)).startswith(wanted), (rule.endpoint, name)


def _walk(app: Flask, browser: Browser, given: dict[str, Any], person: Actor) -> list[tuple[str, int, str]]:
    """(path, status, text) of every page the person's role may open and whose variables are given."""
    adapter, found = app.url_map.bind("localhost"), []
    for rule in app.url_map.iter_rules():
        wanted = rule_of(app, rule.endpoint)
        if "GET" not in (rule.methods or ()) or rule.endpoint in PUBLIC or rule.arguments - set(given):
            continue
        if wanted == "signed-in" or person.may(str(wanted)):
            path = adapter.build(rule.endpoint, {name: given[name] for name in rule.arguments})
            answer = browser.get(path)
            found.append((path, answer.status_code, answer.text))
    return found


@pytest.mark.parametrize("role", ["officer", "approver", "analyst"])
def test_no_page_shows_anything_from_outside(app: Flask, city: City, signed_in: Any, role: str) -> None:
    person = Actor("", frozenset({role}), scope=Scope(frozenset({0}), frozenset({0})))
    seen = _walk(app, signed_in(role), city.inside, person)
    assert len(seen) > 8
    for path, status, text in seen:
        assert status < 500, path
        assert SECRET not in text, path
        assert not COUNTED.search(text), path
    shown = {path for path, status, _ in seen if status == 200}
    assert f"/campaigns/{city.inside['campaign_id']}/" in shown


@pytest.mark.parametrize("role", ["officer", "approver", "analyst"])
def test_pages_and_deeds_of_things_outside_are_not_there(app: Flask, city: City, signed_in: Any, role: str) -> None:
    browser, adapter = signed_in(role), app.url_map.bind("localhost")
    token = browser.token("/")
    for rule in app.url_map.iter_rules():
        for name in rule.arguments & set(OBJECTS):
            if not Actor("", frozenset({role})).may(str(rule_of(app, rule.endpoint))):
                continue
            for key in city.outside[name]:
                path = adapter.build(rule.endpoint, {name: key})
                if "GET" in (rule.methods or ()):
                    assert browser.get(path).status_code == 404, path
                if "POST" in (rule.methods or ()):
                    sent = browser.client.post(path, data={"csrf_token": token, "version": "1", "reason": "x"})
                    assert sent.status_code == 404, path


@pytest.mark.parametrize(
    "path",
    [
        f"/contacts/?search={SECRET}",
        f"/campaigns/?search={SECRET}",
        f"/templates/?search={SECRET}",
        "/contacts/?carrier=viettel",
        "/delivery/?since=&by=ward",
        "/delivery/?since=&by=carrier",
        "/optouts/?standing=yes",
    ],
)
def test_searching_finds_nothing_outside(city: City, signed_in: Any, path: str) -> None:
    text = signed_in("officer").get(path).text
    assert f"{SECRET} " not in text  # the word alone stands in the form that asked
    assert not COUNTED.search(text)


def test_somebody_without_a_limit_sees_it_all(app: Flask, city: City, session: Session, signed_in: Any) -> None:
    user = session.scalars(select(User).where(User.email == email_of("officer"))).one()
    write_place(session, user, department=None, departments=[], areas=[])
    session.commit()
    browser = signed_in("officer")
    for path in ("/campaigns/", "/contacts/", "/templates/", "/optouts/"):
        assert SECRET in browser.get(path).text, path
    assert COUNTED.search(browser.get("/delivery/?since=&by=ward").text)
    assert set(ROLES) == {"officer", "approver", "analyst", "operator", "administrator"}


def test_a_limited_officer_is_offered_only_own_places(city: City, signed_in: Any) -> None:
    text = signed_in("officer").get(f"/campaigns/{city.inside['campaign_id']}/edit/audience").text
    assert "Hòa Hiệp Bắc" in text
    assert "Hải Châu" not in text


def test_the_choice_of_wards_for_a_person_is_bounded_too(city: City, signed_in: Any) -> None:
    text = signed_in("officer").get(f"/contacts/{city.inside['contact_id']}/edit").text
    assert "Hòa Hiệp Bắc" in text
    assert "Hải Châu" not in text


def test_a_ward_officer_sees_to_the_requests_of_the_ward(city: City, session: Session, signed_in: Any) -> None:
    officer, own = signed_in("officer"), city.inside["request_id"]
    listed = officer.get("/requests/").text
    assert f"/requests/{own}/" in listed
    assert not [other for other in city.outside["request_id"] if f"/requests/{other}/" in listed]
    assert "Chỉ có yêu cầu của người sống trong địa bàn bạn phụ trách" in listed
    # Erased, nobody lives anywhere any more; the ticket is still the ward's to close.
    assert officer.post(f"/requests/{own}/acknowledge").status_code == 303
    assert officer.post(f"/contacts/{city.inside['contact_id']}/erase", {"erase_reason": "đơn"}).status_code < 400
    assert officer.post(f"/requests/{own}/complete").status_code == 303
    session.expire_all()
    assert session.get_one(SubjectRequest, own).state == "done"
    assert "Trang của người này" not in officer.get(f"/requests/{own}/").text


def test_a_ward_officer_enters_requests_of_own_people_alone(city: City, session: Session, signed_in: Any) -> None:
    officer = signed_in("officer")
    given = {"kind": "copy", "channel": "letter", "evidence": "VB 13", "received_on": str(city_today(session))}
    assert officer.post("/requests/new", {**given, "contact": str(city.inside["contact_id"])}).status_code == 303
    for contact in (str(city.outside["contact_id"][0]), ""):
        refused = officer.post("/requests/new", {**given, "contact": contact})
        assert refused.status_code == 422
        assert 'id="e-kind"' in refused.text
    assert "chuyển cho người phụ trách toàn thành phố" in officer.get("/requests/new").text


def test_a_departments_officer_makes_and_closes_links_of_the_department(city: City, signed_in: Any) -> None:
    officer = signed_in("officer")
    made = officer.post("/links/add", {**LINK, "name": "moi"}).headers["Location"]
    assert officer.post(f"{made}close", follow_redirects=True).status_code == 200
    listed = officer.get("/links/").text
    assert "Đã đóng" in listed
    assert not COUNTED.search(listed)
    shown = officer.get(f"/links/{city.inside['link_id']}/").text
    assert "Chỉ tính lượt mở từ các chiến dịch và địa bàn bạn phụ trách" in shown
    assert officer.get(f"/links/{city.inside['link_id']}/qr.svg?ward=1").status_code == 404


def test_a_link_of_the_city_is_used_and_not_closed(city: City, session: Session, signed_in: Any) -> None:
    of_city = make_link(session, replace(OFFICER, email="x@danang.example"), **LINK, name="cua-thanh-pho").id
    session.commit()
    officer = signed_in("officer")
    page = officer.get(f"/links/{of_city}/").text
    assert "chỉ người phụ trách toàn thành phố hoặc cơ quan ấy đóng được" in page
    assert "Đóng hẳn liên kết này?" not in page
    refused = officer.post(f"/links/{of_city}/close", follow_redirects=True)
    assert "bạn chỉ đóng được liên kết của cơ quan mình" in refused.text


def test_a_ward_officer_imports_own_people_and_sees_no_list_of_others(
    app: Flask, city: City, session: Session, signed_in: Any
) -> None:
    officer = signed_in("officer")
    page = officer.get("/contacts/import").text
    assert "Bạn phụ trách: Phường Hòa Hiệp Bắc" in page
    other = f"/contacts/import/{city.list_of_another.id}/"
    assert [officer.get(other + more).status_code for more in ("", "progress", "bad-rows.csv")] == [404] * 3
    rows = "SĐT,Họ tên,Phường\n0905123456,Bưởi,Hòa Hiệp Bắc\n0905123457,Cam,Bình Thuận\n0905123458,Chanh,\n"
    uploaded = send(officer, rows).headers["Location"]
    refused = start(officer, uploaded, ["phone", "full_name", "skip"])
    assert refused.status_code == 422
    assert "danh sách phải có cột phường, xã" in refused.text
    assert start(officer, uploaded, ["phone", "full_name", "ward"]).status_code == 303
    job = work(app, session)
    assert (job.report["created"], job.report["rejected"]) == (1, 2)
    report = officer.get(uploaded).text
    assert "Phường Bình Thuận ngoài địa bàn bạn phụ trách." in report
    assert "Chưa ghi phường/xã" in report
    bad = officer.get(f"{uploaded}bad-rows.csv").text
    assert "0905123457" in bad
    assert "0905123458" in bad
    assert "0905123456" not in bad


def test_real_people_the_editor_tries_a_text_on_are_of_the_scope(city: City, signed_in: Any) -> None:
    officer = signed_in("officer")
    stranger = str(city.outside["contact_id"][0])
    asked = {"marked": "UBND {{ ho_ten }}", "plain": "", "message_class": "thong-bao", "person": stranger}
    answer = officer.client.post("/templates/count", json=asked, headers={"X-CSRFToken": officer.token("/")})
    assert SECRET not in answer.text
    assert "Với 1 người trong danh bạ" in answer.json["compare"]

"""Every class against every rule, through the use cases: what is written down here is what people decided."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from campaigns import steps
from campaigns.access import PERSONAL, SYSTEM, Actor
from campaigns.advertising.consents import add_consent, parse_day, terms
from campaigns.advertising.senders import save_sender
from campaigns.approving import approve
from campaigns.audience.reach import reach_of
from campaigns.audience.selection import Audience
from campaigns.delivery.hours import open_hours
from campaigns.delivery.planner import plan_campaign
from campaigns.draft import CampaignDraft, content_hash
from campaigns.errors import Forbidden, InvalidInput, LoaError
from campaigns.lawful import confirm_class, legal_basis_of, review_class
from campaigns.models import AuditEntry, Batch, Campaign, Contact, DoNotCall, DoNotCallList, Gateway, Message
from campaigns.stats import estimate
from campaigns.store.campaigns import city_today, database_now
from campaigns.store.claiming import ClaimRequest, claim_messages
from campaigns.store.database import Database
from campaigns.store.holidays import save_holiday
from campaigns.store.optouts import insert_optout
from campaigns.store.templates import TemplateFacts, create_template
from config.keys import Keyring
from config.settings import get_settings
from config.zone import CITY_TIME
from tests.factories import (
    ADVERTISING,
    APPROVER,
    OFFICER,
    allow_advertising,
    make_campaign,
    make_contact,
    make_gateway,
    make_template,
)

_numbers = itertools.count(1)

CLASSES = ("thong-bao", "ca-nhan", "noi-bo", "khan-cap", "quang-cao")
EVERYTHING = Actor("maker@danang.example", SYSTEM.roles, PERSONAL)
"""A maker who holds every permission: rights are tested where they are given."""

WAY_OUT = "Tu choi: soan TC gui 1313 hoac goi 1022"
BODIES = dict.fromkeys(CLASSES, "UBND thong bao lich lam viec") | {
    "quang-cao": f"[QC] UBND moi xem trien lam. {WAY_OUT}"
}
"""A text that may go out under each class."""

TABLE: Mapping[str, Mapping[str, Any]] = {
    #                                  thong-bao  ca-nhan  noi-bo  khan-cap  quang-cao
    "needs a legal basis of its own": (False, False, False, True, True),
    "may begin with [TB]": (True, False, False, False, False),
    "may begin with [QC]": (False, False, False, False, True),
    "may begin with [KM]": (False, False, False, False, False),
    "may go without a label": (True, True, True, True, False),
    "may carry [QC] further on": (False, False, False, False, False),
    "may sell": (False, False, False, False, True),
    "may end without both ways to refuse": (True, True, True, True, False),
    "honours refusals": (True, True, False, False, True),
    "may go out as an authority": (True, True, True, True, False),
    "may go out under a name nobody listed": (True, True, True, True, False),
    "may go out as the gateway calls itself": (True, True, True, True, False),
    "may go out as a merchant": (True, True, True, True, True),
    "may go out under a name that ran out": (False, False, False, False, False),
    "may go out under a name its carrier has not registered": (False, False, False, False, False),
    "may go out without a do-not-call list": (True, True, True, True, False),
    "may go out with a do-not-call list of last year": (True, True, True, True, False),
    "must be copied to 5656": (False, False, False, False, True),
    "goes before everything else": (False, False, False, True, False),
    "takes a right of its own to make": (False, False, False, True, False),
    "takes two who approve": (False, False, False, False, True),
    "leaves out who is on the do-not-call list": (False, False, False, False, True),
    "leaves out who has not agreed": (False, False, False, False, True),
    "may go out at 06:59": (False, False, False, True, False),
    "may go out at 17:29": (True, True, True, True, True),
    "may go out at 17:30": (True, True, False, True, True),
    "may go out at 20:59": (True, True, False, True, True),
    "may go out at 21:00": (False, False, False, True, True),
    "may go out at 22:00": (False, False, False, True, False),
    "may go out on a Sunday": (True, True, False, True, True),
    "may go out on a public holiday": (True, True, False, True, True),
    "at most so many a person and day": (1, 5, 5, 5, 3),
}  # type: ignore[dict-item]
"""By rule, the answer of each class in the order of ``CLASSES``."""

CELLS = [(rule, slug, TABLE[rule][place]) for rule in TABLE for place, slug in enumerate(CLASSES)]


@dataclass
class City:
    """People who agreed to advertising, sender names, a fresh list: everything that any class could ask for."""

    session: Session
    keyring: Keyring

    def make(self, slug: str, body: str | None = None, maker: Actor = EVERYTHING, **more: Any) -> Campaign:
        """A campaign of a class, made from a template that was saved the ordinary way."""
        text = body or BODIES[slug]
        name = f"mau-{slug}-{next(_numbers)}"
        facts = TemplateFacts(slug=name, title="Mẫu", topic="dich-vu-cong", message_class=slug)
        version = create_template(self.session, EVERYTHING, facts, body_marked=text, body_plain=text)
        given: dict[str, Any] = {
            "name": "Thử",
            "template_version_id": version.id,
            "audience": Audience(wards=("20194",)),
            "sender": "DNXTTM",
            "legal_basis": "Công điện 05/CĐ-UBND",
        }
        return steps.create(self.session, maker, CampaignDraft(**(given | more)))

    def submit(self, slug: str, body: str | None = None, **more: Any) -> Campaign:
        """The same, submitted."""
        return steps.submit(self.session, EVERYTHING, self.make(slug, body, **more).id)

    def takes(self, slug: str, body: str | None = None, **more: Any) -> bool:
        """Whether it can be saved and submitted so."""
        try:
            with self.session.begin_nested():
                self.submit(slug, body, **more)
        except InvalidInput:
            return False
        return True

    def somebody(self) -> Contact:
        """One more person, who agreed to advertising too."""
        person = make_contact(self.session, self.keyring)
        number = self.keyring.decrypt(person.phone_cipher or b"").decode()
        proof = terms(given_at=parse_day("2026-01-01"), how="paper", wording="x", evidence="x")
        add_consent(self.session, self.keyring, OFFICER, number, proof)
        return person

    def reached(self, slug: str) -> int:
        """How many a campaign reaches."""
        return estimate(self.session, self.make(slug).id).will_send

    def is_open(self, slug: str, moment: datetime) -> bool:
        """Whether a campaign that set itself no hours may send at a moment."""
        campaign = self.make(slug, window_start=time(0), window_end=time(0))
        return open_hours(self.session, campaign, moment).opens_after(moment) == moment

    def claims(self, slug: str, number: int) -> int:
        """Let a campaign claim its message to the first person, beside those before it; how many it gets."""
        campaign = self.make(slug, BODIES[slug].replace("UBND", f"UBND phuong {'abcde'[number]}"))
        campaign.state, campaign.class_start, campaign.class_end = "running", time(0), time(0)
        campaign.rest_days, campaign.window_start, campaign.window_end = True, time(0), time(0)
        person, gateway = self.session.query(Contact).first(), self.session.query(Gateway).one()
        assert person is not None
        batch = Batch(
            campaign_id=campaign.id, gateway_id=gateway.id, ward_id=person.ward_id, carrier=person.carrier,
            size=1, parts=1, queued=1,
        )  # fmt: skip
        self.session.add(batch)
        self.session.flush()
        self.session.add(Message(batch_id=batch.id, seq=1, contact_id=person.id, campaign_id=campaign.id, parts=1))
        self.session.flush()
        reach = reach_of(self.session, campaign)
        ask = ClaimRequest(
            gateway.id, campaign.id, reach=reach, personal=False, budget_parts=10.0, most=500, cover=500, worker="w",
            lease_seconds=20, cap=reach.cap, crowded=True,
        )  # fmt: skip
        claim = claim_messages(self.session, ask, uuid4())
        return len(claim.messages) if claim else 0

    def list_of(self, days: int) -> None:
        """The do-not-call list is ``days`` old."""
        self.session.query(DoNotCallList).delete()
        issued = city_today(self.session) - timedelta(days=days)
        self.session.add(DoNotCallList(name="dnc.csv", digest=b"", issued_on=issued, created_by="x"))
        self.session.flush()


@pytest.fixture
def city(undone: Session, keyring: Keyring) -> City:
    """One person in one ward whom every class may reach."""
    make_gateway(undone, keyring)
    made = City(undone, keyring)
    made.somebody()
    for name, kind in (("DNXTTM", "commercial"), ("UBND_TP", "authority")):
        save_sender(undone, SYSTEM, name, owner="x", owner_kind=kind, carriers_status={})
    made.list_of(0)
    return made


def _labelled(label: str) -> str:
    return f"{label} UBND thong bao lich lam viec. {WAY_OUT}"


def _observed(city: City, rule: str, slug: str) -> bool | int:
    """What the use cases really do, in the words of the table."""
    match rule:
        case "needs a legal basis of its own":
            return not city.takes(slug, legal_basis="")
        case "may begin with [TB]" | "may begin with [QC]" | "may begin with [KM]":
            return city.takes(slug, _labelled(rule[-4:]))
        case "may go without a label":
            return city.takes(slug, f"UBND thong bao lich lam viec. {WAY_OUT}")
        case "may carry [QC] further on":
            return city.takes(slug, BODIES[slug].replace("UBND", "UBND [QC]"))
        case "may sell":
            return city.takes(slug, BODIES[slug].replace("UBND", "UBND moi mua sam hang hieu giam gia"))
        case "may end without both ways to refuse":
            return city.takes(slug, BODIES[slug].replace(WAY_OUT, "Tu choi: soan TC gui 1313"))
        case "honours refusals":
            return _leaves_out_who_refused(city, slug)
        case "may go out as an authority":
            return city.takes(slug, sender="ubnd_tp")
        case "may go out under a name nobody listed":
            return city.takes(slug, sender="KHAC")
        case "may go out as the gateway calls itself":
            return city.takes(slug, sender="")
        case "may go out as a merchant":
            return city.takes(slug, sender="DNXTTM")
        case "may go out under a name that ran out":
            return _with_sender(city, slug, expires_on=date(2020, 1, 1))
        case "may go out under a name its carrier has not registered":
            return _with_sender(city, slug, carriers_status={"viettel": "waiting", "mobifone": "registered"})
        case "may go out without a do-not-call list":
            city.session.query(DoNotCallList).delete()
            return city.takes(slug)
        case "may go out with a do-not-call list of last year":
            city.list_of(366)
            return city.takes(slug)
        case "must be copied to 5656":
            return any("5656" in duty.vi for duty in review_class(city.session, city.make(slug)).duties)
        case "goes before everything else":
            return city.make(slug).priority == 0
        case "takes a right of its own to make":
            return _is_forbidden(lambda: city.make(slug, maker=OFFICER))
        case "takes two who approve":
            return approve(city.session, APPROVER, city.submit(slug).id).state == "submitted"
        case "leaves out who is on the do-not-call list":
            listed = city.somebody()
            edition = city.session.query(DoNotCallList).one().id
            city.session.add(DoNotCall(phone_hash=listed.phone_hash, kind="S", list_id=edition))
            return city.reached(slug) == 1
        case "leaves out who has not agreed":
            make_contact(city.session, city.keyring)
            return city.reached(slug) == 1
        case "may go out on a Sunday":
            return city.is_open(slug, datetime(2026, 11, 29, 9, tzinfo=CITY_TIME))
        case "may go out on a public holiday":
            save_holiday(city.session, date(2026, 11, 25), name="Ngày lễ", working=False, source="x")
            return city.is_open(slug, datetime(2026, 11, 25, 9, tzinfo=CITY_TIME))
        case _ if rule.startswith("may go out at "):
            clock = time.fromisoformat(rule[-5:])
            return city.is_open(slug, datetime.combine(date(2026, 11, 25), clock, CITY_TIME))
        case "at most so many a person and day":
            return sum(city.claims(slug, n) for n in range(5))
        case _:
            raise AssertionError(rule)


def _is_forbidden(step: Callable[[], object]) -> bool:
    try:
        step()
    except Forbidden:
        return True
    return False


def _leaves_out_who_refused(city: City, slug: str) -> bool:
    """A second person agreed to everything and refused the topic; the first is there so that somebody is left."""
    refused = city.somebody()
    campaign = city.make(slug)
    insert_optout(
        city.session, phone_hash=refused.phone_hash, topic=campaign.topic, source="staff", evidence="x", created_by="x"
    )
    return estimate(city.session, campaign.id).will_send == 1


def _with_sender(city: City, slug: str, **more: Any) -> bool:
    known: dict[str, Any] = {"owner": "x", "owner_kind": "commercial", "carriers_status": {}}
    save_sender(city.session, SYSTEM, "DNXTTM", **(known | more))
    return city.takes(slug)


@pytest.mark.parametrize(("rule", "slug", "answer"), CELLS, ids=[f"{slug}-{rule}" for rule, slug, _ in CELLS])
def test_every_class_keeps_every_rule(
    city: City, monkeypatch: pytest.MonkeyPatch, rule: str, slug: str, answer: bool | int
) -> None:
    # The suite's own settings lift hours and a cap; here the table holds as it is written.
    monkeypatch.delenv("LOA_ANY_HOUR", raising=False)
    monkeypatch.delenv("LOA_CLASS_RULES", raising=False)
    get_settings.cache_clear()
    assert _observed(city, rule, slug) == answer


@pytest.mark.parametrize("slug", CLASSES)
def test_a_class_whose_every_rule_is_kept_can_be_submitted(city: City, slug: str) -> None:
    assert city.submit(slug).state == "submitted"


def test_replies_of_the_system_are_no_campaigns(city: City) -> None:
    with pytest.raises(InvalidInput):
        city.make("he-thong", "UBND da nhan")


def test_what_a_placeholder_brings_in_is_looked_at_too(city: City) -> None:
    body = "UBND moi du {{ dia_diem }}"
    assert city.takes("thong-bao", body, values={"dia_diem": "UBND quan Hai Chau"})
    for slipped in ("su kien giam gia", "[QC] tai resort", "bit.ly/x"):
        assert not city.takes("thong-bao", body, values={"dia_diem": slipped})


SALE = "UBND kinh moi quy khach mua sam hang hieu giam gia tai khu nghi duong"
"""The case of December 2025, in words of ours."""


def test_a_template_from_before_that_sells_is_refused_when_a_campaign_is_saved_and_when_it_is_submitted(
    city: City,
) -> None:
    version = make_template(city.session, marked=SALE, plain=SALE)
    draft = CampaignDraft(name="Hội chợ", template_version_id=version.id, audience=Audience(wards=("20194",)))
    with pytest.raises(InvalidInput) as saved:
        steps.create(city.session, EVERYTHING, draft)
    before = make_campaign(city.session, template=version)
    with pytest.raises(InvalidInput) as submitted:
        steps.submit(city.session, EVERYTHING, before.id)
    for refusal in (saved, submitted):
        assert "quang-cao" in str(refusal.value)
        assert "hang hieu" in str(refusal.value)


def test_an_approved_campaign_stops_before_anything_is_frozen_where_the_list_is_gone(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        make_contact(session, keyring)
        allow_advertising(session)
        session.query(DoNotCallList).delete()
        version = make_template(session, message_class="quang-cao", plain=ADVERTISING)
        campaign = make_campaign(session, template=version, sender="DNXTTM", state="scheduled")
        campaign.scheduled_for = database_now(session)
    assert plan_campaign(database, campaign.id) == 0
    with database.transaction() as session:
        found = session.get_one(Campaign, campaign.id)
        assert (found.state, found.plan_cursor) == ("paused", None)
        assert "danh sách không quảng cáo" in (found.state_reason or "")


def test_the_approver_is_told_what_it_rests_on_and_the_hash_covers_it(city: City) -> None:
    usual = city.make("thong-bao", legal_basis="")
    named = city.make("khan-cap")
    assert "19.1(c)" in str(legal_basis_of(usual))
    assert str(legal_basis_of(named)) == "Công điện 05/CĐ-UBND"
    before = content_hash(usual)
    usual.legal_basis = "Kế hoạch 52/KH-UBND"
    assert content_hash(usual) != before


def test_the_class_is_confirmed_by_itself_and_an_edit_voids_it(city: City) -> None:
    campaign = city.submit("thong-bao")
    with pytest.raises(InvalidInput):
        confirm_class(city.session, APPROVER, campaign, confirmed=False)
    confirm_class(city.session, APPROVER, campaign, confirmed=True)
    confirm_class(city.session, APPROVER, campaign, confirmed=True)
    assert campaign.class_confirmed_by == [APPROVER.email]
    noted = city.session.query(AuditEntry).filter(AuditEntry.action == "campaign.class-confirmed").first()
    assert noted is not None
    assert noted.detail == {"class": "thong-bao"}
    draft = CampaignDraft(
        name="Khác", template_version_id=campaign.template_version_id, audience=Audience(wards=("20194",))
    )
    assert steps.edit(city.session, EVERYTHING, campaign.id, draft).class_confirmed_by == []


def test_the_review_says_why_it_cannot_go_out(city: City) -> None:
    found = review_class(city.session, city.make("quang-cao", sender="UBND_TP", legal_basis=""))
    assert isinstance(found.refused, LoaError)
    assert (found.own_basis, found.legal_basis) == (False, None)
    assert found.sender is not None
    assert found.do_not_call is not None
    assert review_class(city.session, city.make("ca-nhan")).refused is None
